// SPDX-License-Identifier: Apache-2.0
import Spatial

extension Snapshot {
    /// The first broken invariant in words, or nil. O(file).
    ///
    /// Offsets ascend and end at their arrays' ends, ring ends ascend within their feature, each box is that of its
    /// feature's vertices, ids are unique and `idOrder` sorts them, the index is a tight tree.
    func checkInvariants() -> String? {
        checkOffsets() ?? checkFeatures() ?? checkIDs() ?? checkIndex()
    }

    private func checkOffsets() -> String? {
        let vertices = vertexStarts
        let rings = ringStarts
        guard vertices[0] == 0, rings[0] == 0 else { return "the offsets do not begin at 0" }
        for row in 0..<count where vertices[row] > vertices[row + 1] || rings[row] > rings[row + 1] {
            return "the offsets of row \(row) descend"
        }
        guard Int(vertices[count]) * 2 == grid.count, Int(rings[count]) == ringEnds.count else {
            return "the offsets do not end where the coordinates end"
        }
        return nil
    }

    private func checkFeatures() -> String? {
        let vertices = vertexStarts
        let rings = ringStarts
        let ends = ringEnds
        let xy = grid
        let boxes = boxes
        for row in 0..<count {
            var last: UInt32 = 0
            for ring in Int(rings[row])..<Int(rings[row + 1]) {
                let end = ends[ring] & ringEndMask
                guard end > last || (end == last && end == 0) else { return "the rings of row \(row) descend" }
                last = end
            }
            guard last == vertices[row + 1] - vertices[row] else { return "the rings of row \(row) miss vertices" }
            var box = GridBox.empty
            for vertex in Int(vertices[row])..<Int(vertices[row + 1]) {
                box.formUnion(x: xy[2 * vertex], y: xy[2 * vertex + 1])
            }
            guard box == boxes[row] else { return "the box of row \(row) is not that of its vertices" }
        }
        return nil
    }

    private func checkIDs() -> String? {
        let ids = ids
        let order = idOrder
        for index in 0..<count {
            guard Int(order[index]) < count else { return "the order of ids names row \(order[index]) of \(count)" }
            if index > 0, ids[Int(order[index - 1])] >= ids[Int(order[index])] {
                return "the id \(ids[Int(order[index])]) is out of order or twice there"
            }
        }
        return nil
    }

    private func checkIndex() -> String? {
        do {
            return try PackedRTreeView(boxes, count: count).checkInvariants()
        } catch {
            return error.message
        }
    }
}
