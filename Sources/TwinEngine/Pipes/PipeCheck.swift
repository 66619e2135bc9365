// SPDX-License-Identifier: Apache-2.0
import Spatial

/// Checks the pipes of a model: topology, levels, covers and clearances. Every finding is kept and named.
///
/// ```swift
/// let report = try PipeCheck.run(city)
/// print(report.table())
/// ```
public struct PipeCheck {
    /// Metres by which ground minus depth and elevation may differ.
    public static let levelTolerance = 0.05
    /// Metres that a sewer may rise, for the rounding of its levels.
    static let gradeTolerance = 0.01
    /// Metres by which a required distance may be missed.
    static let distanceTolerance = 0.001
    /// Metres within which an end is taken to miss a pipe.
    static let nearMissReach = 0.5

    let pipes: PipeSegments
    let points: LayerView?
    let profile: PipeProfile
    let coordinates: CityCoordinates
    var findings: [PipeFinding] = []
    /// Survey points by number: the ground there, and their rows.
    private var grounds: [String: (ground: Double?, row: Int)] = [:]

    init(_ pipes: PipeSegments, points: LayerView?, profile: PipeProfile, coordinates: CityCoordinates) {
        (self.pipes, self.points, self.profile, self.coordinates) = (pipes, points, profile, coordinates)
    }

    /// Checks the model of kind `pipes`, or the one that is named.
    ///
    /// - Parameter layers: only these layers; nil takes all of the model.
    /// - Throws: `TwinError.notFound` where there is no such model. O(n log n + neighbours).
    public static func run(_ city: City, model: String? = nil, layers: Set<String>? = nil) throws -> PipeCheckReport {
        let started = ContinuousClock.now
        let analysis = try city.pipes(model: model, layers: layers)
        var check = PipeCheck(
            analysis.segments, points: analysis.points, profile: city.profiles.pipes, coordinates: city.coordinates)
        check.collectPoints()
        check.checkRows()
        check.checkJoints()
        check.checkPoints()
        check.checkDuplicates()
        check.checkPairs()
        check.findings.sort {
            ($0.kind.rawValue, $0.layer, $0.id, $0.other?.id ?? 0) < (
                $1.kind.rawValue, $1.layer, $1.id, $1.other?.id ?? 0
            )
        }
        let count = analysis.segments.layers.reduce(0) { $0 + $1.layer.count }
        return PipeCheckReport(
            model: analysis.model, layers: analysis.segments.layers.map(\.layer.definition.id), pipes: count,
            segments: analysis.segments.segments.count, points: analysis.points?.count ?? 0,
            findings: check.findings, seconds: (ContinuousClock.now - started).seconds)
    }

    // MARK: Making findings

    func className(_ index: Int?) -> String? {
        index.flatMap { $0 >= 0 ? profile.codes.classes[$0].id : nil }
    }

    private func lonLat(_ x: Double, _ y: Double) -> LonLat {
        let position = coordinates.lonLat(x: x + coordinates.grid.originX, y: y + coordinates.grid.originY)
        return LonLat(longitude: position.x, latitude: position.y)
    }

    mutating func add(
        _ kind: PipeFindingKind, _ layer: LayerView, _ row: Int, _ classIndex: Int?, at x: Double, _ y: Double,
        _ height: Double?, _ reason: String, _ values: [(name: String, value: Double)] = [],
        other: PipeSegments.Segment? = nil
    ) {
        findings.append(
            PipeFinding(
                kind: kind, layer: layer.definition.id, id: layer.id(row: row),
                code: layer.value(row: row, column: layer.codeColumn).text, pipeClass: className(classIndex),
                other: other.map {
                    (pipes.rows($0).layer.definition.id, pipes.id($0), className(Int($0.classIndex)))
                },
                position: lonLat(x, y), height: height, reason: reason, values: values))
    }

    // MARK: Rows

    private mutating func collectPoints() {
        guard let points else { return }
        let field =
            pipes.layers.first?.definition.ground.flatMap(points.definition.fieldIndex)
            ?? points.definition.fieldIndex("ground")
        points.forEachRow { row in
            guard let number = points.value(row: row, column: points.codeColumn).text else { return }
            let height = points.number(row, field) ?? points.heights(row: row).first.map { Double($0) / 1000 }
            grounds[number] = (height, row)
        }
    }

    /// What each pipe says by itself.
    private mutating func checkRows() {
        for failure in pipes.failures {
            let rows = pipes.layers[failure.layer]
            let place = rows.layer.box(row: failure.row)
            let (x, y) = (
                (Double(place.minX) + Double(place.maxX)) / 2000, (Double(place.minY) + Double(place.maxY)) / 2000
            )
            let depths = rows.depths(failure.row)
            let values = [("depth_from", depths.from), ("depth_to", depths.to)].compactMap { name, value in
                value.map { (name: name, value: $0) }
            }
            add(
                .unusable, rows.layer, failure.row, rows.classIndex(failure.row), at: x, y, nil,
                failure.problem == .negativeDepth
                    ? "a depth is negative: the pipe would lie above the ground" : failure.problem.rawValue, values)
        }
        for rows in pipes.layers {
            let fields = EndFields(rows)
            rows.layer.forEachRow { row in
                // Safe: what has no axis is reported above.
                guard let axis = try? rows.axis(row, isFlat: false) else { return }
                checkClass(rows, row, axis)
                checkEnds(rows, row, axis, fields)
                checkGrade(rows, row, axis, fields)
                checkCover(rows, row, axis, fields)
            }
        }
    }

