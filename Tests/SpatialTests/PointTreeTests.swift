// SPDX-License-Identifier: Apache-2.0
import Spatial
import TestSupport
import Testing

/// Points in the shapes that indexes meet.
enum PointSet: String, CaseIterable, Sendable {
    case uniform, clustered, duplicates, equal, line, diagonal, extreme

    func make(_ count: Int, _ random: inout SeededGenerator) -> [GridPoint] {
        (0..<count).map { index in
            switch self {
            case .uniform: return Self.point(-1_000_000...1_000_000, &random)
            case .clustered:
                if index % 10 >= 7 { return Self.point(-1_000_000...1_000_000, &random) }
                let centre = Int32(index % 5) * 250_000
                return Self.point((centre - 300)...(centre + 300), &random)
            case .duplicates:
                let place = Self.point(-9...9, &random)
                return GridPoint(x: place.x * 90_000, y: place.y * 90_000)
            case .equal: return GridPoint(x: 5, y: -7)
            case .line: return GridPoint(x: Int32(index) * 400, y: 0)
            case .diagonal: return GridPoint(x: Int32(index) * 300, y: Int32(index) * 300)
            case .extreme:
                let corners: [Int32] = [.min, .min + 1, -1, 0, 1, .max - 1, .max]
                if index % 3 == 0 { return Self.point(.min ... .max, &random) }
                return GridPoint(x: corners.randomElement(using: &random)!, y: corners.randomElement(using: &random)!)
            }
        }
    }

    static func point(_ range: ClosedRange<Int32>, _ random: inout SeededGenerator) -> GridPoint {
        GridPoint(x: .random(in: range, using: &random), y: .random(in: range, using: &random))
    }

    /// Discs of every size, on points and off them, with a point on the rim, inside out and around everything.
    static func circles(_ points: [GridPoint], _ random: inout SeededGenerator) -> [GridCircle] {
        var circles = (0..<12).map { _ in
            GridCircle(center: point(-1_000_000...1_000_000, &random), radius: .random(in: 0...400_000, using: &random))
        }
        for index in points.indices.prefix(8) {
            let other = points[points.count - 1 - index]
            circles.append(GridCircle(center: points[index], radius: .random(in: 0...2000, using: &random)))
            circles.append(GridCircle(center: points[index], radius: Self.distance(points[index], other)))
        }
        for radius in [
            -1, 0, 1 << 26, (1 << 26) + 1, 1 << 31, (1 << 32) - 1, 1 << 32, 6_074_000_999, 6_074_001_000,
            .max,
        ] as [Int64] {
            circles.append(GridCircle(center: point(.min ... .max, &random), radius: radius))
            circles.append(GridCircle(center: GridPoint(x: .min, y: .min), radius: radius))
        }
        circles.append(GridCircle(center: GridPoint(x: 0, y: 0), radius: .min))
        return circles
    }

    /// Whole millimetres, rounded down.
    static func distance(_ a: GridPoint, _ b: GridPoint) -> Int64 {
        let square = squared(a, b)
        var root = Int64(Double(square).squareRoot())
        while Int128(root) * Int128(root) > square { root -= 1 }
        while Int128(root + 1) * Int128(root + 1) <= square { root += 1 }
        return root
    }

    static func squared(_ a: GridPoint, _ b: GridPoint) -> Int128 {
        let x = Int128(a.x) - Int128(b.x)
        let y = Int128(a.y) - Int128(b.y)
        return x * x + y * y
    }

    static func holds(_ circle: GridCircle, _ point: GridPoint) -> Bool {
        circle.radius >= 0 && squared(circle.center, point) <= Int128(circle.radius) * Int128(circle.radius)
    }
}

@Suite struct PointTreeTests {
    static let counts = [0, 1, 2, 15, 16, 17, 255, 256, 257, 3000, 4097]

