// SPDX-License-Identifier: Apache-2.0
import Foundation
import Spatial
import TestSupport
import Testing

@testable import TwinEngine

@Suite struct CheckTests {
    func fixture() throws -> ImportFixture {
        var fixture = try ImportFixture()
        fixture.fields = ["name: n, type: integer"]
        try fixture.folder.write(geoJSON(cityPoints(300)), to: "points.geojson")
        try fixture.run()
        #expect(try StoreCheck.run(fixture.store).isGood)
        return fixture
    }

    func findings(_ fixture: ImportFixture) throws -> String {
        let check = try StoreCheck.run(fixture.store)
        #expect(!check.isGood)
        return check.findings.filter { !$0.isGood }.map { "\($0.what): \($0.detail)" }.joined(separator: "\n")
    }

    func snapshotPath(_ fixture: ImportFixture) throws -> String {
        try #require(SnapshotRebuild.files(fixture.store, layer: "things").first?.path)
    }

    @Test func flippedByteInTheSnapshot() throws {
        let fixture = try fixture()
        let path = try snapshotPath(fixture)
        var bytes = try Data(contentsOf: URL(fileURLWithPath: path))
        let grid = try unsafe SnapshotHeader([UInt8](bytes).span.bytes, path: path).entries.first { $0.section == 8 }
        bytes[try #require(grid?.offset) + 5] ^= 1
        try bytes.write(to: URL(fileURLWithPath: path))
        #expect(try findings(fixture).contains("checksum"))
    }

    @Test func missingSnapshot() throws {
        let fixture = try fixture()
        try FileManager.default.removeItem(atPath: snapshotPath(fixture))
        #expect(try findings(fixture).contains("no snapshot"))
    }

    /// Rows that vanish behind the change log's back.
    @Test func lostRows() throws {
        let fixture = try fixture()
        try fixture.edit(
            "DROP TRIGGER twin_delete_things; DELETE FROM things WHERE id IN (5, 6)")
        #expect(try findings(fixture).contains("298"))
    }

    @Test func movedRowBehindTheLog() throws {
        let fixture = try fixture()
        try fixture.edit(
            "DROP TRIGGER twin_update_things; UPDATE things SET geom = (SELECT geom FROM things WHERE id = 9) WHERE id = 8"
        )
        #expect(try findings(fixture).contains("feature 8"))
    }

    @Test func missingLayer() throws {
        let fixture = try fixture()
        try fixture.edit("DROP TABLE things; DELETE FROM twin_layers")
        #expect(try findings(fixture).contains("no such layer"))
    }

    @Test func damagedDatabase() throws {
        let fixture = try fixture()
        let path = CityStore.databasePath(fixture.store)
        var bytes = try Data(contentsOf: URL(fileURLWithPath: path))
        let end = bytes.count
        for place in (end - 6 * 8192)..<(end - 8192) where place % 3 == 0 { bytes[place] ^= 0xA5 }
        try bytes.write(to: URL(fileURLWithPath: path))
        do {
            #expect(try !StoreCheck.run(fixture.store).isGood)
        } catch {
            #expect("\(error)".contains("malformed") || "\(error)".contains("not a whole"))
        }
    }

    /// A snapshot whose sections are whole but say something else is found by its invariants.
    @Test func forgedSnapshot() throws {
        let fixture = try fixture()
        let path = try snapshotPath(fixture)
        let city = try fixture.open()
        let layer = try #require(city.project.layer("things"))
        let snapshot = try Snapshot(path: path)
        var builder = SnapshotBuilder(metadata: snapshot.metadata, folder: NSTemporaryDirectory())
        let view = try #require(city.view().layer("things"))
        for feature in try view.items(in: nil, offset: 0, limit: 300).features {
            let geometry = feature.withGeometry { $0.copied() }
            // Everything a metre to the east.
            builder.append(
                id: feature.id,
                geometry: .init(
                    kind: layer.geometry, xy: geometry.xy.enumerated().map { $0 % 2 == 0 ? $1 + 1000 : $1 },
                    ringEnds: geometry.ringEnds))
            for column in builder.columns.indices { builder.columns[column].appendNull() }
        }
        try SnapshotWriter.write(builder, version: snapshot.version, frame: snapshot.frame, to: path)
        #expect(try findings(fixture).contains("another geometry"))
    }
}

extension SnapshotColumn {
    mutating func appendNull() {
        switch self {
        case .integer(let values, var validity):
            validity.append(false)
            self = .integer(values + [0], validity)
        case .real(let values, var validity):
            validity.append(false)
            self = .real(values + [0], validity)
        case .boolean(let values, var validity):
            validity.append(false)
            self = .boolean(values + [0], validity)
        case .text(var dictionary):
            dictionary.appendNull()
            self = .text(dictionary)
        case .binary(let rows): rows.appendEmpty()
        }
    }
}

extension GeometryView {
    /// A copy that outlives the view.
    borrowing func copied() -> (xy: [Int32], ringEnds: [UInt32]) {
        ((0..<xy.count).map { xy[$0] }, (0..<ringEnds.count).map { ringEnds[$0] })
    }
}
