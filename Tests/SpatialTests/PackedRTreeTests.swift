// SPDX-License-Identifier: Apache-2.0
import Spatial
import TestSupport
import Testing

/// Boxes in the shapes that indexes meet.
enum BoxSet: String, CaseIterable, Sendable {
    case uniform, clustered, equal, line, long, extreme

    func make(_ count: Int, _ random: inout SeededGenerator) -> [GridBox] {
        (0..<count).map { index in
            switch self {
            case .uniform: return Self.box(-1_000_000...1_000_000, 20_000, &random)
            case .clustered:
                let centre = Int32(index % 7) * 250_000
                return Self.box((centre - 2000)...(centre + 2000), 300, &random)
            case .equal: return GridBox(minX: 5, minY: 5, maxX: 9, maxY: 9)
            case .line: return GridBox(minX: Int32(index), minY: 0, maxX: Int32(index), maxY: 0)
            case .long: return Self.box(-1_000_000...1_000_000, index % 2 == 0 ? 900_000 : 10, &random)
            case .extreme:
                let x = Int32.random(in: .min ... .max, using: &random)
                let y = Int32.random(in: .min ... .max, using: &random)
                return GridBox(minX: x, minY: y, maxX: max(x, x / 2), maxY: max(y, y / 2))
            }
        }
    }

    static func box(_ range: ClosedRange<Int32>, _ size: Int32, _ random: inout SeededGenerator) -> GridBox {
        let x = Int32.random(in: range, using: &random)
        let y = Int32.random(in: range, using: &random)
        return GridBox(
            minX: x, minY: y, maxX: x + .random(in: 0...size, using: &random),
            maxY: y + .random(in: 0...size, using: &random))
    }

    static func windows(_ boxes: [GridBox], _ random: inout SeededGenerator) -> [GridBox] {
        var windows = (0..<20).map { _ in box(-1_000_000...1_000_000, 400_000, &random) }
        windows += (0..<20).map { _ in box(-3000...1_503_000, 2000, &random) }
        windows += boxes.prefix(5)
        windows.append(GridBox(minX: .min, minY: .min, maxX: .max, maxY: .max))
        windows.append(GridBox(minX: 0, minY: 0, maxX: 0, maxY: 0))
        windows.append(.empty)
        return windows
    }
}

@Suite struct PackedRTreeTests {
    @Test(arguments: BoxSet.allCases, [0, 1, 2, 15, 16, 17, 255, 256, 257, 3000, 4097])
    func matchesBruteForce(_ set: BoxSet, _ count: Int) throws {
        var random = SeededGenerator(seed: UInt64(count) + 1)
        let boxes = set.make(count, &random)
        let order = PackedRTree.hilbertOrder(boxes)
        #expect(order.sorted() == (0..<UInt32(count)).map { $0 })
        let ordered = order.map { boxes[Int($0)] }
        let tree = PackedRTree(boxesInOrder: ordered)
        #expect(tree.checkInvariants() == nil)
        for window in BoxSet.windows(ordered, &random) {
            var found: [Int] = []
            tree.search(window) {
                found.append($0)
                return true
            }
            let expected = ordered.indices.filter { ordered[$0].intersects(window) }
            #expect(found.sorted() == expected)
            #expect(tree.count(in: window) == expected.count)
            var visits = 0
            tree.search(window) { _ in
                visits += 1
                return visits < 3
            }
            #expect(visits == min(3, expected.count))
        }
    }

    @Test(arguments: BoxSet.allCases, [1, 17, 2000]) func nearestMatchesBruteForce(_ set: BoxSet, _ count: Int) {
        var random = SeededGenerator(seed: UInt64(count))
        let boxes = set.make(count, &random)
        let ordered = PackedRTree.hilbertOrder(boxes).map { boxes[Int($0)] }
        let tree = PackedRTree(boxesInOrder: ordered)
        for _ in 0..<20 {
            let point = GridPoint(
                x: .random(in: -1_200_000...1_200_000, using: &random), y: .random(in: -9000...9000, using: &random))
            // Not the box's own distance, so that the order of boxes and of items differs.
            let exact = ordered.indices.map { ordered[$0].distanceSquared(to: point) + Double($0 % 5) * 1000 }
            let all = ordered.indices.map { NearestItem(item: $0, distanceSquared: exact[$0]) }
                .sorted { ($0.distanceSquared, $0.item) < ($1.distanceSquared, $1.item) }
            #expect(tree.nearest(to: point, limit: 10) { exact[$0] } == Array(all.prefix(10)))
            let near = all.filter { $0.distanceSquared <= 200_000 * 200_000 }
            #expect(tree.nearest(to: point, limit: .max, within: 200_000) { exact[$0] } == near)
        }
    }

    @Test func viewsOverBytesAreChecked() throws {
        var random = SeededGenerator.printed()
        let boxes = BoxSet.uniform.make(1000, &random)
        let tree = PackedRTree(boxesInOrder: PackedRTree.hilbertOrder(boxes).map { boxes[Int($0)] })
        let window = GridBox(minX: 0, minY: 0, maxX: 500_000, maxY: 500_000)
        var bytes = unsafe tree.boxes.withUnsafeBytes { unsafe Array($0) }
        let mapped = try unsafe PackedRTreeView(bytes: bytes.span.bytes, count: 1000).count(in: window)
        #expect(mapped == tree.count(in: window))
        for count in [-1, 0, 999, 1001, 16_000] {
            let error = #expect(throws: SpatialError.self) {
                _ = try unsafe PackedRTreeView(bytes: bytes.span.bytes, count: count).count
            }
            #expect(error?.code == .corrupted)
        }
        // Damage ends in a named violation and never in an access outside the bytes.
        for _ in 0..<200 {
            bytes[Int.random(in: 0..<bytes.count, using: &random)] ^= 0x55
        }
        let damaged = try unsafe PackedRTreeView(bytes: bytes.span.bytes, count: 1000)
        #expect(damaged.count(in: window) <= 1000)
        let violation = damaged.checkInvariants()
        #expect(violation?.contains("tight box") == true)
    }
}
