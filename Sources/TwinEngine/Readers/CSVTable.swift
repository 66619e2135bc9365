// SPDX-License-Identifier: Apache-2.0

/// A CSV file (RFC 4180) read row by row: quoted cells, doubled quotes, line ends in cells, LF, CRLF or CR.
///
/// The separator is the one of `,` `;` tab `|` that the header has most of. Bytes are split before they are decoded,
/// which is sound for UTF-8, GB18030, Big5, Shift JIS and single-byte encodings: none has `"`, `,` or a line end as a
/// trailing byte.
struct CSVTable {
    /// One row, and the line of the file that it begins in.
    struct Row {
        var line: Int
        var cells: [String]
        /// A quotation mark that is never closed: the row ended at its first line end.
        var isBroken = false
    }

    let text: SourceText
    private(set) var names: [String] = []
    private let separator: UInt8
    private var position: Int
    private var line = 1

    init(path: String, encoding: String?) throws {
        try self.init(bytes: SourceBytes(path: path), encoding: encoding)
    }

    init(bytes: SourceBytes, encoding: String?) throws {
        text = try SourceText(bytes, encoding: encoding)
        position = text.start
        let end = Self.lineEnd(text.bytes, from: text.start)
        separator = Self.separator(text.bytes.copy(text.start..<end))
        guard let header = nextRow(), !header.cells.allSatisfy(\.isEmpty) else {
            throw ReaderError(.missing, "\(bytes.path) has no header row")
        }
        for (index, cell) in header.cells.enumerated() {
            var name = cell.isEmpty ? "column_\(index + 1)" : cell
            while names.contains(name) { name += "_\(index + 1)" }
            names.append(name)
        }
    }

    /// The number of the column `name`; throws a `ReaderError` that lists the columns there are.
    func column(_ name: String, as role: String) throws -> Int {
        guard let index = names.firstIndex(of: name) else {
            throw ReaderError(
                .missing,
                "\(text.bytes.path) has no column \"\(name)\" for \(role); its columns (\(text.encoding)) are "
                    + names.map { "\"\($0)\"" }.joined(separator: ", "))
        }
        return index
    }

    /// The next row that is not blank, cells trimmed of white space, or nil at the end.
    mutating func nextRow() -> Row? {
        while position < text.bytes.count {
            let row = readRow()
            if row.isBroken || !(row.cells.count == 1 && row.cells[0].isEmpty) { return row }
        }
        return nil
    }

    private mutating func readRow() -> Row {
        var row = Row(line: line, cells: [])
        let bytes = text.bytes
        while true {
            let (cell, isClosed) = readCell()
            row.cells.append(cell)
            if !isClosed { row.isBroken = true }
            guard position < bytes.count else { return row }
            let byte = bytes[position]
            position += 1
            if byte == separator {
                guard position == bytes.count else { continue }
                row.cells.append("")
                return row
            }
            if byte == 0x0D, position < bytes.count, bytes[position] == 0x0A { position += 1 }
            line += 1
            return row
        }
    }

    /// A cell, and whether its quotation was closed; `position` is at what ended it.
    private mutating func readCell() -> (String, Bool) {
        let bytes = text.bytes
        let start = position
        while position < bytes.count, bytes[position] == 0x20 { position += 1 }
        if position < bytes.count, bytes[position] == UInt8(ascii: "\"") {
            if let cell = readQuoted() { return (cell, true) }
            position = Self.lineEnd(bytes, from: start)
            return (trimmed(start..<position), false)
        }
        while position < bytes.count {
            let byte = bytes[position]
            if byte == separator || byte == 0x0A || byte == 0x0D { break }
            position += 1
        }
        return (trimmed(start..<position), true)
    }

    /// A quoted cell, or nil if the file ends before the quotation does.
    private mutating func readQuoted() -> String? {
        let bytes = text.bytes
        var (at, lines, pieces) = (position + 1, 0, "")
        var piece = at
        while at < bytes.count {
            let byte = bytes[at]
            if byte == 0x0A || (byte == 0x0D && !(at + 1 < bytes.count && bytes[at + 1] == 0x0A)) { lines += 1 }
            guard byte == UInt8(ascii: "\"") else { at += 1; continue }
            pieces += text.text(piece..<at)
            if at + 1 < bytes.count, bytes[at + 1] == UInt8(ascii: "\"") {
                pieces += "\""
                at += 2
                piece = at
                continue
            }
            // Anything between the closing mark and the separator belongs to the cell, as spreadsheets read it.
            at += 1
            let rest = at
            while at < bytes.count, bytes[at] != separator, bytes[at] != 0x0A, bytes[at] != 0x0D { at += 1 }
            position = at
            line += lines
            return pieces + trimmed(rest..<at)
        }
        return nil
    }

    private func trimmed(_ range: Range<Int>) -> String {
        var (start, end) = (range.lowerBound, range.upperBound)
        while start < end, text.bytes[start] <= 0x20 { start += 1 }
        while end > start, text.bytes[end - 1] <= 0x20 { end -= 1 }
        return text.text(start..<end)
    }

    private static func lineEnd(_ bytes: SourceBytes, from start: Int) -> Int {
        let end = bytes.firstIndex(of: 0x0A, from: start, to: bytes.count)
        return bytes.firstIndex(of: 0x0D, from: start, to: end)
    }

    private static func separator(_ header: [UInt8]) -> UInt8 {
        let choices: [UInt8] = [UInt8(ascii: ","), UInt8(ascii: ";"), 0x09, UInt8(ascii: "|")]
        let counts = choices.map { choice in header.count { $0 == choice } }
        return zip(choices, counts).reduce((choices[0], 0)) { $1.1 > $0.1 ? $1 : $0 }.0
    }
}
