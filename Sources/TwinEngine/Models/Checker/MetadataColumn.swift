// SPDX-License-Identifier: Apache-2.0

/// The values of a property in a property table.
///
/// Source: OGC 3D Tiles 1.1, "3D Metadata Specification", "Binary Table Format"; EXT_structural_metadata, "Property Tables".
struct MetadataColumn {
    typealias Mistake = MetadataSchema.Mistake
    typealias View = (Int) throws -> [UInt8]

    /// As they are stored, all components of all rows; none for texts and booleans.
    private(set) var numbers: [Double] = []
    /// Components of each row where they differ.
    private(set) var lengths: [Int]?

    private static let offsetSizes = ["UINT8": 1, "UINT16": 2, "UINT32": 4, "UINT64": 8]

    /// Reads and judges a column.
    ///
    /// - Parameters:
    ///   - stored: What the table says of the property: the numbers of views.
    ///   - count: Rows of the table.
    ///   - view: The bytes of a buffer view.
    init(_ stored: [String: Any], _ property: MetadataSchema.Property, rows count: Int, _ view: View) throws {
        guard let index = stored["values"] as? Int else { throw Mistake("no values", "Binary Table Format") }
        let bytes = try view(index)
        var elements = count * (property.count ?? 1)
        if property.isVariable {
            let ends = try Self.offsets(stored, "arrayOffset", "Variable-Length Arrays", count, view)
            elements = ends.last ?? 0
            lengths = zip(ends, ends.dropFirst()).map { ($1 - $0) * property.width }
        }
        switch property.type {
        case "STRING":
            let ends = try Self.offsets(stored, "stringOffset", "Strings", elements, view)
            guard ends.last ?? 0 <= bytes.count else { throw Mistake("stringOffsets leave the text", "Strings") }
            for (index, (start, end)) in zip(ends, ends.dropFirst()).enumerated()
            where String(validating: bytes[start..<end], as: UTF8.self) == nil {
                throw Mistake("text \(index) is not UTF-8", "Strings")
            }
        case "BOOLEAN":
            guard bytes.count == (elements + 7) / 8 else {
                throw Mistake("\(bytes.count) bytes for \(elements) booleans", "Booleans")
            }
        default:
            guard let component = property.component, let name = property.componentName else { return }
            let numbers = elements * property.width
            guard bytes.count == numbers * component.size else {
                throw Mistake("\(bytes.count) bytes for \(numbers) numbers of \(name)", "Binary Table Format")
            }
            self.numbers = Self.numbers(bytes, name, numbers)
        }
    }

    /// Little-endian numbers of a component type.
    static func numbers(_ bytes: [UInt8], _ type: String, _ count: Int) -> [Double] {
        guard let component = MetadataSchema.components[type] else { return [] }
        return (0..<count).map { index in
            var bits: UInt64 = 0
            for byte in 0..<component.size {
                bits |= UInt64(bytes[index * component.size + byte]) << UInt64(8 * byte)
            }
            switch type {
            case "INT8": return Double(Int8(truncatingIfNeeded: bits))
            case "INT16": return Double(Int16(truncatingIfNeeded: bits))
            case "INT32": return Double(Int32(truncatingIfNeeded: bits))
            case "INT64": return Double(Int64(bitPattern: bits))
            case "FLOAT32": return Double(Float(bitPattern: UInt32(truncatingIfNeeded: bits)))
            case "FLOAT64": return Double(bitPattern: bits)
            default: return Double(bits)
            }
        }
    }

    private static func offsets(
        _ stored: [String: Any], _ key: String, _ clause: String, _ count: Int, _ view: View
    ) throws -> [Int] {
        guard let index = stored[key + "s"] as? Int else { throw Mistake("no \(key)s", clause) }
        guard let size = offsetSizes[(stored[key + "Type"] ?? "UINT32") as? String ?? ""] else {
            throw Mistake("\(key)Type is not UINT8, UINT16, UINT32 or UINT64", clause)
        }
        let bytes = try view(index)
        guard bytes.count == (count + 1) * size else {
            throw Mistake("\(key)s are \(bytes.count) bytes for \(count) values", clause)
        }
        var ends: [Int] = []
        var last: UInt64 = 0
        for index in 0...count {
            let end = (0..<size).reduce(UInt64(0)) { $0 | UInt64(bytes[index * size + $1]) << UInt64(8 * $1) }
            guard end >= last, end < 1 << 40, index > 0 || end == 0 else {
                throw Mistake("\(key)s do not begin with 0 or fall", clause)
            }
            ends.append(Int(end))
            last = end
        }
        return ends
    }
}

