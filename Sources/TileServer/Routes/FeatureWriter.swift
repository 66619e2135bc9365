// SPDX-License-Identifier: Apache-2.0
import Hummingbird
import TwinEngine

/// Writes features as GeoJSON (RFC 7946), straight into bytes. Properties are the permanent code, where the layer has
/// codes, and the declared fields.
struct FeatureWriter {
    private let fields: [(index: Int, key: [UInt8])]
    private let hasCodes: Bool

    /// - Parameter layer: an access decision's layer; masked fields are left out.
    init(_ layer: ReadableLayer) {
        hasCodes = layer.definition.code != nil && !layer.masked.contains("code")
        fields = layer.visibleFields.map { index in
            var key = JSONBytes(capacity: 24)
            key.key(layer.definition.fields[index].name)
            return (index, key.bytes)
        }
    }

    /// A Feature, with a member `distance` in metres where it is given.
    func append(_ feature: Feature, distance: Double? = nil, to out: inout JSONBytes) {
        out.raw("{\"type\":\"Feature\",\"id\":")
        out.integer(feature.id)
        if let distance {
            out.raw(",\"distance\":")
            out.fixed(distance, 3)
        }
        out.raw(",\"geometry\":")
        feature.appendGeometryGeoJSON(to: &out.bytes)
        out.raw(",\"properties\":{")
        var isFirst = true
        if hasCodes, let code = feature.code {
            out.raw("\"code\":")
            out.string(code)
            isFirst = false
        }
        for field in fields {
            if !isFirst { out.byte(UInt8(ascii: ",")) }
            isFirst = false
            out.raw(field.key)
            append(feature.value(field.index), to: &out)
        }
        out.raw("}}")
    }

    private func append(_ value: FieldValue, to out: inout JSONBytes) {
        switch value {
        case .null, .binary: out.raw("null")
        case .string(let text): out.string(text)
        case .integer(let number): out.integer(number)
        case .real(let number): out.real(number)
        case .boolean(let flag): out.boolean(flag)
        }
    }
}

extension JSONBytes {
    /// `[west,south,east,north]`
    mutating func box(_ box: LonLatBox) {
        raw("[")
        fixed(box.west, 7)
        raw(",")
        fixed(box.south, 7)
        raw(",")
        fixed(box.east, 7)
        raw(",")
        fixed(box.north, 7)
        raw("]")
    }

    /// An OGC link object.
    mutating func link(_ href: String, rel: String, type: String, title: String? = nil) {
        raw("{\"href\":")
        string(href)
        raw(",\"rel\":")
        string(rel)
        raw(",\"type\":")
        string(type)
        if let title {
            raw(",\"title\":")
            string(title)
        }
        raw("}")
    }
}
