// SPDX-License-Identifier: Apache-2.0
import Spatial

/// Reads vector tiles of version 2 and refuses what the specification forbids, naming the clause.
///
/// Strict: the first violation ends decoding. Fields that the specification does not know are skipped; a value must
/// have exactly one known field. A missing extent is 4096, the default of `vector_tile.proto`.
/// Memory stays within a constant factor of the input: counts are checked against the bytes left before use.
///
/// Source: Mapbox Vector Tile Specification 2.1; clause numbers are those of its README.
public enum MVTDecoder {
    /// The layers of an uncompressed tile, in order. Throws ``TileError`` `.malformed`. O(bytes). For any thread.
    public static func decode(_ bytes: [UInt8]) throws(TileError) -> [DecodedLayer] {
        var reader = ProtobufReader(bytes)
        var layers: [DecodedLayer] = []
        var names: Set<String> = []
        while let field = try reader.nextField() {
            guard field.number == 3 else {
                try reader.skip(field.wire)
                continue
            }
            try expect(field.wire, .bytes, "Tile.layers")
            let layer = try decodeLayer(try reader.message())
            guard names.insert(layer.name).inserted else {
                throw malformed("two layers are named '\(layer.name)'", "4.1")
            }
            layers.append(layer)
        }
        return layers
    }

    private static func decodeLayer(_ message: ProtobufReader) throws(TileError) -> DecodedLayer {
        var reader = message
        var layer = DecodedLayer()
        var name: String?
        var version: UInt32?
        var keys: [String] = []
        var values: [MVTValue] = []
        var features: [ProtobufReader] = []
        while let field = try reader.nextField() {
            switch field.number {
            case 1:
                try expect(field.wire, .bytes, "Layer.name")
                name = try reader.text("Layer.name")
            case 2:
                try expect(field.wire, .bytes, "Layer.features")
                features.append(try reader.message())
            case 3:
                try expect(field.wire, .bytes, "Layer.keys")
                keys.append(try reader.text("Layer.keys"))
            case 4:
                try expect(field.wire, .bytes, "Layer.values")
                values.append(try decodeValue(try reader.message()))
            case 5:
                try expect(field.wire, .varint, "Layer.extent")
                layer.extent = try reader.varint32("Layer.extent")
            case 15:
                try expect(field.wire, .varint, "Layer.version")
                version = try reader.varint32("Layer.version")
            default: try reader.skip(field.wire)
            }
        }
        guard let version else { throw malformed("a layer has no version", "4.1") }
        guard version == 2 else { throw malformed("a layer has version \(version), not 2", "4.1") }
        guard let name else { throw malformed("a layer has no name", "4.1") }
        guard layer.extent > 0 else { throw malformed("layer '\(name)' has an extent of 0", "4.1") }
        layer.name = name
        (layer.keyCount, layer.valueCount) = (keys.count, values.count)
        // Only now: the tables may stand behind the features that use them.
        layer.features.reserveCapacity(features.count)
        for feature in features { layer.features.append(try decodeFeature(feature, keys, values)) }
        return layer
    }

    private static func decodeFeature(
        _ message: ProtobufReader, _ keys: [String], _ values: [MVTValue]
    ) throws(TileError) -> DecodedFeature {
        var reader = message
        var feature = DecodedFeature()
        var type: UInt64?
        var tags: ProtobufReader?
        var geometry: ProtobufReader?
        while let field = try reader.nextField() {
            switch field.number {
            case 1:
                try expect(field.wire, .varint, "Feature.id")
                feature.id = try reader.varint()
            case 2:
                try expect(field.wire, .bytes, "Feature.tags")
                guard tags == nil else { throw malformed("a feature has two tags fields", "4.2") }
                tags = try reader.message()
            case 3:
                try expect(field.wire, .varint, "Feature.type")
                type = try reader.varint()
            case 4:
                try expect(field.wire, .bytes, "Feature.geometry")
                guard geometry == nil else { throw malformed("a feature has two geometry fields", "4.2") }
                geometry = try reader.message()
            default: try reader.skip(field.wire)
            }
        }
        guard let type else { throw malformed("a feature has no type", "4.2") }
        guard type <= 3 else { throw malformed("a feature has type \(type)", "4.3.4") }
        guard let geometry else { throw malformed("a feature has no geometry", "4.2") }
        if let kind = GeometryKind(rawValue: UInt8(type)) {
            var decoder = MVTGeometryDecoder(geometry)
            try decoder.decode(kind)
            feature.kind = kind
            feature.xy = decoder.xy
            feature.ringEnds = decoder.ringEnds
        }
        if let tags { feature.attributes = try decodeTags(tags, keys, values) }
        return feature
    }

    private static func decodeTags(
        _ message: ProtobufReader, _ keys: [String], _ values: [MVTValue]
    ) throws(TileError) -> [String: MVTValue] {
        var reader = message
        var attributes: [String: MVTValue] = [:]
        var used: Set<Int> = []
        while !reader.isAtEnd {
            let key = Int(try reader.varint32("a tag (spec 4.4)"))
            guard !reader.isAtEnd else { throw malformed("a feature has an odd number of tags", "4.4") }
            let value = Int(try reader.varint32("a tag (spec 4.4)"))
            guard key < keys.count else { throw malformed("key index \(key) of \(keys.count) keys", "4.4") }
            guard value < values.count else { throw malformed("value index \(value) of \(values.count) values", "4.4") }
            guard used.insert(key).inserted else {
                throw malformed("a feature uses key '\(keys[key])' twice", "4.4")
            }
            attributes[keys[key]] = values[value]
        }
        return attributes
    }

    private static func decodeValue(_ message: ProtobufReader) throws(TileError) -> MVTValue {
        var reader = message
        var value: MVTValue?
        while let field = try reader.nextField() {
            guard value == nil || field.number > 7 else { throw malformed("a value has two contents", "4.1") }
            switch field.number {
            case 1:
                try expect(field.wire, .bytes, "Value.string_value")
                value = .string(try reader.text("Value.string_value"))
            case 2:
                try expect(field.wire, .fixed32, "Value.float_value")
                value = .double(Double(Float(bitPattern: try reader.fixed32())))
            case 3:
                try expect(field.wire, .fixed64, "Value.double_value")
                value = .double(Double(bitPattern: try reader.fixed64()))
            case 4:
                try expect(field.wire, .varint, "Value.int_value")
                value = .int(Int64(bitPattern: try reader.varint()))
            case 5:
                try expect(field.wire, .varint, "Value.uint_value")
                value = .uint(try reader.varint())
            case 6:
                try expect(field.wire, .varint, "Value.sint_value")
                let zigzag = try reader.varint()
                value = .int(Int64(bitPattern: (zigzag >> 1) ^ (0 &- (zigzag & 1))))
            case 7:
                try expect(field.wire, .varint, "Value.bool_value")
                value = .bool(try reader.varint() != 0)
            default: try reader.skip(field.wire)
            }
        }
        guard let value else { throw malformed("a value has no content of a known type", "4.1") }
        return value
    }

    private static func expect(
        _ wire: ProtobufWire, _ expected: ProtobufWire, _ field: StaticString
    ) throws(TileError) {
        guard wire == expected else {
            throw TileError(.malformed, "\(field) has wire type \(wire), not \(expected) (vector_tile.proto)")
        }
    }

    private static func malformed(_ message: String, _ clause: StaticString) -> TileError {
        TileError(.malformed, "\(message) (spec \(clause))")
    }
}
