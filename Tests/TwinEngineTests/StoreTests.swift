// SPDX-License-Identifier: Apache-2.0
import Foundation
import GRDB
import Spatial
import TestSupport
import Testing

@testable import TwinEngine

@Suite struct StoreTests {
    func fixture(_ count: Int = 100) throws -> ImportFixture {
        var fixture = try ImportFixture()
        fixture.fields = ["name: n, type: integer"]
        try fixture.folder.write(geoJSON(cityPoints(count)), to: "points.geojson")
        try fixture.run()
        return fixture
    }

    /// The message of the error that a body throws.
    func message(_ body: () throws -> Void) -> String {
        do {
            try body()
            return ""
        } catch {
            return "\(error)"
        }
    }

    @Test func noStore() throws {
        let folder = try TemporaryFolder()
        #expect(message { _ = try City.open(store: folder.path) }.contains("twin import"))
    }

    @Test func anotherVersion() throws {
        let fixture = try fixture()
        try fixture.edit("PRAGMA user_version = 99")
        let text = message { _ = try fixture.open() }
        #expect(text.contains("version 99") && text.contains("new folder"))
        #expect(message { try fixture.run() }.contains("version 99"))
    }

    @Test func somethingElse() throws {
        let folder = try TemporaryFolder()
        let queue = try DatabaseQueue(path: folder.file("city.sqlite"))
        try queue.write { try $0.execute(sql: "CREATE TABLE a (b)") }
        #expect(message { _ = try City.open(store: folder.path) }.contains("something else"))
        #expect(message { _ = try CityStore.openForImport(folder.path) }.contains("something else"))
        try folder.write("this is not a database, but a text that is long enough to be read as one", to: "city.sqlite")
        #expect(message { _ = try CityStore.open(folder.path) }.contains("not a whole SQLite database"))
    }

    /// A kill before the first commit leaves an empty file, which is no obstacle.
    @Test func emptyDatabase() throws {
        let fixture = try ImportFixture()
        try fixture.folder.write(geoJSON(cityPoints(3)), to: "points.geojson")
        try FileManager.default.createDirectory(atPath: fixture.store, withIntermediateDirectories: true)
        try Data().write(to: URL(fileURLWithPath: CityStore.databasePath(fixture.store)))
        #expect(try fixture.runOne().kept == 3)
    }

    @Test func secondImporter() throws {
        let fixture = try fixture()
        let lock = try StoreLock(directory: fixture.store)
        let text = message { try fixture.run() }
        #expect(text.contains("another process is importing") && text.contains("wait"))
        #expect(try fixture.view().count == 100)
        withExtendedLifetime(lock) {}
    }

    /// The same with a lock that another process holds; the kernel frees it when that process is killed.
    @Test(.enabled(if: ExternalTool("flock").isAvailable)) func secondImporterProcess() throws {
        let fixture = try fixture()
        let holder = try ExternalTool("flock").start(["--no-fork", "\(fixture.store)/.lock", "sleep", "60"])
        defer { holder.terminate() }
        var text = ""
        for _ in 0..<100 where text.isEmpty {
            text = message { try fixture.run() }
            usleep(20_000)
        }
        #expect(text.contains("another process is importing"))
        kill(holder.processIdentifier, SIGKILL)
        holder.waitUntilExit()
        #expect(try fixture.runOne().kept == 100)
    }

    @Test func fullDisk() throws {
        let fixture = try fixture()
        try fixture.folder.write(geoJSON(cityPoints(20_000)), to: "points.geojson")
        let project = try CityProject.load(fixture.folder.file("city.yaml"))
        let layer = try #require(project.layer("things"))
        let frame = try CityCoordinates(crs: project.crs, extent: project.extent)
        do {
            let store = try CityStore.openForImport(fixture.store)
            try store.queue.writeWithoutTransaction { database in
                let pages = try Int.fetchOne(database, sql: "PRAGMA page_count") ?? 0
                _ = try Int.fetchOne(database, sql: "PRAGMA max_page_count = \(pages + 8)")
            }
            let importer = LayerImporter(project: project, layer: layer, frame: frame, progress: .silent)
            let text = message { _ = try importer.run(store) }
            #expect(text.contains("disk of the store is full") && text.contains("old layer is still whole"), "\(text)")
        }
        #expect(try fixture.view().count == 100)
        #expect(try StoreCheck.run(fixture.store).isGood)
        #expect(try fixture.runOne().kept == 20_000)
    }

