// SPDX-License-Identifier: Apache-2.0
import Spatial
import TestSupport
import Testing

/// The order that packed trees are built in.
@Suite struct HilbertTests {
    @Test(arguments: PointSet.allCases) func orderDoesNotDependOnThreads(_ set: PointSet) {
        var random = SeededGenerator(seed: 11)
        // Enough for several threads, not a multiple of anything, and most points in a few cells for some sets.
        let points = set.make(150_001, &random)
        let one = PackedPointTree(points)
        #expect((one.order.sorted() == points.indices.map { UInt32($0) }) as Bool)
        #expect((one.points == one.order.map { points[Int($0)] }) as Bool)
        #expect(one.view.checkInvariants() == nil)
        for threads in [-1, 0, 2, 3, 7, 1000] {
            let other = PackedPointTree(points, threads: threads)
            #expect((other.order == one.order && other.points == one.points && other.nodes == one.nodes) as Bool)
        }
        let boxes = points.map { GridBox(minX: $0.x, minY: $0.y, maxX: $0.x, maxY: $0.y) }
        #expect((PackedRTree.hilbertOrder(boxes, threads: 3) == one.order) as Bool)
    }

    @Test func equalPointsKeepTheirOrder() {
        var random = SeededGenerator.printed()
        let points = PointSet.duplicates.make(40_000, &random)
        let tree = PackedPointTree(points)
        var last: [GridPoint: UInt32] = [:]
        for row in 0..<tree.count {
            if let before = last[tree.points[row]] { #expect(before < tree.order[row]) }
            last[tree.points[row]] = tree.order[row]
        }
        #expect(PackedPointTree(PointSet.equal.make(5000, &random)).order == (0..<5000).map { $0 })
    }

    @Test func aCrowdInOneCellOfTheCurveIsStillOrdered() {
        // Two points 4,000 km apart make cells of 66 m; all others are in a building of 60 m.
        var random = SeededGenerator.printed()
        var points = [GridPoint(x: -2_000_000_000, y: 0), GridPoint(x: 2_000_000_000, y: 0)]
        for _ in 0..<50_000 { points.append(PointSet.point(0...60_000, &random)) }
        let tree = PackedPointTree(points)
        // A leaf of a crowd without order would be as large as the building: 60,000 mm wide.
        let width = tree.nodes[0..<(50_000 / 16)].map { Int($0.maxX) - Int($0.minX) }.sorted()
        #expect(width[width.count / 2] < 3000)
    }
}
