// SPDX-License-Identifier: Apache-2.0
import Spatial
import Tiles

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// Heights and roof of one building as its layer's fields say them.
///
/// The height is the height field, else storeys times storey height by use (and the roof on top of them), else one
/// storey: the smallest claim that still shows. A slope without a height gets its angle's, its storeys', or 30°, in
/// that order; one that was not declared takes at most half of the building.
struct BuildingFields: Sendable {
    private let layer: LayerView
    private let storeyHeight: Double
    private let storeyHeights: [String: Double]
    private let height, floors, ground, minHeight, minFloors, use: Int?
    private let shape, roofHeight, roofAngle, roofFloors, direction, orientation: Int?
    let colour, roofColour: Int?

    private static let defaultAngle = 30.0

    init(_ layer: LayerView, _ definition: ModelDefinition) {
        self.layer = layer
        let find = { (name: String?) in name.flatMap(layer.definition.fieldIndex) }
        let building = definition.building
        storeyHeight = definition.storeyHeight
        storeyHeights = building.storeyHeights
        (height, floors, ground) = (find(definition.height), find(definition.floors), find(definition.ground))
        (minHeight, minFloors, use) = (find(building.minHeight), find(building.minFloors), find(building.use))
        (shape, roofHeight) = (find(building.roof.shape), find(building.roof.height))
        (roofAngle, roofFloors) = (find(building.roof.angle), find(building.roof.floors))
        (direction, orientation) = (find(building.roof.direction), find(building.roof.orientation))
        (colour, roofColour) = (find(building.colour), find(building.roof.colour))
    }

    /// Metres above the ground's zero, and the roof on top, if it is not flat.
    struct Form {
        var base: Double
        var top: Double
        var roof: Roof?
    }

    private func text(_ row: Int, _ field: Int?) -> String? {
        field.flatMap { layer.value(row: row, column: $0).text }
    }

    /// A number, also with a unit: `12 m`.
    private func number(_ row: Int, _ field: Int?) -> Double? {
        guard let field else { return nil }
        let value = layer.value(row: row, column: field)
        if let number = value.number { return number }
        guard let text = value.text, let first = text.split(whereSeparator: { $0 == " " || $0 == "°" }).first,
            let number = Double(first), number.isFinite
        else { return nil }
        return number
    }

    func floors(_ row: Int) -> Double { number(row, floors) ?? 0 }
    func ground(_ row: Int) -> Double? { number(row, ground) }

    /// What the roof's field says and no shape is known for.
    func unknownShape(_ row: Int) -> String? {
        guard let tag = text(row, shape), !tag.isEmpty, RoofShape(tag: tag) == nil else { return nil }
        return tag
    }

    private func shape(_ row: Int) -> RoofShape {
        text(row, shape).flatMap(RoofShape.init(tag:)) ?? .flat
    }

    /// - Parameter ground: the height of the ground under the building.
    func form(_ row: Int, ground: Double) -> Form {
        let storey = text(row, use).flatMap { storeyHeights[$0] } ?? storeyHeight
        let shape = shape(row)
        var (declared, fallback) = (0.0, 0.0)
        if shape != .flat { (declared, fallback) = roofHeight(row, shape, storey) }
        var roof = max(declared, 0)
        let total: Double
        let low = max(0, number(row, minHeight) ?? (number(row, minFloors) ?? 0) * storey)
        if let known = number(row, height), known > 0 {
            total = known
            if declared <= 0 { roof = min(fallback, max(0, known - low) / 2) }
        } else {
            let storeys = number(row, floors) ?? 0
            let walls = max(storeys > 0 ? storeys * storey : storey, low)
            if declared <= 0 { roof = min(fallback, max(storey, walls - low)) }
            total = walls + roof
        }
        let base = ground + min(low, total)
        let top = ground + total
        let isSloped = shape != .flat && roof > 0
        return Form(
            base: base, top: top,
            roof: isSloped ? Roof(shape, height: min(roof, top - base), lie: lie(row)) : nil)
    }

    /// Metres that the fields declare, 0 for none, and what stands for it.
    private func roofHeight(_ row: Int, _ shape: RoofShape, _ storey: Double) -> (declared: Double, fallback: Double) {
        if let height = number(row, roofHeight), height > 0 { return (height, 0) }
        let footprint = layer.footprint(row)
        let run = Roof.run(shape, lie(row), xy: footprint.xy, ringEnds: footprint.ringEnds)
        if let angle = number(row, roofAngle), angle > 0, angle < 85 { return (run * tan(angle * .pi / 180), 0) }
        if let floors = number(row, roofFloors), floors > 0 { return (floors * storey, 0) }
        // A dome is as high as it is wide.
        let isRound = shape == .dome || shape == .onion || shape == .round
        return (0, isRound ? run : run * tan(Self.defaultAngle * .pi / 180))
    }

    private func lie(_ row: Int) -> Roof.Lie {
        if let bearing = text(row, direction).flatMap(Self.bearing) { return .facing(bearing) }
        return text(row, orientation) == "across" ? .across : .along
    }

    private static let compass = [
        "N", "NNE", "NE", "ENE", "E", "ESE", "SE", "SSE", "S", "SSW", "SW", "WSW", "W", "WNW", "NW", "NNW",
    ]

    static func bearing(_ text: String) -> Double? {
        if let point = compass.firstIndex(of: text.uppercased()) { return Double(point) * 22.5 }
        return Double(text).flatMap { $0.isFinite ? $0 : nil }
    }
}
