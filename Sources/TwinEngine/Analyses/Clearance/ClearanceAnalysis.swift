// SPDX-License-Identifier: Apache-2.0
import Spatial
import Synchronization

/// Pairs of features that are nearer to each other than a clearance (净距): between two layers, or within one.
struct ClearanceAnalysis: Sendable {
    /// Pairs that are kept; more are refused, since they would say nothing and fill the memory.
    static let pairLimit = 5_000_000

    struct Side: Sendable {
        var layer: AnalysisLayer
        var filter: ColumnFilter?
    }

    struct Pair: Sendable {
        var first: Int
        var second: Int
        /// Metres.
        var distance: Double
        /// Grid millimetres.
        var points: NearestPoints
    }

    var first: Side
    /// Nil compares the features of the first layer with each other.
    var second: Side?
    /// Millimetres.
    var millimetres: Int64
    /// Whether features that share a point count.
    var countsTouching: Bool
    var region: PreparedRegion?

    struct Result: Sendable {
        var firstCount = 0
        var secondCount = 0
        /// The nearest first.
        var pairs: [Pair] = []
    }

    /// Finds the pairs. Whether a pair is within the distance is decided exactly on the grid of 1 mm.
    ///
    /// Thread use: any; works on all cores. Memory: the pairs, 64 bytes each.
    /// - Throws: `TwinError.argument` for more than ``pairLimit`` pairs.
    func run(_ progress: AnalysisProgress) throws -> Result {
        let one = try rows(first)
        let other = try second.map { try rows($0) }
        let isSelf = second == nil
        let partner = second?.layer.view ?? first.layer.view
        let wanted = Set(other ?? one)
        let found = Atomic<Int>(0)
        let size = 64
        let parts = try ParallelWork.map((one.count + size - 1) / size, progress, makeState: {}) { _, chunk in
            var pairs: [Pair] = []
            for row in one[chunk * size..<min((chunk + 1) * size, one.count)] {
                let before = pairs.count
                try compare(row, partner, wanted, isSelf, &pairs)
                let total = found.wrappingAdd(pairs.count - before, ordering: .relaxed).newValue
                guard total <= Self.pairLimit else {
                    throw TwinError(
                        .argument,
                        "distance: more than \(Self.pairLimit) pairs are that near; ask for less, or filter the layers")
                }
            }
            return pairs
        }
        var result = Result(firstCount: one.count, secondCount: (other ?? one).count)
        result.pairs = parts.flatMap { $0 }
        let view = first.layer.view
        result.pairs.sort { a, b in
            if a.distance != b.distance { return a.distance < b.distance }
            let (left, right) = (view.id(row: a.first), view.id(row: b.first))
            return left != right ? left < right : partner.id(row: a.second) < partner.id(row: b.second)
        }
        return result
    }

    private func rows(_ side: Side) throws -> [Int] {
        var passing = try side.filter.map { try RowFilter($0, side.layer.view, masked: side.layer.masked) }
        var rows: [Int] = []
        side.layer.view.searchRows(region?.box ?? GridBox(minX: -.max, minY: -.max, maxX: .max, maxY: .max)) { row in
            if let region, !side.layer.view.withGeometry(row: row, { region.intersects($0) }) { return true }
            if passing?.passes(row) != false { rows.append(row) }
            return true
        }
        return rows
    }

    private func compare(
        _ row: Int, _ partner: LayerView, _ wanted: Set<Int>, _ isSelf: Bool, _ pairs: inout [Pair]
    ) throws {
        let view = first.layer.view
        let geometry = view.geometry(row: row)
        guard !geometry.isEmpty else { return }
        let around = try PreparedRegion(around: geometry, millimetres: millimetres)
        var candidates: [Int] = []
        partner.searchRows(around.box) { other in
            if wanted.contains(other) { candidates.append(other) }
            return true
        }
        for other in candidates where !isSelf || partner.id(row: other) > view.id(row: row) {
            let squared = partner.withGeometry(row: other) { around.distanceSquared(ifWithin: $0) }
            guard let squared, squared > 0 || countsTouching else { continue }
            let distance = squared.squareRoot()
            let points = geometry.nearestPoints(to: partner.geometry(row: other), within: distance)
            guard let points else { continue }
            pairs.append(Pair(first: row, second: other, distance: distance / 1000, points: points))
        }
    }
}
