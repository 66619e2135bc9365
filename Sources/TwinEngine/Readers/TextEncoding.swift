// SPDX-License-Identifier: Apache-2.0
import Glibc

/// Decodes text of another encoding into UTF-8 through the C library's `iconv`.
///
/// A decoder is used by one thread.
@safe
final class TextDecoder {
    /// The name as given.
    let name: String
    /// Byte sequences that are not text in this encoding; each became U+FFFD.
    private(set) var replacements = 0
    private let handle: iconv_t

    /// Throws `ReaderError.Code.encoding` for a name that the C library does not know (`iconv -l` lists them).
    init(_ name: String, path: String) throws {
        // GBK as departments write it is its superset: the euro sign and four-byte characters occur.
        let known = ["GBK", "GB2312", "CP936", "GB18030"].contains(name.uppercased()) ? "GB18030" : name
        let handle = unsafe iconv_open("UTF-8", known)
        guard unsafe handle != iconv_t(bitPattern: -1), let handle = unsafe handle else {
            throw ReaderError(
                .encoding, "\(path): no such encoding as \"\(name)\"; write UTF-8, GBK or a name that `iconv -l` lists")
        }
        self.name = name
        unsafe self.handle = handle
    }

    deinit { unsafe _ = iconv_close(handle) }

    /// `bytes` as UTF-8; what is not text becomes U+FFFD and is counted.
    func decode(_ bytes: [UInt8]) -> [UInt8] {
        var input = bytes.map { CChar(bitPattern: $0) }
        var result: [UInt8] = []
        result.reserveCapacity(bytes.count * 3 / 2)
        var chunk = [CChar](repeating: 0, count: max(64, bytes.count * 2))
        var start = 0
        while start < input.count {
            let (consumed, produced, reason) = step(&input, from: start, into: &chunk)
            result += chunk[..<produced].map { UInt8(bitPattern: $0) }
            start += consumed
            if start < input.count, reason != E2BIG {
                // EILSEQ or EINVAL (iconv(3)): one byte that begins no character.
                result += [0xEF, 0xBF, 0xBD]
                replacements += 1
                start += 1
            }
        }
        return result
    }

    private func step(
        _ input: inout [CChar], from start: Int, into output: inout [CChar]
    ) -> (consumed: Int, produced: Int, reason: Int32) {
        var (inputLeft, outputLeft) = (input.count - start, output.count)
        let (inputSize, outputSize) = (inputLeft, outputLeft)
        var reason: Int32 = 0
        unsafe input.withUnsafeMutableBufferPointer { source in
            unsafe output.withUnsafeMutableBufferPointer { target in
                guard let first = source.baseAddress, let space = target.baseAddress else { return }
                var from: UnsafeMutablePointer<CChar>? = unsafe first + start
                var to: UnsafeMutablePointer<CChar>? = unsafe space
                // Returns (size_t)-1 on failure.
                if unsafe iconv(handle, &from, &inputLeft, &to, &outputLeft) == Int(bitPattern: UInt.max) {
                    reason = errno
                }
            }
        }
        return (inputSize - inputLeft, outputSize - outputLeft, reason)
    }
}

/// The text of a table or list file: where it begins and how its bytes become UTF-8.
struct SourceText {
    let bytes: SourceBytes
    /// The first byte after a byte order mark.
    let start: Int
    /// What to tell the report.
    let encoding: String
    /// nil for UTF-8.
    let decoder: TextDecoder?

    /// How much of a file is looked at to tell its encoding.
    private static let probeSize = 1 << 20

    /// - Parameter encoding: nil to find out: a byte order mark, else UTF-8 if valid, else GB18030, else Latin-1.
    init(_ bytes: SourceBytes, encoding: String?) throws {
        let head = bytes.copy(0..<min(bytes.count, 3))
        if head.starts(with: [0xFF, 0xFE]) || head.starts(with: [0xFE, 0xFF]) {
            // Separators of UTF-16 are two bytes, so the file is converted as a whole.
            let decoder = try TextDecoder(head[0] == 0xFF ? "UTF-16LE" : "UTF-16BE", path: bytes.path)
            self.bytes = SourceBytes(copying: decoder.decode(bytes.copy(2..<bytes.count)), path: bytes.path)
            (start, self.encoding, self.decoder) = (0, decoder.name, nil)
            return
        }
        self.bytes = bytes
        start = head == [0xEF, 0xBB, 0xBF] ? 3 : 0
        if start == 3 {
            (self.encoding, decoder) = ("UTF-8", nil)
            return
        }
        let name = encoding ?? Self.detect(bytes)
        self.encoding = name
        decoder =
            ["UTF-8", "UTF8", "ASCII"].contains(name.uppercased()) ? nil : try TextDecoder(name, path: bytes.path)
    }

    /// The bytes of `range` as text.
    func text(_ range: Range<Int>) -> String {
        guard let decoder else { return bytes.text(range) }
        let raw = bytes.copy(range)
        return raw.allSatisfy { $0 < 0x80 } ? bytes.text(range) : String(decoding: decoder.decode(raw), as: UTF8.self)
    }

    /// What was lost in decoding so far.
    var notes: [String] {
        guard let decoder, decoder.replacements > 0 else { return [] }
        return ["\(decoder.replacements) byte sequences are not \(decoder.name) text; is `encoding` right?"]
    }

    private static func detect(_ bytes: SourceBytes) -> String {
        var end = min(bytes.count, probeSize)
        // Do not cut a character in two.
        while end > 0, end < bytes.count, bytes[end - 1] != UInt8(ascii: "\n") { end -= 1 }
        let probe = bytes.copy(0..<(end > 0 ? end : min(bytes.count, probeSize)))
        if probe.allSatisfy({ $0 < 0x80 }) || String(validating: probe, as: UTF8.self) != nil { return "UTF-8" }
        return isGB18030(probe) ? "GB18030" : "ISO-8859-1"
    }

    /// Two bytes 81-FE, 40-FE without 7F, or four bytes 81-FE, 30-39, 81-FE, 30-39 (GB 18030-2022).
    private static func isGB18030(_ bytes: [UInt8]) -> Bool {
        var index = 0
        while index < bytes.count {
            let lead = bytes[index]
            if lead < 0x80 { index += 1; continue }
            guard lead >= 0x81, lead <= 0xFE, index + 1 < bytes.count else { return false }
            let second = bytes[index + 1]
            if second >= 0x40, second <= 0xFE, second != 0x7F { index += 2; continue }
            guard second >= 0x30, second <= 0x39, index + 3 < bytes.count, bytes[index + 2] >= 0x81,
                bytes[index + 3] >= 0x30, bytes[index + 3] <= 0x39
            else { return false }
            index += 4
        }
        return true
    }
}
