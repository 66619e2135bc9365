// SPDX-License-Identifier: Apache-2.0
import Spatial
import TestSupport
import Testing

@Suite struct CoordinateSystemTests {
    @Test func gaussKruegerIsDescribed() throws {
        let system = try CoordinateSystem("EPSG:4549")
        #expect(system.code == "EPSG:4549")
        #expect(system.isProjected && !system.isGeographic && system.isNorthingFirst)
        #expect(system.unitFactor == 1 && system.unitName == "metre")
        let area = try #require(system.areaOfUse)
        #expect(area.contains(x: 120.03, y: 36.26))
        #expect(system.wkt.hasPrefix("PROJCRS["))
        #expect(try CoordinateSystem(system.wkt).code == "EPSG:4549")
        #expect(try CoordinateSystem("4549") == system)
    }

    @Test func otherFormsAreRead() throws {
        #expect(try CoordinateSystem("EPSG:4326").isGeographic)
        #expect(try CoordinateSystem("EPSG:4978").isGeocentric)
        #expect(try CoordinateSystem("EPSG:4549+5737").isProjected)
        let local = try CoordinateSystem("+proj=tmerc +lon_0=120.5 +x_0=50000 +y_0=-4000000 +ellps=GRS80 +units=m")
        #expect(local.isProjected && local.code == nil)
        let bound = try CoordinateSystem("+proj=tmerc +lon_0=120 +x_0=500000 +ellps=krass +towgs84=15.8,-154.4,-82.3")
        #expect(bound.isProjected && bound.unitFactor == 1)
    }

    /// What ArcGIS writes into .prj files: no authority, ESRI's names, east first.
    @Test func shapefileProjectionsAreIdentified() throws {
        let prj = """
            PROJCS["CGCS2000_3_Degree_GK_CM_120E",GEOGCS["GCS_China_Geodetic_Coordinate_System_2000",\
            DATUM["D_China_2000",SPHEROID["CGCS2000",6378137.0,298.257222101]],PRIMEM["Greenwich",0.0],\
            UNIT["Degree",0.0174532925199433]],PROJECTION["Gauss_Kruger"],PARAMETER["False_Easting",500000.0],\
            PARAMETER["False_Northing",0.0],PARAMETER["Central_Meridian",120.0],PARAMETER["Scale_Factor",1.0],\
            PARAMETER["Latitude_Of_Origin",0.0],UNIT["Meter",1.0]]
            """
        let system = try CoordinateSystem(prj)
        #expect(system.isProjected && !system.isNorthingFirst && system.unitFactor == 1)
        #expect(system.code == "EPSG:4549")
        let transformer = try CoordinateTransformer(from: .wgs84(), to: system)
        let image = transformer.transform(x: 120.033, y: 36.265)
        #expect(image.map { abs($0.x - 502_965.415) < 0.001 && abs($0.y - 4_014_947.962) < 0.001 } == true)
    }

    @Test(arguments: ["EPSG:99999", "nonsense", "", "EPSG:5737", "+proj=nothing", "LOCAL_CS[\"x\",UNIT[\"m\",1]]"])
    func mistakesAreExplained(_ definition: String) {
        let error = #expect(throws: SpatialError.self) { try CoordinateSystem(definition) }
        #expect(error?.code == .coordinateSystem)
        #expect(error?.message.contains("write") == true || error?.message.contains("check") == true)
    }
}

@Suite struct CoordinateTransformerTests {
    @Test(arguments: [("EPSG:4549", 502_965.415), ("EPSG:4528", 40_502_965.415)])
    func jiaozhou(_ code: String, _ easting: Double) throws {
        let transformer = try CoordinateTransformer(from: .wgs84(), to: CoordinateSystem(code))
        let image1 = transformer.transform(x: 120.033, y: 36.265)
        let city = try #require(image1)
        #expect(abs(city.x - easting) < 0.001)
        #expect(abs(city.y - 4_014_947.962) < 0.001)
        let image2 = transformer.transform(x: city.x, y: city.y, direction: .inverse)
        let back = try #require(image2)
        #expect(abs(back.x - 120.033) < 1e-10 && abs(back.y - 36.265) < 1e-10)
    }

    @Test func batchesMarkFailures() throws {
        let transformer = try CoordinateTransformer(from: .wgs84(), to: CoordinateSystem("EPSG:4549"))
        var xy = [120.033, 36.265, 120, 1000, .nan, 3, 120.033, 36.265]
        let failed5 = transformer.transform(&xy)
        #expect(failed5 == 2)
        #expect(xy[0] == xy[6] && xy[1] == xy[7])
        #expect(!xy[2].isFinite && !xy[4].isFinite && !xy[5].isFinite)
    }

