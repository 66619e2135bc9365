// SPDX-License-Identifier: Apache-2.0

extension Triangulator {
    /// A circular list of the vertices `start ..< end`, wound as asked; -1 for none.
    mutating func makeRing(_ xy: [Double], _ start: Int, _ end: Int, counterclockwise: Bool) -> Int32 {
        guard end > start else { return -1 }
        var doubled = 0.0
        var j = end - 1
        for i in start..<end {
            doubled += (xy[2 * j] - xy[2 * i]) * (xy[2 * i + 1] + xy[2 * j + 1])
            j = i
        }
        let forward = counterclockwise == (doubled > 0)
        let first = Int32(nodes.count)
        let last = first + Int32(end - start) - 1
        for offset in 0..<(end - start) {
            let vertex = forward ? start + offset : end - 1 - offset
            let index = first + Int32(offset)
            nodes.append(
                RingNode(
                    x: xy[2 * vertex], y: xy[2 * vertex + 1], vertex: UInt32(vertex),
                    previous: index == first ? last : index - 1, next: index == last ? first : index + 1))
        }
        // A closing vertex that repeats the first one is dropped.
        if last > first, nodes[Int(last)].coincides(with: nodes[Int(first)]) {
            unlink(last)
            return first
        }
        return last
    }

    mutating func unlink(_ index: Int32) {
        let node = nodes[Int(index)]
        nodes[Int(node.next)].previous = node.previous
        nodes[Int(node.previous)].next = node.next
        if node.previousZ >= 0 { nodes[Int(node.previousZ)].nextZ = node.nextZ }
        if node.nextZ >= 0 { nodes[Int(node.nextZ)].previousZ = node.previousZ }
    }

    /// Drops repeated vertices and vertices on straight edges, in the whole ring until none is left; returns a vertex
    /// that stays.
    mutating func filter(_ start: Int32) -> Int32 {
        guard start >= 0 else { return start }
        var end = start
        var index = start
        var again = false
        repeat {
            again = drops(index)
            if again {
                index = nodes[Int(index)].previous
                end = index
            } else {
                index = nodes[Int(index)].next
            }
        } while again || index != end
        return end
    }

    /// The same between `start` and `limit` only: where a bridge was laid.
    mutating func filter(_ start: Int32, until limit: Int32) -> Int32 {
        var end = limit
        var index = start
        while true {
            if drops(index) {
                let before = nodes[Int(index)].previous
                if index == end { end = before }
                index = before
            } else if index == end {
                return end
            } else {
                index = nodes[Int(index)].next
            }
        }
    }

    /// Drops a vertex if it bounds nothing.
    private mutating func drops(_ index: Int32) -> Bool {
        let p = nodes[Int(index)]
        guard p.next != index, !p.isLone else { return false }
        let repeats = p.coincides(with: nodes[Int(p.next)])
        guard repeats || RingNode.area(nodes[Int(p.previous)], p, nodes[Int(p.next)]) == 0 else { return false }
        if keepsStraightVertices, !repeats, p.previous != p.next { emit(p.previous, index, p.next) }
        unlink(index)
        removals += 1
        return true
    }

    /// Joins two vertices by a double edge: one ring becomes two, or two become one. Returns b's copy.
    mutating func bridge(_ a: Int32, _ b: Int32) -> Int32 {
        let copyA = Int32(nodes.count)
        let copyB = copyA + 1
        let afterA = nodes[Int(a)].next
        let beforeB = nodes[Int(b)].previous
        var nodeA = nodes[Int(a)]
        var nodeB = nodes[Int(b)]
        (nodeA.previousZ, nodeA.nextZ, nodeB.previousZ, nodeB.nextZ) = (-1, -1, -1, -1)
        (nodeA.isLone, nodeB.isLone) = (false, false)
        (nodeA.next, nodeA.previous) = (afterA, copyB)
        (nodeB.next, nodeB.previous) = (copyA, beforeB)
        nodes.append(nodeA)
        nodes.append(nodeB)
        nodes[Int(a)].next = b
        nodes[Int(b)].previous = a
        nodes[Int(afterA)].previous = copyA
        nodes[Int(beforeB)].next = copyB
        return copyB
    }

