// SPDX-License-Identifier: Apache-2.0
import Spatial

/// Turns one feature's world coordinates into MVT geometry commands. Scratch space is kept between features.
///
/// Positions are Int64 relative to the tile's north-west corner, scaled so that `1 << shift` is one tile unit.
struct MVTGeometryEncoder {
    enum Outcome { case kept, outside, collapsed }

    private(set) var originX: Int64 = 0
    private(set) var originY: Int64 = 0
    private var zoom: UInt8 = 0
    private var up: Int64 = 0
    private(set) var shift: Int64 = 0
    private var half: Int64 = 0
    private var low: Int64 = 0
    private var high: Int64 = 0

    /// Geometry fields' contents (spec 4.3) of one feature after the other; who reads them remembers where they begin.
    var bytes: [UInt8] = []
    private(set) var vertexCount = 0
    private(set) var droppedRings = 0
    private(set) var isRepaired = false

    private var clip = TileClipper()
    private var line: [TilePoint] = []
    private var rings = RingSet()
    private var validity = RingValidity()
    private var cursor = TilePoint(x: 0, y: 0)

    mutating func reset(tile: TileID, buffer: Int) {
        let exponent = Int64(20 - tile.z)
        zoom = UInt8(tile.z)
        up = max(0, -exponent)
        shift = max(0, exponent)
        half = shift > 0 ? Int64(1) << (shift - 1) : 0
        originX = Int64(tile.worldMinX)
        originY = Int64(tile.worldMinY)
        low = -(Int64(buffer) << shift)
        high = Int64(4096 + buffer) << shift
        clip.low = low
        clip.high = high
    }

    /// Appends a feature's commands to ``bytes``; nothing is appended unless it is kept.
    ///
    /// - Parameters:
    ///   - box: of all vertices, in world coordinates.
    ///   - levels: of the vertices, or empty to keep all.
    mutating func encode(
        kind: GeometryKind, xy: borrowing Span<UInt32>, ringEnds: borrowing Span<UInt32>,
        levels: borrowing Span<UInt8>, box: WorldBox
    ) -> Outcome {
        vertexCount = 0
        droppedRings = 0
        isRepaired = false
        cursor = TilePoint(x: 0, y: 0)
        let near = local(box.minX, box.minY), far = local(box.maxX, box.maxY)
        if near.x > high || far.x < low || near.y > high || far.y < low { return .outside }
        let inside = near.x >= low && far.x <= high && near.y >= low && far.y <= high
        switch kind {
        case .point: return encodePoints(xy)
        case .line: return encodeLines(xy, ringEnds, levels, inside: inside)
        case .polygon: return encodePolygons(xy, ringEnds, levels, inside: inside)
        }
    }

    @inline(__always)
    func local(_ x: UInt32, _ y: UInt32) -> TilePoint {
        TilePoint(x: (Int64(x) &- originX) << up, y: (Int64(y) &- originY) << up)
    }

    @inline(__always)
    private func local(_ xy: borrowing Span<UInt32>, _ vertex: Int) -> TilePoint {
        local(xy[2 * vertex], xy[2 * vertex + 1])
    }

    /// On the tile's grid; halves go east and south, wherever the tile is.
    @inline(__always)
    func snapped(_ point: TilePoint) -> TilePoint {
        TilePoint(x: (point.x &+ half) >> shift, y: (point.y &+ half) >> shift)
    }

    // MARK: Points

    private mutating func encodePoints(_ xy: borrowing Span<UInt32>) -> Outcome {
        line.removeAll(keepingCapacity: true)
        for vertex in 0..<(xy.count / 2) {
            let point = local(xy, vertex)
            if point.isInside(low, high) { line.append(snapped(point)) }
        }
        guard !line.isEmpty else { return .outside }
        // Spec 4.3.4.2: one MoveTo command with a count of all points.
        bytes.appendVarint(line.count << 3 | 1)
        for point in line { move(to: point) }
        return .kept
    }

    /// Appends a point that is already on the tile's grid.
    mutating func encodePoint(_ point: TilePoint) {
        vertexCount = 0
        cursor = TilePoint(x: 0, y: 0)
        bytes.append(1 << 3 | 1)
        move(to: point)
    }

    // MARK: Lines

    private mutating func encodeLines(
        _ xy: borrowing Span<UInt32>, _ ringEnds: borrowing Span<UInt32>, _ levels: borrowing Span<UInt8>, inside: Bool
    ) -> Outcome {
        let first = bytes.count
        var start = 0
        var touched = inside
        for index in ringEnds.indices {
            let end = min(Int(ringEnds[index] & ringEndMask), xy.count / 2)
            line.removeAll(keepingCapacity: true)
            var previous = -1
            for vertex in start..<max(start, end) where levels.isEmpty || levels[vertex] <= zoom {
                let point = local(xy, vertex)
                if inside {
                    line.append(point)
                } else if previous >= 0, let piece = clip.segment(local(xy, previous), point) {
                    touched = true
                    if line.last != piece.0 {
                        flushLine()
                        line.append(piece.0)
                    }
                    line.append(piece.1)
                }
                previous = vertex
            }
            flushLine()
            start = end
        }
        if bytes.count > first { return .kept }
        return touched ? .collapsed : .outside
    }

