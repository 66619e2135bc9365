// SPDX-License-Identifier: Apache-2.0
import Foundation
import Spatial
import TestSupport
import Testing
import Tiles

@testable import TwinEngine

/// A city of random buildings, for tests of tile archives.
struct TileBuildFixture {
    let city: ImportFixture
    let folder: TemporaryFolder

    init(buildings: Int = 2000, seed: UInt64 = 11, tiles: String? = nil) throws {
        var generator = SeededGenerator(seed: seed)
        var fixture = try ImportFixture()
        fixture.geometry = "polygon"
        fixture.source = "path: buildings.geojson"
        fixture.fields = ["name: use, type: string", "name: floors, type: integer"]
        fixture.tiles = tiles
        let features = (0..<buildings).map { index in
            let x = Double.random(in: 119.95..<120.05, using: &generator)
            let y = Double.random(in: 36.22..<36.30, using: &generator)
            let w = Double.random(in: 0.00002..<0.0004, using: &generator)
            let h = Double.random(in: 0.00002..<0.0004, using: &generator)
            let ring = [[x, y], [x + w, y + h / 5], [x + w, y + h], [x, y + h * 0.8], [x, y]]
                .map { "[\($0[0]), \($0[1])]" }.joined(separator: ",")
            return """
                {"type":"Feature","properties":{"use":"u\(index % 7)","floors":\(index % 30)},
                "geometry":{"type":"Polygon","coordinates":[[\(ring)]]}}
                """
        }
        try fixture.folder.write(
            "{\"type\":\"FeatureCollection\",\"features\":[\(features.joined(separator: ","))]}",
            to: "buildings.geojson")
        try fixture.run()
        city = fixture
        folder = try TemporaryFolder()
    }

    /// Builds and returns the archive's bytes.
    func build(
        _ name: String, zooms: ClosedRange<Int> = 0...15, threads: Int = 2, resume: Bool = false
    ) throws -> ([UInt8], TileBuildAccount) {
        let path = folder.file(name)
        var options = TileBuildOptions(output: path)
        options.zooms = zooms
        options.threads = threads
        options.resume = resume
        let account = try TileBuild(city: city.open(), name: "things", layers: ["things"], options: options).run()
        return (try Array(Data(contentsOf: URL(fileURLWithPath: path))), account)
    }
}

@Suite struct TileBuildTests {
    @Test func sameBytesWhateverTheThreads() throws {
        let fixture = try TileBuildFixture()
        let one = try fixture.build("one.pmtiles", threads: 1)
        for threads in [2, 3, 8] {
            #expect(try fixture.build("\(threads).pmtiles", threads: threads).0 == one.0)
        }
        #expect(one.1.tiles > 100)
        #expect(!FileManager.default.fileExists(atPath: fixture.folder.file("one.pmtiles.build")))
    }

    @Test func everyTileIsTheDynamicAnswer() throws {
        let fixture = try TileBuildFixture()
        let (_, account) = try fixture.build("all.pmtiles")
        let reader = try PMTilesReader(path: fixture.folder.file("all.pmtiles"))
        let city = try fixture.city.open()
        let layers = city.view().layers
        var found = 0
        for z in 0...15 {
            let side = 1 << z
            let west = TileID(containingWorldX: world(119.93, 36.31).0, y: world(119.93, 36.31).1, zoom: z)
            let east = TileID(containingWorldX: world(120.07, 36.21).0, y: world(120.07, 36.21).1, zoom: z)
            for x in max(0, west.x - 1)...min(side - 1, east.x + 1) {
                for y in max(0, west.y - 1)...min(side - 1, east.y + 1) {
                    let id = try TileID(z: z, x: x, y: y)
                    let fresh = try city.tile(id, layers: layers)
                    let stored = try reader.tile(id).map { try Compression.gunzip($0.bytes, limit: 1 << 24) } ?? []
                    #expect(fresh == stored, "\(id)")
                    if !stored.isEmpty { found += 1 }
                }
            }
        }
        #expect(found == account.tiles)
    }

    private func world(_ longitude: Double, _ latitude: Double) -> (UInt32, UInt32) {
        let point = WebMercator.worldPoint(longitude: longitude, latitude: latitude)
        return (point.x, point.y)
    }

