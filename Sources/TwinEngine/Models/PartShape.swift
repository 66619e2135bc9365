// SPDX-License-Identifier: Apache-2.0
import Spatial
import Tiles

/// Street assets (部件) and fixtures of pipes (附属物): points drawn as copies of a shape that their class names.
struct PartShape: PlannedShape {
    private let layer: LayerView
    private let definition: ModelDefinition
    private let frame: ModelFrame
    private let profile: PartProfile
    private let classField: Int?
    private let fallback: Int?
    private let heightField: Int?
    private let sizeField: Int?
    private let bearingField: Int?
    private let depthField: Int?
    private let groundField: Int?

    init(_ layer: LayerView, _ definition: ModelDefinition, _ frame: ModelFrame, _ profile: PartProfile) {
        self.layer = layer
        self.definition = definition
        self.frame = frame
        self.profile = profile
        func field(_ name: String?) -> Int? { name.flatMap(layer.definition.fieldIndex) }
        let codes = layer.definition.codes.flatMap { $0.profile == PartProfile.kind ? $0 : nil }
        classField = field(codes?.field ?? definition.colorBy)
        fallback = codes?.class.flatMap(profile.codes.position)
        heightField = field(definition.height)
        sizeField = field(definition.parts.size)
        bearingField = field(definition.parts.bearing)
        depthField = field(definition.depthFrom)
        groundField = field(definition.ground)
    }

    private func classIndex(_ row: Int) -> Int? {
        guard let field = classField, let value = layer.value(row: row, column: field).text, !value.isEmpty else {
            return fallback
        }
        return profile.codes.position(value) ?? fallback
    }

    /// A copy before it is placed.
    private struct Copy {
        var rule: PartRule
        var color: String
        var x: Double
        var y: Double
        /// The ground, and where the prototype's origin stands, in the frame's heights.
        var ground: Double
        var foot: Double
        var size: Double
        var height: Double
    }

    private func copy(_ row: Int) -> Copy? {
        let point = layer.withGeometry(row: row) { geometry in
            geometry.vertexCount > 0 ? geometry.vertex(0) : nil
        }
        guard let point else { return nil }
        let (x, y) = (Double(point.x) / 1000, Double(point.y) / 1000)
        let index = classIndex(row)
        let rule = index.map { profile.rules[$0] } ?? PartProfile.unknown
        let own = layer.heights(row: row).first.map { Double($0) / 1000 }
        let ground =
            frame.ground == .flat
            ? 0 : layer.number(row, groundField) ?? own ?? frame.terrain?.height(gridX: x, gridY: y) ?? 0
        var height = layer.number(row, heightField) ?? rule.height
        if !(height > 0 && height < 1000) { height = rule.height }
        let depth = layer.number(row, depthField)
        if let depth, depth < 0 { return nil }
        var foot = ground
        switch rule.stand {
        case .ground: break
        case .well: height = depth.map { $0 > 0 ? $0 : rule.height } ?? rule.height
        case .pipe: foot = ground - (depth ?? definition.defaultDepth)
        }
        var size = layer.number(row, sizeField) ?? rule.size
        if !(size > 0 && size < 1000) { size = rule.size }
        let color = index.flatMap { profile.codes.classes[$0].color } ?? layer.definition.style.color
        return Copy(rule: rule, color: color, x: x, y: y, ground: ground, foot: foot, size: size, height: height)
    }

    func heights(_ row: Int) -> ClosedRange<Double>? {
        guard let copy = copy(row), copy.foot.isFinite else { return nil }
        switch copy.rule.shape {
        // Wells hang from the ground, with a little of the lid's rim above.
        case .manhole, .grate: return (copy.foot - copy.height - 0.1)...(copy.foot + 0.1)
        case .valve: return (copy.foot - copy.height)...(copy.foot + copy.height)
        default: return (copy.foot - 0.1)...(copy.foot + copy.height * 1.05)
        }
    }

    /// The arm of a lamp is nine times as long as its mast is thick.
    func reach(_ row: Int) -> Double {
        guard let copy = copy(row) else { return 0 }
        return copy.size * (copy.rule.shape == .lamp ? 9.5 : 0.75)
    }

    func problem(_ row: Int) -> String {
        (layer.number(row, depthField) ?? 0) < 0 ? "negative-depth" : "no-position"
    }

    func append(_ row: Int, feature: UInt32, to sets: inout [PartPrototype: GLBInstances]) {
        guard let copy = copy(row) else { return }
        let origin = frame.coordinates.grid
        let key = PartPrototype(shape: copy.rule.shape, color: copy.color)
        let place = frame.local(x: copy.x + origin.originX, y: copy.y + origin.originY, z: copy.foot)
        var material = GLBMaterial(name: copy.rule.shape.rawValue)
        material.baseColour = VertexColour(hex: copy.color) ?? .white
        sets[key, default: GLBInstances(prototype: key.mesh(), material: material)].add(
            place, bearing: layer.number(row, bearingField) ?? 0,
            scale: SIMD3(copy.size, copy.size, copy.height), feature: feature)
    }

    func properties(_ row: Int) -> [Double] {
        guard let copy = copy(row) else { return [0, 0, 0] }
        return [copy.size, copy.height, copy.ground]
    }
}
