// SPDX-License-Identifier: Apache-2.0
import Spatial

/// Turns one feature's world coordinates into MVT geometry commands. Scratch space is kept between features.
///
/// Positions are Int64 relative to the tile's north-west corner, scaled so that `1 << shift` is one tile unit.
struct MVTGeometryEncoder {
    enum Outcome { case kept, outside, collapsed, tiny, square }

    private var originX: Int64
    private var originY: Int64
    private var up: Int64
    private var shift: Int64
    private var low: Int64
    private var high: Int64
    private var options: MVTOptions

    /// The geometry field's content after a feature was kept (spec 4.3).
    private(set) var bytes: [UInt8] = []
    private(set) var vertexCount = 0
    private(set) var droppedRings = 0

    private var ring: [TilePoint] = []
    private var clipped: [TilePoint] = []
    private var simplifier = TileSimplifier()
    private var cursor = TilePoint(x: 0, y: 0)
    private var tinyDebt = 0.0

    init(tile: TileID, options: MVTOptions) {
        (originX, originY, up, shift, low, high) = (0, 0, 0, 0, 0, 0)
        self.options = options
        reset(tile: tile, options: options)
    }

    mutating func reset(tile: TileID, options: MVTOptions) {
        tinyDebt = 0
        let exponent = Int64(20 - tile.z)
        up = max(0, -exponent)
        shift = max(0, exponent)
        originX = Int64(tile.worldMinX)
        originY = Int64(tile.worldMinY)
        low = -(Int64(options.buffer) << shift)
        high = Int64(4096 + options.buffer) << shift
        self.options = options
    }

    mutating func encode(kind: GeometryKind, xy: borrowing Span<UInt32>, ringEnds: borrowing Span<UInt32>) -> Outcome {
        bytes.removeAll(keepingCapacity: true)
        vertexCount = 0
        droppedRings = 0
        cursor = TilePoint(x: 0, y: 0)
        guard let box = box(of: xy) else { return .collapsed }
        if box.minX > high || box.maxX < low || box.minY > high || box.maxY < low { return .outside }
        let inside = box.minX >= low && box.maxX <= high && box.minY >= low && box.maxY <= high
        switch kind {
        case .point: return encodePoints(xy)
        case .line: return encodeLines(xy, ringEnds, inside: inside)
        case .polygon:
            if options.tinyPolygons != .keep {
                let unit = Double(Int64(1) << shift)
                let bound = Double(box.maxX - box.minX) / unit * (Double(box.maxY - box.minY) / unit)
                if bound < options.tinyArea {
                    return tiny(area: area(xy, ringEnds) / (unit * unit), x: box.minX, y: box.minY)
                }
            }
            return encodePolygons(xy, ringEnds, inside: inside)
        }
    }

    @inline(__always)
    private func local(_ xy: borrowing Span<UInt32>, _ vertex: Int) -> TilePoint {
        TilePoint(x: (Int64(xy[2 * vertex]) - originX) << up, y: (Int64(xy[2 * vertex + 1]) - originY) << up)
    }

    @inline(__always)
    private func snapped(_ point: TilePoint) -> TilePoint {
        guard shift > 0 else { return point }
        let half = Int64(1) << (shift - 1)
        return TilePoint(x: (point.x + half) >> shift, y: (point.y + half) >> shift)
    }

    private func box(of xy: borrowing Span<UInt32>) -> (minX: Int64, minY: Int64, maxX: Int64, maxY: Int64)? {
        guard xy.count >= 2 else { return nil }
        var minX = UInt32.max, minY = UInt32.max, maxX = UInt32.min, maxY = UInt32.min
        var index = 0
        while index + 1 < xy.count {
            minX = min(minX, xy[index])
            maxX = max(maxX, xy[index])
            minY = min(minY, xy[index + 1])
            maxY = max(maxY, xy[index + 1])
            index += 2
        }
        return (
            (Int64(minX) - originX) << up, (Int64(minY) - originY) << up,
            (Int64(maxX) - originX) << up, (Int64(maxY) - originY) << up
        )
    }

