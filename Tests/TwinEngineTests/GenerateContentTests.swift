// SPDX-License-Identifier: Apache-2.0
import Foundation
import TestSupport
import Testing

@testable import TwinEngine

/// What the generated city says: its project file, its heights, and its planted conflicts as GDAL finds them.
@Suite struct GenerateContentTests {
    /// One city for the whole suite; the folder is left to the system's temporary storage cleaner if a test crashes.
    private static func withCity<R>(_ buildings: Int, _ body: (String, DemoCityReport) throws -> R) throws -> R {
        let folder = NSTemporaryDirectory() + "demo-content-\(UUID().uuidString)"
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let report = try DemoCity(buildings: buildings, seed: 7).write(to: folder) { _, _ in }
        return try body(folder, report)
    }

    /// Entries of `layers:` by id, as their text.
    private static func layers(_ folder: String) throws -> [String: String] {
        let text = try String(contentsOfFile: folder + "/city.yaml", encoding: .utf8)
        let tail = try #require(text.components(separatedBy: "\nlayers:\n").last)
        let part = try #require(tail.components(separatedBy: "\nmodels:\n").first)
        var result: [String: String] = [:]
        for entry in ("\n" + part).components(separatedBy: "\n  - id: ").dropFirst() {
            result[String(entry.prefix { $0 != "\n" })] = entry
        }
        return result
    }

    private static func zoom(_ layer: String) throws -> ClosedRange<Int> {
        let match = try #require(layer.firstMatch(of: /zoom: \[(\d+), (\d+)\]/))
        let low = try #require(Int(match.1))
        let high = try #require(Int(match.2))
        return low...high
    }

    @Test func classificationsAreWhatReadersNeed() throws {
        try Self.withCity(200) { folder, _ in
            let layers = try Self.layers(folder)
            #expect(layers.count >= 20)
            for id in ["sensors", "buildings", "parcels", "hydrants", "bus_stops"] {
                #expect(layers[id]?.contains("classification: public\n") == true, "\(id)")
            }
            for id in ["cameras", "pipe_gas", "pipe_power"] {
                #expect(layers[id]?.contains("classification: restricted\n") == true, "\(id)")
            }
        }
    }

    /// No tile of a city of a million buildings may hold more than 100,000 features of one layer.
    @Test func lowZoomLevelsStaySmall() throws {
        try Self.withCity(4_000) { folder, report in
            let layers = try Self.layers(folder)
            for (id, text) in layers {
                guard let count = report.layers[id] else { continue }
                let zoom = try Self.zoom(text)
                let million = Double(count) * 1_000_000 / 4_000
                // A tile of level z covers (40,000 km x cos 36° / 2^z)²; at the centre features stand six times as
                // close as in the mean of the urban area, which holds about 330 buildings for each square kilometre.
                let side = 32_400.0 / Double(1 << zoom.lowerBound)
                let inTile = min(million, Double(count) / 4_000 * 330 * 6 * side * side)
                // Merged shapes do not grow with the number of buildings as the rest does.
                if ["land_general", "main_roads", "growth_boundary", "railway"].contains(id) { continue }
                #expect(inTile < 100_000, "\(id) from zoom \(zoom.lowerBound): \(Int(inTile))")
            }
            #expect(try Self.zoom(layers["main_roads", default: ""]).upperBound == 11)
            #expect(try Self.zoom(layers["roads", default: ""]).lowerBound == 12)
            #expect(try Self.zoom(layers["land_general", default: ""]).lowerBound <= 6)
        }
    }

