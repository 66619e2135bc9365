// SPDX-License-Identifier: Apache-2.0
import CGDAL

/// Copies columns out of Arrow C arrays (Arrow C data interface) into our own columns.
///
/// Memory: the arrays stay the producer's; nothing here keeps a pointer after it returns.
enum ArrowColumns {
    /// The type of a column, or nil for an unknown one. A list of plain values becomes JSON text.
    static func fieldType(_ schema: UnsafePointer<ArrowSchema>) -> SourceFieldType? {
        let format = unsafe String(cString: schema.pointee.format)
        guard format == "+l" || format == "+L" else { return fieldType(format) }
        guard let elements = unsafe elementFormat(schema), let type = fieldType(elements) else { return nil }
        return [.boolean, .integer, .real, .string].contains(type) && !elements.hasPrefix("t") ? .string : nil
    }

    /// The Arrow format of a list's elements.
    static func elementFormat(_ schema: UnsafePointer<ArrowSchema>) -> String? {
        guard unsafe schema.pointee.n_children == 1, let child = unsafe schema.pointee.children?[0] else { return nil }
        return unsafe String(cString: child.pointee.format)
    }

    /// The type of a column by its Arrow format string, or nil for a nested or unknown type.
    static func fieldType(_ format: String) -> SourceFieldType? {
        switch format {
        case "b": .boolean
        case "c", "C", "s", "S", "i", "I", "l", "L": .integer
        case "f", "g": .real
        case "u", "U": .string
        case "z", "Z": .binary
        case "tdD", "tdm": .date
        default: format.hasPrefix("ts") ? .datetime : format.hasPrefix("tt") ? .string : nil
        }
    }

    /// Rows that are not null, or nil when none is.
    static func validity(_ array: UnsafePointer<ArrowArray>) -> [Bool]? {
        let count = unsafe Int(array.pointee.length)
        let start = unsafe Int(array.pointee.offset)
        guard unsafe array.pointee.null_count != 0, let raw = unsafe array.pointee.buffers?[0] else { return nil }
        let bits = unsafe raw.assumingMemoryBound(to: UInt8.self)
        return (0..<count).map { unsafe bits[(start + $0) >> 3] & (1 << UInt8((start + $0) & 7)) != 0 }
    }

    static func integers(_ array: UnsafePointer<ArrowArray>, format: String) -> [Int64] {
        func read<T: FixedWidthInteger>(_: T.Type) -> [Int64] {
            guard let raw = unsafe array.pointee.buffers?[1] else { return [] }
            let start = unsafe Int(array.pointee.offset)
            let values = unsafe UnsafeBufferPointer(
                start: raw.assumingMemoryBound(to: T.self) + start, count: Int(array.pointee.length))
            return unsafe values.map { Int64(truncatingIfNeeded: $0) }
        }
        return switch format {
        case "c": read(Int8.self)
        case "C": read(UInt8.self)
        case "s": read(Int16.self)
        case "S": read(UInt16.self)
        case "i", "tdD": read(Int32.self)
        case "I": read(UInt32.self)
        default: read(Int64.self)
        }
    }

    static func reals(_ array: UnsafePointer<ArrowArray>, format: String) -> [Double] {
        guard let raw = unsafe array.pointee.buffers?[1] else { return [] }
        let start = unsafe Int(array.pointee.offset)
        let count = unsafe Int(array.pointee.length)
        if format == "f" {
            let values = unsafe UnsafeBufferPointer(
                start: raw.assumingMemoryBound(to: Float.self) + start, count: count)
            return unsafe values.map(Double.init)
        }
        return unsafe Array(UnsafeBufferPointer(start: raw.assumingMemoryBound(to: Double.self) + start, count: count))
    }

    static func booleans(_ array: UnsafePointer<ArrowArray>) -> [Bool] {
        guard let raw = unsafe array.pointee.buffers?[1] else { return [] }
        let bits = unsafe raw.assumingMemoryBound(to: UInt8.self)
        let start = unsafe Int(array.pointee.offset)
        return unsafe (0..<Int(array.pointee.length)).map {
            unsafe bits[(start + $0) >> 3] & (1 << UInt8((start + $0) & 7)) != 0
        }
    }

