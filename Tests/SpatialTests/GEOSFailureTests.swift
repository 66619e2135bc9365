// SPDX-License-Identifier: Apache-2.0
import Spatial
import TestSupport
import Testing

/// Every failing path of the GEOS wrappers, most useful under the address sanitizer: constructors of GEOS own their inputs
/// even when they fail, so a mistake is a double free or a leak.
@Suite struct GEOSFailureTests {
    static func polygon(_ rings: [[Double]], _ starts: Set<Int> = [0]) -> FlatCoordinates {
        var geometry = FlatCoordinates(kind: .polygon)
        for (index, ring) in rings.enumerated() {
            geometry.xy += ring
            geometry.ringEnds.append(UInt32(geometry.vertexCount) | (starts.contains(index) ? ringStartsPart : 0))
        }
        return geometry
    }

    static let square: [Double] = [0, 0, 9, 0, 9, 9, 0, 9]

    func code(_ flat: FlatCoordinates, _ geos: borrowing GEOSContext) -> SpatialError.Code? {
        do {
            _ = try geos.geometry(flat)
            return nil
        } catch {
            #expect(!error.message.isEmpty)
            return error.code
        }
    }

    @Test func badInputIsNamedAndFreed() throws {
        let geos = try GEOSContext()
        for _ in 0..<50 {
            // A ring of one vertex: it fails, after the sequence was handed over.
            #expect(code(Self.polygon([[1, 1]]), geos) == .geos)
            // A good shell and a bad hole; good parts and a bad part: what is finished must be freed once.
            #expect(code(Self.polygon([Self.square, [2, 2]]), geos) == .geos)
            #expect(code(Self.polygon([Self.square, [2, 2, 3, 2, 3, 3], [4, 4]]), geos) == .geos)
            #expect(code(Self.polygon([Self.square, Self.square, [4, 4]], [0, 1, 2]), geos) == .geos)
            #expect(code(FlatCoordinates(kind: .line, xy: [1, 1], ringEnds: [1 | ringStartsPart]), geos) == .geos)
            let second = FlatCoordinates(
                kind: .line, xy: [0, 0, 1, 1, 2, 2], ringEnds: [2 | ringStartsPart, 3 | ringStartsPart])
            #expect(code(second, geos) == .geos)
            for number in [Double.nan, .infinity, -.infinity] {
                #expect(code(Self.polygon([[0, 0, number, 0, 9, 9]]), geos) == .coordinates)
                #expect(
                    code(FlatCoordinates(kind: .point, xy: [1, number], ringEnds: [1 | ringStartsPart]), geos)
                        == .coordinates)
            }
            var broken = Self.polygon([Self.square])
            for ends: [UInt32] in [[9 | ringStartsPart], [3 | ringStartsPart, 1]] {
                broken.ringEnds = ends
                #expect(code(broken, geos) == .invalidGeometry)
            }
            var heights = Self.polygon([Self.square])
            heights.z = [1]
            #expect(code(heights, geos) == .invalidGeometry)
        }
        // The context still works.
        #expect(try geos.area(Self.polygon([Self.square])) == 81)
    }

    @Test func badTextAndBytesAreNamed() throws {
        let geos = try GEOSContext()
        for text in ["", "POLYGON", "POLYGON ((0 0, 1 1))", "POINT (1", "CIRCLE (1 2 3)", "LINESTRING (0 0)"] {
            #expect(throws: SpatialError.self) { try geos.geometry(wkt: text).area }
        }
        for bytes: [UInt8] in [[], [1], [1, 3, 0, 0, 0, 255, 255, 255, 255], [7, 7, 7, 7, 7, 7]] {
            #expect(throws: SpatialError.self) { try geos.geometry(wkb: bytes).area }
        }
    }

    @Test func failingOperationsFreeTheirOperands() throws {
        let geos = try GEOSContext()
        for _ in 0..<50 {
            let bowTie = try geos.geometry(Self.polygon([[0, 0, 9, 9, 9, 0, 0, 9]]))
            let square = try geos.geometry(Self.polygon([Self.square]))
            let mixed = try geos.geometry(wkt: "GEOMETRYCOLLECTION (POINT (1 1), LINESTRING (0 0, 5 5))")
            #expect(throws: SpatialError.self) { try mixed.value() }
            #expect(throws: SpatialError.self) { try mixed.derived(.boundary).area }
            #expect(throws: SpatialError.self) { try square.relate(bowTie, pattern: "T*F") }
            #expect(throws: SpatialError.self) { try square.relate(bowTie, pattern: "TTTTTTTTX") }
            for distance in [Double.nan, .infinity] {
                #expect(throws: SpatialError.self) { try square.buffer(distance).area }
            }
            #expect(throws: SpatialError.self) { try square.buffer(1, segments: 0).area }
            #expect(throws: SpatialError.self) { try square.densified(-1).area }
            #expect(throws: SpatialError.self) { try geos.makeValid(Self.polygon([[0, 0, 5, 0, 9, 0]])) }
            // Huge and negative buffers are legal.
            #expect(try square.buffer(-1e300).isEmpty)
            #expect(try mixed.value(ofKind: .polygon).isEmpty)
            #expect(try mixed.value(ofKind: .line).vertexCount == 2 && mixed.value(ofKind: .point).xy == [1, 1])
        }
    }

    @Test func overlayRelateAndRoundTrips() throws {
        let geos = try GEOSContext()
        let square = Self.polygon([Self.square])
        let other = Self.polygon([[5, 5, 20, 5, 20, 20, 5, 20], [6, 6, 7, 6, 7, 7, 6, 7]])
        #expect(try geos.overlay(.intersection, square, other, kind: .polygon).planarArea == 15)
        #expect(try geos.overlay(.union, square, other, kind: .polygon).planarArea == 81 + 224 - 15)
        #expect(try geos.overlay(.difference, square, other, kind: .polygon).planarArea == 66)
        #expect(try geos.overlay(.symmetricDifference, square, other, kind: .polygon).planarArea == 66 + 209)
        #expect(try geos.relate(square, other) == "212101212")
        // Neighbours share a line and no area.
        let beside = Self.polygon([[9, 0, 18, 0, 18, 9, 9, 9]])
        #expect(try geos.overlay(.intersection, square, beside, kind: .polygon).isEmpty)
        #expect(try geos.overlay(.intersection, square, beside, kind: .line).vertexCount == 2)
        for flat in [square, other, Self.polygon([Self.square, [20, 0, 30, 0, 30, 9]], [0, 1])] {
            let back = try geos.geometry(flat).value()
            #expect(back == flat)
            let text = try geos.geometry(flat).wkt()
            #expect(try geos.geometry(wkt: text).value() == flat)
        }
        var lifted = square
        lifted.z = [1, 2, 3, 4]
        #expect(try geos.geometry(lifted).value(hasZ: true).z == [1, 2, 3, 4])
    }

    @Test func emptyMembersDoNotCrashGEOS() throws {
        // GEOS up to 3.11 reads through a null pointer in these.
        let geos = try GEOSContext()
        let points = try geos.geometry(wkt: "MULTIPOINT ((10 0), EMPTY)")
        let lines = try geos.geometry(wkt: "MULTILINESTRING ((0 0, 1 1), EMPTY)")
        let areas = try geos.geometry(wkt: "MULTIPOLYGON (((0 0, 0 9, 9 9, 0 0)), EMPTY)")
        let nothing = try geos.geometry(wkt: "POINT EMPTY")
        #expect(try points.distance(to: lines) == 82.0.squareRoot() && points.isWithin(9.1, of: lines))
        #expect(try points.distance(to: nothing) == .infinity)
        #expect(try points.isSimple && lines.isSimple)
        #expect(try !lines.derived(.pointOnSurface).isEmpty && !areas.derived(.pointOnSurface).isEmpty)
    }

    @Test func preparedOutlivesWhatItWasMadeOf() throws {
        func make() throws -> PreparedGeometry {
            let geos = try GEOSContext()
            return try PreparedGeometry(geos.geometry(Self.polygon([Self.square])))
        }
        let prepared = try make()
        let point = FlatCoordinates(kind: .point, xy: [4, 4], ringEnds: [1 | ringStartsPart])
        for _ in 0..<100 {
            let covers = try prepared.covers(point)
            #expect(covers)
            #expect(throws: SpatialError.self) { try PreparedGeometry(Self.polygon([[1, 1]])).covers(point) }
        }
    }
}
