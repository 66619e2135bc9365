// SPDX-License-Identifier: Apache-2.0
import Spatial
import TestSupport
import Testing

@Suite struct PackedRTreeRegionTests {
    /// Whether a box holds a point of the disc, by the grid point of the box that is nearest to the centre.
    static func meets(_ circle: GridCircle, _ box: GridBox) -> Bool {
        let nearest = GridPoint(
            x: min(max(circle.center.x, box.minX), box.maxX), y: min(max(circle.center.y, box.minY), box.maxY))
        return PointSet.holds(circle, nearest)
    }

    static func corners(_ box: GridBox) -> [GridPoint] {
        [box.minX, box.maxX].flatMap { x in [box.minY, box.maxY].map { GridPoint(x: x, y: $0) } }
    }

    @Test(arguments: BoxSet.allCases, [0, 1, 2, 15, 16, 17, 257, 4097])
    func circlesMatchBruteForce(_ set: BoxSet, _ count: Int) {
        var random = SeededGenerator(seed: UInt64(count) + 1)
        let boxes = set.make(count, &random)
        let tree = PackedRTree(boxesInOrder: PackedRTree.hilbertOrder(boxes).map { boxes[Int($0)] })
        let items = Array(tree.boxes[0..<count])
        let corners = items.map { GridPoint(x: $0.minX, y: $0.minY) }
        for circle in PointSet.circles(corners, &random) {
            var found: [Int] = []
            var areContained = true
            tree.view.searchCircle(circle) { first, end in
                found.append(contentsOf: first..<end)
                for item in first..<end where !Self.corners(items[item]).allSatisfy({ PointSet.holds(circle, $0) }) {
                    areContained = false
                }
                return true
            } rim: {
                found.append($0)
                return true
            }
            #expect(areContained)
            #expect((found == found.sorted() && Set(found).count == found.count) as Bool)
            #expect(Set(found).isSuperset(of: items.indices.filter { Self.meets(circle, items[$0]) }))
            // The promise for boxes: none that passes by more than a millionth of the radius.
            let wide = GridCircle(
                center: circle.center,
                radius: circle.radius.addingReportingOverflow(circle.radius / 1_000_000 + 1).partialValue)
            #expect(circle.radius > 1 << 40 || found.allSatisfy { Self.meets(wide, items[$0]) })
            var visits = 0
            let finished = tree.view.searchCircle(circle) { _, _ in
                visits += 1
                return false
            } rim: { _ in
                visits += 1
                return false
            }
            #expect(finished == found.isEmpty && visits == min(1, found.count))
        }
    }

    @Test(arguments: [0, 1, 255, 256, 257, 1000, 5000]) func sumsMatchAdding(_ count: Int) {
        var random = SeededGenerator(seed: UInt64(count) + 9)
        let whole = (0..<count).map { _ in Int64.random(in: .min ... .max, using: &random) }
        let real = (0..<count).map { _ in Double(Int.random(in: -1_000_000...1_000_000, using: &random)) / 8 }
        let codes = (0..<count).map { _ in UInt16.random(in: 0...7, using: &random) }
        let wholeSums = PackedSums(whole.span)
        let realSums = PackedSums(real.span)
        let classes = PackedClassSums(classes: 7, codes: codes.span, values: real.span)
        let counts = PackedClassSums(classes: 7, codes: codes.span, values: [Int64]().span)
        for _ in 0..<200 {
            let first = Int.random(in: 0...count, using: &random)
            let rows = first..<Int.random(in: first...count, using: &random)
            #expect(wholeSums.sum(rows, of: whole.span) == rows.reduce(0) { $0 &+ whole[$1] })
            // Eighths of small integers add up exactly.
            #expect(realSums.sum(rows, of: real.span) == rows.reduce(0) { $0 + real[$1] })
            var totals = ClassTotals<Double>(classes: 7)
            classes.add(rows, codes: codes.span, values: real.span, to: &totals)
            var counted = ClassTotals<Int64>(classes: 7)
            counts.add(rows, codes: codes.span, values: [Int64]().span, to: &counted)
            for code in 0..<7 {
                let members = rows.filter { codes[$0] == UInt16(code) }
                #expect(totals.counts[code] == members.count && counted.counts[code] == members.count)
                #expect(totals.sum(code) == members.reduce(0) { $0 + real[$1] })
            }
        }
    }

    @Test func totalsKeepTheDigitsOfSmallValues() {
        // One huge value must not spoil the sums of the rows behind it.
        var column = [Double](repeating: 0.1, count: 1000)
        column[3] = 1e15
        let sums = PackedSums(column.span)
        let exact = (16..<992).reduce(into: DoubleTotal(high: 0, low: 0)) { total, row in
            total = Double.add(total, column[row])
        }
        #expect(sums.sum(16..<992, of: column.span) == Double.value(of: exact))
    }
}