    @Test func geocentric() throws {
        let transformer = try CoordinateTransformer.toGeocentric()
        var xy = [0.0, 0.0, 90.0, 0.0]
        var z = [0.0, 100.0]
        let failed6 = transformer.transform(&xy, z: &z)
        #expect(failed6 == 0)
        #expect(abs(xy[0] - 6_378_137) < 1e-6 && abs(xy[3] - 6_378_237) < 1e-6)
        let failed7 = transformer.transform(&xy, z: &z, direction: .inverse)
        #expect(failed7 == 0)
        #expect(abs(z[1] - 100) < 1e-6)
    }

    @Test func ballparkIsDetected() throws {
        let toWGS = try CoordinateTransformer(from: CoordinateSystem("EPSG:4549"), to: .wgs84())
        let answer8 = toWGS.isBallpark(atX: 502_965, y: 4_014_948)
        #expect(answer8)
        let exact = try CoordinateTransformer(from: CoordinateSystem("EPSG:4549"), to: CoordinateSystem("EPSG:4490"))
        let answer9 = exact.isBallpark(atX: 502_965, y: 4_014_948)
        #expect(!answer9)
    }
}

@Suite struct LocalTransformTests {
    @Test(arguments: [50_000.0, 500_000.0], [0.000_05, 0.001])
    func staysWithinItsTolerance(_ side: Double, _ tolerance: Double) throws {
        var random = SeededGenerator.printed()
        let city = try CoordinateSystem("EPSG:4549")
        let box = CoordinateBox(minX: 480_000, minY: 3_900_000, maxX: 480_000 + side, maxY: 3_900_000 + side)
        let proj = try CoordinateTransformer(from: city, to: .wgs84())
        let toLonLat = try LocalTransform(from: city, to: .lonLat, over: box, tolerance: tolerance)
        let toWorld = try LocalTransform(from: city, to: .world, over: box, tolerance: tolerance)
        #expect(toLonLat.measuredError <= tolerance && toWorld.measuredError <= tolerance)
        for _ in 0..<5000 {
            let x = Double.random(in: box.minX...box.maxX, using: &random)
            let y = Double.random(in: box.minY...box.maxY, using: &random)
            let image3 = proj.transform(x: x, y: y)
            let exact = try #require(image3)
            let lonLat = try #require(toLonLat.transform(x: x, y: y))
            // Random points may exceed the measured maximum a little.
            #expect(abs(lonLat.x - exact.x) * 111_320 < 1.5 * tolerance)
            #expect(abs(lonLat.y - exact.y) * 111_320 < 1.5 * tolerance)
            let world = try #require(toWorld.transform(x: x, y: y))
            let exactWorld = WebMercator.world(longitude: exact.x, latitude: exact.y)
            #expect(abs(world.x - exactWorld.x) * 0.00934 < 1.5 * tolerance)
            #expect(abs(world.y - exactWorld.y) * 0.00934 < 1.5 * tolerance)
        }
    }

    @Test func worksFromDegreesAndReportsOutside() throws {
        let city = try CoordinateSystem("EPSG:4549")
        let box = CoordinateBox(minX: 119.7, minY: 36, maxX: 120.3, maxY: 36.5)
        let local = try LocalTransform(from: .wgs84(), to: .system(city), over: box)
        var xy = [120.033, 36.265]
        let answer10 = local.transform(&xy)
        #expect(answer10)
        #expect(abs(xy[0] - 502_965.415) < 0.001 && abs(xy[1] - 4_014_947.962) < 0.001)
        var outside = [120.033, 36.265, 121, 36]
        let answer11 = local.transform(&outside)
        #expect(!answer11)
        #expect(outside == [120.033, 36.265, 121, 36])
        var bad = [Double.nan, 36.2]
        let answer12 = local.transform(&bad)
        #expect(!answer12)
        #expect(local.transform(x: box.maxX, y: box.maxY) != nil)
    }

    @Test func impossibleBoxesAreNamed() throws {
        let error = #expect(throws: SpatialError.self) {
            try LocalTransform(
                from: .wgs84(), to: .system(CoordinateSystem("EPSG:4549")),
                over: CoordinateBox(minX: -180, minY: -90, maxX: 180, maxY: 90))
        }
        #expect(error?.code == .coordinates)
        #expect(throws: SpatialError.self) {
            try LocalTransform(from: .wgs84(), to: .world, over: CoordinateBox(minX: 1, minY: 1, maxX: 1, maxY: 2))
        }
    }
}

