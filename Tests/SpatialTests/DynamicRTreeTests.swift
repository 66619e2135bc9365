// SPDX-License-Identifier: Apache-2.0
import Spatial
import TestSupport
import Testing

@Suite struct DynamicRTreeTests {
    @Test(arguments: BoxSet.allCases) func matchesBruteForceWhileItChanges(_ set: BoxSet) {
        var random = SeededGenerator.printed()
        var tree = DynamicRTree()
        var model: [UInt64: GridBox] = [:]
        let boxes = set.make(1500, &random)
        for step in 0..<4000 {
            let id = UInt64.random(in: 0..<1500, using: &random)
            if let box = model[id] {
                let first = tree.remove(id: id, box: box)
                let second = tree.remove(id: id, box: box)
                #expect(first && !second)
                model[id] = nil
            } else {
                tree.insert(id: id, box: boxes[Int(id)])
                model[id] = boxes[Int(id)]
            }
            guard step % 500 == 499 else { continue }
            #expect(tree.checkInvariants() == nil)
            #expect(tree.count == model.count)
            for window in BoxSet.windows(boxes, &random) {
                var found: [UInt64] = []
                tree.search(window) { id, box in
                    #expect(model[id] == box)
                    found.append(id)
                    return true
                }
                #expect(found.sorted() == model.filter { $0.value.intersects(window) }.keys.sorted())
            }
        }
        for (id, box) in model { tree.remove(id: id, box: box) }
        #expect(tree.isEmpty && tree.checkInvariants() == nil)
    }

    @Test func copiesKeepTheirContents() {
        var random = SeededGenerator.printed()
        var tree = DynamicRTree()
        let boxes = BoxSet.uniform.make(600, &random)
        for (id, box) in boxes.enumerated() { tree.insert(id: UInt64(id), box: box) }
        let copy = tree
        for (id, box) in boxes.enumerated() where id % 2 == 0 { tree.remove(id: UInt64(id), box: box) }
        for (id, box) in boxes.enumerated() { tree.insert(id: UInt64(id + 1000), box: box) }
        #expect(copy.count == 600 && copy.checkInvariants() == nil)
        #expect(tree.count == 900 && tree.checkInvariants() == nil)
        var ids: [UInt64] = []
        copy.search(copy.box) { id, _ in
            ids.append(id)
            return true
        }
        #expect(ids.sorted() == (0..<600).map { UInt64($0) })
    }
}
