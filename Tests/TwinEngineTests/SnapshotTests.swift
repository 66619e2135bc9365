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
        var values: [[FieldValue]] = []

        static let types: [SnapshotFormat.ColumnType] = [.integer, .real, .boolean, .text, .text, .binary]

        init(
            count: Int, kind: GeometryKind, hasZ: Bool, isMulti: Bool = true, _ random: inout SeededGenerator
        ) {
            let columns = Self.types.enumerated().map { SnapshotFormat.Column(name: "c\($0)", type: $1) }
            builder = SnapshotBuilder(
                metadata: SnapshotMetadata(layer: "things", crs: "EPSG:4549", kind: kind, columns: columns),
                folder: NSTemporaryDirectory())
            for row in 0..<count {
                let parts = kind == .point || !isMulti ? 1 : Int.random(in: 1...3, using: &random)
                var geometry = FlatGeometry(kind: kind)
                for part in 0..<parts {
                    let vertices =
                        kind == .point
                        ? Int.random(in: 1...(isMulti ? 3 : 1), using: &random) : Int.random(in: 3...8, using: &random)
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
                builder.append(id: id(row, isMulti), geometry: geometry)
                geometries.append(geometry)
                values.append(Self.types.indices.map { append($0, &random) })
            }
        }

        /// Ids that need 64 bits in one kind of layer, and 32 in the other.
        private func id(_ row: Int, _ isWide: Bool) -> Int64 { Int64(row * 7 % 1_000_003) + (isWide ? -5 : 5) }

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
            case .binary(let rows):
                let value = (0..<Int.random(in: 1...9, using: &random)).map { UInt8($0) }
                if isNull { rows.appendEmpty() } else { unsafe rows.append(value.span.bytes) }
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
        for (hasZ, isMulti) in [(false, true), (true, true), (false, false), (true, false)] {
            let layer = RandomLayer(count: count, kind: kind, hasZ: hasZ, isMulti: isMulti, &random)
            let folder = try TemporaryFolder()
            let path = folder.file("things.9.snapshot")
            let frame = GridFrame(originX: 500_000, originY: 4_012_000)
            try SnapshotWriter.write(layer.builder, version: 9, frame: frame, latitude: 36, to: path)
            let view = try view(path, kind: kind)
            let snapshot = view.snapshot
            #expect(snapshot.version == 9 && snapshot.count == count && snapshot.frame == frame)
            #expect(
                snapshot.isPointLayer == (kind == .point && layer.geometries.allSatisfy { $0.vertexCount == 1 }))
            #expect(snapshot.verify() == nil)
            #expect(snapshot.checkInvariants() == nil)
            for row in stride(from: 0, to: count, by: count > 1000 ? 7 : 1) {
                let feature = try #require(view.feature(id: layer.builder.ids[row]))
                expect(feature, layer, row)
                if hasZ, count > 2 {
                    let flat = [Int32](repeating: 0, count: layer.geometries[row].xy.count / 2)
                    let z = layer.geometries[row].z
                    #expect(view.heights(row: feature.row) == (z.isEmpty ? flat : z))
                }
            }
            #expect(view.feature(id: -6) == nil && view.feature(id: .max) == nil)
            #expect(!snapshot.isSuspect)
            try expectSearch(view, layer, &random)
        }
    }

    /// Geometry, world coordinates, zooms and values of a row.
    func expect(_ feature: Feature, _ layer: RandomLayer, _ row: Int) {
        let view = feature.view
        let geometry = layer.geometries[row]
        feature.withGeometry { found in
            #expect((0..<found.xy.count).map { found.xy[$0] } == geometry.xy)
            #expect((0..<found.ringEnds.count).map { found.ringEnds[$0] } == geometry.ringEnds)
        }
        #expect(feature.box == geometry.box)
        var scratch: [UInt32] = [1, 2, 3]
        view.withWorld(row: feature.row, scratch: &scratch) { world, ends in
            #expect(ends.count == geometry.ringEnds.count && world.count == geometry.xy.count)
            for vertex in 0..<world.count / 2 {
                var alone: [UInt32] = []
                view.coordinates.worldUnits(geometry.xy.span.extracting(2 * vertex..<2 * vertex + 2), into: &alone)
                #expect(alone == [world[2 * vertex], world[2 * vertex + 1]])
            }
        }
        view.withVertexZoom(row: feature.row) { zooms in
            #expect(zooms.count == (geometry.kind == .point ? 0 : geometry.vertexCount))
        }
        for column in RandomLayer.types.indices {
            #expect(view.value(row: feature.row, column: column) == layer.values[row][column])
        }
    }

    /// Box searches against brute force.
    func expectSearch(_ view: LayerView, _ layer: RandomLayer, _ random: inout SeededGenerator) throws {
        for _ in 0..<10 {
            let x = Int32.random(in: -9_000_000...9_000_000, using: &random)
            let y = Int32.random(in: -9_000_000...9_000_000, using: &random)
            let box = GridBox(
                minX: x, minY: y, maxX: x + .random(in: 0...9_000_000, using: &random), maxY: y + 3_000_000)
            var found: [Int64] = []
            view.search(box) { feature in
                found.append(feature.id)
                return true
            }
            let expected = layer.geometries.indices.filter { layer.geometries[$0].box.intersects(box) }
            #expect(found.sorted() == expected.map { layer.builder.ids[$0] }.sorted())
        }
    }

    /// Codes ascend with texts, look-ups agree with brute force, sorted rows and zone maps with the values.
    @Test(arguments: [0, 1, 1024, 3000]) func columns(count: Int) throws {
        var random = SeededGenerator.printed()
        let layer = RandomLayer(count: count, kind: .point, hasZ: false, isMulti: false, &random)
        let folder = try TemporaryFolder()
        let path = folder.file("things.1.snapshot")
        try SnapshotWriter.write(layer.builder, version: 1, frame: GridFrame(originX: 0, originY: 0), to: path)
        let view = try view(path, kind: .point)
        let snapshot = view.snapshot
        for column in [3, 4] {
            let texts = (0..<snapshot.dictionaryCount(column)).map { view.dictionaryText(column, $0 + 1) }
            #expect(texts == texts.sorted { Array($0.utf8).lexicographicallyPrecedes(Array($1.utf8)) })
            for probe in ["", "住", "a", "名", "名1", "名12", "名1234", "名9999", "zzz", "\u{10FFFF}"] {
                let bytes = Array(probe.utf8)
                let code = snapshot.dictionaryCode(column, bytes.span)
                #expect(code.map(Int.init) == texts.firstIndex(of: probe).map { $0 + 1 })
                let range = snapshot.dictionaryRange(column, prefix: bytes.span)
                let expected = texts.indices.filter { texts[$0].utf8.starts(with: bytes) }.map { $0 + 1 }
                #expect(range.map(Int.init) == expected)
                let between = snapshot.dictionaryRange(column, from: bytes.span, through: nil)
                #expect(between.count == texts.count { !Array($0.utf8).lexicographicallyPrecedes(bytes) })
            }
        }
        for column in RandomLayer.types.indices {
            guard let rows = snapshot.sortedRows(column) else {
                #expect(RandomLayer.types[column] == .binary)
                continue
            }
            let values = rows.map { view.value(row: Int($0), column: column) }
            #expect(values.count == layer.values.count { $0[column] != .null })
            for (left, right) in zip(values, values.dropFirst()) {
                switch (left, right) {
                case (.integer(let a), .integer(let b)): #expect(a <= b)
                case (.real(let a), .real(let b)): #expect(a <= b)
                case (.string(let a), .string(let b)): #expect(!Array(b.utf8).lexicographicallyPrecedes(Array(a.utf8)))
                case (.boolean(let a), .boolean(let b)): #expect(!a || b)
                default: Issue.record("\(left) beside \(right)")
                }
            }
        }
        guard let zones = snapshot.zoneMap(0) else {
            Issue.record("there is no zone map")
            return
        }
        #expect(zones.count == (count + 1023) / 1024)
        for zone in zones.indices {
            let rows = zone * 1024..<min(count, zone * 1024 + 1024)
            let values = rows.compactMap { row -> Int64? in
                if case .integer(let value) = view.value(row: row, column: 0) { value } else { nil }
            }
            #expect(zones[zone].integers.least == values.min() ?? .max)
            #expect(
                zones[zone].integers.greatest == values.max() ?? .min
                    && Int(zones[zone].nulls) == rows.count - values.count)
        }
    }

    /// Reals that are not numbers are outside every zone, and minus zero is zero.
    @Test func zonesOfReals() {
        let values = [Double.nan, -0.0, 0, 5, -Double.infinity]
        let zone = SnapshotZone.reals(0..<5) { values[$0] }
        #expect(zone.reals.least == -.infinity && zone.reals.greatest == 5 && zone.notNumbers == 1 && zone.nulls == 0)
        let empty = SnapshotZone.reals(0..<1) { _ in nil }
        #expect(empty.reals.least > empty.reals.greatest && empty.nulls == 1)
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
            try fixture.open().verifySnapshots()
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
