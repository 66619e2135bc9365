// SPDX-License-Identifier: Apache-2.0
import Foundation
import Spatial
import TestSupport
import Testing
import Tiles

@testable import TwinEngine

/// Which tiles an edit touches.
@Suite struct TileBuildChangesTests {
    /// An edit as QGIS makes it: a new value, a new place, a deletion or a new feature.
    static func sql(_ step: Int, _ generator: inout SeededGenerator) -> String {
        let id = Int.random(in: 1...1500, using: &generator)
        let x = Double.random(in: -2000..<2000, using: &generator)
        let y = Double.random(in: -2000..<2000, using: &generator)
        switch step % 4 {
        case 0: return "UPDATE things SET use = 'v\(step)' WHERE id = \(id);"
        case 1: return "UPDATE things SET geom = ShiftCoords(geom, \(x), \(y)) WHERE id = \(id);"
        case 2: return "DELETE FROM things WHERE id = \(id);"
        default:
            return "INSERT INTO things (id, use, geom) SELECT \(10_000 + step), 'new', ShiftCoords(geom, \(x), \(y)) "
                + "FROM things WHERE id <= \(id) ORDER BY id DESC LIMIT 1;"
        }
    }

    @Test func exactlyTheTouchedTilesChange() throws {
        let fixture = try TileBuildFixture(buildings: 1500)
        let city = try fixture.city.open()
        var changes = TileChanges(view: city.view())
        var generator = SeededGenerator(seed: 77)
        // Every tile of some zooms that there is, before and after each batch of edits.
        let zooms = [0, 7, 11, 13, 14, 16]
        func all() throws -> [TileID: [UInt8]] {
            var tiles: [TileID: [UInt8]] = [:]
            var maker = TileMaker(grid: city.tileGrid, layers: city.view().layers)
            for z in zooms {
                let plan = try TilePlan(zooms: z...z, grid: city.tileGrid, layers: city.view().layers)
                for id in plan.ranges.flatMap(\.tiles) {
                    let tile = try TileID(hilbertID: id)
                    let bytes = try maker.tile(tile)
                    if !bytes.isEmpty { tiles[tile] = bytes }
                }
            }
            return tiles
        }
        var before = try all()
        var step = 0
        var (changed, touched) = (0, 0)
        for batch in 0..<25 {
            var sql = ""
            for _ in 0..<40 {
                sql += Self.sql(step, &generator)
                step += 1
            }
            let known = changes
            try fixture.city.edit(sql)
            #expect(try city.refresh())
            try changes.advance(to: city.view(), of: city)
            let after = try all()
            for tile in Set(before.keys).union(after.keys) {
                let isTouched =
                    changes.version(of: "things", tile: tile, in: city)
                    != known.version(of: "things", tile: tile, in: city)
                if before[tile] != after[tile] {
                    changed += 1
                    #expect(isTouched, "batch \(batch), tile \(tile) changed and was not touched")
                }
                if isTouched { touched += 1 }
            }
            before = after
        }
        #expect(step == 1000)
        // A touched tile whose bytes stay is made again for nothing: rare, where the box meets only the slack around
        // the buffer or the feature is too small to show.
        #expect(changed > 2000 && touched < changed * 3 / 2, "\(changed) changed, \(touched) touched")
    }

