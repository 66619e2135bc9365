// SPDX-License-Identifier: Apache-2.0

/// The passes for rings that have no ear left: they cross or touch themselves.
extension Triangulator {
    /// Cuts off small self-intersections: where the edges before and after a short edge cross.
    mutating func cure(_ first: Int32) -> Int32 {
        guard first >= 0 else { return first }
        var start = first
        var index = first
        var isChanged = false
        repeat {
            let p = nodes[Int(index)]
            let after = nodes[Int(p.next)]
            let (a, b) = (nodes[Int(p.previous)], nodes[Int(after.next)])
            if RingNode.crosses(a, p, after, b), isLocallyInside(a, b), isLocallyInside(b, a) {
                emit(p.previous, index, after.next)
                unlink(index)
                unlink(p.next)
                index = after.next
                start = index
                isChanged = true
            }
            index = nodes[Int(index)].next
        } while index != start
        return isChanged ? filter(index) : index
    }

    /// Splits the ring at the first valid diagonal and leaves both halves to be clipped.
    mutating func split(_ start: Int32) {
        var a = start
        repeat {
            var b = nodes[Int(nodes[Int(a)].next)].next
            while b != nodes[Int(a)].previous {
                if nodes[Int(a)].vertex != nodes[Int(b)].vertex, isDiagonal(a, b) {
                    let c = bridge(a, b)
                    let first = filter(a, until: nodes[Int(a)].next)
                    let second = filter(c, until: nodes[Int(c)].next)
                    work.append(second)
                    work.append(first)
                    return
                }
                b = nodes[Int(b)].next
            }
            a = nodes[Int(a)].next
        } while a != start
    }

    private func isDiagonal(_ indexA: Int32, _ indexB: Int32) -> Bool {
        let (a, b) = (nodes[Int(indexA)], nodes[Int(indexB)])
        let (beforeA, afterA) = (nodes[Int(a.previous)], nodes[Int(a.next)])
        let (beforeB, afterB) = (nodes[Int(b.previous)], nodes[Int(b.next)])
        guard afterA.vertex != b.vertex else { return false }
        // Two vertices of one place, where the ring touches itself.
        let isTouch =
            a.coincides(with: b) && RingNode.area(beforeA, a, afterA) > 0
            && RingNode.area(beforeB, b, afterB) > 0
        let isVisible =
            isLocallyInside(a, b) && isLocallyInside(b, a)
            && (RingNode.area(beforeA, a, beforeB) != 0 || RingNode.area(a, beforeB, b) != 0)
        guard isTouch || isVisible, !crossesRing(indexA, a, b) else { return false }
        return isTouch || isMiddleInside(indexA, a, b)
    }

    private func crossesRing(_ start: Int32, _ a: RingNode, _ b: RingNode) -> Bool {
        var index = start
        repeat {
            let p = nodes[Int(index)]
            let q = nodes[Int(p.next)]
            if p.vertex != a.vertex, q.vertex != a.vertex, p.vertex != b.vertex, q.vertex != b.vertex,
                RingNode.intersects(p, q, a, b)
            {
                return true
            }
            index = p.next
        } while index != start
        return false
    }

    /// Even-odd test of the middle of a-b.
    private func isMiddleInside(_ start: Int32, _ a: RingNode, _ b: RingNode) -> Bool {
        let (x, y) = ((a.x + b.x) / 2, (a.y + b.y) / 2)
        var inside = false
        var index = start
        repeat {
            let p = nodes[Int(index)]
            let q = nodes[Int(p.next)]
            if (p.y > y) != (q.y > y), q.y != p.y, x < (q.x - p.x) * (y - p.y) / (q.y - p.y) + p.x {
                inside.toggle()
            }
            index = p.next
        } while index != start
        return inside
    }
}