/// Judges stored numbers against what the class and the storage declare: ends, names of enums, finite fractions.
struct MetadataRange {
    typealias Mistake = MetadataSchema.Mistake

    private let property: MetadataSchema.Property
    private let offset: [Double]
    private let scale: [Double]
    private let empty: [Double]
    private let known: Set<Double>
    private var low: [Double]
    private var high: [Double]

    /// - Parameter stored: What a table, attribute or texture says of the property; overrides the class.
    init(_ property: MetadataSchema.Property, _ stored: [String: Any] = [:]) {
        self.property = property
        let width = property.isVariable ? property.width : property.width * (property.count ?? 1)
        func factors(_ key: String, _ standard: Double) -> [Double] {
            let value = stored[key] ?? property.json[key]
            let numbers = Self.numbers(value, property)
            return numbers.count == width ? numbers : [Double](repeating: standard, count: width)
        }
        (offset, scale) = (factors("offset", 0), factors("scale", 1))
        empty = property.json["noData"].map { Self.numbers($0, property, isStored: true) } ?? []
        known = Set(property.values.values)
        low = [Double](repeating: .infinity, count: width)
        high = [Double](repeating: -.infinity, count: width)
    }

    private static func numbers(
        _ value: Any?, _ property: MetadataSchema.Property, isStored: Bool = false
    ) -> [Double] {
        guard let value else { return [] }
        do throws(Mistake) { return try property.numbers(value, isStored: isStored) } catch { return [] }
    }

    /// Takes the numbers of one value in.
    mutating func take(_ value: some RandomAccessCollection<Double>) throws(Mistake) {
        if !empty.isEmpty, value.elementsEqual(empty) { return }
        for (index, raw) in value.enumerated() {
            guard raw.isFinite else { throw Mistake("a value is \(raw)", "Component Type") }
            if property.type == "ENUM" {
                guard known.contains(raw) else { throw Mistake("\(raw) is no value of the enum", "Enums") }
                continue
            }
            let at = index % low.count
            let number = offset[at] + scale[at] * MetadataSchema.normalize(raw, property)
            (low[at], high[at]) = (min(low[at], number), max(high[at], number))
        }
    }

    /// Takes the numbers of all rows of a column in.
    mutating func take(_ column: MetadataColumn) throws(Mistake) {
        var start = 0
        if let lengths = column.lengths {
            for length in lengths where start + length <= column.numbers.count {
                try take(column.numbers[start..<start + length])
                start += length
            }
            return
        }
        while start + low.count <= column.numbers.count {
            try take(column.numbers[start..<start + low.count])
            start += low.count
        }
    }

    /// Judges the ends of what was taken in.
    func judge(_ stored: [String: Any]) throws(Mistake) {
        guard property.isNumeric, !property.isVariable else { return }
        for (key, ends, sign) in [("min", low, 1.0), ("max", high, -1.0)] {
            let limits = Self.numbers(property.json[key], property)
            let told = Self.numbers(stored[key], property)
            for (at, end) in ends.enumerated() where end.isFinite {
                let slack = isRounded ? 1e-6 * max(1, abs(end), abs(offset[at])) : 0
                if limits.count == ends.count, (end - limits[at]) * sign < -slack {
                    throw Mistake(
                        "\(end) is beyond the \(key) \(limits[at]) of the class", "Minimum and Maximum Values")
                }
                if told.count == ends.count, abs(end - told[at]) > slack {
                    throw Mistake("the \(key) is \(end), not \(told[at])", "Minimum and Maximum Values")
                }
            }
        }
    }

    /// Whether writers may have rounded what they compared.
    private var isRounded: Bool { property.isNormalized || property.component?.isFloat == true }
}
