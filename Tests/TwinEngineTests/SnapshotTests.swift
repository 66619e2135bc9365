// SPDX-License-Identifier: Apache-2.0
import Foundation
import Spatial
import TestSupport
import Testing

@testable import TwinEngine

@Suite struct SnapshotTests {
    /// A layer of random features with every column type, nulls, heights and parts.
    struct RandomLayer {
        var builder: SnapshotBuilder
        var geometries: [FlatGeometry] = []
        var worlds: [[UInt32]] = []
        var values: [[FieldValue]] = []

        static let types: [SnapshotFormat.ColumnType] = [.integer, .real, .boolean, .text, .text, .binary]

        init(count: Int, kind: GeometryKind, hasZ: Bool, _ random: inout SeededGenerator) {
            let columns = Self.types.enumerated().map { SnapshotFormat.Column(name: "c\($0)", type: $1) }
            builder = SnapshotBuilder(
                metadata: SnapshotMetadata(layer: "things", crs: "EPSG:4549", kind: kind, columns: columns))
            for row in 0..<count {
                let parts = kind == .point ? 1 : Int.random(in: 1...3, using: &random)
                var geometry = FlatGeometry(kind: kind)
                for part in 0..<parts {
                    let vertices =
                        kind == .point ? Int.random(in: 1...3, using: &random) : Int.random(in: 3...8, using: &random)
                    for _ in 0..<vertices {
                        geometry.xy += [
                            Int32.random(in: -9_000_000...9_000_000, using: &random),
                            .random(in: -9_000_000...9_000_000, using: &random),
                        ]
                        if hasZ, row % 3 != 0 { geometry.z.append(.random(in: -1000...1000, using: &random)) }
                    }
                    let isHole = kind == .polygon && part > 0 && Bool.random(using: &random)
                    geometry.ringEnds.append(UInt32(geometry.xy.count / 2) | (isHole ? 0 : ringStartsPart))
                }
                let world = geometry.xy.map { UInt32(bitPattern: $0) }
                builder.append(id: Int64(row * 7 % 1_000_003) - 5, geometry: geometry, world: world)
                geometries.append(geometry)
                worlds.append(world)
                values.append(Self.types.indices.map { append($0, &random) })
            }
        }

        private mutating func append(_ column: Int, _ random: inout SeededGenerator) -> FieldValue {
            let isNull = column != 4 && Int.random(in: 0..<4, using: &random) == 0
            switch builder.columns[column] {
            case .integer(var list, var validity):
                let value = Int64.random(in: .min ... .max, using: &random)
                list.append(isNull ? 0 : value)
                validity.append(!isNull)
                builder.columns[column] = .integer(list, validity)
                return isNull ? .null : .integer(value)
            case .real(var list, var validity):
                let value = Double.random(in: -1e9...1e9, using: &random)
                list.append(isNull ? 0 : value)
                validity.append(!isNull)
                builder.columns[column] = .real(list, validity)
                return isNull ? .null : .real(value)
            case .boolean(var list, var validity):
                let value = Bool.random(using: &random)
                list.append(!isNull && value ? 1 : 0)
                validity.append(!isNull)
                builder.columns[column] = .boolean(list, validity)
                return isNull ? .null : .boolean(value)
            case .text(var dictionary):
                let value =
                    column == 4
                    ? "名\(Int.random(in: 0..<5000, using: &random))"
                    : ["", "住宅", "a\u{0}b"].randomElement(using: &random) ?? ""
                if isNull { dictionary.appendNull() } else { unsafe dictionary.append(Array(value.utf8).span.bytes) }
                builder.columns[column] = .text(dictionary)
                return isNull ? .null : .string(value)
            case .binary(var offsets, var bytes):
                let value = (0..<Int.random(in: 1...9, using: &random)).map { UInt8($0) }
                if !isNull { bytes += value }
                offsets.append(UInt64(bytes.count))
                builder.columns[column] = .binary(offsets: offsets, bytes: bytes)
                return isNull ? .null : .binary(value)
            }
        }
    }

    /// A layer view over a snapshot file, with fields named as the random layer's columns.
    func view(_ path: String, kind: GeometryKind) throws -> LayerView {
        let snapshot = try Snapshot(path: path)
        let coordinates = try CityCoordinates(
            crs: "EPSG:4549", extent: LonLatBox(west: 119.9, south: 36.2, east: 120.1, north: 36.33))
        let definition = LayerDefinition(
            id: "things", title: LocalizedText(zh: "", en: ""), theme: "t", department: "d", classification: .public,
            geometry: kind, sources: [], code: nil, isBase: false, zoom: 0...22, fields: [],
            style: LayerStyle(
                kind: .fill, color: "", outline: nil, opacity: 1, width: 1, visible: true, label: nil, category: nil))
        return LayerView(
            definition: definition, snapshot: snapshot, delta: .none(version: snapshot.version),
            coordinates: coordinates)
    }