    private mutating func checkClass(_ rows: PipeRows, _ row: Int, _ axis: PipeRows.Axis) {
        let (x, y, z) = (axis.xy[0], axis.xy[1], axis.z[0])
        if axis.classIndex == nil {
            let value = rows.classValue(row) ?? ""
            add(
                .unmappedCode, rows.layer, row, nil, at: x, y, z,
                "'\(value)' is no code of the profile; add it to `codes` of a class")
        }
        if !rows.hasSize(row) {
            add(
                .noSize, rows.layer, row, axis.classIndex, at: x, y, z,
                "the pipe has no diameter; it is drawn with 200 mm")
        }
    }

    /// Columns that only the check reads.
    private struct EndFields {
        var from: Int?
        var to: Int?
        var flow: Int?

        init(_ rows: PipeRows) {
            func field(_ name: String?) -> Int? { name.flatMap(rows.layer.definition.fieldIndex) }
            from = field(rows.definition.pipes.fromPoint)
            to = field(rows.definition.pipes.toPoint)
            flow = field(rows.definition.pipes.flow)
        }
    }

    private func number(_ rows: PipeRows, _ row: Int, _ field: Int?) -> String? {
        field.flatMap { rows.layer.value(row: row, column: $0).text }
    }

    private mutating func checkEnds(_ rows: PipeRows, _ row: Int, _ axis: PipeRows.Axis, _ fields: EndFields) {
        let (depths, elevations) = (rows.depths(row), rows.elevations(row))
        let last = (axis.ends.first ?? 1) - 1
        for (field, depth, elevation, index) in [
            (fields.from, depths.from, elevations.from, 0), (fields.to, depths.to, elevations.to, last),
        ] {
            let (x, y, z) = (axis.xy[2 * index], axis.xy[2 * index + 1], axis.z[index])
            let name = number(rows, row, field)
            if points != nil, let name, grounds[name] == nil {
                add(
                    .missingEnd, rows.layer, row, axis.classIndex, at: x, y, z,
                    "the end names point '\(name)', which is not in the layer of points")
            }
            guard let depth, let elevation else { continue }
            let surveyed =
                name.flatMap { grounds[$0]?.ground }
                ?? rows.layer.number(
                    row, rows.definition.ground.flatMap(rows.layer.definition.fieldIndex))
            guard let ground = surveyed, abs(ground - depth - elevation) > Self.levelTolerance else { continue }
            add(
                .depthElevation, rows.layer, row, axis.classIndex, at: x, y, z,
                "ground minus depth and elevation disagree at \(name ?? "an end")",
                [
                    ("ground", ground), ("depth", depth), ("elevation", elevation),
                    ("difference", ground - depth - elevation),
                ])
        }
    }

    private mutating func checkGrade(_ rows: PipeRows, _ row: Int, _ axis: PipeRows.Axis, _ fields: EndFields) {
        guard let index = axis.classIndex, profile.rules[index].flow == .gravity, let end = axis.ends.first, end > 1
        else { return }
        let isReversed = number(rows, row, fields.flow) == "-"
        let (first, last) = (axis.z[0], axis.z[end - 1])
        let rise = isReversed ? first - last : last - first
        guard rise > Self.gradeTolerance else { return }
        var length = 0.0
        for vertex in 1..<end { length += (axis.point(vertex) - axis.point(vertex - 1)).norm }
        add(
            .againstGrade, rows.layer, row, index, at: axis.xy[0], axis.xy[1], first,
            "the pipe rises in the direction of flow",
            [("rise", rise), ("length", length), ("slope_permille", length > 0 ? rise / length * 1000 : 0)])
    }

    private mutating func checkCover(_ rows: PipeRows, _ row: Int, _ axis: PipeRows.Axis, _ fields: EndFields) {
        guard let index = axis.classIndex, let end = axis.ends.first, end > 1 else { return }
        let required = profile.rules[index].cover
        let depths = rows.depths(row)
        let toTop = axis.section.height / 2 + rows.lift(axis.section, index)
        var least: (cover: Double, vertex: Int)?
        for (vertex, depth, field) in [(0, depths.from, fields.from), (end - 1, depths.to, fields.to)] {
            let ground =
                number(rows, row, field).flatMap { grounds[$0]?.ground }
                ?? rows.groundHeight(row, axis.xy[2 * vertex], axis.xy[2 * vertex + 1])
            let cover = depth.map { $0 - toTop } ?? ground.map { $0 - axis.z[vertex] - axis.section.height / 2 }
            guard let cover, cover < least?.cover ?? .infinity else { continue }
            least = (cover, vertex)
        }
        guard let (cover, vertex) = least, cover < required - Self.distanceTolerance else { return }
        add(
            .cover, rows.layer, row, index, at: axis.xy[2 * vertex], axis.xy[2 * vertex + 1], axis.z[vertex],
            cover < 0 ? "the top of the pipe is above the ground" : "the cover is less than its class needs",
            [("cover", cover), ("required", required)])
    }