    @Test func accountAddsUp() throws {
        let fixture = try TileBuildFixture()
        let (_, account) = try fixture.build("sum.pmtiles")
        for zoom in account.zooms {
            for layer in zoom.layers {
                let lost = layer.losses.reduce(0) { $0 + $1.count }
                #expect(layer.touching == layer.written - layer.squares + lost)
                #expect(layer.touching >= 2000)
            }
        }
        #expect(account.zooms[15].layers[0].tiny == 0)
        #expect(account.zooms[8].layers[0].tiny > 0)
        #expect(try account.json().contains("\"touching\""))
        #expect(account.table().contains("things"))
    }

    @Test func aMBTilesArchiveHasTheSameTiles() throws {
        let fixture = try TileBuildFixture(buildings: 300)
        _ = try fixture.build("a.pmtiles", zooms: 8...14)
        let (_, account) = try fixture.build("a.mbtiles", zooms: 8...14)
        let one = try PMTilesReader(path: fixture.folder.file("a.pmtiles"))
        let other = try MBTilesReader(path: fixture.folder.file("a.mbtiles"))
        var ids: [UInt64] = []
        try one.forEachEntry { entry in ids += (0..<UInt64(entry.runLength)).map { entry.tileID + $0 } }
        for number in ids {
            let id = try TileID(hilbertID: number)
            #expect(try other.tile(id)?.bytes == one.tile(id)?.bytes, "\(id)")
        }
        #expect(ids.count == account.tiles)
    }

    @Test func goesOnAfterItWasCutAnywhere() throws {
        let fixture = try TileBuildFixture()
        let whole = try fixture.build("whole.pmtiles").0
        // A spool as a killed build leaves it: some ranges, and a torn tail.
        let city = try fixture.city.open()
        let path = fixture.folder.file("cut.pmtiles")
        var options = TileBuildOptions(output: path)
        options.zooms = 0...15
        let build = try TileBuild(city: city, name: "things", layers: ["things"], options: options)
        var generator = SeededGenerator(seed: 5)
        for round in 0..<6 {
            try build.makeSpool(ranges: 1 + round * 4)
            for file in ["tiles", "journal"] {
                let url = URL(fileURLWithPath: "\(path).build/\(file)")
                var bytes = try Data(contentsOf: url)
                switch round % 3 {
                case 0: bytes.append(contentsOf: [1, 2, 3])
                case 1: if file == "journal" { bytes.removeLast(Int.random(in: 1...60, using: &generator)) }
                default: if file == "tiles" { bytes[bytes.count - 1] ^= 0x55 }
                }
                try bytes.write(to: url)
            }
            let (bytes, account) = try fixture.build("cut.pmtiles", threads: 1 + round % 3, resume: true)
            #expect(bytes == whole)
            let made = min(1 + round * 4, account.ranges)
            #expect(account.resumedRanges == made - (round % 3 == 0 ? 0 : 1))
        }
    }

    /// `tilestats` has the values of the layer as they are, with edits.
    @Test func anArchiveTellsTheValuesOfItsFields() throws {
        struct Statistics: Decodable {
            struct Attribute: Decodable {
                enum Value: Decodable, Equatable {
                    case number(Double), text(String)
                    init(from decoder: any Decoder) throws {
                        let container = try decoder.singleValueContainer()
                        if let number = try? container.decode(Double.self) {
                            self = .number(number)
                        } else {
                            self = .text(try container.decode(String.self))
                        }
                    }
                }
                var attribute: String, count: Int, values: [Value], min: Double?, max: Double?
            }
            struct Layer: Decodable { var layer: String, count: Int, attributes: [Attribute] }
            struct All: Decodable { var layers: [Layer] }
            var tilestats: All
        }
        let fixture = try TileBuildFixture(buildings: 300)
        try fixture.city.edit(
            "UPDATE things SET use = 'edited', floors = 77 WHERE id = 5; DELETE FROM things WHERE id = 6;")
        _ = try fixture.build("values.pmtiles", zooms: 12...12)
        let metadata = try PMTilesReader(path: fixture.folder.file("values.pmtiles")).metadata()
        let layer = try JSONDecoder().decode(Statistics.self, from: Data(metadata)).tilestats.layers[0]
        #expect(layer.layer == "things" && layer.count == 299)
        let (use, floors) = (layer.attributes[0], layer.attributes[1])
        #expect(use.attribute == "use" && use.count == 8 && use.min == nil)
        typealias Value = Statistics.Attribute.Value
        #expect(use.values == [Value.text("edited")] + (0..<7).map { Value.text("u\($0)") })
        #expect(floors.count == 31 && floors.min == 0 && floors.max == 77)
        #expect(floors.values == (0..<30).map { Value.number(Double($0)) } + [Value.number(77)])
    }