    // MARK: Points

    private mutating func encodePoints(_ xy: borrowing Span<UInt32>) -> Outcome {
        clipped.removeAll(keepingCapacity: true)
        for vertex in 0..<(xy.count / 2) {
            let point = local(xy, vertex)
            if point.x >= low, point.x <= high, point.y >= low, point.y <= high { clipped.append(snapped(point)) }
        }
        guard !clipped.isEmpty else { return .outside }
        // Spec 4.3.4.2: one MoveTo command with a count of all points.
        bytes.appendVarint(clipped.count << 3 | 1)
        for point in clipped { move(to: point) }
        return .kept
    }

    // MARK: Lines

    private mutating func encodeLines(
        _ xy: borrowing Span<UInt32>, _ ringEnds: borrowing Span<UInt32>, inside: Bool
    ) -> Outcome {
        var start = 0
        var touched = inside
        for index in ringEnds.indices {
            let end = min(Int(ringEnds[index] & ringEndMask), xy.count / 2)
            ring.removeAll(keepingCapacity: true)
            var vertex = start
            while vertex < end {
                let point = local(xy, vertex)
                if inside || vertex == start {
                    ring.append(point)
                } else if let piece = clipSegment(local(xy, vertex - 1), point) {
                    touched = true
                    if ring.last != piece.0 {
                        flushLine()
                        ring.append(piece.0)
                    }
                    ring.append(piece.1)
                }
                vertex += 1
            }
            flushLine()
            start = end
        }
        if !bytes.isEmpty { return .kept }
        return touched ? .collapsed : .outside
    }