    @Test(arguments: PointSet.allCases, counts)
    func circlesMatchBruteForce(_ set: PointSet, _ count: Int) {
        var random = SeededGenerator(seed: UInt64(count) + 1)
        let points = set.make(count, &random)
        let tree = PackedPointTree(points)
        #expect((tree.order.sorted() == points.indices.map { UInt32($0) }) as Bool)
        #expect((tree.points == tree.order.map { points[Int($0)] }) as Bool)
        #expect(tree.view.checkInvariants() == nil)
        #expect(tree.nodes.count == PackedPointTree.nodeCount(points: count))
        var buffer = RowBuffer(minimumCapacity: 0)
        for circle in PointSet.circles(points, &random) {
            let expected = tree.points.indices.filter { PointSet.holds(circle, tree.points[$0]) }
            var found: [Int] = []
            tree.view.searchCircle(circle) { first, end in
                found.append(contentsOf: first..<end)
                return true
            }
            #expect((found == expected) as Bool)
            #expect(tree.view.count(in: circle) == expected.count)
            buffer.removeAll()
            tree.view.collect(circle, into: &buffer)
            #expect((buffer.array == expected.map { UInt32($0) }) as Bool)
            buffer.removeAll()
            tree.view.collect(circle, payload: tree.order.span, into: &buffer)
            #expect((buffer.array == expected.map { tree.order[$0] }) as Bool)
            var visits = 0
            let finished = tree.view.searchCircle(circle) { _, _ in
                visits += 1
                return false
            }
            #expect(finished == expected.isEmpty && visits == min(1, expected.count))
        }
    }

    @Test(arguments: PointSet.allCases, counts)
    func boxesAndRegionsMatchBruteForce(_ set: PointSet, _ count: Int) {
        var random = SeededGenerator(seed: UInt64(count) + 2)
        let tree = PackedPointTree(set.make(count, &random))
        for circle in PointSet.circles(tree.points, &random) {
            let box = circle.box
            let expected = tree.points.indices.filter { box.contains(tree.points[$0]) }
            var found: [Int] = []
            tree.view.search(box) {
                found.append($0)
                return true
            }
            #expect((found == expected) as Bool)
            #expect(tree.view.count(in: box) == expected.count)
            // A region that never commits itself sees every row once, in order.
            var seen: [Int] = []
            tree.view.searchRegion(
                { _ in .rim }, contained: { _, _ in false },
                rim: {
                    seen.append($0); return true
                })
            #expect((seen == Array(tree.points.indices)) as Bool)
        }
    }

    @Test(arguments: PointSet.allCases, counts)
    func nearestMatchesBruteForce(_ set: PointSet, _ count: Int) {
        var random = SeededGenerator(seed: UInt64(count) + 3)
        let tree = PackedPointTree(set.make(count, &random))
        var scratch = NearestScratch()
        for circle in PointSet.circles(tree.points, &random) {
            let all = tree.points.indices.map { ($0, PointSet.squared(circle.center, tree.points[$0])) }
                .sorted { ($0.1, $0.0) < ($1.1, $1.0) }
            for limit in [-1, 0, 1, 10, 300, .max] {
                let expected = all.prefix(max(0, limit)).map { NearestItem(item: $0.0, distanceSquared: Double($0.1)) }
                tree.view.nearest(to: circle.center, limit: limit, scratch: &scratch)
                #expect((scratch.items == expected) as Bool)
            }
            let near = all.filter { PointSet.holds(circle, tree.points[$0.0]) && $0.0 % 3 == 0 }.prefix(7)
            tree.view.nearest(to: circle.center, limit: 7, within: circle.radius, scratch: &scratch) { $0 % 3 == 0 }
            #expect((scratch.items.map(\.item) == near.map { $0.0 }) as Bool)
        }
    }

    @Test func viewsCheckTheNumberOfNodes() throws {
        var random = SeededGenerator.printed()
        let tree = PackedPointTree(PointSet.uniform.make(1000, &random))
        #expect(try PackedPointTreeView(points: tree.points.span, nodes: tree.nodes.span).count == 1000)
        let error = #expect(throws: SpatialError.self) {
            _ = try PackedPointTreeView(points: tree.points.span.extracting(0..<900), nodes: tree.nodes.span).count
        }
        #expect(error?.code == .corrupted)
        var moved = tree.points
        moved[500].x += 5_000_000
        let damaged = try PackedPointTreeView(points: moved.span, nodes: tree.nodes.span)
        #expect(damaged.checkInvariants() == "leaf 31 is not the tight box around its points")
    }
}
