// SPDX-License-Identifier: Apache-2.0
import Spatial
import Tiles

/// Pipes: round tubes along their lines, at their surveyed heights or depths.
struct PipeShape: ModelShape {
    private let layer: LayerView
    private let frame: ModelFrame
    private let diameterField: Int?
    private let fromField: Int?
    private let toField: Int?
    private let groundField: Int?
    private let defaultDepth: Double
    private let categoryField: Int?
    private let colours: [String: VertexColour]
    private let other: VertexColour
    private var tubes = TubeMesher()

    /// Metres: what is drawn where no diameter is known, and the thinnest that can be seen.
    private static let defaultDiameter = 0.2
    private static let thinnest = 0.05

    init(_ layer: LayerView, _ definition: ModelDefinition, _ frame: ModelFrame) {
        self.layer = layer
        self.frame = frame
        defaultDepth = definition.defaultDepth
        diameterField = definition.diameter.flatMap(layer.definition.fieldIndex)
        fromField = definition.depthFrom.flatMap(layer.definition.fieldIndex)
        toField = definition.depthTo.flatMap(layer.definition.fieldIndex)
        groundField = definition.ground.flatMap(layer.definition.fieldIndex)
        let style = layer.definition.style
        let by = style.category?.field == definition.colorBy ? style.category : nil
        categoryField = by.flatMap { layer.definition.fieldIndex($0.field) }
        colours = Dictionary(
            (by?.values ?? []).compactMap { entry in VertexColour(hex: entry.color).map { (entry.value, $0) } },
            uniquingKeysWith: { $1 })
        other = VertexColour(hex: style.color) ?? .white
    }

    private func radius(_ row: Int) -> Double {
        let metres = layer.number(row, diameterField).map { $0 / 1000 } ?? Self.defaultDiameter
        return max(metres > 0 ? metres : Self.defaultDiameter, Self.thinnest) / 2
    }

    private func depths(_ row: Int) -> (from: Double, to: Double) {
        let from = layer.number(row, fromField)
        let to = layer.number(row, toField)
        return (from ?? to ?? defaultDepth, to ?? from ?? defaultDepth)
    }

    /// The height of each vertex: surveyed, or the depth below the ground interpolated along the line.
    private func levels(_ row: Int, _ xy: [Double]) -> [Double] {
        let surveyed = layer.heights(row: row)
        if frame.ground == .ellipsoid, surveyed.count * 2 == xy.count { return surveyed.map { Double($0) / 1000 } }
        let depths = depths(row)
        let ground = frame.ground == .flat ? 0 : layer.number(row, groundField) ?? 0
        var along: [Double] = [0]
        for index in stride(from: 2, to: xy.count - 1, by: 2) {
            let dx = xy[index] - xy[index - 2]
            let dy = xy[index + 1] - xy[index - 1]
            along.append((along.last ?? 0) + (dx * dx + dy * dy).squareRoot())
        }
        let length = along.last ?? 0
        return along.map { distance in
            ground - (depths.from + (depths.to - depths.from) * (length > 0 ? distance / length : 0))
        }
    }

    private func line(_ row: Int) -> (xy: [Double], ends: [Int]) {
        layer.withGeometry(row: row) { geometry in
            (
                (0..<geometry.xy.count).map { Double(geometry.xy[$0]) / 1000 },
                (0..<geometry.ringEnds.count).map { Int(geometry.ringEnds[$0] & ringEndMask) }
            )
        }
    }

    func heights(_ row: Int) -> ClosedRange<Double>? {
        let levels = levels(row, line(row).xy)
        guard let low = levels.min(), let high = levels.max(), low.isFinite, high.isFinite else { return nil }
        let radius = radius(row)
        return (low - radius)...(high + radius)
    }

    /// Mitres at bends reach further than the radius.
    func reach(_ row: Int) -> Double { radius(row) * 2 }

    mutating func append(_ row: Int, feature: UInt32, to mesh: inout TriangleMesh) {
        let (xy, ends) = line(row)
        let levels = levels(row, xy)
        let radius = radius(row)
        let colour = layer.colour(row, category: categoryField, colours, other)
        var start = 0
        for end in ends {
            let points = (start..<end).map { SIMD3(xy[2 * $0], xy[2 * $0 + 1], levels[$0]) }
            tubes.tube(
                points, radius: radius, sides: radius < 0.3 ? 8 : 12, feature: feature, colour: colour, into: &mesh)
            start = end
        }
    }

    func properties(_ row: Int) -> [Double] {
        let depths = depths(row)
        return [radius(row) * 2000, depths.from, depths.to]
    }
}
