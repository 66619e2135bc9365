// SPDX-License-Identifier: Apache-2.0
import Foundation
import Spatial
import TestSupport
import Testing

/// Own predicates, distances and regions against GEOS, on random and on degenerate geometries.
@Suite struct PreparedRegionTests {
    /// Cases of a run; `TWIN_FUZZ` sets another number, for millions.
    static let rounds = ProcessInfo.processInfo.environment["TWIN_FUZZ"].flatMap { Int($0) } ?? 20_000

    /// A geometry of one of many sorts: lattice shapes that touch and repeat, stars, slivers, 1 mm features, and shapes
    /// in the corners of the grid.
    static func shape(_ random: inout SeededGenerator, _ sort: Int) -> FlatGeometry {
        var geometry: FlatGeometry
        switch sort {
        case 0...3: geometry = RandomShapes.any(0...9, &random)
        case 4: geometry = RandomShapes.polygon(5, 5, radius: 40, holes: Int.random(in: 0...2, using: &random), &random)
        case 5:
            // A sliver: two long sides one millimetre apart.
            let far = Int32.random(in: 50...2000, using: &random)
            geometry = FlatGeometry(kind: .polygon, xy: [0, 0, far, 1, far, 2], ringEnds: [3 | ringStartsPart])
        default:
            geometry = RandomShapes.lattice(-3...3, &random)
            if sort == 6 { geometry.xy = geometry.xy.map { $0 * 1000 } }
        }
        return geometry
    }

    /// Moves a geometry so that a box around it and its partner comes to lie in a corner of the grid. GEOS gets both near
    /// zero, where doubles are exact.
    static func moved(_ geometry: FlatGeometry, _ around: GridBox, _ corner: Int) -> FlatGeometry {
        var moved = geometry
        let x = corner & 1 == 0 ? Int64(Int32.min) - Int64(around.minX) : Int64(Int32.max) - Int64(around.maxX)
        let y = corner & 2 == 0 ? Int64(Int32.min) - Int64(around.minY) : Int64(Int32.max) - Int64(around.maxY)
        for index in stride(from: 0, to: moved.xy.count, by: 2) {
            moved.xy[index] = Int32(Int64(moved.xy[index]) + x)
            moved.xy[index + 1] = Int32(Int64(moved.xy[index + 1]) + y)
        }
        return moved
    }

    @Test func agreesWithGEOS() throws {
        var random = SeededGenerator.printed()
        let geos = try GEOSContext()
        var touching = 0
        for round in 0..<Self.rounds {
            let first = Self.shape(&random, Int.random(in: 0...7, using: &random))
            let second = Self.shape(&random, Int.random(in: 0...7, using: &random))
            let left = try geos.geometry(first.doubles)
            let right = try geos.geometry(second.doubles)
            // Rounding to the grid may have made a star cross itself.
            guard try left.isValid && right.isValid else { continue }
            let meets = try left.is(.intersects, right)
            let distance = try left.distance(to: right)
            touching += meets ? 1 : 0
            let corner = round % 5
            var both = first.box
            both.formUnion(second.box)
            let one = corner == 4 ? first : Self.moved(first, both, corner)
            let two = corner == 4 ? second : Self.moved(second, both, corner)
            let note = Comment("round \(round): \(first) \(second)")
            #expect(one.intersects(two) == meets, note)
            #expect(abs(one.distance(to: two) * 1000 - distance) <= 1e-6, note)
            let region = try PreparedRegion(around: one, millimetres: 0)
            #expect(region.intersects(two) == meets, note)
            #expect((region.distanceSquared(ifWithin: two) != nil) == meets, note)
            #expect(abs(region.distance(to: two) * 1000 - distance) <= 1e-6, note)
            // The limit at, below and above the distance: whole distances decide at the limit itself.
            let near = Int64(distance.rounded(.down))
            for limit in [near, near + 1, max(0, near - 1)] {
                let expected = Double(limit) >= distance - 1e-7
                let isExact = abs(Double(limit) - distance) > 1e-7 || distance == distance.rounded()
                guard isExact else { continue }
                let reach = try DistanceLimit(millimetres: limit)
                #expect(one.isWithin(reach, of: two) == expected, note)
                let grown = try PreparedRegion(around: one, millimetres: limit)
                #expect(grown.intersects(two) == expected, note)
                #expect((grown.distanceSquared(ifWithin: two) != nil) == expected, note)
                let box = two.box
                let kind = grown.classify(box)
                #expect(kind != .outside || !expected, note)
                #expect(kind != .inside || expected, note)
            }
        }
        print("agreesWithGEOS: \(Self.rounds) pairs, \(touching) share a point")
        #expect(touching > Self.rounds / 10)
    }

