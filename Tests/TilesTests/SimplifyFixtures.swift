// SPDX-License-Identifier: Apache-2.0
import Spatial
import TestSupport
import Tiles

/// A layer in the snapshot's layout.
struct FlatLayer {
    var xy: [Int32] = []
    var vertexStarts: [UInt32] = [0]
    var ringStarts: [UInt32] = [0]
    var ringEnds: [UInt32] = []

    mutating func add(_ rings: [[GridPoint]]) {
        var count = 0
        for (index, ring) in rings.enumerated() {
            for point in ring {
                xy.append(point.x)
                xy.append(point.y)
            }
            count += ring.count
            ringEnds.append(UInt32(count) | (index == 0 ? ringStartsPart : 0))
        }
        vertexStarts.append(UInt32(xy.count / 2))
        ringStarts.append(UInt32(ringEnds.count))
    }

    var featureCount: Int { vertexStarts.count - 1 }

    func vertices(_ feature: Int) -> Range<Int> { Int(vertexStarts[feature])..<Int(vertexStarts[feature + 1]) }

    func ends(_ feature: Int) -> [UInt32] {
        Array(ringEnds[Int(ringStarts[feature])..<Int(ringStarts[feature + 1])])
    }

    func levels(_ kind: GeometryKind, _ simplifier: TopologySimplifier) throws -> [UInt8] {
        try simplifier.vertexZooms(
            kind: kind, xy: xy.span, vertexStarts: vertexStarts.span, ringStarts: ringStarts.span,
            ringEnds: ringEnds.span)
    }
}

/// A square divided into cells whose borders wander; neighbours have the same vertices, in any order and direction.
struct Subdivision {
    var layer = FlatLayer()
    let side: Int
    let size: Int

    /// `side` cells of `size` to each side; the outer border is straight.
    init(side: Int, size: Int, steps: Int, using random: inout SeededGenerator) {
        self.side = side
        self.size = size
        // Borders by their lower-left corner: [0] runs east, [1] runs north; both without their last corner.
        var borders: [[[GridPoint]]] = [[], []]
        for way in 0..<2 {
            for row in 0...side {
                for column in 0...side {
                    let line = (0..<steps).map { step -> GridPoint in
                        let along = size * step / steps
                        let isFree = step > 0 && (way == 0 ? row > 0 && row < side : column > 0 && column < side)
                        // Less near the corners, so that borders do not cross.
                        let room = min(along, size - along) * 2 / 5
                        let off = isFree ? Int.random(in: -room...room, using: &random) : 0
                        let x = column * size + (way == 0 ? along : off), y = row * size + (way == 0 ? off : along)
                        return GridPoint(x: Int32(x), y: Int32(y))
                    }
                    borders[way].append(line)
                }
            }
        }
        func backward(_ line: [GridPoint], _ end: GridPoint) -> [GridPoint] { [end] + line.dropFirst().reversed() }
        for row in 0..<side {
            for column in 0..<side {
                let here = row * (side + 1) + column, above = here + side + 1
                var ring = borders[0][here] + borders[1][here + 1]
                ring += backward(borders[0][above], borders[0][above + 1][0])
                ring += backward(borders[1][here], borders[1][above][0])
                if Bool.random(using: &random) { ring.reverse() }
                let turn = Int.random(in: 0..<ring.count, using: &random)
                layer.add([Array(ring[turn...] + ring[..<turn])])
            }
        }
    }
}
