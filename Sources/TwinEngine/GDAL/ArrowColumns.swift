// SPDX-License-Identifier: Apache-2.0
import CGDAL

/// Copies columns out of Arrow C arrays (Arrow C data interface) into our own columns.
///
/// Memory: the arrays stay the producer's; nothing here keeps a pointer after it returns.
enum ArrowColumns {
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
            let values = unsafe UnsafeBufferPointer(start: raw.assumingMemoryBound(to: Float.self) + start, count: count)
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

extension StringColumn {
    /// A column of texts.
    init(texts: [String]) {
        self.init()
        for text in texts { append(text.utf8) }
    }
}
