// SPDX-License-Identifier: Apache-2.0

/// Cuts lines and rings to the square from `low` to `high`. Keeps its scratch space.
struct TileClipper {
    var low: Int64 = 0
    var high: Int64 = 0
    var ring: [TilePoint] = []
    private var clipped: [TilePoint] = []

    /// Liang and Barsky, "A new concept and method for line clipping", 1984, with the cut ends put exactly on the edge.
    func segment(_ from: TilePoint, _ to: TilePoint) -> (TilePoint, TilePoint)? {
        if from.isInside(low, high), to.isInside(low, high) { return (from, to) }
        var enter = 0.0, leave = 1.0
        let dx = Double(to.x - from.x), dy = Double(to.y - from.y)
        guard Self.narrow(&enter, &leave, dx, low - from.x, high - from.x),
            Self.narrow(&enter, &leave, dy, low - from.y, high - from.y)
        else { return nil }
        let start = enter == 0 ? from : point(from, dx, dy, enter)
        let end = leave == 1 ? to : point(from, dx, dy, leave)
        return (start, end)
    }

    /// Shortens the visible share of a segment by one pair of edges; false if nothing is left.
    @inline(__always)
    private static func narrow(
        _ enter: inout Double, _ leave: inout Double, _ delta: Double, _ toLow: Int64, _ toHigh: Int64
    ) -> Bool {
        if delta == 0 { return toLow <= 0 && toHigh >= 0 }
        enter = max(enter, Double(delta > 0 ? toLow : toHigh) / delta)
        leave = min(leave, Double(delta > 0 ? toHigh : toLow) / delta)
        return enter <= leave
    }

    private func point(_ from: TilePoint, _ dx: Double, _ dy: Double, _ share: Double) -> TilePoint {
        TilePoint(
            x: min(max(from.x + Int64((dx * share).rounded()), low), high),
            y: min(max(from.y + Int64((dy * share).rounded()), low), high))
    }

    /// Sutherland and Hodgman, "Reentrant polygon clipping", CACM 1974, one edge of the box after the other. A ring
    /// that leaves and comes back runs to and fro on the box; ``RingRepair`` takes such runs out.
    mutating func clipRing() {
        clipHalf(horizontal: true, limit: low, keepsAbove: true)
        clipHalf(horizontal: true, limit: high, keepsAbove: false)
        clipHalf(horizontal: false, limit: low, keepsAbove: true)
        clipHalf(horizontal: false, limit: high, keepsAbove: false)
    }

    private mutating func clipHalf(horizontal: Bool, limit: Int64, keepsAbove: Bool) {
        guard let last = ring.last else { return }
        clipped.removeAll(keepingCapacity: true)
        var previous = last
        for point in ring {
            let before = horizontal ? previous.x : previous.y
            let now = horizontal ? point.x : point.y
            let wasIn = keepsAbove ? before >= limit : before <= limit
            let isIn = keepsAbove ? now >= limit : now <= limit
            if wasIn != isIn {
                // Always from the inner end, so that the same edge of two neighbours is cut at the same place.
                let (inner, outer) = wasIn ? (previous, point) : (point, previous)
                let share =
                    Double(limit - (horizontal ? inner.x : inner.y))
                    / Double(horizontal ? outer.x - inner.x : outer.y - inner.y)
                if horizontal {
                    let offset = Int64((Double(outer.y - inner.y) * share).rounded())
                    clipped.append(TilePoint(x: limit, y: inner.y + offset))
                } else {
                    let offset = Int64((Double(outer.x - inner.x) * share).rounded())
                    clipped.append(TilePoint(x: inner.x + offset, y: limit))
                }
            }
            if isIn { clipped.append(point) }
            previous = point
        }
        swap(&ring, &clipped)
    }
}
