// SPDX-License-Identifier: Apache-2.0
import Spatial

/// Columns: flat values by row, dictionaries whose codes ascend with their texts, zone maps.
extension Snapshot {
    @_lifetime(borrow self)
    func integers(_ column: Int) -> Span<Int64> { span(columnSections[column].values, of: Int64.self) }
    @_lifetime(borrow self)
    func reals(_ column: Int) -> Span<Double> { span(columnSections[column].values, of: Double.self) }
    /// 0 or 1.
    @_lifetime(borrow self)
    func booleans(_ column: Int) -> Span<UInt8> { span(columnSections[column].values, of: UInt8.self) }
    /// Dictionary codes; 0 is null, and greater codes are greater texts.
    @_lifetime(borrow self)
    func textCodes(_ column: Int) -> Span<UInt32> { span(columnSections[column].values, of: UInt32.self) }
    /// Bit `row & 7` of byte `row >> 3` is set where a number or truth has a value; nil where all have one.
    @_lifetime(borrow self)
    func validity(_ column: Int) -> Span<UInt8>? {
        guard let range = columnSections[column].validity else { return nil }
        return span(range, of: UInt8.self)
    }
    /// One entry for each 1024 rows; nil for a binary column.
    @_lifetime(borrow self)
    func zoneMap(_ column: Int) -> Span<SnapshotZone>? {
        guard let range = columnSections[column].zones else { return nil }
        return span(range, of: SnapshotZone.self)
    }
    @_lifetime(borrow self)
    private func columnBytes(_ column: Int) -> Span<UInt8> { span(columnSections[column].bytes, of: UInt8.self) }

    /// Whether a row of a number or truth column has a value.
    func isValid(_ row: Int, column: Int) -> Bool {
        guard let bits = validity(column) else { return true }
        return bits[row >> 3] & (1 << UInt8(row & 7)) != 0
    }

    /// The value of a row of a binary column; empty is null, and so is what the file has damaged.
    @_lifetime(borrow self)
    func binary(_ row: Int, column: Int) -> Span<UInt8> {
        let offsets = span(columnSections[column].values, of: UInt64.self)
        let bytes = columnBytes(column)
        let first = offsets[row]
        let end = offsets[row + 1]
        guard first <= end, end <= UInt64(bytes.count) else {
            suspect()
            return bytes.extracting(0..<0)
        }
        return bytes.extracting(Int(first)..<Int(end))
    }

    // MARK: Dictionaries

    /// Distinct texts of a text column; codes go from 1 to this.
    func dictionaryCount(_ column: Int) -> Int { max(0, columnSections[column].dictionaryOffsets.count / 4 - 1) }

    /// The UTF-8 of a dictionary code; empty for null and for what the file has damaged. O(1).
    @_lifetime(borrow self)
    func text(code: UInt32, column: Int) -> Span<UInt8> {
        let offsets = span(columnSections[column].dictionaryOffsets, of: UInt32.self)
        let bytes = columnBytes(column)
        guard code > 0 else { return bytes.extracting(0..<0) }
        guard Int(code) < offsets.count else {
            suspect()
            return bytes.extracting(0..<0)
        }
        let first = offsets[Int(code) - 1]
        let end = offsets[Int(code)]
        guard first <= end, Int(end) <= bytes.count else {
            suspect()
            return bytes.extracting(0..<0)
        }
        return bytes.extracting(Int(first)..<Int(end))
    }

    /// The least code whose text is not below `bytes` in byte order, which is the order of Unicode scalars; one above the
    /// greatest code if all are below. O(length × log texts).
    func dictionaryLowerBound(_ column: Int, _ bytes: Span<UInt8>) -> UInt32 {
        firstCode(column) { !Self.isLess($0, bytes) }
    }

    /// The code of a text, or nil if no row has it. O(length × log texts).
    func dictionaryCode(_ column: Int, _ bytes: Span<UInt8>) -> UInt32? {
        let code = dictionaryLowerBound(column, bytes)
        guard Int(code) <= dictionaryCount(column) else { return nil }
        return Self.isLess(bytes, text(code: code, column: column)) ? nil : code
    }

    /// The codes of all texts that begin with `prefix`: one range, as codes ascend with texts. O(length × log texts).
    func dictionaryRange(_ column: Int, prefix: Span<UInt8>) -> Range<UInt32> {
        let first = dictionaryLowerBound(column, prefix)
        let end = firstCode(column) { text in
            let head = text.extracting(0..<min(text.count, prefix.count))
            return Self.isLess(prefix, head)
        }
        return first..<max(first, end)
    }

    /// The codes of all texts from `least` to `greatest`, both included; nil is open. O(length × log texts).
    func dictionaryRange(_ column: Int, from least: Span<UInt8>?, through greatest: Span<UInt8>?) -> Range<UInt32> {
        var first: UInt32 = 1
        if let least { first = dictionaryLowerBound(column, least) }
        guard let greatest else { return first..<max(first, UInt32(dictionaryCount(column)) + 1) }
        let end = firstCode(column) { Self.isLess(greatest, $0) }
        return first..<max(first, end)
    }

    private func firstCode(_ column: Int, _ isPast: (Span<UInt8>) -> Bool) -> UInt32 {
        var low = 1
        var high = dictionaryCount(column) + 1
        while low < high {
            let middle = (low + high) / 2
            if isPast(text(code: UInt32(middle), column: column)) { high = middle } else { low = middle + 1 }
        }
        return UInt32(low)
    }

    /// Byte order; a prefix comes first.
    static func isLess(_ left: Span<UInt8>, _ right: Span<UInt8>) -> Bool {
        for index in 0..<min(left.count, right.count) where left[index] != right[index] {
            return left[index] < right[index]
        }
        return left.count < right.count
    }
}
