// SPDX-License-Identifier: Apache-2.0
import Spatial
import TestSupport
import Testing
import Tiles

@Suite struct SimplifyTests {
    /// One tile unit is 2^(20 - zoom) millimetres, so half a unit is the tolerance.
    let simplifier = TopologySimplifier { zoom in zoom < 20 ? Double(1 << (20 - zoom)) : 1 / Double(1 << (zoom - 20)) }

    static func tolerance(_ zoom: Int) -> Double { Double(1 << (20 - zoom)) / 2 }

    @Test func sharedBordersKeepTheSameVertices() throws {
        var random = SeededGenerator.printed()
        for steps in [1, 2, 3, 8, 40] {
            let cells = Subdivision(side: 12, size: 20_000, steps: steps, using: &random)
            let levels = try cells.layer.levels(.polygon, simplifier)
            var byPosition: [GridPoint: UInt8] = [:]
            for vertex in levels.indices {
                let point = GridPoint(x: cells.layer.xy[2 * vertex], y: cells.layer.xy[2 * vertex + 1])
                let known = byPosition.updateValue(levels[vertex], forKey: point)
                #expect(known == nil || known == levels[vertex], "at \(point)")
                // Corners of cells are nodes.
                if point.x % 20_000 == 0, point.y % 20_000 == 0,
                    (1..<12).contains(Int(point.x) / 20_000) && (1..<12).contains(Int(point.y) / 20_000)
                {
                    #expect(levels[vertex] == 0)
                }
            }
            if steps == 40 { #expect(Set(levels).count > 5) }
        }
    }

    @Test(arguments: [GeometryKind.line, .polygon]) func whatIsLeftOutIsWithinTheTolerance(kind: GeometryKind) throws {
        var random = SeededGenerator.printed()
        var layer = FlatLayer()
        for index in 0..<60 {
            var (x, y) = (Int.random(in: -1_000_000..<1_000_000, using: &random), 0)
            let count = Int.random(in: 3...400, using: &random)
            var points: [GridPoint] = []
            for _ in 0..<count {
                x += Int.random(in: -900..<1000, using: &random)
                y += Int.random(in: -900..<1000, using: &random)
                points.append(GridPoint(x: Int32(x), y: Int32(y)))
            }
            // Some lines come back to where they began.
            if kind == .line, index % 3 == 0 { points.append(points[0]) }
            layer.add([points])
        }
        let levels = try layer.levels(kind, simplifier)
        for zoom in [0, 4, 8, 11, 13, 16, 20] {
            for feature in 0..<layer.featureCount {
                let range = layer.vertices(feature)
                let kept = range.filter { levels[$0] <= zoom }
                #expect(kept.count >= (kind == .polygon ? 3 : 2))
                if kind == .line { #expect(kept.first == range.lowerBound && kept.last == range.upperBound - 1) }
                for (position, from) in kept.enumerated() {
                    let isLast = position + 1 == kept.count
                    if isLast, kind == .line { break }
                    let to = isLast ? kept[0] : kept[position + 1]
                    var vertex = from
                    while vertex != to {
                        let distance = ExactPredicates.distanceSquared(
                            layer.point(vertex), layer.point(from), layer.point(to)
                        ).squareRoot()
                        // The third corner, which no distance asked for, may pull a border by the tolerance once more.
                        let pulled = kind == .polygon && kept.count == 3 ? 2.0 : 1.000_001
                        #expect(distance <= Self.tolerance(zoom) * pulled, "zoom \(zoom) feature \(feature)")
                        vertex = vertex + 1 == range.upperBound ? range.lowerBound : vertex + 1
                    }
                }
            }
        }
    }

    /// The same ring from any start and in any direction keeps the same corners.
    @Test func aLoneRingIsAnchoredByItsShape() throws {
        var random = SeededGenerator.printed()
        let ring = (0..<30).map { index -> GridPoint in
            let (cosine, sine) = MVTRoundTripTests.unitCircle(Double(index) / 30)
            let radius = Double.random(in: 4000...5000, using: &random)
            return GridPoint(x: Int32(radius * cosine), y: Int32(radius * sine))
        }
        var expected: [GridPoint: UInt8] = [:]
        for turn in 0..<60 {
            var turned = Array(ring[(turn % 30)...] + ring[..<(turn % 30)])
            if turn >= 30 { turned.reverse() }
            var layer = FlatLayer()
            layer.add([turned])
            let levels = try layer.levels(.polygon, simplifier)
            let found = Dictionary(uniqueKeysWithValues: zip(turned, levels))
            if turn == 0 { expected = found }
            #expect(found == expected)
            #expect(levels.filter { $0 == 0 }.count == 3)
        }
    }

    @Test func squaresKeepThreeCornersAndLosePointsOnTheirSides() throws {
        var layer = FlatLayer()
        let corners: [(Int32, Int32)] = [(0, 0), (500, 0), (1000, 0), (1000, 1000), (0, 1000), (0, 999)]
        layer.add([corners.map { GridPoint(x: $0.0, y: $0.1) }])
        let levels = try layer.levels(.polygon, simplifier)
        #expect(levels[1] == TopologySimplifier.never)
        #expect(levels[5] == TopologySimplifier.never)
        #expect([0, 2, 3, 4].filter { levels[$0] == 0 }.count == 3)
        #expect(levels[0] <= 20 && levels[2] <= 20 && levels[3] <= 20 && levels[4] <= 20)
    }

    /// Every vertex is farther out than the one before: without a bound, each split would take off one vertex.
    @Test func longRingsAndUnevenCurvesEnd() throws {
        let count = 300_000
        var layer = FlatLayer()
        layer.add([
            (0..<count).map { (index: Int) -> GridPoint in
                GridPoint(x: Int32(index), y: Int32(index * index / (count / 2)))
            }
        ])
        let levels = try layer.levels(.line, simplifier)
        #expect(levels.filter { $0 <= 12 }.count < 3000)
        var zigzag = FlatLayer()
        zigzag.add([
            (0..<count).map { (index: Int) -> GridPoint in
                GridPoint(x: Int32(index), y: Int32(index & 1 == 0 ? index : -index))
            }
        ])
        #expect(try zigzag.levels(.line, simplifier).contains(0))
    }

    @Test func aLoopOnABorderIsKeptAlikeByBoth() throws {
        func points(_ list: [(Int32, Int32)]) -> [GridPoint] { list.map { GridPoint(x: $0.0, y: $0.1) } }
        var layer = FlatLayer()
        // A triangle inside the notch of another polygon: they share two sides and the vertex between.
        layer.add([points([(0, 0), (10, 2), (20, 0)])])
        layer.add([points([(-900, 0), (0, 0), (10, 2), (20, 0), (900, 0), (0, -900)])])
        let levels = try layer.levels(.polygon, simplifier)
        #expect(levels[1] == levels[5])
        #expect(levels[0] == 0 && levels[2] == 0)
    }

    @Test func arraysThatDoNotFitAreRefused() {
        let cases: [(xy: [Int32], starts: [UInt32], rings: [UInt32], ends: [UInt32])] = [
            ([1, 2, 3], [0, 1], [0, 1], [1]),
            ([1, 2, 3, 4], [0, 2], [0, 1], [3]),
            ([1, 2, 3, 4], [0, 2], [0, 1], [1]),
            ([1, 2, 3, 4], [0, 2], [0, 2], [2]),
            ([1, 2, 3, 4], [0, 2], [0], [2]),
            ([1, 2, 3, 4], [0, 1], [0, 1], [1]),
            ([1, 2, 3, 4], [0, 2], [0, 2], [2, 1]),
        ]
        for bad in cases {
            #expect(throws: TileError.self) {
                try simplifier.vertexZooms(
                    kind: .polygon, xy: bad.xy.span, vertexStarts: bad.starts.span, ringStarts: bad.rings.span,
                    ringEnds: bad.ends.span)
            }
        }
        let empty = FlatLayer()
        #expect(throws: Never.self) { try empty.levels(.polygon, simplifier) }
    }

    @Test func metresOfATileUnit() {
        let equator = TopologySimplifier.millimetresPerTileUnit(zoom: 0, latitude: 0)
        #expect(abs(equator - 40_075_016_685.578 / 4096) < 1)
        let sixty = TopologySimplifier.millimetresPerTileUnit(zoom: 10, latitude: 60)
        #expect(abs(sixty / (equator / 1024) - 0.5) < 0.003)
    }
}

extension FlatLayer {
    func point(_ vertex: Int) -> GridPoint { GridPoint(x: xy[2 * vertex], y: xy[2 * vertex + 1]) }
}