    /// Liang and Barsky, "A new concept and method for line clipping", 1984, with the cut ends put exactly on the edge.
    private func clipSegment(_ from: TilePoint, _ to: TilePoint) -> (TilePoint, TilePoint)? {
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

    private mutating func flushLine() {
        defer { ring.removeAll(keepingCapacity: true) }
        guard ring.count > 1 else { return }
        snapRing()
        guard ring.count > 1 else {
            droppedRings += 1
            return
        }
        simplifier.simplifyLine(&ring, tolerance: options.tolerance)
        // A closed line within the tolerance has only its end left, twice; spec 4.3.3.2: LineTo MUST move.
        guard ring.count > 2 || ring[0] != ring[1] else {
            droppedRings += 1
            return
        }
        bytes.append(1 << 3 | 1)
        move(to: ring[0])
        bytes.appendVarint((ring.count - 1) << 3 | 2)
        for index in 1..<ring.count { move(to: ring[index]) }
    }

    // MARK: Polygons

    private mutating func encodePolygons(
        _ xy: borrowing Span<UInt32>, _ ringEnds: borrowing Span<UInt32>, inside: Bool
    ) -> Outcome {
        var start = 0
        var outerKept = false
        var touched = inside
        var area = 0.0
        for index in ringEnds.indices {
            let startsPart = ringEnds[index] & ringStartsPart != 0 || index == 0
            let end = min(Int(ringEnds[index] & ringEndMask), xy.count / 2)
            defer { start = end }
            if startsPart { outerKept = false } else if !outerKept { continue }
            ring.removeAll(keepingCapacity: true)
            var vertex = start
            while vertex < end {
                ring.append(local(xy, vertex))
                vertex += 1
            }
            if !inside { clipRing() }
            guard ring.count > 2 else { continue }
            touched = true
            snapRing()
            if let last = ring.last, ring.count > 1, last == ring[0] { ring.removeLast() }
            simplifier.simplifyRing(&ring, tolerance: options.tolerance)
            let doubled = doubledArea()
            guard ring.count > 2, doubled != 0 else {
                droppedRings += 1
                continue
            }
            if startsPart { outerKept = true }
            area += Double(startsPart ? abs(doubled) : -abs(doubled)) / 2
            // Spec 4.3.4.4: an exterior ring has positive area in tile coordinates (y down), an interior ring negative.
            if (doubled > 0) != startsPart { ring.reverse() }
            writeRing()
        }
        if bytes.isEmpty {
            guard touched else { return .outside }
            return .collapsed
        }
        if options.tinyPolygons != .keep, area < options.tinyArea {
            return tiny(area: area, x: cursor.x << shift, y: cursor.y << shift)
        }
        return .kept
    }

    private mutating func writeRing() {
        bytes.append(1 << 3 | 1)
        move(to: ring[0])
        bytes.appendVarint((ring.count - 1) << 3 | 2)
        for index in 1..<ring.count { move(to: ring[index]) }
        bytes.append(1 << 3 | 7)
    }

    /// Leaves a tiny polygon out, or stands one square for all that were left out when their areas add up to it.
    private mutating func tiny(area: Double, x: Int64, y: Int64) -> Outcome {
        bytes.removeAll(keepingCapacity: true)
        vertexCount = 0
        cursor = TilePoint(x: 0, y: 0)
        guard options.tinyPolygons == .square else { return .tiny }
        tinyDebt += area
        let side = Int64(options.tinyArea.squareRoot().rounded())
        guard side > 0, tinyDebt >= options.tinyArea else { return .tiny }
        tinyDebt -= options.tinyArea
        let corner = snapped(TilePoint(x: x, y: y))
        ring.removeAll(keepingCapacity: true)
        ring.append(corner)
        ring.append(TilePoint(x: corner.x + side, y: corner.y))
        ring.append(TilePoint(x: corner.x + side, y: corner.y + side))
        ring.append(TilePoint(x: corner.x, y: corner.y + side))
        writeRing()
        return .square
    }

    /// Sutherland and Hodgman, "Reentrant polygon clipping", CACM 1974, one edge of the box after the other.
    private mutating func clipRing() {
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

    /// Area of all rings in square units of the scaled positions, holes taken off, before any clipping.
    private func area(_ xy: borrowing Span<UInt32>, _ ringEnds: borrowing Span<UInt32>) -> Double {
        var start = 0
        var area = 0.0
        for index in ringEnds.indices {
            let end = min(Int(ringEnds[index] & ringEndMask), xy.count / 2)
            defer { start = end }
            guard end - start > 2 else { continue }
            // Relative to the ring's first vertex, so that the products of a polygon this small are exact.
            let origin = local(xy, start)
            var doubled = 0.0, lastX = 0.0, lastY = 0.0
            for vertex in (start + 1)..<end {
                let point = local(xy, vertex)
                let x = Double(point.x - origin.x), y = Double(point.y - origin.y)
                doubled += lastX * y - x * lastY
                (lastX, lastY) = (x, y)
            }
            area += ringEnds[index] & ringStartsPart != 0 || index == 0 ? abs(doubled) : -abs(doubled)
        }
        return max(area, 0) / 2
    }

    private func doubledArea() -> Int64 {
        guard let last = ring.last else { return 0 }
        var sum: Int64 = 0
        var previous = last
        for point in ring {
            sum += previous.x * point.y - point.x * previous.y
            previous = point
        }
        return sum
    }

    /// Snaps to the tile grid and drops repeated points.
    private mutating func snapRing() {
        var write = 0
        for read in ring.indices {
            let point = snapped(ring[read])
            if write > 0, ring[write - 1] == point { continue }
            ring[write] = point
            write += 1
        }
        ring.removeLast(ring.count - write)
    }

    /// Spec 4.3.2: parameters are zigzag differences from the cursor.
    @inline(__always)
    private mutating func move(to point: TilePoint) {
        let dx = point.x - cursor.x, dy = point.y - cursor.y
        bytes.appendVarint(UInt64(bitPattern: (dx << 1) ^ (dx >> 63)))
        bytes.appendVarint(UInt64(bitPattern: (dy << 1) ^ (dy >> 63)))
        cursor = point
        vertexCount += 1
    }
}
