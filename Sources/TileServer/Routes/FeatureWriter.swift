// SPDX-License-Identifier: Apache-2.0
import Hummingbird
import TwinEngine

/// Writes features of a layer as GeoJSON (RFC 7946). Properties are the permanent code, where the layer has codes, and
/// the declared fields that the caller may see.
struct FeatureWriter {
    private let writer: FeatureJSONWriter

    /// - Parameters:
    ///   - layer: an access decision's layer; masked fields are left out.
    ///   - names: the properties that are asked for; nil for all.
    ///   - output: the system of positions; nil is CRS84.
    init(
        _ layer: ReadableLayer, names: Set<String>? = nil, output: GeometryOutput? = nil, hasGeometry: Bool = true
    ) {
        let fields = layer.visibleFields.filter { names?.contains(layer.definition.fields[$0].name) ?? true }
        writer = FeatureJSONWriter(
            layer.view, fields: fields, hasCode: layer.showsCode && names?.contains("code") ?? true, output: output,
            hasGeometry: hasGeometry)
    }

    /// A Feature, with a member `distance` in metres where it is given.
    func append(_ feature: Feature, distance: Double? = nil, open: Bool = false, to out: inout JSONBytes) {
        writer.append(feature, distance: distance, open: open, to: &out)
    }

    /// Features with commas between.
    func append(_ features: ArraySlice<Feature>, to out: inout JSONBytes) {
        writer.append(features, to: &out)
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