    private mutating func flushLine() {
        defer { line.removeAll(keepingCapacity: true) }
        guard line.count > 1 else { return }
        var write = 0
        for read in line.indices {
            let point = snapped(line[read])
            if write > 0, line[write - 1] == point { continue }
            // Straight on: the vertex between says nothing. A way back is a shape of its own.
            if write > 1, RingSet.goesStraight(line[write - 2], line[write - 1], point) { write -= 1 }
            line[write] = point
            write += 1
        }
        line.removeLast(line.count - write)
        // A closed line without a vertex of the zoom has only its end left, twice; spec 4.3.3.2: LineTo MUST move.
        guard line.count > 2 || (line.count == 2 && line[0] != line[1]) else {
            droppedRings += 1
            return
        }
        appendLine(line)
    }

    /// Appends one line that is already on the tile's grid.
    private mutating func appendLine(_ line: [TilePoint]) {
        bytes.append(1 << 3 | 1)
        move(to: line[0])
        bytes.appendVarint((line.count - 1) << 3 | 2)
        for index in 1..<line.count { move(to: line[index]) }
    }

    /// Appends a feature of one line that is already on the tile's grid.
    mutating func encodeLine(_ line: [TilePoint]) {
        vertexCount = 0
        cursor = TilePoint(x: 0, y: 0)
        appendLine(line)
    }

    // MARK: Polygons

    private mutating func encodePolygons(
        _ xy: borrowing Span<UInt32>, _ ringEnds: borrowing Span<UInt32>, _ levels: borrowing Span<UInt8>, inside: Bool
    ) -> Outcome {
        rings.removeAll()
        var start = 0
        var outerKept = false
        var touched = inside
        for index in ringEnds.indices {
            let isShell = ringEnds[index] & ringStartsPart != 0 || index == 0
            let end = max(start, min(Int(ringEnds[index] & ringEndMask), xy.count / 2))
            defer { start = end }
            if isShell { outerKept = false } else if !outerKept { continue }
            let first = rings.points.count
            if inside {
                for vertex in start..<end where levels.isEmpty || levels[vertex] <= zoom {
                    rings.points.append(snapped(local(xy, vertex)))
                }
            } else {
                clip.ring.removeAll(keepingCapacity: true)
                for vertex in start..<end where levels.isEmpty || levels[vertex] <= zoom {
                    clip.ring.append(local(xy, vertex))
                }
                clip.clipRing()
                for point in clip.ring { rings.points.append(snapped(point)) }
            }
            guard rings.points.count > first else { continue }
            touched = true
            if endRing(first, isShell: isShell) {
                if isShell { outerKept = true }
            } else {
                droppedRings += 1
            }
        }
        guard !rings.ends.isEmpty else { return touched ? .collapsed : .outside }
        if !validity.isValid(rings) {
            rings = RingRepair.rebuild(rings)
            isRepaired = true
            guard !rings.ends.isEmpty else { return .collapsed }
        }
        appendRings()
        return .kept
    }

    /// Finishes the ring of the points from `first` on; false, with them removed, if it has no area.
    private mutating func endRing(_ first: Int, isShell: Bool) -> Bool {
        rings.straighten(from: first)
        let doubled = rings.points.count - first > 2 ? rings.doubledArea(first, rings.points.count) : 0
        guard doubled != 0 else {
            rings.points.removeLast(rings.points.count - first)
            return false
        }
        // Spec 4.3.4.4: an exterior ring has positive area in tile coordinates (y down), an interior ring negative.
        if (doubled > 0) != isShell { rings.points[first...].reverse() }
        rings.endRing(isShell: isShell)
        return true
    }

    private mutating func appendRings() {
        var start = 0
        for end in rings.ends {
            bytes.append(1 << 3 | 1)
            move(to: rings.points[start])
            bytes.appendVarint((end - start - 1) << 3 | 2)
            for index in (start + 1)..<end { move(to: rings.points[index]) }
            bytes.append(1 << 3 | 7)
            start = end
        }
    }

    /// Appends a square whose north-west corner is given.
    mutating func encodeSquare(_ corner: TilePoint, side: Int64) {
        vertexCount = 0
        droppedRings = 0
        isRepaired = false
        cursor = TilePoint(x: 0, y: 0)
        rings.removeAll()
        rings.points.append(corner)
        rings.points.append(TilePoint(x: corner.x + side, y: corner.y))
        rings.points.append(TilePoint(x: corner.x + side, y: corner.y + side))
        rings.points.append(TilePoint(x: corner.x, y: corner.y + side))
        rings.endRing(isShell: true)
        appendRings()
    }

    /// Spec 4.3.2: parameters are zigzag differences from the cursor.
    @inline(__always)
    private mutating func move(to point: TilePoint) {
        let dx = point.x &- cursor.x, dy = point.y &- cursor.y
        bytes.appendVarint(UInt64(bitPattern: (dx << 1) ^ (dx >> 63)))
        bytes.appendVarint(UInt64(bitPattern: (dy << 1) ^ (dy >> 63)))
        cursor = point
        vertexCount += 1
    }
}
