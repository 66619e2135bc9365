// SPDX-License-Identifier: Apache-2.0
import Glibc
import Spatial

/// Cuts the pipes of a model along a line.
struct PipeSectionMaker {
    let analysis: PipeAnalysis
    let cut: CutLine
    let terrain: GroundHeights?
    let city: City
    private var crossings: [PipeSectionAnswer.Crossing] = []
    private var stretches: [PipeSectionAnswer.Stretch] = []

    init(analysis: PipeAnalysis, cut: CutLine, terrain: GroundHeights?, city: City) {
        (self.analysis, self.cut, self.terrain, self.city) = (analysis, cut, terrain, city)
    }

    private var profile: PipeProfile { city.profiles.pipes }

    private func lonLat(_ place: SIMD2<Double>) -> LonLat {
        let grid = city.coordinates.grid
        let position = city.coordinates.lonLat(x: place.x + grid.originX, y: place.y + grid.originY)
        return LonLat(longitude: position.x, latitude: position.y)
    }

    mutating func findPipes(corridor: Double) {
        let pipes = analysis.segments
        for leg in 1..<cut.points.count {
            let (a, b) = (space(cut.points[leg - 1]), space(cut.points[leg]))
            let isLast = leg == cut.points.count - 1
            let length = cut.stations[leg] - cut.stations[leg - 1]
            pipes.tree.search(PipeSegments.box(a, b, margin: corridor)) { number in
                let segment = pipes.segments[number]
                if let (s, t) = Approach.crossing(a, b, segment.a, segment.b), isLast || s < 1 {
                    // Where the line follows a pipe its own ends are no crossings.
                    if !isAlong(a, b, segment, corridor) { cross(segment, t, cut.stations[leg - 1] + s * length, a, b) }
                }
                if isAlong(a, b, segment, corridor) { follow(segment, leg, a, b, length) }
                return true
            }
        }
        crossings.sort { ($0.station, $0.axis, $0.layer, $0.id) < ($1.station, $1.axis, $1.layer, $1.id) }
        // A vertex of a pipe on the line belongs to two of its stretches.
        var kept: [PipeSectionAnswer.Crossing] = []
        for crossing in crossings {
            let isTwin = kept.reversed().prefix { crossing.station - $0.station < 0.001 }.contains {
                $0.layer == crossing.layer && $0.id == crossing.id
            }
            // Nor does the line cross a pipe along which it came to this station.
            let isEnd = stretches.contains { stretch in
                stretch.layer == crossing.layer && stretch.id == crossing.id
                    && (abs(stretch.from.station - crossing.station) < 0.01
                        || abs(stretch.to.station - crossing.station) < 0.01)
            }
            if !isTwin && !isEnd { kept.append(crossing) }
        }
        crossings = kept
        stretches.sort { ($0.from.station, $0.layer, $0.id) < ($1.from.station, $1.layer, $1.id) }
    }

    private func space(_ place: SIMD2<Double>) -> SIMD3<Double> { SIMD3(place.x, place.y, 0) }

    private mutating func cross(
        _ segment: PipeSegments.Segment, _ t: Double, _ station: Double, _ a: SIMD3<Double>, _ b: SIMD3<Double>
    ) {
        let rows = analysis.segments.rows(segment)
        let row = Int(segment.row)
        let place = segment.a + (segment.b - segment.a) * t
        let (u, v) = (b - a, segment.b - segment.a)
        let cross = abs(u.x * v.y - u.y * v.x)
        let dot = abs(u.x * v.x + u.y * v.y)
        let sine = cross / max((cross * cross + dot * dot).squareRoot(), 1e-12)
        let classIndex = segment.classIndex >= 0 ? Int(segment.classIndex) : nil
        let item = classIndex.map { profile.codes.classes[$0] }
        crossings.append(
            PipeSectionAnswer.Crossing(
                station: station, position: lonLat(SIMD2(place.x, place.y)), layer: rows.layer.definition.id,
                id: rows.layer.id(row: row), code: rows.layer.value(row: row, column: rows.layer.codeColumn).text,
                pipeClass: item?.id, title: item?.title, color: item?.color ?? rows.layer.definition.style.color,
                isRound: segment.section.isRound, width: segment.section.width, height: segment.section.height,
                axis: place.z, ground: ground(rows, row, segment, t, place), angle: atan2(cross, dot) * 180 / .pi,
                halfSpan: segment.section.width / 2 / max(sine, 0.05), classIndex: classIndex))
    }

    /// The ground above a place: the terrain, else what the depths of the pipe's ends say.
    private func ground(
        _ rows: PipeRows, _ row: Int, _ segment: PipeSegments.Segment, _ t: Double, _ place: SIMD3<Double>
    ) -> Double? {
        if let height = terrain?.height(gridX: place.x, gridY: place.y) { return height }
        let depths = rows.depths(row)
        guard let from = depths.from ?? depths.to, let to = depths.to ?? depths.from else { return nil }
        // Along a line of one stretch; for several the share of the whole is near enough for a ground that is guessed.
        let depth = from + (to - from) * t
        let classIndex = segment.classIndex >= 0 ? Int(segment.classIndex) : nil
        return place.z - rows.lift(segment.section, classIndex) + depth
    }

