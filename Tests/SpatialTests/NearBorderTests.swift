// SPDX-License-Identifier: Apache-2.0
import TestSupport
import Testing

@testable import Spatial

/// Circles whose centre is less than a millimetre from a polygon's boundary, or on it: inside is 0, whatever the rounding.
@Suite struct NearBorderTests {
    /// The squared distance from a centre, with the limit in metres.
    func squared(_ ring: [Int32], _ x: Int32, _ y: Int32, metres: Int64) throws -> Double? {
        let geometry = FlatGeometry(kind: .polygon, xy: ring, ringEnds: [UInt32(ring.count / 2) | ringStartsPart])
        let region = try PreparedRegion(circle: GridPoint(x: x, y: y), millimetres: metres * 1000)
        return region.distanceSquared(ifWithin: geometry.view)
    }

    @Test(arguments: [1, 500, 100_000] as [Int64])
    func insideNearTheBorderIsZero(metres: Int64) throws {
        // The long side leaves the diagonal by one millimetre in 100 km: points of the diagonal are 7 nanometres from it.
        let far: Int32 = 100_000_000
        let inside: [Int32] = [0, 0, far, far - 1, 0, far]
        let outside: [Int32] = [0, 0, far, 0, far, far - 1]
        for step in [1, 2, 1000, far / 2, far - 2] as [Int32] {
            #expect(try squared(inside, step, step, metres: metres) == 0, "\(step)")
            let beside = try #require(try squared(outside, step, step, metres: metres))
            #expect(beside < 1, "\(step)")
        }
    }

    @Test(arguments: [0, 1, 500, 100_000] as [Int64])
    func boundariesAreZero(metres: Int64) throws {
        let ring: [Int32] = [-70_000_003, -5, 90_000_001, -5, 90_000_001, 40_000_000, -70_000_003, 39_999_999]
        for (x, y) in [(0, -5), (1, -5), (90_000_001, 7), (-70_000_003, 12_345), (90_000_001, 40_000_000)]
            as [(Int32, Int32)]
        {
            #expect(try squared(ring, x, y, metres: metres) == 0, "\(x) \(y)")
        }
    }

    /// Against the exact test of containment, on points that straddle random long sides.
    @Test func agreesWithContainment() throws {
        var random = SeededGenerator.printed()
        for _ in 0..<20_000 {
            let reach: Int32 = [1000, 1_000_000, 1_000_000_000].randomElement(using: &random) ?? 1000
            let ring = (0..<6).map { _ in Int32.random(in: -reach...reach, using: &random) }
            let share = Double.random(in: 0...1, using: &random)
            let x = Int32((Double(ring[0]) + share * (Double(ring[2]) - Double(ring[0]))).rounded())
            let y = Int32((Double(ring[1]) + share * (Double(ring[3]) - Double(ring[1]))).rounded())
            let geometry = FlatGeometry(kind: .polygon, xy: ring, ringEnds: [3 | ringStartsPart])
            let isInside = geometry.view.polygonContains(GridPoint(x: x, y: y))
            let found = try squared(ring, x, y, metres: 500)
            // Outside, a nanometre may be rounded to nothing.
            #expect(!isInside || found == 0, "\(ring) at \(x) \(y)")
        }
    }
}