    /// Variable-length bytes with 32-bit (`u`, `z`) or 64-bit (`U`, `Z`) offsets.
    static func bytes(_ array: UnsafePointer<ArrowArray>, format: String) -> StringColumn {
        let count = unsafe Int(array.pointee.length)
        let start = unsafe Int(array.pointee.offset)
        guard count > 0, let rawOffsets = unsafe array.pointee.buffers?[1] else {
            return StringColumn(bytes: [], offsets: Array(repeating: 0, count: count + 1))
        }
        var offsets = [Int](repeating: 0, count: count + 1)
        if format == "u" || format == "z" {
            let source = unsafe rawOffsets.assumingMemoryBound(to: Int32.self) + start
            for row in 0...count { offsets[row] = unsafe Int(source[row]) }
        } else {
            let source = unsafe rawOffsets.assumingMemoryBound(to: Int64.self) + start
            for row in 0...count { offsets[row] = unsafe Int(source[row]) }
        }
        let base = offsets[0]
        let length = offsets[count] - base
        var bytes: [UInt8] = []
        if length > 0, let data = unsafe array.pointee.buffers?[2] {
            unsafe bytes.append(contentsOf: UnsafeRawBufferPointer(start: data + base, count: length))
        }
        if base != 0 {
            for row in 0...count { offsets[row] -= base }
        }
        return StringColumn(bytes: bytes, offsets: offsets)
    }
}

extension ArrowColumns {
    /// Lists as JSON texts, one per row.
    static func lists(_ array: UnsafePointer<ArrowArray>, format: String, elements: String) -> StringColumn {
        let count = unsafe Int(array.pointee.length)
        let start = unsafe Int(array.pointee.offset)
        guard let raw = unsafe array.pointee.buffers?[1], let child = unsafe array.pointee.children?[0] else {
            return StringColumn(bytes: [], offsets: Array(repeating: 0, count: count + 1))
        }
        let texts = unsafe elementTexts(child, elements)
        var column = StringColumn()
        for row in start..<start + count {
            let first: Int
            let end: Int
            if format == "+l" {
                let offsets = unsafe raw.assumingMemoryBound(to: Int32.self)
                first = unsafe Int(offsets[row])
                end = unsafe Int(offsets[row + 1])
            } else {
                let offsets = unsafe raw.assumingMemoryBound(to: Int64.self)
                first = unsafe Int(offsets[row])
                end = unsafe Int(offsets[row + 1])
            }
            let range = max(0, first)..<max(0, min(max(first, end), texts.count))
            column.append("[\(texts[range].joined(separator: ","))]".utf8)
        }
        return column
    }

    private static func elementTexts(_ array: UnsafePointer<ArrowArray>, _ format: String) -> [String] {
        let valid = unsafe validity(array)
        let texts: [String]
        switch fieldType(format) {
        case .boolean: texts = unsafe booleans(array).map { $0 ? "true" : "false" }
        case .real: texts = unsafe reals(array, format: format).map { $0.isFinite ? "\($0)" : "null" }
        case .string:
            let column = unsafe bytes(array, format: format)
            texts = (0..<column.count).map { jsonText(column.text($0)) }
        default: texts = unsafe integers(array, format: format).map(String.init)
        }
        guard let valid else { return texts }
        return zip(texts, valid).map { $1 ? $0 : "null" }
    }

    private static func jsonText(_ text: String) -> String {
        var result = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": result += "\\\""
            case "\\": result += "\\\\"
            case _ where scalar.value < 0x20:
                let hex = String(scalar.value, radix: 16)
                result += "\\u" + String(repeating: "0", count: 4 - hex.count) + hex
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result + "\""
    }
}

extension StringColumn {
    /// A column of texts.
    init(texts: [String]) {
        self.init()
        for text in texts { append(text.utf8) }
    }
}