    /// Whether a stretch of pipe runs with a leg of the line: within 20° and inside the corridor.
    private func isAlong(
        _ a: SIMD3<Double>, _ b: SIMD3<Double>, _ segment: PipeSegments.Segment, _ corridor: Double
    ) -> Bool {
        let (u, v) = (b - a, segment.b - segment.a)
        let dot = u.x * v.x + u.y * v.y
        let squares = (u.x * u.x + u.y * u.y) * (v.x * v.x + v.y * v.y)
        guard squares > 0, dot * dot > 0.883 * squares else { return false }
        let normal = SIMD2(-u.y, u.x) / (u.x * u.x + u.y * u.y).squareRoot()
        let offsets = [segment.a, segment.b].map { ($0.x - a.x) * normal.x + ($0.y - a.y) * normal.y }
        return offsets.allSatisfy { abs($0) <= corridor }
    }

    private mutating func follow(
        _ segment: PipeSegments.Segment, _ leg: Int, _ a: SIMD3<Double>, _ b: SIMD3<Double>, _ length: Double
    ) {
        let direction = SIMD2(b.x - a.x, b.y - a.y) / length
        func along(_ p: SIMD3<Double>) -> Double { (p.x - a.x) * direction.x + (p.y - a.y) * direction.y }
        var ends = [(along(segment.a), segment.a.z), (along(segment.b), segment.b.z)]
        if ends[0].0 > ends[1].0 { ends.swapAt(0, 1) }
        let span = ends[1].0 - ends[0].0
        let (low, high) = (max(0, ends[0].0), min(length, ends[1].0))
        guard span > 0, high > low else { return }
        func level(_ at: Double) -> Double { ends[0].1 + (ends[1].1 - ends[0].1) * (at - ends[0].0) / span }
        let rows = analysis.segments.rows(segment)
        let row = Int(segment.row)
        let item = segment.classIndex >= 0 ? profile.codes.classes[Int(segment.classIndex)] : nil
        let offset = (segment.a.x - a.x) * -direction.y + (segment.a.y - a.y) * direction.x
        let start = cut.stations[leg - 1]
        stretches.append(
            PipeSectionAnswer.Stretch(
                layer: rows.layer.definition.id, id: rows.layer.id(row: row),
                code: rows.layer.value(row: row, column: rows.layer.codeColumn).text, pipeClass: item?.id,
                color: item?.color ?? rows.layer.definition.style.color, height: segment.section.height,
                from: (start + low, level(low)), to: (start + high, level(high)), offset: offset))
    }

    // MARK: Answer

    func answer(version: Int64) -> PipeSectionAnswer {
        var answer = PipeSectionAnswer(
            model: analysis.model, datum: city.project.vertical.datum, length: cut.length,
            line: cut.points.map(lonLat), version: version)
        answer.crossings = crossings
        answer.stretches = stretches
        answer.clearances = clearances()
        (answer.ground, answer.groundSource) = groundLine()
        return answer
    }

    private func clearances() -> [PipeSectionAnswer.Clearance] {
        (0..<max(0, crossings.count - 1)).map { index in
            let (one, two) = (crossings[index], crossings[index + 1])
            let horizontal = two.station - one.station - one.halfSpan - two.halfSpan
            let vertical = abs(two.axis - one.axis) - (one.height + two.height) / 2
            let (dx, dz) = (two.station - one.station, two.axis - one.axis)
            let centers = (dx * dx + dz * dz).squareRoot()
            let isRound = one.isRound && two.isRound && min(one.angle, two.angle) > 60
            let corner =
                (max(0, horizontal) * max(0, horizontal) + max(0, vertical) * max(0, vertical)).squareRoot()
            let distance =
                isRound
                ? centers - one.width / 2 - two.width / 2
                : corner > 0 ? corner : max(horizontal, vertical)
            var required: Double?
            if let a = one.classIndex, let b = two.classIndex { required = profile.parallelClearance(a, b) }
            return PipeSectionAnswer.Clearance(
                first: index, second: index + 1, horizontal: horizontal, vertical: vertical, distance: distance,
                required: required)
        }
    }

    /// The ground at up to 400 even stations, and at every bend of the line.
    private func groundLine() -> ([(station: Double, height: Double)], String?) {
        if let terrain {
            let count = min(400, max(2, Int((cut.length / 0.5).rounded(.up))))
            let even = (0...count).map { cut.length * Double($0) / Double(count) }
            let ground = Set(even + cut.stations).sorted().compactMap { station -> (Double, Double)? in
                let place = cut.place(station)
                return terrain.height(gridX: place.x, gridY: place.y).map { (station, $0) }
            }
            if !ground.isEmpty { return (ground.map { (station: $0.0, height: $0.1) }, "terrain") }
        }
        let known = crossings.compactMap { crossing in crossing.ground.map { (station: crossing.station, height: $0) } }
        return (known, known.isEmpty ? nil : "pipes")
    }
}