    /// A real full disk, where a small file system can be mounted.
    @Test(.enabled(if: getuid() == 0 && ExternalTool("mount").isAvailable)) func fullFileSystem() throws {
        var fixture = try fixture()
        let mount = fixture.folder.file("small")
        try FileManager.default.createDirectory(atPath: mount, withIntermediateDirectories: true)
        do {
            try ExternalTool("mount").run(["-t", "tmpfs", "-o", "size=9m", "tmpfs", mount])
        } catch {
            print("fullFileSystem: skipped, because no file system can be mounted here: \(error)")
            return
        }
        defer { _ = try? ExternalTool("umount").run(["-l", mount]) }
        fixture.source = "path: \(fixture.folder.file("points.geojson"))"
        let path = try fixture.folder.write(fixture.yaml, to: "city.yaml")
        _ = try CityImporter(projectFile: path).run(into: "\(mount)/store", progress: .silent)
        try fixture.folder.write(geoJSON(cityPoints(60_000)), to: "points.geojson")
        let text = message { _ = try CityImporter(projectFile: path).run(into: "\(mount)/store", progress: .silent) }
        #expect(text.contains("full") || text.contains("No space left"), "\(text)")
        #expect(text.contains("free space"), "\(text)")
        let city = try City.open(store: "\(mount)/store")
        let count = city.view().layer("things")?.count
        #expect(count == 100 || count == 60_000)
    }

    /// The files as they are in the middle of a transaction are what a kill leaves.
    @Test func killedInTheMiddle() throws {
        let fixture = try fixture()
        let copy = try TemporaryFolder()
        let store = try CityStore.openForImport(fixture.store)
        try store.queue.writeWithoutTransaction { database in
            try database.execute(sql: "PRAGMA cache_size = 10")
            try database.execute(sql: "BEGIN IMMEDIATE; DELETE FROM things; CREATE TABLE twin_new_things (id, geom)")
            for _ in 0..<2000 {
                try database.execute(sql: "INSERT INTO twin_new_things VALUES (1, zeroblob(4000))")
            }
            for name in ["city.sqlite", "city.sqlite-wal"] {
                try FileManager.default.copyItem(atPath: "\(fixture.store)/\(name)", toPath: copy.file(name))
            }
            let size = try FileManager.default.attributesOfItem(atPath: copy.file("city.sqlite-wal"))[.size] as? Int
            #expect((size ?? 0) > 4_000_000, "nothing was spilled, so nothing is tested")
            try database.execute(sql: "ROLLBACK")
        }
        let city = try City.open(store: copy.path)
        #expect(city.view().layer("things")?.count == 100)
        #expect(try StoreCheck.run(copy.path).isGood)
    }

    /// `kill -9` of the real importer at many moments.
    @Test(.enabled(if: ExternalTool.twin.isAvailable)) func killedImporter() throws {
        var random = SeededGenerator.printed()
        let fixture = try fixture()
        try fixture.folder.write(geoJSON(cityPoints(30_000)), to: "points.geojson")
        var seen: [Int: Int] = [:]
        let wal = "\(fixture.store)/city.sqlite-wal"
        for _ in 0..<8 {
            let process = try ExternalTool.twin.start([
                "import", fixture.folder.file("city.yaml"), "--store", fixture.store,
            ])
            // The import has begun when its log grows; then it is killed somewhere on its way.
            for _ in 0..<500 where process.isRunning {
                let size = try? FileManager.default.attributesOfItem(atPath: wal)[.size] as? Int  // safe: not there yet
                if let size, size > 0 { break }
                usleep(2000)
            }
            usleep(UInt32.random(in: 0...250_000, using: &random))
            kill(process.processIdentifier, SIGKILL)
            process.waitUntilExit()
            let count = try fixture.view().count
            #expect(count == 100 || count == 30_000)
            seen[count, default: 0] += 1
            #expect(try StoreCheck.run(fixture.store).isGood)
        }
        print("killedImporter: features seen after a kill: \(seen)")
        #expect(try fixture.runOne().kept == 30_000)
    }