    @Test func boxesAreClassifiedAsTheirPointsLie() throws {
        var random = SeededGenerator.printed()
        for round in 0..<400 {
            let shape = Self.shape(&random, round % 5)
            let reach = Int64([0, 1, 3, 7][round % 4])
            let region = try PreparedRegion(around: shape, millimetres: reach)
            for _ in 0..<20 {
                let x = Int32.random(in: -12...16, using: &random)
                let y = Int32.random(in: -12...16, using: &random)
                let box = GridBox(
                    minX: x, minY: y, maxX: x + .random(in: 0...4, using: &random),
                    maxY: y + .random(in: 0...4, using: &random))
                var inside = 0
                var points = 0
                for px in box.minX...box.maxX {
                    for py in box.minY...box.maxY {
                        points += 1
                        let point = GridPoint(x: px, y: py)
                        let single = FlatGeometry(kind: .point, xy: [px, py], ringEnds: [1 | ringStartsPart])
                        #expect(region.contains(point) == region.intersects(single))
                        inside += region.contains(point) ? 1 : 0
                    }
                }
                switch region.classify(box) {
                case .outside: #expect(inside == 0)
                case .inside: #expect(inside == points)
                case .rim: break
                }
            }
        }
    }

    @Test func limitsAreExactAcrossTheWholeGrid() throws {
        // 3-4-5 triangles at the size of the grid: only 256-bit products decide these.
        let a = GridPoint(x: -2_000_000_000, y: -1_500_000_000)
        let b = GridPoint(x: 2_000_000_000, y: 1_500_000_000)
        let foot = GridPoint(x: -600_000_003, y: 800_000_004)
        let distance: Int64 = 1_000_000_005
        #expect(try DistanceLimit(millimetres: distance).reaches(foot, a, b))
        #expect(try !DistanceLimit(millimetres: distance - 1).reaches(foot, a, b))
        let off = GridPoint(x: foot.x - 1, y: foot.y)
        #expect(try !DistanceLimit(millimetres: distance).reaches(off, a, b))
        let low = GridPoint(x: .min, y: .min)
        let high = GridPoint(x: .max, y: .max)
        #expect(try DistanceLimit(millimetres: .max).reaches(low, high))
        #expect(try DistanceLimit(millimetres: 6_074_000_999).reaches(low, high))
        #expect(try !DistanceLimit(millimetres: 6_074_000_998).reaches(low, high))
        let everything = try PreparedRegion(circle: low, millimetres: .max)
        #expect(everything.classify(GridBox(minX: .min, minY: .min, maxX: .max, maxY: .max)) == .inside)
        let line = FlatGeometry(kind: .line, xy: [a.x, a.y, b.x, b.y], ringEnds: [2 | ringStartsPart])
        let point = FlatGeometry(kind: .point, xy: [foot.x, foot.y], ringEnds: [1 | ringStartsPart])
        #expect(try PreparedRegion(corridor: line, millimetres: distance).intersects(point))
        #expect(try !PreparedRegion(corridor: line, millimetres: distance - 1).intersects(point))
        #expect(try PreparedRegion(circle: foot, millimetres: distance).intersects(line))
        #expect(try !PreparedRegion(circle: foot, millimetres: distance - 1).intersects(line))
    }

