// SPDX-License-Identifier: Apache-2.0

/// The JSON metadata of a tile archive: what PMTiles stores whole, and MBTiles under the key `json` and in rows.
///
/// Sources: PMTiles 3.1, "Metadata"; MBTiles 1.3, "Vector tileset metadata"; TileJSON 3.0, 3.3; mapbox-geostats.
public struct ArchiveMetadata: Sendable, Hashable {
    /// The type of an attribute, as TileJSON clients know it.
    public enum FieldType: String, Sendable {
        case string = "String"
        case number = "Number"
        case boolean = "Boolean"
    }

    /// An attribute of a layer and its values.
    public struct Field: Sendable, Hashable {
        public var name: String
        public var type: FieldType
        /// Different values, at most 1,000 counted.
        public var distinct: Int?
        /// Some of the values, at most 100; numbers in decimal, `true` or `false` for booleans.
        public var values: [String]
        public var minimum: Double?
        public var maximum: Double?

        public init(
            _ name: String, _ type: FieldType, distinct: Int? = nil, values: [String] = [], minimum: Double? = nil,
            maximum: Double? = nil
        ) {
            self.name = name
            self.type = type
            self.distinct = distinct
            self.values = values
            self.minimum = minimum
            self.maximum = maximum
        }
    }

    /// A layer of the tiles.
    public struct Layer: Sendable, Hashable {
        public var id: String
        public var description: String
        public var zooms: ClosedRange<Int>
        /// `Point`, `LineString` or `Polygon`; nil where not known.
        public var geometry: String?
        /// Features before tiling.
        public var count: Int?
        public var fields: [Field]

        public init(
            id: String, description: String = "", zooms: ClosedRange<Int>, geometry: String? = nil, count: Int? = nil,
            fields: [Field] = []
        ) {
            self.id = id
            self.description = description
            self.zooms = zooms
            self.geometry = geometry
            self.count = count
            self.fields = fields
        }
    }

    public var name: String
    public var description: String
    public var attribution: String
    /// `overlay` or `baselayer`.
    public var type: String
    public var version: String
    public var layers: [Layer]
    /// Further members, in this order; by convention their values are texts (PMTiles 3.1, "Metadata").
    public var members: [Member] = []

    public struct Member: Sendable, Hashable {
        public var name: String
        public var value: String

        public init(_ name: String, _ value: String) {
            self.name = name
            self.value = value
        }
    }

    public init(
        name: String, description: String = "", attribution: String = "", type: String = "overlay",
        version: String = "1.0.0", layers: [Layer] = []
    ) {
        self.name = name
        self.description = description
        self.attribution = attribution
        self.type = type
        self.version = version
        self.layers = layers
    }

    /// The whole document, in UTF-8. The order of members is fixed: equal values give equal bytes.
    public func json() -> [UInt8] {
        var out = JSONText()
        out.object { out in
            out.field("name", name)
            if !description.isEmpty { out.field("description", description) }
            if !attribution.isEmpty { out.field("attribution", attribution) }
            out.field("type", type)
            out.field("version", version)
            writeLayers(&out)
            for member in members { out.field(member.name, member.value) }
        }
        return out.bytes
    }

    /// Only `vector_layers` and `tilestats`: what MBTiles keeps under `json`.
    public func vectorJSON() -> [UInt8] {
        var out = JSONText()
        out.object { writeLayers(&$0) }
        return out.bytes
    }

    private func writeLayers(_ out: inout JSONText) {
        guard !layers.isEmpty else { return }
        out.arrayField("vector_layers") { list in
            for layer in layers {
                list.object { out in
                    out.field("id", layer.id)
                    out.field("description", layer.description)
                    out.field("minzoom", layer.zooms.lowerBound)
                    out.field("maxzoom", layer.zooms.upperBound)
                    out.objectField("fields") { out in
                        for field in layer.fields { out.field(field.name, field.type.rawValue) }
                    }
                }
            }
        }
        guard layers.contains(where: { $0.count != nil }) else { return }
        out.objectField("tilestats") { out in
            out.field("layerCount", layers.count)
            out.arrayField("layers") { list in
                for layer in layers { list.object { Self.write(layer, to: &$0) } }
            }
        }
    }

    private static func write(_ layer: Layer, to out: inout JSONText) {
        out.field("layer", layer.id)
        out.field("count", layer.count ?? 0)
        if let geometry = layer.geometry { out.field("geometry", geometry) }
        out.field("attributeCount", layer.fields.count)
        out.arrayField("attributes") { list in
            for field in layer.fields {
                list.object { out in
                    out.field("attribute", field.name)
                    if let distinct = field.distinct { out.field("count", distinct) }
                    out.field("type", field.type.rawValue.lowercased())
                    out.arrayField("values") { list in
                        for value in field.values { write(value, field.type, to: &list) }
                    }
                    if let minimum = field.minimum { out.field("min", minimum) }
                    if let maximum = field.maximum { out.field("max", maximum) }
                }
            }
        }
    }

    private static func write(_ text: String, _ type: FieldType, to out: inout JSONText) {
        switch (type, Int(text), Double(text)) {
        case (.number, .some(let whole), _): out.value(whole)
        case (.number, nil, .some(let real)): out.value(real)
        case (.boolean, _, _): out.value(text == "true" || text == "1")
        default: out.value(text)
        }
    }
}
