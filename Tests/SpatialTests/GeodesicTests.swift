// SPDX-License-Identifier: Apache-2.0
import Spatial
import TestSupport
import Testing

@Suite struct GeodesicTests {
    static func polygon(_ rings: [[Double]]) -> FlatCoordinates {
        var geometry = FlatCoordinates(kind: .polygon)
        for (index, ring) in rings.enumerated() {
            geometry.xy += ring
            geometry.ringEnds.append(UInt32(geometry.vertexCount) | (index == 0 ? ringStartsPart : 0))
        }
        return geometry
    }

    @Test func agreesWithThePlaneWhereItsScaleIsOne() throws {
        // On the central meridian of EPSG:4549 (120°, scale 1) the plane is true to 1e-8 over a kilometre.
        let toDegrees = try CoordinateTransformer(from: CoordinateSystem("EPSG:4549"), to: .wgs84())
        var square = Self.polygon([
            [499_500, 4e6, 500_500, 4e6, 500_500, 4_001_000, 499_500, 4_001_000],
            [499_900, 4_000_400, 500_100, 4_000_400, 500_100, 4_000_600, 499_900, 4_000_600],
        ])
        let plane = square.planarArea
        try toDegrees.transformAll(&square.xy)
        #expect(try abs(Geodesic.wgs84.area(of: square) - plane) < 0.05)
        #expect(try abs(Geodesic.wgs84.length(of: square) - 4800) < 0.001)
        // A clockwise outer ring has the same area.
        var turned = FlatCoordinates(kind: .polygon, ringEnds: [4 | ringStartsPart])
        for vertex in (0..<4).reversed() { turned.xy += [square.xy[2 * vertex], square.xy[2 * vertex + 1]] }
        #expect(try abs(Geodesic.wgs84.area(of: turned) - 1e6) < 0.05)
    }

    @Test func knowsTheEarth() throws {
        // An octant: an eighth of 510,065,621,724,089 m², the surface of WGS 84.
        let octant = Self.polygon([[0, 0, 90, 0, 0, 90]])
        #expect(try abs(Geodesic.wgs84.area(of: octant) - 510_065_621_724_089 / 8) < 1)
        let quarter = FlatCoordinates(kind: .line, xy: [0, 0, 0, 90], ringEnds: [2 | ringStartsPart])
        #expect(try abs(Geodesic.wgs84.length(of: quarter) - 10_001_965.729) < 0.001)
    }

    @Test func badInputIsNamed() throws {
        for number in [Double.nan, .infinity, 91] {
            let error = #expect(throws: SpatialError.self) {
                try Geodesic.wgs84.area(of: Self.polygon([[0, 0, 1, number, 1, 1]]))
            }
            #expect(error?.code == .coordinates)
        }
        #expect(try Geodesic.wgs84.area(of: FlatCoordinates(kind: .polygon)) == 0)
        #expect(throws: SpatialError.self) { try Geodesic(semiMajorAxis: 0, flattening: 0) }
        #expect(throws: SpatialError.self) { try Geodesic(semiMajorAxis: 1, flattening: .nan) }
    }

    @Test func failedPointsAreNamedByTheirIndex() throws {
        let toCity = try CoordinateTransformer(from: .wgs84(), to: CoordinateSystem("EPSG:4549"))
        let bad: [(Int, Double, Double)] = [(0, .nan, 36), (3, 120, .infinity), (7, 120, 95), (9, -.infinity, .nan)]
        for (place, x, y) in bad {
            var xy = (0..<10).flatMap { [120 + Double($0) / 100, 36.0] }
            xy[2 * place] = x
            xy[2 * place + 1] = y
            let before = xy
            var failure: SpatialError?
            do { try toCity.transformAll(&xy) } catch { failure = error }
            #expect(failure?.code == .coordinates)
            #expect(failure?.message.hasPrefix("point \(place), ") == true)
            #expect(zip(xy, before).allSatisfy { $0 == $1 || $0.isNaN && $1.isNaN })
            // The batch form marks that point and no other.
            let failed = toCity.transform(&xy)
            #expect(failed == 1 && xy[2 * place] == .infinity && xy[2 * place + 1] == .infinity)
            #expect((0..<10).filter { xy[2 * $0].isFinite }.count == 9)
        }
        var good = [120.0, 36.0, 121.0, 37.0]
        try toCity.transformAll(&good)
        #expect(good.allSatisfy { $0.isFinite })
        var none: [Double] = []
        try toCity.transformAll(&none)
        #expect(none.isEmpty)
    }

    @Test func workersOfAPoolAgree() async throws {
        let pool = try TransformerPool(from: .wgs84(), to: CoordinateSystem("EPSG:4549"))
        let results = await withTaskGroup(of: [Double].self) { group in
            for _ in 0..<8 {
                group.addTask {
                    var xy = (0..<500).flatMap { [119 + Double($0) / 250, 36.0] }
                    do { _ = try pool.withTransformer { $0.transform(&xy) } } catch { return [] }
                    return xy
                }
            }
            return await group.reduce(into: []) { $0.append($1) }
        }
        #expect(results.allSatisfy { $0 == results[0] && $0.count == 1000 })
    }
}