    /// Below a zoom tiles hold what passes the layer's filter, and the account says how many did not.
    @Test func aFilterHoldsAtItsZooms() throws {
        let fixture = try TileBuildFixture(
            buildings: 900, tiles: "{tiny: keep, filter: [{where: \"floors >= 15 AND use <> 'u3'\", below: 13}]}")
        let (_, account) = try fixture.build("filtered.pmtiles", zooms: 11...14)
        let city = try fixture.city.open()
        let layer = try #require(city.view().layer("things"))
        var passing: Set<UInt64> = []
        for id in Int64(1)...900 {
            guard let feature = layer.feature(id: id), case .integer(let floors) = feature.value(1) else { continue }
            if floors >= 15, feature.value(0) != .string("u3") { passing.insert(UInt64(id)) }
        }
        #expect(passing.count > 200 && passing.count < 500)
        let reader = try PMTilesReader(path: fixture.folder.file("filtered.pmtiles"))
        var seen: [Int: Set<UInt64>] = [:]
        for z in 11...14 {
            let plan = try TilePlan(zooms: z...z, grid: city.tileGrid, layers: [layer])
            for id in plan.ranges.flatMap(\.tiles) {
                let tile = try TileID(hilbertID: id)
                let plain = try reader.tile(tile).map { try Compression.gunzip($0.bytes, limit: 1 << 24) } ?? []
                #expect(try city.packedTile(tile, layers: [layer]).plain() == plain)
                guard !plain.isEmpty else { continue }
                for feature in try MVTDecoder.decode(plain)[0].features {
                    if let id = feature.id { seen[z, default: []].insert(id) }
                }
            }
        }
        // The smallest ones vanish on the grid, more of them at low zooms.
        for z in 11...12 {
            #expect(seen[z]?.isSubset(of: passing) == true && seen[z]?.count ?? 0 > passing.count * 3 / 4, "\(z)")
        }
        for z in 13...14 { #expect(seen[z]?.count ?? 0 > 850, "\(z)") }
        for zoom in account.zooms {
            let layer = zoom.layers[0]
            #expect((layer.filtered > 0) == (zoom.z < 13), "\(zoom.z)")
            #expect(layer.offered == layer.written + layer.dropped + layer.outside)
        }
        // Who may not see a field is not told by the filter what is in it.
        let tile = TileID(containingWorldX: world(120, 36.26).0, y: world(120, 36.26).1, zoom: 11)
        let open = try city.tile(tile, layers: [layer]),
            blind = try city.tile(
                tile, layers: [layer], maskedFields: ["things": ["floors"]])
        #expect(try MVTDecoder.decode(blind)[0].features.count > MVTDecoder.decode(open)[0].features.count)
    }

    /// A text of a megabyte would be in every tile that shows the feature: an error that names the field, and no archive.
    @Test func aTextThatNoTileTakes() throws {
        var city = try ImportFixture()
        city.geometry = "polygon"
        city.source = "path: things.geojson"
        city.fields = ["name: use, type: string"]
        let ring = "[[119.99,36.26],[119.99,36.27],[120.0,36.27],[119.99,36.26]]"
        let text = String(repeating: "x", count: 1_000_000)
        try city.folder.write(
            """
            {"type":"FeatureCollection","features":[
            {"type":"Feature","properties":{"use":"\(text)"},"geometry":{"type":"Polygon","coordinates":[\(ring)]}}]}
            """, to: "things.geojson")
        try city.run()
        for ending in ["pmtiles", "mbtiles"] {
            let path = city.folder.file("long.\(ending)")
            var options = TileBuildOptions(output: path)
            options.zooms = 10...12
            let error = #expect(throws: TileError.self) {
                try TileBuild(city: city.open(), name: "a", layers: ["things"], options: options).run()
            }
            let message = error?.message ?? ""
            for part in ["'use'", "1000000 bytes", "65536", "leave the field out"] { #expect(message.contains(part)) }
            #expect(!FileManager.default.fileExists(atPath: path))
        }
    }

    @Test func refusesWhatCannotBe() throws {
        let fixture = try TileBuildFixture(buildings: 10)
        let city = try fixture.city.open()
        func message(_ body: () throws -> Void) -> String {
            do {
                try body()
                return ""
            } catch { return "\(error)" }
        }
        var options = TileBuildOptions(output: "x.zip")
        #expect(
            message { _ = try TileBuild(city: city, name: "a", layers: ["things"], options: options) }
                .contains(".pmtiles or .mbtiles"))
        options.output = fixture.folder.file("x.pmtiles")
        #expect(
            message { _ = try TileBuild(city: city, name: "a", layers: ["nothing"], options: options) }
                .contains("the store has things"))
        #expect(message { _ = try TileBuild(city: city, name: "a", layers: [], options: options) }.contains("--layers"))
        options.resume = true
        #expect(
            message { _ = try TileBuild(city: city, name: "a", layers: ["things"], options: options).run() }
                .contains("leave --resume out"))
        options.resume = false
        let build = try TileBuild(city: city, name: "a", layers: ["things"], options: options)
        try build.makeSpool(ranges: 1)
        options.resume = true
        options.zooms = 0...3
        #expect(
            message { _ = try TileBuild(city: city, name: "a", layers: ["things"], options: options).run() }
                .contains("of another build"))
        options = TileBuildOptions(output: "/nowhere/at/all/x.pmtiles")
        #expect(
            message { _ = try TileBuild(city: city, name: "a", layers: ["things"], options: options).run() }
                .contains("cannot use /nowhere"))
        #expect(!FileManager.default.fileExists(atPath: fixture.folder.file("x.pmtiles")))
    }

    /// Equal contents lie in the spool once, whether or not the build was stopped between them.
    @Test(arguments: 0...4)
    func equalContentsAreStoredOnce(killedAfter: Int) throws {
        let folder = try TemporaryFolder()
        let path = folder.file("a.pmtiles")
        let texts = [["sea", "land"], ["sea", "sea"], ["land", "town"], ["town"]]
        func result(_ index: Int) -> TileRangeResult {
            var result = TileRangeResult(index: index, z: 2)
            for (place, text) in texts[index].enumerated() {
                let bytes = Array(text.utf8)
                result.bytes += bytes
                result.tiles.append(
                    .init(id: UInt64(5 + index * 4 + place), length: UInt32(bytes.count), plainLength: 9))
            }
            return result
        }
        func add(_ ranges: Range<Int>, resume: Bool) throws -> TileSpool {
            let spool = try TileSpool(path, fingerprint: "f", resume: resume)
            for index in ranges { try spool.append(result(index)) }
            return spool
        }
        if killedAfter > 0 { _ = try add(0..<killedAfter, resume: false) }
        let spool = try add(killedAfter..<4, resume: killedAfter > 0)
        var seen: [String] = []
        try spool.forEachTile { seen.append(String(decoding: $1, as: UTF8.self)) }
        #expect(seen == texts.flatMap { $0 })
        let summary = try spool.finish(path, PMTilesOptions(), metadata: Array("{}".utf8))
        try spool.remove()
        #expect((summary.tiles, summary.contents, summary.tileBytes) == (7, 3, 11))
        let reader = try PMTilesReader(path: path)
        for (index, tile) in (0..<4).flatMap({ result($0).tiles }).enumerated() {
            #expect(try reader.tile(TileID(hilbertID: tile.id))?.bytes == Array(texts.flatMap { $0 }[index].utf8))
        }
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path) == ["a.pmtiles"])
        // Head and root directory have their room; then come contents, metadata and leaves, and nothing between.
        let header = reader.header
        #expect(header.tiles.offset == 16_384 && header.root.offset == 127)
        #expect(header.metadata.offset == header.tiles.offset + header.tiles.length)
        #expect(header.leaves.offset == header.metadata.offset + header.metadata.length)
        #expect(Int(header.leaves.offset + header.leaves.length) == summary.fileBytes)
    }
}

extension TileBuild {
    /// The first ranges of a build, as one that is killed then leaves them.
    fileprivate func makeSpool(ranges: Int) throws {
        let spool = try TileSpool(options.output, fingerprint: fingerprint, resume: false)
        var plan = try TilePlan(zooms: options.zooms, grid: city.tileGrid, layers: layers)
        plan.cut(to: ranges)
        try TileWorkers(plan: plan, grid: city.tileGrid, layers: layers, threads: 1, spool: spool) { _, _, _ in }.run()
    }
}

extension TilePlan {
    fileprivate mutating func cut(to count: Int) { ranges = Array(ranges.prefix(count)) }
}