    @Test func badRegionsAreNamed() throws {
        func code(_ body: () throws(SpatialError) -> PreparedRegion) -> SpatialError.Code? {
            do {
                _ = try body()
                return nil
            } catch { return error.code }
        }
        let square = FlatGeometry(kind: .polygon, xy: [0, 0, 9, 0, 9, 9, 0, 9], ringEnds: [4 | ringStartsPart])
        let line = FlatGeometry(kind: .line, xy: [0, 0, 9, 0], ringEnds: [2 | ringStartsPart])
        #expect(code { () throws(SpatialError) in try PreparedRegion(polygon: line) } == .invalidGeometry)
        #expect(
            code { () throws(SpatialError) in try PreparedRegion(corridor: square, millimetres: 1) } == .invalidGeometry
        )
        #expect(code { () throws(SpatialError) in try PreparedRegion(corridor: line, millimetres: -1) } == .argument)
        #expect(
            code { () throws(SpatialError) in
                try PreparedRegion(circle: GridPoint(x: 0, y: 0), millimetres: .min)
            } == .argument)
        for kind in GeometryKind.allCases {
            #expect(
                code { () throws(SpatialError) in
                    try PreparedRegion(around: FlatGeometry(kind: kind), millimetres: 1)
                } == .invalidGeometry)
        }
        var broken = square
        for ends: [UInt32] in [[3 | ringStartsPart], [9 | ringStartsPart], [2 | ringStartsPart, 4], [], [4, 1]] {
            broken.ringEnds = ends
            #expect(code { () throws(SpatialError) in try PreparedRegion(polygon: broken) } == .invalidGeometry)
        }
        #expect(throws: SpatialError.self) { try DistanceLimit(metres: .nan) }
        #expect(throws: SpatialError.self) { try DistanceLimit(metres: -0.001) }
        #expect(try DistanceLimit(metres: .infinity).millimetres == 1 << 33)
    }

    @Test func selfTouchingRingsHaveAMeaning() throws {
        // A bow tie, a figure that touches itself in a vertex, and repeated vertices: even-odd, boundary inside.
        let rings: [[Int32]] = [
            [0, 0, 8, 8, 8, 0, 0, 8], [0, 0, 4, 4, 8, 0, 8, 8, 4, 4, 0, 8], [0, 0, 0, 0, 8, 0, 8, 0, 8, 8, 0, 8, 0, 8],
        ]
        for ring in rings {
            let polygon = FlatGeometry(kind: .polygon, xy: ring, ringEnds: [UInt32(ring.count / 2) | ringStartsPart])
            let region = try PreparedRegion(polygon: polygon)
            for x in Int32(-1)...9 {
                for y in Int32(-1)...9 {
                    let point = GridPoint(x: x, y: y)
                    #expect(region.contains(point) == polygon.contains(point), "\(ring) \(point)")
                }
            }
        }
    }

    @Test func hugeGeometriesAreNotQuadratic() throws {
        // 40,000 vertices each, interlocked without contact: pair by pair this would be 3e9 tests.
        func comb(_ radius: Double) -> FlatGeometry {
            let count = 40_000
            var geometry = FlatGeometry(kind: .polygon)
            for index in 0..<count {
                let angle = 2 * Double.pi * Double(index) / Double(count)
                let reach = radius * (1 + 0.1 * sin(40 * angle))
                geometry.xy += [Int32(reach * cos(angle)), Int32(reach * sin(angle))]
            }
            geometry.ringEnds = [UInt32(count) | ringStartsPart]
            return geometry
        }
        let inner = comb(100_000_000)
        var frame = comb(103_000_000)
        frame.xy += comb(101_000_000).xy
        frame.ringEnds.append(UInt32(frame.vertexCount))
        #expect(!frame.intersects(inner))
        let distance = frame.distance(to: inner)
        #expect(distance > 100 && distance < 1001)
        #expect(try frame.isWithin(DistanceLimit(metres: distance + 0.01), of: inner))
        #expect(try !frame.isWithin(DistanceLimit(metres: distance - 0.01), of: inner))
    }
}
