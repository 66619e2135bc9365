// SPDX-License-Identifier: Apache-2.0

/// Convex faces that meet edge to edge, and stay so when they are cut by lines.
///
/// A cut point belongs to the edge and not to the face, and is computed from the edge's ends in one order, so that
/// both faces of an edge get the same one: heights put on the points give a surface without gaps.
struct SplitMesh {
    private(set) var points: [SIMD2<Double>] = []
    /// Counterclockwise.
    private(set) var faces: [[Int32]] = []
    /// The point that divides an edge, by its ends, the smaller number first.
    private var middles: [SIMD2<Int32>: Int32] = [:]
    private var sides: [Double] = []

    init(xy: [Double], triangles: [UInt32]) {
        points = stride(from: 0, to: xy.count - 1, by: 2).map { SIMD2(xy[$0], xy[$0 + 1]) }
        faces = stride(from: 0, to: triangles.count - 2, by: 3).map { at in
            (0..<3).map { Int32(bitPattern: triangles[at + $0]) }
        }
    }

    /// Cuts all faces along the line `normal · p = offset`; `normal` has length one. O(faces).
    mutating func cut(normal: SIMD2<Double>, offset: Double, tolerance: Double) {
        sides = points.map { point in
            let side = (point * normal).sum() - offset
            return abs(side) <= tolerance ? 0 : side
        }
        var result: [[Int32]] = []
        result.reserveCapacity(faces.count * 2)
        for face in faces {
            guard face.contains(where: { sides[Int($0)] > 0 }), face.contains(where: { sides[Int($0)] < 0 }) else {
                result.append(face)
                continue
            }
            var (left, right) = ([Int32](), [Int32]())
            var previous = face[face.count - 1]
            for corner in face {
                let (a, b) = (sides[Int(previous)], sides[Int(corner)])
                if a < 0 && b > 0 || a > 0 && b < 0 {
                    let middle = middle(previous, corner)
                    left.append(middle)
                    right.append(middle)
                }
                if b >= 0 { left.append(corner) }
                if b <= 0 { right.append(corner) }
                previous = corner
            }
            if left.count > 2 { result.append(left) }
            if right.count > 2 { result.append(right) }
        }
        faces = result
    }

    private mutating func middle(_ a: Int32, _ b: Int32) -> Int32 {
        let key = SIMD2(min(a, b), max(a, b))
        if let known = middles[key] { return known }
        let (p, q) = (points[Int(a)], points[Int(b)])
        let isOrdered = p.x < q.x || (p.x == q.x && p.y < q.y)
        let (low, high) = isOrdered ? (a, b) : (b, a)
        let (from, to) = (sides[Int(low)], sides[Int(high)])
        let point = points[Int(low)] + (points[Int(high)] - points[Int(low)]) * (from / (from - to))
        points.append(point)
        sides.append(0)
        let number = Int32(truncatingIfNeeded: points.count - 1)
        middles[key] = number
        return number
    }

    /// The points along an edge of the beginning, its ends included.
    func chain(_ a: Int32, _ b: Int32) -> [Int32] {
        guard let middle = middles[SIMD2(min(a, b), max(a, b))] else { return [a, b] }
        return chain(a, middle) + chain(middle, b).dropFirst()
    }
}
