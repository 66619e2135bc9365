// SPDX-License-Identifier: Apache-2.0
import Spatial

/// What can be wrong with pipes.
public enum PipeFindingKind: String, Sendable, CaseIterable {
    /// A level or depth that gives the pipe no place: a negative depth.
    case unusable
    /// The class code is in no class of the profile.
    case unmappedCode = "unmapped-code"
    /// No diameter and no width.
    case noSize = "no-size"
    /// A survey point on which no pipe ends.
    case orphanPoint = "orphan-point"
    /// An end that names a point which is not there, or lies on none.
    case missingEnd = "missing-end"
    /// An end that stops short of another pipe of its class.
    case nearMiss = "near-miss"
    /// Ground, depth and elevation of an end contradict one another.
    case depthElevation = "depth-elevation"
    /// A gravity pipe that rises in the direction of flow.
    case againstGrade = "against-grade"
    /// Less than the required distance where two pipes cross.
    case crossingClearance = "crossing-clearance"
    /// Less than the required horizontal distance between pipes side by side.
    case parallelClearance = "parallel-clearance"
    /// Less than the required cover.
    case cover
    /// The same line, class and section as another pipe.
    case duplicate

    public var title: LocalizedText {
        switch self {
        case .unusable: LocalizedText(zh: "无法定位", en: "no usable level")
        case .unmappedCode: LocalizedText(zh: "类别编码未登记", en: "unmapped code")
        case .noSize: LocalizedText(zh: "缺管径", en: "no size")
        case .orphanPoint: LocalizedText(zh: "孤立管点", en: "orphan point")
        case .missingEnd: LocalizedText(zh: "端点缺失", en: "missing end")
        case .nearMiss: LocalizedText(zh: "端点未接", en: "near miss")
        case .depthElevation: LocalizedText(zh: "埋深与高程不符", en: "depth against elevation")
        case .againstGrade: LocalizedText(zh: "逆坡", en: "against grade")
        case .crossingClearance: LocalizedText(zh: "交叉净距不足", en: "crossing without clearance")
        case .parallelClearance: LocalizedText(zh: "水平净距不足", en: "side by side without clearance")
        case .cover: LocalizedText(zh: "覆土不足", en: "insufficient cover")
        case .duplicate: LocalizedText(zh: "重复管线", en: "duplicate")
        }
    }
}

/// One thing that is wrong with one pipe or point.
public struct PipeFinding: Sendable {
    public var kind: PipeFindingKind
    public var layer: String
    public var id: Int64
    public var code: String?
    /// The class in the profile; nil where the code has none.
    public var pipeClass: String?
    /// The other pipe, where there are two.
    public var other: (layer: String, id: Int64, pipeClass: String?)?
    public var position: LonLat
    /// Metres above the datum, where it is known.
    public var height: Double?
    /// Why, for a person.
    public var reason: String
    /// Numbers by name, metres unless the name says otherwise.
    public var values: [(name: String, value: Double)]
}

extension PipeFinding {
    /// The finding as a JSON object, with its position.
    package func appendObject(to out: inout JSONBytes) {
        out.raw("{")
        appendMembers(to: &out)
        out.raw(",\"position\":")
        out.position(position)
        out.raw("}")
    }

    /// Members of a JSON object without the braces.
    package func appendMembers(to out: inout JSONBytes) {
        out.raw("\"kind\":")
        out.string(kind.rawValue)
        out.raw(",\"layer\":")
        out.string(layer)
        out.raw(",\"id\":")
        out.integer(id)
        out.raw(",\"code\":")
        if let code { out.string(code) } else { out.raw("null") }
        out.raw(",\"class\":")
        if let pipeClass { out.string(pipeClass) } else { out.raw("null") }
        if let other {
            out.raw(",\"other_layer\":")
            out.string(other.layer)
            out.raw(",\"other_id\":")
            out.integer(other.id)
            out.raw(",\"other_class\":")
            if let name = other.pipeClass { out.string(name) } else { out.raw("null") }
        }
        out.raw(",\"reason\":")
        out.string(reason)
        for (name, value) in values {
            out.raw(",")
            out.key(name)
            out.fixed(value, 3)
        }
    }

    /// A GeoJSON feature of one point; longitude, latitude, and the height where it is known.
    func appendFeature(to out: inout JSONBytes) {
        out.raw("{\"type\":\"Feature\",\"geometry\":{\"type\":\"Point\",\"coordinates\":[")
        out.fixed(position.longitude, 7)
        out.raw(",")
        out.fixed(position.latitude, 7)
        if let height {
            out.raw(",")
            out.fixed(height, 3)
        }
        out.raw("]},\"properties\":{")
        appendMembers(to: &out)
        out.raw("}}")
    }
}
