// SPDX-License-Identifier: Apache-2.0
import Foundation

/// Finds the text encoding of a shapefile's attribute table.
///
/// Order: `.cpg`; the language driver byte of the `.dbf` (dBASE table header, byte 29); the bytes themselves. Only the
/// last one is a guess, and it says so.
enum ShapefileEncoding {
    struct Detected: Equatable {
        var name: String
        var isGuess: Bool
        /// Remarks for the report.
        var notes: [String] = []
    }

    /// Nil where the table is absent, or where GDAL's own reading of .cpg or language driver is enough.
    static func detect(shapefile path: String) -> Detected? {
        guard path.count > 4, !path.hasPrefix("/vsi") else { return nil }
        let stem = String(path.dropLast(4))
        var notes: [String] = []
        for suffix in [".cpg", ".CPG"] {
            guard let handle = FileHandle(forReadingAtPath: stem + suffix) else { continue }
            defer { handle.closeFile() }
            let text = String(decoding: handle.readData(ofLength: 64), as: UTF8.self).trimmingWhitespace()
            if let name = aliases[text.lowercased().filter { $0.isLetter || $0.isNumber }] {
                return Detected(name: name, isGuess: false)
            }
            if isKnown(codePage: text) { return nil }
            notes.append("the .cpg file says '\(text.prefix(24))', which is no encoding; it is ignored")
        }
        for suffix in [".dbf", ".DBF"] {
            guard let handle = FileHandle(forReadingAtPath: stem + suffix) else { continue }
            defer { handle.closeFile() }
            let bytes = [UInt8](handle.readData(ofLength: 1 << 20))
            guard bytes.count > 32 else { return nil }
            guard var detected = detect(table: bytes) else {
                // With a useless .cpg GDAL would not look at the language driver.
                guard !notes.isEmpty, let name = languageDrivers[bytes[29]] else { return nil }
                return Detected(name: name, isGuess: false, notes: notes)
            }
            detected.notes = notes
            return detected
        }
        return nil
    }

    /// Names in `.cpg` files, without punctuation, that iconv does not know or reads too narrowly.
    private static let aliases: [String: String] = [
        "shiftjis": "CP932", "sjis": "CP932", "euckr": "CP949", "ksc5601": "CP949", "big5": "CP950", "gbk": "CP936",
        "gb2312": "CP936", "gb18030": "GB18030", "koi8r": "KOI8-R", "eucjp": "EUC-JP", "utf8": "UTF-8",
    ]

    /// Code pages of language drivers (dBASE table header, byte 29) that are still met.
    private static let languageDrivers: [UInt8: String] = [
        0x01: "CP437", 0x02: "CP850", 0x03: "CP1252", 0x13: "CP932", 0x4D: "CP936", 0x4E: "CP949", 0x4F: "CP950",
        0x57: "CP1252", 0x58: "CP1252", 0x64: "CP852", 0x65: "CP866", 0x78: "CP950", 0x79: "CP949", 0x7A: "CP936",
        0x7B: "CP932", 0xC8: "CP1250", 0xC9: "CP1251",
    ]

    /// Whether a code page name from a `.cpg` file means something: a number, `UTF-8`, or a name that iconv knows.
    static func isKnown(codePage text: String) -> Bool {
        let name = text.lowercased()
        guard !name.isEmpty, name.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F || $0 == 0x20 }) else { return false }
        if Int(name) != nil || name.hasPrefix("ansi ") || name.hasPrefix("iso") || name.hasPrefix("8859") {
            return true
        }
        guard let converter = unsafe iconv_open("UTF-8", name), unsafe converter != iconv_t(bitPattern: -1) else {
            return false
        }
        unsafe iconv_close(converter)
        return true
    }

    /// Decides by the first megabyte of a table.
    static func detect(table bytes: [UInt8]) -> Detected? {
        let languageDriver = bytes[29]
        // 0x4D is GBK by the dBASE list; 0 and 0x57 ("ANSI") say nothing about Chinese data.
        if languageDriver != 0, languageDriver != 0x57 { return nil }
        let body = bytes.dropFirst(32)
        guard body.contains(where: { $0 >= 0x80 }) else { return nil }
        if isUTF8(body) { return Detected(name: "UTF-8", isGuess: true) }
        if isGBK(body) { return Detected(name: "GBK", isGuess: true) }
        return nil
    }

    /// Whether all multi-byte sequences are UTF-8; a sequence cut off by the end counts as whole.
    static func isUTF8(_ bytes: ArraySlice<UInt8>) -> Bool {
        var index = bytes.startIndex
        while index < bytes.endIndex {
            let byte = bytes[index]
            let length =
                byte < 0x80 ? 1 : byte & 0xE0 == 0xC0 ? 2 : byte & 0xF0 == 0xE0 ? 3 : byte & 0xF8 == 0xF0 ? 4 : 0
            guard length > 0 else { return false }
            for offset in 1..<max(1, length) {
                guard index + offset < bytes.endIndex else { return true }
                guard bytes[index + offset] & 0xC0 == 0x80 else { return false }
            }
            index += length
        }
        return true
    }

    /// Whether all bytes above 0x7F pair up as GBK (GB 13000.1): lead 81-FE, trail 40-FE without 7F.
    static func isGBK(_ bytes: ArraySlice<UInt8>) -> Bool {
        var index = bytes.startIndex
        while index < bytes.endIndex {
            let lead = bytes[index]
            if lead < 0x80 {
                index += 1
                continue
            }
            guard (0x81...0xFE).contains(lead) else { return false }
            guard index + 1 < bytes.endIndex else { return true }
            let trail = bytes[index + 1]
            guard (0x40...0xFE).contains(trail), trail != 0x7F else { return false }
            index += 2
        }
        return true
    }
}
