// SPDX-License-Identifier: Apache-2.0
import Spatial

/// The cross-section of a pipe, metres.
struct PipeSection: Sendable, Hashable {
    var width: Double
    var height: Double
    var isRound: Bool

    /// Half the larger side, or the radius.
    var radius: Double { max(width, height) / 2 }
}

/// What a pipe's features say, row by row: class, section, and the heights of its axis. The 3D model, the check and the
/// section all read pipes through this, so that they agree. Immutable: any thread.
struct PipeRows: Sendable {
    let layer: LayerView
    let definition: ModelDefinition
    let profile: PipeProfile
    let ground: GroundHeights?
    private let diameterField: Int?
    private let widthField: Int?
    private let heightField: Int?
    private let fromField: Int?
    private let toField: Int?
    private let fromElevation: Int?
    private let toElevation: Int?
    private let groundField: Int?
    private let classField: Int?
    private let fallbackClass: Int?

    /// Metres: what is drawn where no diameter is known, and the thinnest that can be seen.
    static let defaultDiameter = 0.2
    static let thinnest = 0.05

    /// Why a pipe has no place.
    enum Problem: String, Error, CaseIterable {
        case negativeDepth = "negative-depth"
        case noLevel = "no-level"
        case noLine = "no-line"
    }

    /// A pipe's line in metres from the grid's origin, with the axis's height at each vertex.
    struct Axis {
        var xy: [Double]
        var z: [Double]
        /// Vertex after the last of each part.
        var ends: [Int]
        var section: PipeSection
        var classIndex: Int?

        func point(_ index: Int) -> SIMD3<Double> { SIMD3(xy[2 * index], xy[2 * index + 1], z[index]) }
    }

    init(_ layer: LayerView, _ definition: ModelDefinition, _ profile: PipeProfile, _ ground: GroundHeights?) {
        self.layer = layer
        self.definition = definition
        self.profile = profile
        self.ground = ground
        func field(_ name: String?) -> Int? { name.flatMap(layer.definition.fieldIndex) }
        diameterField = field(definition.diameter)
        widthField = field(definition.pipes.width)
        heightField = field(definition.pipes.height)
        fromField = field(definition.depthFrom)
        toField = field(definition.depthTo)
        fromElevation = field(definition.pipes.elevationFrom)
        toElevation = field(definition.pipes.elevationTo)
        groundField = field(definition.ground)
        let codes = layer.definition.codes.flatMap { $0.profile == PipeProfile.kind ? $0 : nil }
        classField = field(codes?.field ?? definition.colorBy)
        fallbackClass = codes?.class.flatMap(profile.codes.position)
    }

    /// The value of the class field; nil where it is empty.
    func classValue(_ row: Int) -> String? { classField.flatMap { layer.value(row: row, column: $0).text } }

    /// The class of a pipe in the profile; nil where its code is not in it.
    func classIndex(_ row: Int) -> Int? {
        guard let value = classValue(row), !value.isEmpty else { return fallbackClass }
        return profile.codes.position(value)
    }

    /// The section in metres; what is missing is 200 mm round.
    func section(_ row: Int, _ classIndex: Int?) -> PipeSection {
        let unit = classIndex.map { profile.rules[$0].unit } ?? 0.001
        if let width = layer.number(row, widthField), let height = layer.number(row, heightField), width > 0, height > 0
        {
            return PipeSection(
                width: max(width * unit, Self.thinnest), height: max(height * unit, Self.thinnest), isRound: false)
        }
        let stated = (layer.number(row, diameterField) ?? 0) * unit
        let diameter = max(stated > 0 ? stated : Self.defaultDiameter, Self.thinnest)
        return PipeSection(width: diameter, height: diameter, isRound: true)
    }

    /// Whether the section is what the record says.
    func hasSize(_ row: Int) -> Bool { (layer.number(row, diameterField) ?? layer.number(row, widthField) ?? 0) > 0 }

    /// What a level of this class is measured to.
    func level(_ classIndex: Int?) -> PipeClassRule.Level {
        definition.pipes.level ?? classIndex.map { profile.rules[$0].level } ?? .axis
    }

    /// Metres from a level up to the axis.
    func lift(_ section: PipeSection, _ classIndex: Int?) -> Double {
        switch level(classIndex) {
        case .top: -section.height / 2
        case .invert: section.height / 2
        case .axis: 0
        }
    }

    /// Depths of the ends as recorded, metres below the ground.
    func depths(_ row: Int) -> (from: Double?, to: Double?) {
        (layer.number(row, fromField), layer.number(row, toField))
    }

