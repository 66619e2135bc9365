// SPDX-License-Identifier: Apache-2.0

/// A vertex of a ring that is being triangulated: a node of a circular list, and of a second list in z-order.
/// Links are indices of nodes; -1 ends the z-order list.
struct RingNode: BitwiseCopyable {
    var x: Double
    var y: Double
    var vertex: UInt32
    var previous: Int32
    var next: Int32
    var z: Int32 = 0
    var previousZ: Int32 = -1
    var nextZ: Int32 = -1
    /// A hole of one point: kept although it bounds nothing.
    var isLone = false

    func coincides(with other: RingNode) -> Bool { x == other.x && y == other.y }

    /// Minus twice the signed area of a triangle: negative for a left turn.
    @inline(__always)
    static func area(_ p: RingNode, _ q: RingNode, _ r: RingNode) -> Double {
        (q.y - p.y) * (r.x - q.x) - (q.x - p.x) * (r.y - q.y)
    }

    /// Whether q lies in the box of p and r, three points of one line.
    private static func isBetween(_ p: RingNode, _ q: RingNode, _ r: RingNode) -> Bool {
        q.x <= max(p.x, r.x) && q.x >= min(p.x, r.x) && q.y <= max(p.y, r.y) && q.y >= min(p.y, r.y)
    }

    /// Whether segments p-q and r-s cross between their ends.
    static func crosses(_ p: RingNode, _ q: RingNode, _ r: RingNode, _ s: RingNode) -> Bool {
        let (a, b, c, d) = (area(p, q, r), area(p, q, s), area(r, s, p), area(r, s, q))
        return ((a > 0 && b < 0) || (a < 0 && b > 0)) && ((c > 0 && d < 0) || (c < 0 && d > 0))
    }

    /// Whether segments p-q and r-s share a point.
    static func intersects(_ p: RingNode, _ q: RingNode, _ r: RingNode, _ s: RingNode) -> Bool {
        crosses(p, q, r, s)
            || (area(p, q, r) == 0 && isBetween(p, r, q)) || (area(p, q, s) == 0 && isBetween(p, s, q))
            || (area(r, s, p) == 0 && isBetween(r, p, s)) || (area(r, s, q) == 0 && isBetween(r, q, s))
    }
}

/// The triangle of a candidate ear and its box.
struct EarTest {
    let ax: Double, ay: Double, bx: Double, by: Double, cx: Double, cy: Double
    let minX: Double, minY: Double, maxX: Double, maxY: Double

    init(_ a: RingNode, _ b: RingNode, _ c: RingNode) {
        (ax, ay, bx, by, cx, cy) = (a.x, a.y, b.x, b.y, c.x, c.y)
        minX = min(a.x, b.x, c.x)
        minY = min(a.y, b.y, c.y)
        maxX = max(a.x, b.x, c.x)
        maxY = max(a.y, b.y, c.y)
    }

    /// Whether a point lies in the triangle; its first corner does not count.
    @inline(__always)
    func isBlocked(by p: RingNode) -> Bool {
        p.x >= minX && p.x <= maxX && p.y >= minY && p.y <= maxY && !(p.x == ax && p.y == ay)
            && Self.contains(ax, ay, bx, by, cx, cy, p.x, p.y)
    }

    static func contains(
        _ ax: Double, _ ay: Double, _ bx: Double, _ by: Double, _ cx: Double, _ cy: Double, _ px: Double, _ py: Double
    ) -> Bool {
        (cx - px) * (ay - py) >= (ax - px) * (cy - py) && (ax - px) * (by - py) >= (bx - px) * (ay - py)
            && (bx - px) * (cy - py) >= (cx - px) * (by - py)
    }
}

/// Maps coordinates to a z-order (Morton) value of 30 bits.
struct ZCurve: Sendable {
    let minX: Double, minY: Double, scale: Double

    init?(_ xy: [Double]) {
        var (minX, minY, maxX, maxY) = (Double.infinity, Double.infinity, -Double.infinity, -Double.infinity)
        for i in stride(from: 0, to: xy.count - 1, by: 2) {
            minX = min(minX, xy[i])
            maxX = max(maxX, xy[i])
            minY = min(minY, xy[i + 1])
            maxY = max(maxY, xy[i + 1])
        }
        let size = max(maxX - minX, maxY - minY)
        guard size > 0, size.isFinite else { return nil }
        (self.minX, self.minY, scale) = (minX, minY, 32_767 / size)
    }

    func value(_ x: Double, _ y: Double) -> Int32 {
        Self.spread(cell((x - minX) * scale)) | (Self.spread(cell((y - minY) * scale)) << 1)
    }

    /// Clamped, so that a coordinate that is not a number cannot trap.
    private func cell(_ value: Double) -> Int32 { Int32(max(0, min(32_767, value))) }

    private static func spread(_ value: Int32) -> Int32 {
        var bits = value
        bits = (bits | (bits << 8)) & 0x00FF_00FF
        bits = (bits | (bits << 4)) & 0x0F0F_0F0F
        bits = (bits | (bits << 2)) & 0x3333_3333
        bits = (bits | (bits << 1)) & 0x5555_5555
        return bits
    }
}