    @Test(arguments: [GeometryKind.point, .line, .polygon], [0, 1, 17, 2500])
    func roundTrip(kind: GeometryKind, count: Int) throws {
        var random = SeededGenerator.printed()
        for hasZ in [false, true] {
            let layer = RandomLayer(count: count, kind: kind, hasZ: hasZ, &random)
            let folder = try TemporaryFolder()
            let path = folder.file("things.9.snapshot")
            let frame = GridFrame(originX: 500_000, originY: 4_012_000)
            try SnapshotWriter.write(layer.builder, version: 9, frame: frame, to: path)
            let view = try view(path, kind: kind)
            #expect(view.snapshot.version == 9 && view.snapshot.count == count && view.snapshot.frame == frame)
            #expect(view.snapshot.verify() == nil)
            #expect(view.snapshot.checkInvariants() == nil)
            for row in 0..<count {
                let id = Int64(row * 7 % 1_000_003) - 5
                let feature = try #require(view.feature(id: id))
                feature.withGeometry { geometry in
                    #expect((0..<geometry.xy.count).map { geometry.xy[$0] } == layer.geometries[row].xy)
                    #expect(
                        (0..<geometry.ringEnds.count).map { geometry.ringEnds[$0] } == layer.geometries[row].ringEnds)
                }
                view.withWorld(row: feature.row) { world, _ in
                    #expect((0..<world.count).map { world[$0] } == layer.worlds[row])
                }
                for column in RandomLayer.types.indices {
                    #expect(view.value(row: feature.row, column: column) == layer.values[row][column])
                }
                if hasZ, count > 2 {
                    let flat = [Int32](repeating: 0, count: layer.geometries[row].xy.count / 2)
                    let z = layer.geometries[row].z
                    #expect(view.heights(row: feature.row) == (z.isEmpty ? flat : z))
                }
            }
            #expect(view.feature(id: -6) == nil)
        }
    }

    /// A byte flipped in any section, or the file cut anywhere, is refused by name.
    @Test func damage() throws {
        var random = SeededGenerator.printed()
        let layer = RandomLayer(count: 300, kind: .polygon, hasZ: true, &random)
        let folder = try TemporaryFolder()
        let path = folder.file("things.1.snapshot")
        try SnapshotWriter.write(layer.builder, version: 1, frame: GridFrame(originX: 0, originY: 0), to: path)
        let whole = [UInt8](try Data(contentsOf: URL(fileURLWithPath: path)))
        let header = try unsafe SnapshotHeader(whole.span.bytes, path: path)
        let broken = folder.file("broken.snapshot")
        var places = (0..<SnapshotFormat.headerSize + SnapshotFormat.entrySize * header.entries.count).filter { place in
            // Four bytes at the end of each table entry are spare, but the table's checksum covers them too.
            place < whole.count
        }
        for entry in header.entries where entry.length > 0 {
            places += [entry.offset, entry.offset + entry.length / 2, entry.offset + entry.length - 1]
            places += (0..<4).map { _ in entry.offset + Int.random(in: 0..<entry.length, using: &random) }
        }
        for place in places {
            var bytes = whole
            bytes[place] ^= UInt8.random(in: 1...255, using: &random)
            try folder.write(bytes, to: "broken.snapshot")
            #expect(throws: TwinError.self, "byte \(place) was not noticed") { try Snapshot(path: broken) }
        }
        for length in Array(0..<200) + (0..<60).map({ _ in Int.random(in: 0..<whole.count, using: &random) }) {
            try folder.write(Array(whole[0..<length]), to: "broken.snapshot")
            #expect(throws: TwinError.self, "\(length) bytes were taken") { try Snapshot(path: broken) }
        }
        try folder.write(whole + [0], to: "broken.snapshot")
        #expect(throws: TwinError.self) { try Snapshot(path: broken) }
    }

    @Test func messagesSayWhatHappens() throws {
        let folder = try TemporaryFolder()
        try folder.write([UInt8](repeating: 1, count: 100), to: "a.snapshot")
        let error = #expect(throws: TwinError.self) { try Snapshot(path: folder.file("a.snapshot")) }
        #expect(error?.message.contains("not a snapshot") == true && error?.message.contains("rebuilt") == true)
    }

    /// A city whose snapshots are damaged, missing or of something else answers as before.
    @Test func rebuiltFromTheRecord() throws {
        var random = SeededGenerator.printed()
        var fixture = try ImportFixture()
        fixture.fields = ["name: n, type: integer"]
        try fixture.folder.write(geoJSON(cityPoints(500)), to: "points.geojson")
        try fixture.run()
        let expected = try fixture.values("n")
        let files = SnapshotRebuild.files(fixture.store, layer: "things")
        let path = try #require(files.first?.path)
        let whole = [UInt8](try Data(contentsOf: URL(fileURLWithPath: path)))
        for damage in 0..<12 {
            var bytes = whole
            switch damage {
            case 0: bytes = []
            case 1: bytes = Array(bytes.prefix(64))
            case 2: try FileManager.default.removeItem(atPath: path)
            default: bytes[Int.random(in: 0..<bytes.count, using: &random)] ^= 0x55
            }
            if damage != 2 { try Data(bytes).write(to: URL(fileURLWithPath: path)) }
            #expect(try fixture.values("n") == expected)
            #expect(try StoreCheck.run(fixture.store).isGood)
        }
    }

    @Test func leftoversAreRemoved() throws {
        let fixture = try ImportFixture()
        try fixture.folder.write(geoJSON(cityPoints(5)), to: "points.geojson")
        try fixture.run()
        let folder = "\(fixture.store)/snapshots"
        // 2^22 is above the highest process number that Linux gives.
        try Data([1]).write(to: URL(fileURLWithPath: "\(folder)/things.1.snapshot.1.4194399.tmp"))
        try fixture.run()
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder).count == 1)
    }
}