    // MARK: Points

    /// Survey points that no pipe names and on which none ends.
    private mutating func checkPoints() {
        guard let points else { return }
        var named: Set<String> = []
        var places: Set<UInt64> = []
        for rows in pipes.layers {
            let fields = EndFields(rows)
            rows.layer.forEachRow { row in
                for field in [fields.from, fields.to] {
                    if let name = number(rows, row, field) { named.insert(name) }
                }
                guard let ends = PipeJoints.ends(rows.layer, row) else { return }
                places.insert(PipeJoints.key(ends.from))
                places.insert(PipeJoints.key(ends.to))
            }
        }
        points.forEachRow { row in
            let number = points.value(row: row, column: points.codeColumn).text
            if let number, named.contains(number) { return }
            let place = points.withGeometry(row: row) { $0.vertexCount > 0 ? $0.vertex(0) : nil }
            guard let place, !places.contains(PipeJoints.key(place)) else { return }
            add(
                .orphanPoint, points, row, nil, at: Double(place.x) / 1000, Double(place.y) / 1000,
                points.heights(row: row).first.map { Double($0) / 1000 },
                "no pipe names point '\(number ?? "")' and none ends on it")
        }
    }

    /// Lone ends that lie on no survey point, or stop short of a pipe of their class.
    private mutating func checkJoints() {
        var places: Set<UInt64> = []
        points?.forEachRow { row in
            if let place = points?.withGeometry(row: row, { $0.vertexCount > 0 ? $0.vertex(0) : nil }) {
                places.insert(PipeJoints.key(place))
            }
        }
        for (index, rows) in pipes.layers.enumerated() {
            let hasNumbers = rows.definition.pipes.fromPoint != nil
            PipeJoints(rows.layer).forEachPoint { point, ends in
                guard ends.count == 1, let end = ends.first else { return }
                let classIndex = rows.classIndex(end.row)
                let (x, y) = (Double(point.x) / 1000, Double(point.y) / 1000)
                if points != nil, !hasNumbers, !places.contains(PipeJoints.key(point)) {
                    add(.missingEnd, rows.layer, end.row, classIndex, at: x, y, nil, "no survey point lies on the end")
                }
                guard let near = missed(point, end.row, index, classIndex) else { return }
                add(
                    .nearMiss, rows.layer, end.row, classIndex, at: x, y, nil,
                    "the end stops short of a pipe of its class", [("gap", near.gap)], other: near.segment)
            }
        }
    }

    /// The pipe of the same class that a lone end comes near without reaching it, in plan.
    private func missed(
        _ point: GridPoint, _ row: Int, _ layer: Int, _ classIndex: Int?
    ) -> (segment: PipeSegments.Segment, gap: Double)? {
        let place = SIMD3(Double(point.x) / 1000, Double(point.y) / 1000, 0)
        var best: (segment: PipeSegments.Segment, gap: Double)?
        pipes.tree.search(PipeSegments.box(place, place, margin: Self.nearMissReach)) { number in
            let other = pipes.segments[number]
            let isOwn = Int(other.row) == row && Int(other.layer) == layer
            guard !isOwn, Int(other.classIndex) == classIndex ?? -1 else { return true }
            let flat = { (p: SIMD3<Double>) in SIMD3(p.x, p.y, 0) }
            let gap = Approach(place, place, flat(other.a), flat(other.b)).distance
            if gap > Self.distanceTolerance, gap < min(best?.gap ?? .infinity, Self.nearMissReach) {
                best = (other, gap)
            }
            // A pipe that passes through the end is no miss, whatever else is near.
            if gap <= Self.distanceTolerance { best = nil }
            return gap > Self.distanceTolerance
        }
        return best
    }

    /// Pipes of one class with the same ends and section.
    private mutating func checkDuplicates() {
        struct Key: Hashable {
            var from: UInt64
            var to: UInt64
            var section: PipeSection
            var classIndex: Int
        }
        var first: [Key: PipeSegments.Segment] = [:]
        for segment in pipes.segments.sorted(by: { ($0.layer, $0.row) < ($1.layer, $1.row) }) where segment.station == 0
        {
            let rows = pipes.rows(segment)
            guard let ends = PipeJoints.ends(rows.layer, Int(segment.row)) else { continue }
            let (a, b) = (PipeJoints.key(ends.from), PipeJoints.key(ends.to))
            let key = Key(
                from: min(a, b), to: max(a, b), section: segment.section, classIndex: Int(segment.classIndex))
            guard let other = first[key] else {
                first[key] = segment
                continue
            }
            guard (other.layer, other.row) != (segment.layer, segment.row) else { continue }
            add(
                .duplicate, rows.layer, Int(segment.row), Int(segment.classIndex), at: segment.a.x, segment.a.y,
                segment.a.z, "another pipe of the class has the same ends and section", other: other)
        }
    }
}
