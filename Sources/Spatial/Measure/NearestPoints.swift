// SPDX-License-Identifier: Apache-2.0

/// Where two geometries come nearest to each other.
public struct NearestPoints: Sendable, Hashable {
    /// Millimetres of the grid, on the first and on the second geometry.
    public var first: SIMD2<Double>
    public var second: SIMD2<Double>

    /// Millimetres.
    public var distance: Double {
        let step = second - first
        return (step.x * step.x + step.y * step.y).squareRoot()
    }
}

extension FlatGeometry {
    /// The nearest points of two geometries that are known to be within a distance; a point of both where they share one.
    ///
    /// Computed in doubles relative to the second geometry: 1e-6 mm within a city. O(a × b) for the a and b segments that
    /// lie within the distance of the other's box, most of them refused by their boxes.
    /// - Parameter millimetres: a distance that is at least that of the geometries.
    /// - Returns: nil if one of them is empty, or if they are farther apart.
    public func nearestPoints(to other: FlatGeometry, within millimetres: Double) -> NearestPoints? {
        guard !isEmpty, !other.isEmpty else { return nil }
        let box = other.box
        let origin = SIMD2(Double(box.minX), Double(box.minY))
        // One millimetre more, for the rounding of a distance.
        let mine = pieces(near: box, millimetres + 1, origin)
        let theirs = other.pieces(near: self.box, millimetres + 1, origin)
        var best: NearestPoints?
        var least = (millimetres + 1) * (millimetres + 1)
        search: for a in mine {
            for b in theirs where a.gapSquared(b) <= least {
                let found = a.nearest(b)
                let squared = found.distance * found.distance
                if squared < least || best == nil && squared <= least {
                    least = squared
                    best = found
                }
                if squared == 0 { break search }
            }
        }
        if least > 0, let inner = containedPoint(other, origin) { best = inner }
        return best.map { NearestPoints(first: $0.first + origin, second: $0.second + origin) }
    }

    /// A vertex of one polygon's partner that lies in it: their boundaries may be far apart.
    private func containedPoint(_ other: FlatGeometry, _ origin: SIMD2<Double>) -> NearestPoints? {
        func vertex(_ geometry: FlatGeometry, in polygon: FlatGeometry) -> GridPoint? {
            guard polygon.kind == .polygon else { return nil }
            var firsts = [0]
            for end in geometry.ringEnds.dropLast() { firsts.append(Int(end & ringEndMask)) }
            for first in firsts where first < geometry.vertexCount {
                let point = GridPoint(x: geometry.xy[2 * first], y: geometry.xy[2 * first + 1])
                if polygon.holds(point) { return point }
            }
            return nil
        }
        guard let point = vertex(other, in: self) ?? vertex(self, in: other) else { return nil }
        let place = SIMD2(Double(point.x), Double(point.y)) - origin
        return NearestPoints(first: place, second: place)
    }

    /// Whether a point lies in a polygon, by the even-odd rule; on the boundary either may be said. O(vertices).
    private func holds(_ point: GridPoint) -> Bool {
        var isInside = false
        var start = 0
        for end in ringEnds {
            let last = Int(end & ringEndMask)
            guard last > start else { continue }
            var before = last - 1
            for index in start..<last {
                let (x0, y0) = (Int64(xy[2 * before]), Int64(xy[2 * before + 1]))
                let (x1, y1) = (Int64(xy[2 * index]), Int64(xy[2 * index + 1]))
                if (y0 > Int64(point.y)) != (y1 > Int64(point.y)) {
                    // Differences stay below 2³³, the products below 2⁶⁶ fit doubles as well as the side needs.
                    let side =
                        Double(x1 - x0) * Double(Int64(point.y) - y0) - Double(Int64(point.x) - x0) * Double(y1 - y0)
                    if (side > 0) == (y1 > y0) { isInside.toggle() }
                }
                before = index
            }
            start = last
        }
        return isInside
    }

    /// Segments and points that may be within a distance of a box.
    private func pieces(near box: GridBox, _ millimetres: Double, _ origin: SIMD2<Double>) -> [Piece] {
        let low = SIMD2(Double(box.minX), Double(box.minY)) - origin - millimetres
        let high = SIMD2(Double(box.maxX), Double(box.maxY)) - origin + millimetres
        var pieces: [Piece] = []
        func add(_ a: Int, _ b: Int) {
            let from = SIMD2(Double(xy[2 * a]), Double(xy[2 * a + 1])) - origin
            let to = SIMD2(Double(xy[2 * b]), Double(xy[2 * b + 1])) - origin
            if max(from.x, to.x) < low.x || min(from.x, to.x) > high.x { return }
            if max(from.y, to.y) < low.y || min(from.y, to.y) > high.y { return }
            pieces.append(Piece(from: from, to: to))
        }
        var start = 0
        for end in ringEnds {
            let last = Int(end & ringEndMask)
            switch kind {
            case .point:
                for vertex in start..<last { add(vertex, vertex) }
            case .line:
                if last - start == 1 { add(start, start) }
                for vertex in start..<max(start, last - 1) { add(vertex, vertex + 1) }
            case .polygon:
                for vertex in start..<last { add(vertex, vertex + 1 < last ? vertex + 1 : start) }
            }
            start = last
        }
        return pieces
    }
}

/// A segment, or a point twice.
private struct Piece {
    var from: SIMD2<Double>
    var to: SIMD2<Double>

    /// The squared distance of the boxes.
    func gapSquared(_ other: Piece) -> Double {
        let x = max(
            0, min(other.from.x, other.to.x) - max(from.x, to.x), min(from.x, to.x) - max(other.from.x, other.to.x))
        let y = max(
            0, min(other.from.y, other.to.y) - max(from.y, to.y), min(from.y, to.y) - max(other.from.y, other.to.y))
        return x * x + y * y
    }

    func nearest(_ other: Piece) -> NearestPoints {
        if let shared = crossing(other) { return NearestPoints(first: shared, second: shared) }
        var best = NearestPoints(first: from, second: other.foot(from))
        for found in [
            NearestPoints(first: to, second: other.foot(to)),
            NearestPoints(first: foot(other.from), second: other.from),
            NearestPoints(first: foot(other.to), second: other.to),
        ] where found.distance < best.distance {
            best = found
        }
        return best
    }

    /// The point of the segment that is nearest to a point.
    private func foot(_ point: SIMD2<Double>) -> SIMD2<Double> {
        let along = to - from
        let length = along.x * along.x + along.y * along.y
        guard length > 0 else { return from }
        let step = point - from
        let share = min(1, max(0, (step.x * along.x + step.y * along.y) / length))
        return share == 1 ? to : from + along * share
    }

    /// Where both cross inside; nil for parallels, whose ends decide.
    private func crossing(_ other: Piece) -> SIMD2<Double>? {
        let a = to - from
        let b = other.to - other.from
        let turn = a.x * b.y - a.y * b.x
        guard turn != 0 else { return nil }
        let step = other.from - from
        let s = (step.x * b.y - step.y * b.x) / turn
        let t = (step.x * a.y - step.y * a.x) / turn
        guard (0...1).contains(s), (0...1).contains(t) else { return nil }
        return from + a * s
    }
}
