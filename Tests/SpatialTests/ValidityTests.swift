// SPDX-License-Identifier: Apache-2.0
import Spatial
import TestSupport
import Testing

@Suite struct ValidityTests {
    static func polygon(_ rings: [[Double]], parts: Set<Int> = [0]) -> FlatCoordinates {
        var geometry = FlatCoordinates(kind: .polygon)
        for (index, ring) in rings.enumerated() {
            geometry.xy += ring
            geometry.ringEnds.append(UInt32(geometry.vertexCount) | (parts.contains(index) ? ringStartsPart : 0))
        }
        return geometry
    }

    static let square: [Double] = [0, 0, 9, 0, 9, 9, 0, 9]
    static let bowTie: [Double] = [0, 0, 9, 9, 9, 0, 0, 9]

    @Test func obviouslyValidIsNeverWrong() throws {
        var random = SeededGenerator.printed()
        let geos = try GEOSContext()
        var obvious = 0
        var valid = 0
        for round in 0..<5000 {
            var geometry: FlatCoordinates
            if round % 2 == 0 {
                let holes = Int.random(in: 0...2, using: &random)
                geometry = RandomShapes.polygon(5000, 5000, radius: 400, holes: holes, &random).doubles
                if round % 4 == 0 { geometry.xy[Int.random(in: 0..<10, using: &random)] += 300 }
            } else {
                // Lattice rings with touches, spikes and repeats; a second ring as a hole or a part.
                let rings = (0..<Int.random(in: 1...2, using: &random)).map { _ in
                    (0..<(2 * Int.random(in: 3...6, using: &random))).map { _ in
                        Double(Int.random(in: 0...5, using: &random))
                    }
                }
                geometry = Self.polygon(rings, parts: Bool.random(using: &random) ? [0] : [0, 1])
            }
            let isValid = try geos.validityReason(geometry) == nil
            if isValid { valid += 1 }
            if geometry.isObviouslyValid {
                obvious += 1
                #expect(isValid, "\(geometry)")
            }
        }
        #expect(obvious > valid * 6 / 10, "\(obvious) of \(valid) valid polygons were obvious")
    }

    @Test func buildingsAreObvious() {
        // Straight-through vertices, as digitised walls have them.
        #expect(
            Self.polygon([[500_000.1, 4e6, 500_010.1, 4e6, 500_020.1, 4e6, 500_020.1, 4_000_012, 500_000.1, 4_000_012]])
                .isObviouslyValid)
        #expect(Self.polygon([Self.square, [2, 2, 3, 2, 3, 3]]).isObviouslyValid)
        #expect(!Self.polygon([Self.bowTie]).isObviouslyValid)
        #expect(!Self.polygon([Self.square, [20, 20, 30, 20, 30, 30]]).isObviouslyValid)
        #expect(!Self.polygon([[0, 0, 9, 0, 4, 0]]).isObviouslyValid)
        #expect(Self.polygon([Self.square, [20, 20, 30, 20, 30, 30]], parts: [0, 1]).isObviouslyValid)
    }

    @Test func reasonsHaveAPlace() throws {
        let reason = try withGEOS { geos throws(SpatialError) in try geos.validityReason(Self.polygon([Self.bowTie])) }
        #expect(reason == "Self-intersection[4.5 4.5]")
    }

    @Test func repairKeepsPolygonsAndSaysWhatWasDropped() throws {
        let geos = try GEOSContext()
        let bowTie = try geos.makeValid(Self.polygon([Self.bowTie]))
        #expect(bowTie.geometry.kind == .polygon && bowTie.areaAfter == 40.5)
        #expect(try geos.validityReason(bowTie.geometry) == nil)
        // A square with a spike: the spike has no area.
        let spike = try geos.makeValid(Self.polygon([[0, 0, 9, 0, 9, 9, 20, 20, 9, 9, 0, 9]]))
        #expect(spike.areaAfter == 81 && spike.droppedArea == 0 && spike.geometry.partCount == 1)
        let overlapping = try geos.makeValid(Self.polygon([Self.square, Self.square], parts: [0, 1]))
        #expect(overlapping.areaAfter == 81 && overlapping.droppedArea == 81)
        let error = #expect(throws: SpatialError.self) {
            try withGEOS { geos throws(SpatialError) in
                try geos.makeValid(Self.polygon([[0, 0, 5, 0, 9, 0]]))
            }
        }
        #expect(error?.code == .invalidGeometry)
        var heights = Self.polygon([Self.bowTie])
        heights.z = [1, 2, 3, 4]
        let lifted = try geos.makeValid(heights).geometry
        #expect(lifted.z.count == lifted.vertexCount)
    }

    @Test func failuresAreNamedAndLeakNothing() throws {
        let geos = try GEOSContext()
        // One point, closed, does not make a GEOS ring.
        let bad = Self.polygon([[1, 1]])
        for _ in 0..<100 {
            var failure: SpatialError?
            do { _ = try geos.area(bad) } catch { failure = error }
            #expect(failure?.code == .geos)
            #expect(throws: SpatialError.self) { _ = try PreparedGeometry(bad).intersects(bad) }
        }
        #expect(try geos.area(Self.polygon([Self.square])) == 81)
    }

    @Test func preparedAndBuffer() throws {
        let geos = try GEOSContext()
        let point = FlatCoordinates(kind: .point, xy: [4, 4], ringEnds: [1 | ringStartsPart])
        let circle = try geos.buffer(point, by: 10, segments: 32)
        #expect(abs(circle.planarArea - 314.0) < 1)
        let prepared = try PreparedGeometry(Self.polygon([Self.square]))
        let meets = try prepared.intersects(circle)
        let covers = try prepared.covers(point)
        let coversCircle = try prepared.covers(circle)
        #expect(meets && covers && !coversCircle)
        #expect(try geos.buffer(Self.polygon([Self.square]), by: -20).isEmpty)
    }
}
