// SPDX-License-Identifier: Apache-2.0
import Spatial
import TestSupport
import Testing

@Suite struct GridToWorldTests {
    static func make(_ side: Double) throws -> (LocalTransform, GridFrame, GridToWorld) {
        let city = try CoordinateSystem("EPSG:4549")
        let box = CoordinateBox(minX: 480_000, minY: 3_960_000, maxX: 480_000 + side, maxY: 3_960_000 + side)
        let transform = try LocalTransform(from: city, to: .world, over: box)
        let frame = GridFrame(originX: 480_000 + side / 2, originY: 3_960_000 + side / 2)
        return (transform, frame, GridToWorld(transform, frame: frame))
    }

    @Test(arguments: [200.0, 50_000, 100_000])
    func staysWithinAFractionOfAUnit(_ side: Double) throws {
        var random = SeededGenerator.printed()
        let (transform, frame, fast) = try Self.make(side)
        #expect(!fast.box.isEmpty && fast.measuredError < 0.03)
        for _ in 0..<20_000 {
            let point = GridPoint(
                x: .random(in: fast.box.minX...fast.box.maxX, using: &random),
                y: .random(in: fast.box.minY...fast.box.maxY, using: &random))
            let metres = frame.metres(point)
            let exact = try #require(transform.transform(x: metres.x, y: metres.y))
            let world = try #require(fast.worldPoint(point))
            #expect(abs(Double(world.x) - exact.x) < 0.54 && abs(Double(world.y) - exact.y) < 0.54)
        }
    }

    @Test func aVertexIsConvertedByItself() throws {
        var random = SeededGenerator.printed()
        let (_, _, fast) = try Self.make(50_000)
        let reach: Int32 = 25_300_000  // some vertices lie outside
        var xy = (0..<2000).map { _ in Int32.random(in: -reach...reach, using: &random) }
        xy += [fast.box.minX, fast.box.minY, fast.box.maxX, fast.box.maxY, .min, .min, .max, .max]
        var whole: [UInt32] = [1, 2, 3]
        var strangers = 0
        fast.convert(xy.span, into: &whole) { point in
            strangers += 1
            return WorldPoint(x: UInt32(bitPattern: point.x), y: 7)
        }
        #expect(whole.count == xy.count && strangers > 2)
        var seen = 0
        for vertex in 0..<(xy.count / 2) {
            let point = GridPoint(x: xy[2 * vertex], y: xy[2 * vertex + 1])
            let expected: WorldPoint
            if let world = fast.worldPoint(point) {
                expected = world
            } else {
                seen += 1
                expected = WorldPoint(x: UInt32(bitPattern: point.x), y: 7)
            }
            #expect(WorldPoint(x: whole[2 * vertex], y: whole[2 * vertex + 1]) == expected)
        }
        #expect(seen == strangers)
        // Another order, another start, other neighbours.
        var turned: [Int32] = []
        for vertex in (0..<(xy.count / 2)).reversed() { turned += [xy[2 * vertex], xy[2 * vertex + 1]] }
        var back: [UInt32] = []
        fast.convert(turned.span, into: &back) { WorldPoint(x: UInt32(bitPattern: $0.x), y: 7) }
        for vertex in 0..<(xy.count / 2) {
            let other = xy.count / 2 - 1 - vertex
            #expect(back[2 * other] == whole[2 * vertex] && back[2 * other + 1] == whole[2 * vertex + 1])
        }
    }

    @Test func stopsAtTheFirstVertexOutside() throws {
        let (_, _, fast) = try Self.make(50_000)
        let xy: [Int32] = [0, 0, 5, 5, .max, .max, 6, 6]
        var world = [UInt32](repeating: 0, count: 8)
        var span = world.mutableSpan
        #expect(fast.convert(xy.span, into: &span) == 2)
        #expect(fast.convert(xy.span, into: &span, from: 3) == 4)
        #expect(fast.convert(xy.span, into: &span, from: 4) == 4)
        #expect(world[0] > 0 && world[4] == 0 && world[6] > 0)
    }

    @Test func theEdgeOfTheWorldGoesTheSlowWay() throws {
        // Degrees as "metres": a box that reaches beyond the square world's north edge.
        let box = CoordinateBox(minX: 10, minY: 84.9, maxX: 10.01, maxY: 85.04)
        let transform = try LocalTransform(from: .wgs84(), to: .world, over: box)
        let frame = GridFrame(originX: 10, originY: 85)
        let near = GridToWorld(transform, frame: frame)
        let clamped = try #require(near.worldPoint(GridPoint(x: 1, y: 1)))
        #expect(clamped.y < 20_000_000)
        #expect(near.worldPoint(GridPoint(x: 1_000_000, y: 0)) == nil)
    }
}
