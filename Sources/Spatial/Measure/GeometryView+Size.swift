// SPDX-License-Identifier: Apache-2.0

extension GeometryView {
    /// Metres of lines, or of the boundaries of polygons with their holes; 0 for points. O(vertices).
    public var length: Double {
        if kind == .point { return 0 }
        var total = 0.0
        _ = forEachSegment { start, end in
            let x = Double(end.x) - Double(start.x)
            let y = Double(end.y) - Double(start.y)
            total += (x * x + y * y).squareRoot()
            return true
        }
        return total / 1000
    }

    /// Square metres of one ring: positive counter-clockwise, negative clockwise. O(vertices).
    public func signedArea(ofRing ring: Int) -> Double {
        moments(ofRing: ring).area / 1e6
    }

    /// Square metres of polygons without their holes, whatever the directions of the rings; 0 for points and lines.
    public var area: Double {
        guard kind == .polygon else { return 0 }
        var total = 0.0
        for ring in 0..<ringEnds.count {
            let ringArea = abs(moments(ofRing: ring).area)
            total += startsPart(ring) ? ringArea : -ringArea
        }
        return total / 1e6
    }

    /// The centre of mass in grid millimetres: of the area of polygons, the length of lines, the points otherwise.
    /// It may lie outside the geometry; ``labelPoint`` does not. Nil for an empty geometry. O(vertices).
    public var centroid: (x: Double, y: Double)? {
        guard !isEmpty else { return nil }
        let originX = Double(xy[0])
        let originY = Double(xy[1])
        var weight = 0.0
        var sumX = 0.0
        var sumY = 0.0
        if kind == .polygon {
            for ring in 0..<ringEnds.count {
                let ringMoments = moments(ofRing: ring)
                let isHole = !startsPart(ring)
                let sign: Double = (ringMoments.area < 0) != isHole ? -1 : 1
                weight += sign * ringMoments.area
                sumX += sign * ringMoments.x
                sumY += sign * ringMoments.y
            }
        }
        if kind != .point && weight == 0 {
            // A line, or a polygon without area.
            _ = forEachSegment { start, end in
                let dx = Double(end.x) - Double(start.x)
                let dy = Double(end.y) - Double(start.y)
                let length = (dx * dx + dy * dy).squareRoot()
                weight += length
                sumX += length * ((Double(start.x) + Double(end.x)) / 2 - originX)
                sumY += length * ((Double(start.y) + Double(end.y)) / 2 - originY)
                return true
            }
        }
        if weight == 0 {
            for index in 0..<vertexCount {
                sumX += Double(xy[2 * index]) - originX
                sumY += Double(xy[2 * index + 1]) - originY
            }
            weight = Double(vertexCount)
        }
        return (originX + sumX / weight, originY + sumY / weight)
    }

    /// A point on the geometry for a label or a pin: the centroid if the polygon contains it, otherwise the middle of
    /// the widest stretch on a horizontal line through the polygon; the vertex nearest to the centroid for points and
    /// lines. Nil for an empty geometry. Allocates one array for concave polygons.
    public var labelPoint: GridPoint? {
        guard let centre = centroid else { return nil }
        if kind == .polygon {
            // The moments of a ring that crosses itself may cancel, and put the centroid beyond the grid.
            if let x = Int32(exactly: centre.x.rounded()), let y = Int32(exactly: centre.y.rounded()) {
                let rounded = GridPoint(x: x, y: y)
                if polygonContains(rounded) { return rounded }
            }
            if let inside = scanlinePoint(), polygonContains(inside) { return inside }
        }
        var best = vertex(0)
        var bestDistance = Double.infinity
        for index in 0..<vertexCount {
            let x = Double(xy[2 * index]) - centre.x
            let y = Double(xy[2 * index + 1]) - centre.y
            if x * x + y * y < bestDistance {
                bestDistance = x * x + y * y
                best = vertex(index)
            }
        }
        return best
    }

    /// The middle of the widest inside stretch of the horizontal line half-way up the box, moved off the vertices.
    private func scanlinePoint() -> GridPoint? {
        let bounds = box
        let middle = (Double(bounds.minY) + Double(bounds.maxY)) / 2
        // Half-way between the vertices just below and above the middle, so that no vertex is on the line.
        var below = Double(bounds.minY)
        var above = Double(bounds.maxY)
        for index in 0..<vertexCount {
            let y = Double(xy[2 * index + 1])
            if y <= middle { below = max(below, y) } else { above = min(above, y) }
        }
        let scan = ((below + above) / 2).rounded()
        var crossings: [Double] = []
        _ = forEachSegment { start, end in
            let startY = Double(start.y)
            let endY = Double(end.y)
            if (startY > scan) != (endY > scan) {
                let share = (scan - startY) / (endY - startY)
                crossings.append(Double(start.x) + share * (Double(end.x) - Double(start.x)))
            }
            return true
        }
        crossings.sort()
        var widest = -1.0
        var x: Double?
        for index in stride(from: 0, to: crossings.count - 1, by: 2)
        where crossings[index + 1] - crossings[index] > widest {
            widest = crossings[index + 1] - crossings[index]
            x = (crossings[index] + crossings[index + 1]) / 2
        }
        guard let x else { return nil }
        return GridPoint(x: Int32(x.rounded()), y: Int32(scan))
    }

    /// Signed area in square millimetres and first moments about the geometry's first vertex.
    private func moments(ofRing ring: Int) -> (area: Double, x: Double, y: Double) {
        let first = ringFirst(ring)
        let last = ringLast(ring)
        guard last - first > 2 else { return (0, 0, 0) }
        // About the ring's own first vertex, so that products stay small and exact.
        let originX = Double(xy[2 * first])
        let originY = Double(xy[2 * first + 1])
        var area = 0.0
        var momentX = 0.0
        var momentY = 0.0
        var x0 = 0.0
        var y0 = 0.0
        for index in first..<last {
            let x1 = Double(xy[2 * index]) - originX
            let y1 = Double(xy[2 * index + 1]) - originY
            let cross = x0 * y1 - x1 * y0
            area += cross
            momentX += cross * (x0 + x1)
            momentY += cross * (y0 + y1)
            x0 = x1
            y0 = y1
        }
        area /= 2
        return (
            area, momentX / 6 + area * (originX - Double(xy[0])), momentY / 6 + area * (originY - Double(xy[1]))
        )
    }
}