    /// Joins every hole to the outer ring, from left to right.
    mutating func joinHoles(_ xy: [Double], _ holes: [Int], _ count: Int, _ outerStart: Int32) -> Int32 {
        var queue: [Int32] = []
        for i in holes.indices {
            let end = i + 1 < holes.count ? holes[i + 1] : count
            let ring = makeRing(xy, holes[i], min(end, count), counterclockwise: false)
            guard ring >= 0 else { continue }
            if nodes[Int(ring)].next == ring { nodes[Int(ring)].isLone = true }
            queue.append(leftmost(ring))
        }
        queue.sort { precedes($0, $1) }
        var outer = outerStart
        for hole in queue {
            let target = bridgeTarget(hole, outer)
            guard target >= 0 else { continue }
            let reverse = bridge(target, hole)
            _ = filter(reverse, until: nodes[Int(reverse)].next)
            outer = filter(target, until: nodes[Int(target)].next)
        }
        return filter(outer)
    }

    private func leftmost(_ start: Int32) -> Int32 {
        var best = start
        var index = start
        repeat {
            let p = nodes[Int(index)]
            let q = nodes[Int(best)]
            if p.x < q.x || (p.x == q.x && p.y < q.y) { best = index }
            index = p.next
        } while index != start
        return best
    }

    /// Orders holes by their leftmost point; where two meet in that point, counterclockwise.
    private func precedes(_ lhs: Int32, _ rhs: Int32) -> Bool {
        let (a, b) = (nodes[Int(lhs)], nodes[Int(rhs)])
        if a.x != b.x { return a.x < b.x }
        if a.y != b.y { return a.y < b.y }
        let (nextA, nextB) = (nodes[Int(a.next)], nodes[Int(b.next)])
        return (nextA.y - a.y) / (nextA.x - a.x) < (nextB.y - b.y) / (nextB.x - b.x)
    }

    /// The vertex of the outer ring that sees the leftmost point of a hole (Eberly, section 3); -1 for none.
    private func bridgeTarget(_ hole: Int32, _ outer: Int32) -> Int32 {
        let h = nodes[Int(hole)]
        if h.coincides(with: nodes[Int(outer)]) { return outer }
        var bestX = -Double.infinity
        var target: Int32 = -1
        var index = outer
        repeat {
            let p = nodes[Int(index)]
            let q = nodes[Int(p.next)]
            if h.coincides(with: q) { return p.next }
            if h.y <= p.y, h.y >= q.y, q.y != p.y {
                let x = p.x + (h.y - p.y) * (q.x - p.x) / (q.y - p.y)
                if x <= h.x, x > bestX {
                    bestX = x
                    target = p.x < q.x ? index : p.next
                    // The hole touches this edge.
                    if x == h.x { return target }
                }
            }
            index = p.next
        } while index != outer
        return target < 0 ? -1 : visibleTarget(h, hole, target, bestX)
    }

    /// Replaces the found end of an edge by the vertex with the smallest angle to the ray, if any hides it.
    private func visibleTarget(_ h: RingNode, _ hole: Int32, _ found: Int32, _ rayX: Double) -> Int32 {
        var target = found
        let m = nodes[Int(found)]
        let (leftX, rightX) = h.y < m.y ? (h.x, rayX) : (rayX, h.x)
        var smallest = Double.infinity
        var index = found
        repeat {
            let p = nodes[Int(index)]
            if h.x >= p.x, p.x >= m.x, h.x != p.x,
                EarTest.contains(leftX, h.y, m.x, m.y, rightX, h.y, p.x, p.y)
            {
                let slope = abs(h.y - p.y) / (h.x - p.x)
                let best = nodes[Int(target)]
                let wins =
                    slope < smallest
                    || (slope == smallest
                        && (p.x > best.x || (p.x == best.x && sectorContains(best, p))))
                // A hole that touches a level edge is joined along that edge.
                let isOnEdge = p.y == h.y && nodes[Int(p.next)].y == h.y && nodes[Int(p.next)].x > h.x
                if wins, isOnEdge || isLocallyInside(p, h) {
                    target = index
                    smallest = slope
                }
            }
            index = p.next
        } while index != found
        return target
    }

    private func sectorContains(_ m: RingNode, _ p: RingNode) -> Bool {
        RingNode.area(nodes[Int(m.previous)], m, nodes[Int(p.previous)]) < 0
            && RingNode.area(nodes[Int(p.next)], m, nodes[Int(m.next)]) < 0
    }

    /// Whether the segment a-b starts inside the polygon at a.
    func isLocallyInside(_ a: RingNode, _ b: RingNode) -> Bool {
        let (before, after) = (nodes[Int(a.previous)], nodes[Int(a.next)])
        if RingNode.area(before, a, after) < 0 {
            return RingNode.area(a, b, after) >= 0 && RingNode.area(a, before, b) >= 0
        }
        return RingNode.area(a, b, before) < 0 || RingNode.area(a, after, b) < 0
    }
}
