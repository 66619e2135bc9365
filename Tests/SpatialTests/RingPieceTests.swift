// SPDX-License-Identifier: Apache-2.0
import Spatial
import TestSupport
import Testing

/// Points in polygons whose boundary the ray meets very often.
@Suite struct RingPieceTests {
    /// Whole pieces of a ring to the right of a point are counted at once: combs, with holes and several parts, against
    /// every segment one by one.
    @Test func piecesOfRingsAreCountedAtOnce() throws {
        var random = SeededGenerator.printed()
        for round in 0..<40 {
            var geometry = FlatGeometry(kind: .polygon, xy: [], ringEnds: [])
            for part in 0..<Int32.random(in: 1...3, using: &random) {
                for ring in 0..<Int32.random(in: 1...2, using: &random) {
                    // Teeth of many heights; a hole is a comb within the comb's back.
                    let teeth = Int32.random(in: 1...(round.isMultiple(of: 4) ? 3000 : 60), using: &random)
                    let x = part * 40_000 + ring * 20
                    let y: Int32 = ring == 0 ? -100 : -90
                    let tall: Int32 = ring == 0 ? 50 : 8
                    geometry.xy += [x, y]
                    for tooth in 0..<teeth {
                        let place = x + tooth * 4
                        geometry.xy += [place, y + 40 + Int32.random(in: 0...tall, using: &random)]
                        geometry.xy += [place + 2, y + 20 + Int32.random(in: 0...4, using: &random)]
                    }
                    geometry.xy += [x + teeth * 4, y]
                    geometry.ringEnds.append(UInt32(geometry.xy.count / 2) | (ring == 0 ? ringStartsPart : 0))
                }
            }
            let region = try PreparedRegion(polygon: geometry)
            for _ in 0..<200 {
                let point = GridPoint(
                    x: Int32.random(in: -5...(geometry.box.maxX + 5), using: &random),
                    y: Int32.random(in: -105...5, using: &random))
                #expect(region.contains(point) == Self.containsPlainly(geometry, point))
            }
        }
    }

    /// Even-odd by every segment of each part, boundaries included, in 64 bits.
    private static func containsPlainly(_ geometry: FlatGeometry, _ point: GridPoint) -> Bool {
        var first = 0
        var isOdd = false
        var isInside = false
        for end in geometry.ringEnds {
            if end & ringStartsPart != 0 {
                isInside = isInside || isOdd
                isOdd = false
            }
            let last = Int(end & ~ringStartsPart)
            for index in first..<last {
                let next = index + 1 < last ? index + 1 : first
                let (ax, ay) = (Int64(geometry.xy[2 * index] - point.x), Int64(geometry.xy[2 * index + 1] - point.y))
                let (bx, by) = (Int64(geometry.xy[2 * next] - point.x), Int64(geometry.xy[2 * next + 1] - point.y))
                let cross = ax * by - ay * bx
                if cross == 0 && ax * bx <= 0 && ay * by <= 0 { return true }
                if (ay > 0) != (by > 0) && (cross > 0) == (by > ay) { isOdd.toggle() }
            }
            first = last
        }
        return isInside || isOdd
    }
}
