// SPDX-License-Identifier: Apache-2.0
import Spatial

/// Writes the records of a layer as its protocol buffer message. Keeps its scratch space.
struct LayerWriter {
    static let extent = 4096

    var features: [UInt8] = []
    /// Numbers in the layer of keys and values of the table, or -1.
    private var keys: [Int32] = []
    private var values: [Int32] = []
    private(set) var keyOrder: [Int] = []
    private(set) var valueOrder: [Int] = []
    private var tagBytes: [UInt8] = []

    /// Appends the layer; nothing if all records are dropped. Tables hold what is used, in order of first use.
    mutating func write(
        _ name: String, _ records: [LayerTileEncoder.Record], _ tags: [UInt32], _ table: MVTValueTable,
        _ geometry: [UInt8], _ output: inout [UInt8]
    ) {
        begin()
        grow(table)
        for record in records where !record.isDropped { appendFeature(record, tags, geometry) }
        guard !features.isEmpty else { return }
        var tables: [UInt8] = []
        for key in keyOrder { tables += LayerPiece.key(table.names[key]) }
        appendValues(table, &tables)
        output += LayerPiece.head(name, rest: features.count + tables.count + LayerPiece.tail.count)
        output += features
        output += tables
        output += LayerPiece.tail
    }

    /// Starts a layer.
    mutating func begin() {
        features.removeAll(keepingCapacity: true)
        keyOrder.removeAll(keepingCapacity: true)
        valueOrder.removeAll(keepingCapacity: true)
        keys.removeAll(keepingCapacity: true)
        values.removeAll(keepingCapacity: true)
    }

    /// Makes room for all keys and values of a table.
    mutating func grow(_ table: borrowing MVTValueTable) {
        keys.append(contentsOf: repeatElement(-1, count: table.names.count - keys.count))
        values.append(contentsOf: repeatElement(-1, count: table.valueEnds.count - values.count))
    }

    /// Numbers a key, if it is new.
    @inline(__always)
    mutating func use(key: Int) {
        guard keys[key] < 0 else { return }
        keys[key] = Int32(keyOrder.count)
        keyOrder.append(key)
    }

    /// Numbers a value, if it is new.
    @inline(__always)
    mutating func use(value: Int) {
        guard values[value] < 0 else { return }
        values[value] = Int32(valueOrder.count)
        valueOrder.append(value)
    }

    /// The used values in order of first use: all at once where they came in that order.
    private func appendValues(_ table: MVTValueTable, _ tail: inout [UInt8]) {
        if valueOrder.count == table.valueEnds.count, valueOrder.indices.allSatisfy({ valueOrder[$0] == $0 }) {
            tail.append(contentsOf: table.values)
            return
        }
        for value in valueOrder {
            let start = value == 0 ? 0 : table.valueEnds[value - 1]
            tail.append(contentsOf: table.values[start..<table.valueEnds[value]])
        }
    }

    mutating func appendFeature(_ record: LayerTileEncoder.Record, _ tags: [UInt32], _ geometry: [UInt8]) {
        tagBytes.removeAll(keepingCapacity: true)
        var index = record.tags.lowerBound
        while index < record.tags.upperBound {
            let key = Int(tags[index]), value = Int(tags[index + 1])
            use(key: key)
            use(value: value)
            tagBytes.appendVarint(Int(keys[key]))
            tagBytes.appendVarint(Int(values[value]))
            index += 2
        }
        let shape = record.geometry
        features.append(2 << 3 | 2)
        features.appendVarint(Self.bodySize(record, tags: tagBytes.count))
        if let id = record.id {
            features.append(1 << 3)
            features.appendVarint(id)
        }
        if !tagBytes.isEmpty { features.appendField(2 << 3 | 2, tagBytes) }
        features.append(3 << 3)
        features.append(record.kind.rawValue)
        features.append(4 << 3 | 2)
        features.appendVarint(shape.count)
        features.append(contentsOf: geometry[shape])
    }

    /// Bytes of a feature's message with a number of bytes of tags.
    static func bodySize(_ record: LayerTileEncoder.Record, tags: Int) -> Int {
        let shape = record.geometry
        var size = 3 + Self.size(of: shape.count) + shape.count
        if let id = record.id { size += 1 + Self.size(of: id) }
        if tags > 0 { size += 1 + Self.size(of: tags) + tags }
        return size
    }

    /// Bytes of a varint.
    static func size(of value: UInt64) -> Int { (UInt64.bitWidth - (value | 1).leadingZeroBitCount + 6) / 7 }

    static func size(of value: Int) -> Int { size(of: UInt64(value)) }
}
