// SPDX-License-Identifier: Apache-2.0

/// Triangulates polygons with holes by ear clipping.
///
/// Holes are joined to the outer ring by bridges, large inputs are searched in z-order, and rings that cross
/// themselves are cured or split, so that every input ends in some triangulation. Triangles are counterclockwise
/// (x right, y up) whatever the winding of the rings.
/// Units: any; coordinates are used as they are. Complexity: about O(n) for buildings, O(n log n) to O(n²) for
/// large rings. Thread use: one value per thread; it keeps its memory between calls.
/// Source: D. Eberly, "Triangulation by Ear Clipping" (1998); M. Held, "FIST" (2001) for curing and splitting;
/// the mapbox/earcut description (ISC) for the z-order search and the order of the passes.
public struct Triangulator: Sendable {
    var nodes: [RingNode] = []
    /// Rings that wait to be clipped.
    var work: [Int32] = []
    var zOrder: [Int32] = []
    var triangles: [UInt32] = []
    var curve: ZCurve?
    /// How many vertices were dropped by `filter`.
    var removals = 0
    /// Also emits a triangle without area for every vertex that lies on a straight edge and would be dropped,
    /// so that the edges of the triangles meet the edges of the rings one to one: a closed mesh stays closed.
    public var keepsStraightVertices: Bool

    /// Inputs with more vertices than this are searched in z-order.
    static let curveThreshold = 80

    public init(keepsStraightVertices: Bool = false) {
        self.keepsStraightVertices = keepsStraightVertices
    }

    /// The triangles of one polygon: three indices of vertices each.
    ///
    /// - Parameters:
    ///   - xy: Interleaved coordinates of all rings, outer ring first, none closed.
    ///   - holes: The index of the first vertex of each hole, ascending.
    /// - Returns: Indices into the vertices; empty if the rings have no area.
    public mutating func triangulate(_ xy: [Double], holes: [Int] = []) -> [UInt32] {
        triangles.removeAll(keepingCapacity: true)
        nodes.removeAll(keepingCapacity: true)
        work.removeAll(keepingCapacity: true)
        let count = xy.count / 2
        let outerEnd = min(holes.first ?? count, count)
        var outer = makeRing(xy, 0, outerEnd, counterclockwise: true)
        guard outer >= 0, nodes[Int(outer)].next != nodes[Int(outer)].previous else { return [] }
        if !holes.isEmpty { outer = joinHoles(xy, holes, count, outer) }
        curve = count > Self.curveThreshold ? ZCurve(xy) : nil
        work.append(outer)
        while let ring = work.popLast() { clip(ring) }
        return triangles
    }

    /// Cuts ears off a ring until two vertices are left. A round without an ear drops vertices that bound nothing,
    /// then cures small crossings, once, and at last splits the ring in two.
    private mutating func clip(_ start: Int32) {
        guard start >= 0 else { return }
        if let curve { sortAlong(curve, start) }
        var ear = start
        var stop = start
        var isCured = false
        while nodes[Int(ear)].previous != nodes[Int(ear)].next {
            let (previous, next) = (nodes[Int(ear)].previous, nodes[Int(ear)].next)
            if isEar(ear) {
                emit(previous, ear, next)
                unlink(ear)
                ear = next
                stop = next
                continue
            }
            ear = next
            guard ear == stop else { continue }
            let before = removals
            ear = filter(ear)
            if removals == before {
                guard !isCured else {
                    split(ear)
                    return
                }
                ear = cure(ear)
                isCured = true
            }
            stop = ear
        }
    }

    mutating func emit(_ a: Int32, _ b: Int32, _ c: Int32) {
        triangles.append(nodes[Int(a)].vertex)
        triangles.append(nodes[Int(b)].vertex)
        triangles.append(nodes[Int(c)].vertex)
    }

    private func isEar(_ ear: Int32) -> Bool {
        let b = nodes[Int(ear)]
        let a = nodes[Int(b.previous)]
        let c = nodes[Int(b.next)]
        guard RingNode.area(a, b, c) < 0 else { return false }
        let test = EarTest(a, b, c)
        if let curve { return isClear(ear, test, curve) }
        var index = c.next
        while index != b.previous {
            let p = nodes[Int(index)]
            if test.isBlocked(by: p), isReflex(p) { return false }
            index = p.next
        }
        return true
    }

    /// Looks for vertices inside the ear among those whose z-order lies within that of the ear's box.
    private func isClear(_ ear: Int32, _ test: EarTest, _ curve: ZCurve) -> Bool {
        let low = curve.value(test.minX, test.minY)
        let high = curve.value(test.maxX, test.maxY)
        let (before, after) = (nodes[Int(ear)].previous, nodes[Int(ear)].next)
        var down = nodes[Int(ear)].previousZ
        var up = nodes[Int(ear)].nextZ
        while down >= 0 || up >= 0 {
            if down >= 0 {
                let p = nodes[Int(down)]
                if p.z < low {
                    down = -1
                } else {
                    if down != before, down != after, test.isBlocked(by: p), isReflex(p) { return false }
                    down = p.previousZ
                }
            }
            if up >= 0 {
                let p = nodes[Int(up)]
                if p.z > high {
                    up = -1
                } else {
                    if up != before, up != after, test.isBlocked(by: p), isReflex(p) { return false }
                    up = p.nextZ
                }
            }
        }
        return true
    }

    private func isReflex(_ p: RingNode) -> Bool {
        RingNode.area(nodes[Int(p.previous)], p, nodes[Int(p.next)]) >= 0
    }

    private mutating func sortAlong(_ curve: ZCurve, _ start: Int32) {
        zOrder.removeAll(keepingCapacity: true)
        var index = start
        repeat {
            nodes[Int(index)].z = curve.value(nodes[Int(index)].x, nodes[Int(index)].y)
            zOrder.append(index)
            index = nodes[Int(index)].next
        } while index != start
        zOrder = zOrder.sorted { nodes[Int($0)].z < nodes[Int($1)].z }
        var last: Int32 = -1
        for index in zOrder {
            nodes[Int(index)].previousZ = last
            nodes[Int(index)].nextZ = -1
            if last >= 0 { nodes[Int(last)].nextZ = index }
            last = index
        }
    }
}