    /// A project that gained a field opens although its layer's source failed, so that the old table stayed.
    @Test func newFieldOnAnOldLayer() throws {
        var fixture = try fixture()
        fixture.fields.append("name: height, type: real")
        fixture.source = "path: gone.geojson"
        #expect(try fixture.run().keptOld == ["things"])
        #expect(try fixture.view().count == 100)
        #expect(try fixture.values("height").allSatisfy { $0 == .null })
        #expect(try fixture.values("n").first == .integer(0))
    }

    @Test func anotherCoordinateSystem() throws {
        var fixture = try fixture()
        fixture.crs = "EPSG:4548"
        let text = message { try fixture.run() }
        #expect(text.contains("EPSG:4548") && text.contains("new --store"))
        #expect(try fixture.view().count == 100)
        // The extent may change: the grid's origin moves, and snapshots are built again.
        fixture.crs = "EPSG:4549"
        fixture.extent = "[119.8, 36.1, 120.2, 36.4]"
        fixture.source = "path: gone.geojson"
        try fixture.run()
        #expect(try fixture.view().count == 100)
    }

    @Test(.enabled(if: ExternalTool("ogrinfo").isAvailable)) func otherProgramsOpenIt() throws {
        let fixture = try fixture()
        let text = try ExternalTool("ogrinfo").run(["-so", "\(fixture.store)/city.sqlite", "things"])
        #expect(text.contains("Feature Count: 100") && text.contains("Geometry: Point") && text.contains("4549"))
    }

    @Test func forgottenLayers() throws {
        let fixture = try fixture()
        let other = fixture.yaml.replacingOccurrences(of: "id: things", with: "id: others")
        let path = try fixture.folder.write(other, to: "city.yaml")
        _ = try CityImporter(projectFile: path).run(into: fixture.store, progress: .silent)
        let city = try fixture.open()
        #expect(city.view().layers.map(\.definition.id) == ["others"])
        #expect(SnapshotRebuild.files(fixture.store, layer: "things").isEmpty)
    }

    /// SpatiaLite reads our geometries as its own, for every kind with and without heights.
    @Test(arguments: [GeometryKind.point, .line, .polygon], [false, true])
    func blobs(kind: GeometryKind, hasZ: Bool) throws {
        var random = SeededGenerator.printed()
        let folder = try TemporaryFolder()
        let store = try CityStore.openForImport(folder.path)
        for _ in 0..<50 {
            var geometry = FlatCoordinates(kind: kind)
            let x = Double.random(in: 0...1000, using: &random)
            for part in 0..<Int.random(in: 1...3, using: &random) {
                let left = x + Double(part) * 100
                geometry.xy += kind == .point ? [left, 5] : [left, 0, left + 50, 0, left + 50, 50]
                if hasZ { geometry.z += kind == .point ? [1] : [1, 2, 3] }
                let end = UInt32(geometry.xy.count / 2) | ringStartsPart
                if kind == .point { geometry.ringEnds = [end] } else { geometry.ringEnds.append(end) }
            }
            var bytes: [UInt8] = []
            SpatiaLiteBlob.encode(geometry, srid: 4549, hasZ: hasZ, into: &bytes)
            let data = Data(bytes)
            let (points, valid, area) = try store.queue.read { database in
                (
                    try Int.fetchOne(database, sql: "SELECT ST_NPoints(?)", arguments: [data]),
                    try Int.fetchOne(database, sql: "SELECT ST_IsValid(?)", arguments: [data]),
                    try Double.fetchOne(database, sql: "SELECT ST_Area(?)", arguments: [data]) ?? 0
                )
            }
            #expect(points == geometry.vertexCount + (kind == .polygon ? geometry.partCount : 0))
            #expect(valid == 1)
            if kind == .polygon { #expect(abs(area - 1250 * Double(geometry.partCount)) < 1e-6) }
            var back = FlatCoordinates()
            try unsafe SpatiaLiteBlob.decode(bytes.span.bytes, into: &back)
            #expect(back == geometry)
            for length in 0..<bytes.count {
                #expect(throws: TwinError.self, "\(length) of \(bytes.count)") {
                    try unsafe SpatiaLiteBlob.decode(Array(bytes[0..<length]).span.bytes, into: &back)
                    if back != geometry { throw TwinError(.store, "cut") }
                    if length == bytes.count - 1 { throw TwinError(.store, "only the end mark is missing") }
                }
            }
        }
    }
}
