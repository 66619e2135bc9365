// SPDX-License-Identifier: Apache-2.0

/// Memory of a nearest search that the caller owns and uses again.
public struct NearestScratch: Sendable {
    /// The answer of the last search, nearest first.
    public internal(set) var items: [NearestItem] = []

    public init() {}
}

extension PackedPointTreeView {
    /// The points nearest to a position, nearest first; equal distances in row order. The answer is `scratch.items`.
    ///
    /// - Parameters:
    ///   - limit: at most this many; none for 0 or less.
    ///   - radius: millimetres, inclusive.
    ///   - accept: whether a row may be an answer; asked only for rows that would be among the nearest so far.
    public func nearest(
        to point: GridPoint, limit: Int, within radius: Int64 = .max, scratch: inout NearestScratch,
        accept: (_ row: Int) -> Bool = { _ in true }
    ) {
        scratch.items.removeAll(keepingCapacity: true)
        guard limit > 0 && radius >= 0 else { return }
        scratch.items = leaves.nearestRows(points, to: point, limit: limit, within: radius, accept: accept)
    }
}

extension PackedRTreeView {
    fileprivate func nearestRows(
        _ points: Span<GridPoint>, to point: GridPoint, limit: Int, within radius: Int64, accept: (Int) -> Bool
    ) -> [NearestItem] {
        let circle = GridCircle(center: point, radius: radius)
        var found: [(row: Int, square: UInt128)] = []
        for row in 0..<points.count where circle.contains(points[row]) && accept(row) {
            let x = UInt128((Int64(points[row].x) - Int64(point.x)).magnitude)
            let y = UInt128((Int64(points[row].y) - Int64(point.y)).magnitude)
            found.append((row, x * x + y * y))
        }
        found.sort { ($0.square, $0.row) < ($1.square, $1.row) }
        return found.prefix(limit).map { NearestItem(item: $0.row, distanceSquared: Double($0.square)) }
    }
}