    @Test func aLargeFeatureTouchesByItsBox() throws {
        let fixture = try TileBuildFixture(buildings: 100)
        let city = try fixture.city.open()
        var changes = TileChanges(view: city.view())
        // A building of some metres, a hundred times as large from its own corner.
        try fixture.city.edit(
            "INSERT INTO things (id, geom) SELECT 9000, ShiftCoords(ScaleCoords(ShiftCoords(geom, -MbrMinX(geom), "
                + "-MbrMinY(geom)), 100), MbrMinX(geom), MbrMinY(geom)) FROM things WHERE id = 1;")
        try city.refresh()
        try changes.advance(to: city.view(), of: city)
        let new = city.view().version
        let box = try #require(city.view().layer("things")?.feature(id: 9000)?.box)
        let extent = try #require(city.coordinates.lonLatBox(box))
        func version(_ lon: Double, _ lat: Double, _ z: Int) -> Int64 {
            let point = WebMercator.worldPoint(longitude: lon, latitude: lat)
            return changes.version(
                of: "things", tile: TileID(containingWorldX: point.x, y: point.y, zoom: z), in: city)
        }
        let (lon, lat) = (extent.center.longitude, extent.center.latitude)
        for z in 0...22 { #expect(version(lon, lat, z) == new) }
        for z in 14...22 { #expect(version(extent.west - 0.05, lat, z) < new) }
        #expect(changes.version(of: "nothing", tile: try TileID(z: 0, x: 0, y: 0), in: city) == 0)
    }

    @Test func anImportTouchesEverything() throws {
        let fixture = try TileBuildFixture(buildings: 50)
        let city = try fixture.city.open()
        var changes = TileChanges(view: city.view())
        let old = changes.version(of: "things", tile: try TileID(z: 5, x: 0, y: 0), in: city)
        try fixture.city.run()
        try city.refresh()
        try changes.advance(to: city.view(), of: city)
        #expect(changes.version(of: "things", tile: try TileID(z: 5, x: 0, y: 0), in: city) > old)
    }

    /// An archive that is brought up to date has the bytes of one that is built anew, and only touched tiles are made.
    @Test(arguments: ["pmtiles", "mbtiles"])
    func anUpdateGivesTheBytesOfABuild(_ ending: String) throws {
        let fixture = try TileBuildFixture(buildings: 1500)
        _ = try fixture.build("kept.\(ending)")
        let path = fixture.folder.file("kept.\(ending)")
        var generator = SeededGenerator(seed: 41)
        var step = 0
        for round in 0..<3 {
            #expect(try TileBuild.updating(path, of: fixture.city.open()) == nil)
            var sql = ""
            // No feature twice: its place before would not be known.
            for _ in 0..<12 {
                let id = 1 + step + 100 * round
                let move = Double.random(in: -1500..<1500, using: &generator)
                switch step % 4 {
                case 0: sql += "UPDATE things SET use = 'new \(step)' WHERE id = \(id);"
                case 1: sql += "UPDATE things SET geom = ShiftCoords(geom, \(move), \(move / 3)) WHERE id = \(id);"
                case 2: sql += "DELETE FROM things WHERE id = \(id);"
                default:
                    sql +=
                        "INSERT INTO things (id, use, geom) "
                        + "SELECT \(10_000 + step), 'new', ShiftCoords(geom, \(move), 3) FROM things WHERE id = \(id);"
                }
                step += 1
            }
            try fixture.city.edit(sql)
            let update = try #require(try TileBuild.updating(path, of: fixture.city.open(), threads: 2))
            let account = try update.run()
            let fresh = try fixture.build("fresh.\(ending)")
            #expect(try Array(Data(contentsOf: URL(fileURLWithPath: path))) == fresh.0, "round \(round)")
            #expect(account.tiles == fresh.1.tiles && account.planned == fresh.1.planned)
            #expect(account.reusedTiles > account.planned / 2 && account.reusedTiles < account.planned)
            #expect(!FileManager.default.fileExists(atPath: path + ".build"))
        }
    }

    @Test func whatCannotBeBroughtUpToDateIsRefused() throws {
        let fixture = try TileBuildFixture(buildings: 50)
        _ = try fixture.build("one.pmtiles", zooms: 10...12)
        let path = fixture.folder.file("one.pmtiles")
        let other = try TileBuildFixture(buildings: 50, seed: 12)
        func refusal(_ path: String, _ city: ImportFixture) -> String {
            do {
                _ = try TileBuild.updating(path, of: city.open())
                return "nothing was thrown"
            } catch {
                return "\(error)"
            }
        }
        #expect(refusal(path, other.city).contains("another store"))
        #expect(refusal(fixture.folder.file("two.png"), fixture.city).contains(".pmtiles or .mbtiles"))
        var foreign = try PMTilesWriter(path: fixture.folder.file("foreign.pmtiles"))
        try foreign.add(try TileID(z: 0, x: 0, y: 0), [1, 2, 3])
        try foreign.finish(metadata: Array("{\"name\":\"x\"}".utf8))
        #expect(refusal(fixture.folder.file("foreign.pmtiles"), fixture.city).contains("was not built by"))
        // A layer that was imported again is made anew, with the bytes of a build.
        try fixture.city.run()
        let account = try #require(try TileBuild.updating(path, of: fixture.city.open())).run()
        #expect(account.reusedTiles == 0)
        #expect(
            try Array(Data(contentsOf: URL(fileURLWithPath: path)))
                == fixture.build("two.pmtiles", zooms: 10...12).0)
    }
}