@Suite struct GridTests {
    @Test func webMercatorRoundTrips() throws {
        let proj = try CoordinateTransformer(from: .wgs84(), to: CoordinateSystem("EPSG:3857"))
        for longitude in stride(from: -179.0, through: 179, by: 17) {
            for latitude in stride(from: -85.0, through: 85, by: 8.5) {
                let world = WebMercator.world(longitude: longitude, latitude: latitude)
                let image4 = proj.transform(x: longitude, y: latitude)
                let exact = try #require(image4)
                let unit = WebMercator.circumference / WebMercator.worldSize
                #expect(abs((world.x - WebMercator.worldSize / 2) * unit - exact.x) < 1e-6)
                #expect(abs((WebMercator.worldSize / 2 - world.y) * unit - exact.y) < 1e-6)
                let back = WebMercator.lonLat(worldX: world.x, worldY: world.y)
                #expect(abs(back.longitude - longitude) < 1e-11 && abs(back.latitude - latitude) < 1e-11)
            }
        }
        #expect(WebMercator.worldPoint(longitude: -200, latitude: 90) == WorldPoint(x: 0, y: 0))
        #expect(WebMercator.worldPoint(longitude: 200, latitude: -90) == WorldPoint(x: .max, y: .max))
    }

    @Test func tileBounds() {
        let world = WebMercator.tileBounds(z: 0, x: 0, y: 0)
        #expect(world.minX == -180 && world.maxX == 180 && abs(world.maxY - WebMercator.maximumLatitude) < 1e-9)
        let tile = WebMercator.tileBounds(z: 14, x: 13654, y: 6421)
        #expect(
            tile.contains(x: 120.017, y: 36.27)
                == (WebMercator.worldPoint(longitude: 120.017, latitude: 36.27).x >> 18 == 13654
                    && WebMercator.worldPoint(longitude: 120.017, latitude: 36.27).y >> 18 == 6421))
    }

    @Test func gridFrameRoundsAndRefuses() throws {
        let frame = GridFrame(originX: 500_000, originY: 4_000_000)
        let point = try frame.checkedGridPoint(x: 500_001.2346, y: 3_999_999.9994)
        #expect(point == GridPoint(x: 1235, y: -1))
        #expect(frame.metres(point) == (500_001.235, 3_999_999.999))
        for bad in [2_700_000.0, .nan, .infinity] {
            let error = #expect(throws: SpatialError.self) { try frame.checkedGridPoint(x: bad, y: 4_000_000) }
            #expect(error?.code == .coordinates)
        }
        let snapped = try frame.snap(
            FlatCoordinates(
                kind: .line, xy: [500_000, 4_000_000, 500_001, 4_000_001], z: [1.5, -2],
                ringEnds: [2 | ringStartsPart]))
        #expect(snapped.xy == [0, 0, 1000, 1000] && snapped.z == [1500, -2000])
        let box = frame.gridBox(CoordinateBox(minX: 500_000.0001, minY: 0, maxX: 500_000.0009, maxY: 9e9))
        #expect(box.minX == 0 && box.maxX == 1 && box.minY == -.max && box.maxY == .max)
    }
}

@Suite struct ChinaShiftTests {
    @Test(arguments: [ChinaShift.gcj02, .bd09]) func roundTrips(_ shift: ChinaShift) {
        var random = SeededGenerator.printed()
        for _ in 0..<2000 {
            let longitude = Double.random(in: 74...134, using: &random)
            let latitude = Double.random(in: 4...53, using: &random)
            let shifted = shift.fromWGS84(longitude: longitude, latitude: latitude)
            #expect(abs(shifted.longitude - longitude) > 1e-5 || abs(shifted.latitude - latitude) > 1e-5)
            let back = shift.toWGS84(longitude: shifted.longitude, latitude: shifted.latitude)
            #expect(abs(back.longitude - longitude) < 1e-8 && abs(back.latitude - latitude) < 1e-8)
        }
    }

    @Test func knownValueAndIdentityAbroad() {
        // Tian'anmen, as published with the eviltransform test data.
        let gcj = ChinaShift.gcj02.fromWGS84(longitude: 116.391_305, latitude: 39.907_333_3)
        #expect(abs(gcj.longitude - 116.397_55) < 2e-5 && abs(gcj.latitude - 39.908_73) < 2e-5)
        let abroad = ChinaShift.gcj02.toWGS84(longitude: 4.47, latitude: 51.9)
        #expect(abroad == (4.47, 51.9))
        var xy = [4.47, 51.9]
        ChinaShift.gcj02.undo(&xy)
        #expect(xy == [4.47, 51.9])
    }
}