    @Test func scenariosShowTheirLayers() throws {
        try Self.withCity(1_500) { folder, _ in
            let layers = try Self.layers(folder)
            let text = try String(contentsOfFile: folder + "/city.yaml", encoding: .utf8)
            let lines = try #require(text.components(separatedBy: "\nscenarios:\n").last).split(separator: "\n")
            var checked = 0
            for line in lines where line.hasPrefix("  - {id: ") {
                let names = try #require(line.firstMatch(of: /layers: \[([^\]]*)\], view/)).1
                let view = try #require(line.firstMatch(of: /zoom: ([0-9.]+)/)).1
                let zoom = try #require(Double(view))
                for name in names.split(separator: ", ") {
                    let layer = try #require(layers[String(name)], "\(name) in \(line)")
                    #expect(
                        Double(try Self.zoom(layer).lowerBound) <= zoom, "\(name) is not shown by \(line.prefix(30))")
                    checked += 1
                }
            }
            #expect(checked > 50)
        }
    }

    /// Buildings and pipe points nearby stand on the same ground.
    @Test func buildingsAndPipesShareTheGround() throws {
        let frame = DemoCity(buildings: 600, seed: 7).frame
        try Self.withCity(600) { folder, _ in
            let rows = try String(contentsOfFile: folder + "/sources/ws_points.csv", encoding: .utf8)
                .split(separator: "\n").dropFirst().map { $0.split(separator: ",", omittingEmptySubsequences: false) }
            let points = try rows.map { row in
                let numbers = try row[2...4].map { try #require(Double($0)) }
                return (place: PlanPoint(numbers[1], numbers[0]), ground: numbers[2])
            }
            var worst = 0.0
            var pairs = 0
            for row in 1..<frame.rows.upperBound {
                for column in frame.columns.lowerBound..<frame.columns.upperBound {
                    for block in Quarter(frame, column, row).blocks {
                        for building in block.parcels.flatMap(\.buildings) {
                            let corner = building.rings[0][0]
                            for point in points where (point.place - corner).length < 25 {
                                worst = max(worst, abs(point.ground - building.ground))
                                pairs += 1
                            }
                        }
                    }
                }
            }
            #expect(pairs > 300)
            #expect(worst < 0.6, "metres between the ground of a building and of a pipe point within 25 m")
        }
    }

    /// Pipes keep their covers and levels, and their clearances but where large ones cross: surveys have such places.
    @Test func pipesKeepTheirClearances() throws {
        try Self.withCity(2_000) { folder, _ in
            _ = try CityImporter(projectFile: folder + "/city.yaml").run(into: folder + "/store", progress: .silent)
            let report = try PipeCheck.run(try City.open(store: folder + "/store"))
            #expect(report.pipes > 5_000)
            let kinds = Set(report.findings.map(\.kind))
            #expect(kinds.isSubset(of: [.crossingClearance, .parallelClearance]), "\(report.counts)")
            #expect(!report.findings.isEmpty && report.findings.count < report.pipes / 20, "\(report.counts)")
        }
    }

    /// GDAL's SQLite dialect overlays the plans, with GEOS behind it, and finds what was planted and nothing else.
    @Test(.enabled(if: ExternalTool("ogrinfo").isAvailable)) func overlaysFindTheConflicts() throws {
        try Self.withCity(4_000) { folder, report throws in
            func count(_ from: String, with prefix: String = "") throws -> Int {
                let text = try ExternalTool("ogrinfo").run([
                    "--config", "SHAPE_ENCODING", "GBK", "-q", "-dialect", "sqlite", "-sql",
                    prefix + " SELECT count(DISTINCT a.DKBH) AS n FROM " + from, folder + "/sources/planning.gdb",
                ])
                let match = try #require(text.firstMatch(of: /n \(Integer\) = (\d+)/), "\(text)")
                return try #require(Int(match.1))
            }
            let overlap = "ST_Intersects(a.shape, b.shape) AND ST_Area(ST_Intersection(a.shape, b.shape)) > 1"
            let redline = try count("landuse_plan a, eco_redline b WHERE \(overlap)")
            let farmland = try count("landuse_plan a, basic_farmland b WHERE \(overlap)")
            let differs = "a.DKBH = b.DKBH AND a.YDYHDM <> b.YDXZDM"
            let use = try count("landuse_plan a, control_plan b WHERE \(differs)")
            let height = try count(
                """
                (SELECT *, MbrMinX(shape) AS x0, MbrMaxX(shape) AS x1, MbrMinY(shape) AS y0, MbrMaxY(shape) AS y1
                FROM control_plan) a, p WHERE h > JZXG AND x BETWEEN x0 AND x1 AND y BETWEEN y0 AND y1
                AND ST_Intersects(shape, MakePoint(x, y, 4549))
                """,
                with: """
                    WITH p AS MATERIALIZED (SELECT ST_X(ST_Centroid(geometry)) - 40000000 AS x,
                    ST_Y(ST_Centroid(geometry)) AS y, 高度 AS h FROM '\(folder)/sources/buildings.shp'.buildings)
                    """)
            #expect(
                ["redline": redline, "farmland": farmland, "class": use, "height": height] == report.conflicts)
        }
    }

    /// An import refuses vertices more than 2,147 km from the city; the sea and the country end long before.
    @Test(arguments: [200, 20_000, 1_000_000]) func farEdgesStayNear(_ buildings: Int) {
        let frame = DemoCity(buildings: buildings, seed: 7).frame
        let west = frame.s(frame.columns.lowerBound) - frame.reach
        let east = frame.s(frame.columns.upperBound) + frame.reach
        for s in [west, 0, east] {
            for t in [-frame.reach, 0, frame.t(frame.rows.upperBound) + frame.reach] {
                #expect((frame.place(s, t) - CityFrame.jiaozhou).length < 400_000)
            }
        }
    }
}