    /// Elevations of the ends as recorded, metres above the datum.
    func elevations(_ row: Int) -> (from: Double?, to: Double?) {
        (layer.number(row, fromElevation), layer.number(row, toElevation))
    }

    /// The ground at a place in metres from the grid's origin: the terrain, else the row's ground field.
    func groundHeight(_ row: Int, _ x: Double, _ y: Double) -> Double? {
        layer.number(row, groundField) ?? ground?.height(gridX: x, gridY: y)
    }

    /// The line with the axis's heights: above the datum, or for `isFlat` above a ground at 0.
    ///
    /// O(vertices).
    func axis(_ row: Int, isFlat: Bool) throws(Problem) -> Axis {
        let (xy, ends) = line(row)
        guard xy.count >= 4 else { throw .noLine }
        let classIndex = classIndex(row)
        let section = section(row, classIndex)
        let lift = lift(section, classIndex)
        var z = isFlat ? try belowGround(row, xy) : try aboveDatum(row, xy)
        for index in z.indices { z[index] += lift }
        guard z.allSatisfy(\.isFinite) else { throw .noLevel }
        return Axis(xy: xy, z: z, ends: ends, section: section, classIndex: classIndex)
    }

    private func line(_ row: Int) -> (xy: [Double], ends: [Int]) {
        layer.withGeometry(row: row) { geometry in
            (
                (0..<geometry.xy.count).map { Double(geometry.xy[$0]) / 1000 },
                (0..<geometry.ringEnds.count).map { Int(geometry.ringEnds[$0] & ringEndMask) }
            )
        }
    }

    /// Levels above the datum, of whatever they are measured to.
    private func aboveDatum(_ row: Int, _ xy: [Double]) throws(Problem) -> [Double] {
        let surveyed = layer.heights(row: row)
        let hasHeights = surveyed.count * 2 == xy.count
        switch definition.pipes.prefer {
        case .geometry: if hasHeights { return surveyed.map { Double($0) / 1000 } }
        case .elevation: if let levels = between(elevations(row), xy) { return levels }
        case .depth: break
        }
        if let depths = try checkedDepths(row, xy) {
            return depths.indices.map { (groundHeight(row, xy[2 * $0], xy[2 * $0 + 1]) ?? 0) - depths[$0] }
        }
        if let levels = between(elevations(row), xy) { return levels }
        if hasHeights { return surveyed.map { Double($0) / 1000 } }
        return (0..<xy.count / 2).map {
            (groundHeight(row, xy[2 * $0], xy[2 * $0 + 1]) ?? 0) - definition.defaultDepth
        }
    }

    /// Levels below a flat ground, negative.
    private func belowGround(_ row: Int, _ xy: [Double]) throws(Problem) -> [Double] {
        if definition.pipes.prefer != .elevation, let depths = try checkedDepths(row, xy) { return depths.map { -$0 } }
        let surveyed = layer.heights(row: row)
        var levels = between(elevations(row), xy)
        if levels == nil, surveyed.count * 2 == xy.count { levels = surveyed.map { Double($0) / 1000 } }
        if let levels, let below = relative(levels, row, xy) { return below }
        if let depths = try checkedDepths(row, xy) { return depths.map { -$0 } }
        return [Double](repeating: -definition.defaultDepth, count: xy.count / 2)
    }

    private func relative(_ levels: [Double], _ row: Int, _ xy: [Double]) -> [Double]? {
        var below: [Double] = []
        for index in levels.indices {
            guard let ground = groundHeight(row, xy[2 * index], xy[2 * index + 1]) else { return nil }
            below.append(levels[index] - ground)
        }
        return below
    }

    private func checkedDepths(_ row: Int, _ xy: [Double]) throws(Problem) -> [Double]? {
        let ends = depths(row)
        if let from = ends.from, from < 0 { throw .negativeDepth }
        if let to = ends.to, to < 0 { throw .negativeDepth }
        return between(ends, xy)
    }

    /// Values of both ends interpolated along the line; one end's value for both where the other has none.
    private func between(_ ends: (from: Double?, to: Double?), _ xy: [Double]) -> [Double]? {
        guard let from = ends.from ?? ends.to, let to = ends.to ?? ends.from else { return nil }
        var along: [Double] = [0]
        for index in stride(from: 2, to: xy.count - 1, by: 2) {
            let (dx, dy) = (xy[index] - xy[index - 2], xy[index + 1] - xy[index - 1])
            along.append((along.last ?? 0) + (dx * dx + dy * dy).squareRoot())
        }
        let length = along.last ?? 0
        return along.map { from + (to - from) * (length > 0 ? $0 / length : 0) }
    }
}
