// SPDX-License-Identifier: Apache-2.0
import Foundation
import Spatial
import TestSupport
import Testing
import Tiles

@testable import TwinEngine

/// What a damaged file does: refused at once, or read without harm, found by its checksum, and replaced.
@Suite struct SnapshotDamageTests {
    /// How a byte, or all bytes of a section, go bad.
    enum Damage: CaseIterable {
        case flipped, zeroed, ones, allFlipped, allZeroed, allOnes, shuffled
    }

    struct File {
        var whole: [UInt8]
        var entries: [Snapshot.SectionEntry]
        let folder: TemporaryFolder
        var path: String { folder.file("broken.snapshot") }

        init(_ layer: SnapshotTests.RandomLayer) throws {
            folder = try TemporaryFolder()
            let path = folder.file("things.1.snapshot")
            try SnapshotWriter.write(
                layer.builder, version: 1, frame: GridFrame(originX: 0, originY: 0), latitude: 36, to: path)
            let bytes = [UInt8](try Data(contentsOf: URL(fileURLWithPath: path)))
            entries = try unsafe SnapshotHeader(bytes.span.bytes, path: path).entries
            whole = bytes
        }
    }

    func layers(_ random: inout SeededGenerator) -> [SnapshotTests.RandomLayer] {
        [(GeometryKind.polygon, true), (.line, false), (.point, false), (.point, true)].map { kind, isMulti in
            SnapshotTests.RandomLayer(count: 90, kind: kind, hasZ: true, isMulti: isMulti, &random)
        }
    }

    /// A byte of header, table or description that is not what it was, or another length, is refused on opening.
    @Test func refusedOnOpening() throws {
        var random = SeededGenerator.printed()
        let file = try File(layers(&random)[0])
        let table = SnapshotFormat.headerSize + SnapshotFormat.entrySize * file.entries.count
        let description = try #require(file.entries.first { $0.section == 1 })
        for place in Array(0..<table) + Array(description.range) {
            for value in [file.whole[place] ^ UInt8.random(in: 1...255, using: &random), 0, 255]
            where value != file.whole[place] {
                var bytes = file.whole
                bytes[place] = value
                try file.folder.write(bytes, to: "broken.snapshot")
                #expect(throws: TwinError.self, "byte \(place) was not noticed") { try Snapshot(path: file.path) }
            }
        }
        let lengths = Array(0..<200) + file.entries.flatMap { [$0.offset, $0.offset + $0.length / 2] }
        for length in lengths where length < file.whole.count {
            try file.folder.write(Array(file.whole[0..<length]), to: "broken.snapshot")
            #expect(throws: TwinError.self, "\(length) bytes were taken") { try Snapshot(path: file.path) }
        }
        try file.folder.write(file.whole + [0], to: "broken.snapshot")
        #expect(throws: TwinError.self) { try Snapshot(path: file.path) }
    }

    @Test func version1IsRefused() throws {
        var random = SeededGenerator.printed()
        var file = try File(layers(&random)[0])
        file.whole[8] = 1
        var header = [UInt8](file.whole[0..<60])
        header += file.whole[64..<64 + 32 * file.entries.count]
        let checksum = unsafe Checksum.crc32(header.span.bytes)
        for byte in 0..<4 { file.whole[60 + byte] = UInt8(truncatingIfNeeded: checksum >> (8 * byte)) }
        try file.folder.write(file.whole, to: "broken.snapshot")
        let error = #expect(throws: TwinError.self) { try Snapshot(path: file.path) }
        #expect(error?.message.contains("version 1, not 2") == true)
    }

    /// Every section, damaged in every way: the file is refused, or everything can be asked of it without harm and its
    /// checksum tells.
    @Test func everySectionAndByteClass() throws {
        var random = SeededGenerator.printed()
        for layer in layers(&random) {
            let file = try File(layer)
            for entry in file.entries where entry.length > 0 {
                for damage in Damage.allCases {
                    for _ in 0..<(damage == .flipped ? 5 : 1) {
                        var bytes = file.whole
                        apply(damage, entry, &bytes, &random)
                        guard bytes != file.whole else { continue }
                        try file.folder.write(bytes, to: "broken.snapshot")
                        guard let snapshot = try? Snapshot(path: file.path) else { continue }
                        #expect(entry.section != SnapshotFormat.Section.metadata.rawValue)
                        useEverything(snapshot, layer.builder.metadata.kind, &random)
                        let found = snapshot.verify()
                        #expect(
                            found?.contains("section \(entry.name)") == true,
                            "\(damage) of \(entry.name): \(found ?? "-")")
                        #expect(snapshot.isSuspect)
                    }
                }
            }
        }
    }

    private func apply(
        _ damage: Damage, _ entry: Snapshot.SectionEntry, _ bytes: inout [UInt8], _ random: inout SeededGenerator
    ) {
        let place = Int.random(in: entry.range, using: &random)
        switch damage {
        case .flipped: bytes[place] ^= UInt8.random(in: 1...255, using: &random)
        case .zeroed: bytes[place] = 0
        case .ones: bytes[place] = 255
        case .allFlipped: for index in entry.range { bytes[index] = ~bytes[index] }
        case .allZeroed: for index in entry.range { bytes[index] = 0 }
        case .allOnes: for index in entry.range { bytes[index] = 255 }
        case .shuffled: bytes.replaceSubrange(entry.range, with: bytes[entry.range].shuffled(using: &random))
        }
    }

    /// Reads all that there is, as requests do.
    private func useEverything(_ snapshot: Snapshot, _ kind: GeometryKind, _ random: inout SeededGenerator) {
        do {
            let view = try SnapshotTests().view(snapshot.path, kind: kind)
            let here = GridPoint(x: 0, y: 0)
            _ = view.box
            _ = view.extent
            var scratch: [UInt32] = []
            for row in 0..<view.count {
                view.withGeometry(row: row) { geometry in
                    _ = geometry.distanceSquared(to: here)
                    _ = geometry.box
                }
                view.withWorld(row: row, scratch: &scratch) { _, _ in }
                view.withVertexZoom(row: row) { _ in }
                _ = view.heights(row: row)
                _ = view.box(row: row)
                for column in snapshot.metadata.columns.indices { _ = view.value(row: row, column: column) }
                _ = view.feature(id: view.id(row: row))
            }
            for id in Int64(-10)..<400 { _ = view.feature(id: id) }
            for radius in [0, 1000, 1e7] { _ = view.radius(around: here, metres: radius, limit: 5) }
            for column in snapshot.metadata.columns.indices {
                _ = snapshot.sortedRows(column)
                guard snapshot.metadata.columns[column].type == .text else { continue }
                _ = snapshot.dictionaryRange(column, prefix: Array("名".utf8).span)
                _ = snapshot.dictionaryCode(column, Array("住宅".utf8).span)
            }
            _ = snapshot.checkInvariants()
            try DamagedQueries.ask(view, &random)
        } catch {
            Issue.record("\(error)")
        }
    }

    /// An open city finds the damage, and answers as before from a new snapshot.
    @Test func openCityReplacesDamagedSnapshots() throws {
        var fixture = try ImportFixture()
        fixture.fields = ["name: n, type: integer", "name: label, type: string"]
        try fixture.folder.write(
            geoJSON(cityPoints(500).map { ($0.geometry, $0.properties + #","label":"点\#($0.properties.count)""#) }),
            to: "points.geojson")
        try fixture.run()
        let expected = try fixture.values("n")
        let path = try #require(SnapshotRebuild.files(fixture.store, layer: "things").first?.path)
        let whole = [UInt8](try Data(contentsOf: URL(fileURLWithPath: path)))
        let entries = try unsafe SnapshotHeader(whole.span.bytes, path: path).entries
        for entry in entries where entry.length > 0 {
            var bytes = whole
            for index in entry.range { bytes[index] ^= 0xFF }
            // As a disk does it: in another file of the same name, since ours are mapped.
            try FileManager.default.removeItem(atPath: path)
            try Data(bytes).write(to: URL(fileURLWithPath: path))
            let city = try fixture.open()
            // The layers that are named are verified, and no other.
            #expect(try city.verifySnapshots(of: []).isEmpty)
            let damage = try city.verifySnapshots(of: ["things"])
            #expect(damage.isEmpty == (entry.section == SnapshotFormat.Section.metadata.rawValue), "\(entry.name)")
            #expect(try city.verifySnapshots().isEmpty)
            let view = try #require(city.view().layer("things"))
            let values = try view.items(in: nil, offset: 0, limit: 1000).features.sorted { $0.id < $1.id }.map {
                $0.value(0)
            }
            #expect(values == expected)
            #expect(try StoreCheck.run(fixture.store).isGood)
        }
    }

    /// The thread that opening starts finds the damage and replaces the snapshot without being asked.
    @Test(.timeLimit(.minutes(2))) func backgroundVerification() throws {
        var fixture = try ImportFixture()
        fixture.fields = ["name: n, type: integer"]
        try fixture.folder.write(geoJSON(cityPoints(500)), to: "points.geojson")
        try fixture.run()
        let expected = try fixture.values("n")
        let path = try #require(SnapshotRebuild.files(fixture.store, layer: "things").first?.path)
        var bytes = [UInt8](try Data(contentsOf: URL(fileURLWithPath: path)))
        let values = try unsafe SnapshotHeader(bytes.span.bytes, path: path).entries.first { $0.section == 20 }
        for index in try #require(values).range { bytes[index] ^= 1 }
        try FileManager.default.removeItem(atPath: path)
        try Data(bytes).write(to: URL(fileURLWithPath: path))
        let city = try fixture.open()
        let damaged = try #require(city.view().layer("things")).snapshot
        SnapshotVerifier.watch(city, delay: 0, rate: .infinity)
        while try #require(city.view().layer("things")).snapshot === damaged { Thread.sleep(forTimeInterval: 0.01) }
        let view = try #require(city.view().layer("things"))
        let found = try view.items(in: nil, offset: 0, limit: 1000).features.sorted { $0.id < $1.id }
        #expect(found.map { $0.value(0) } == expected)
        #expect(damaged.isSuspect && !view.snapshot.isSuspect)
    }

    /// A file of version 1 in the store is passed over and replaced.
    @Test func oldFilesAreRebuilt() throws {
        var fixture = try ImportFixture()
        fixture.fields = ["name: n, type: integer"]
        try fixture.folder.write(geoJSON(cityPoints(20)), to: "points.geojson")
        try fixture.run()
        let expected = try fixture.values("n")
        let path = try #require(SnapshotRebuild.files(fixture.store, layer: "things").first?.path)
        var bytes = [UInt8](try Data(contentsOf: URL(fileURLWithPath: path)))
        bytes[8] = 1
        try FileManager.default.removeItem(atPath: path)
        try Data(bytes).write(to: URL(fileURLWithPath: path))
        #expect(try fixture.values("n") == expected)
        #expect(try Data(contentsOf: URL(fileURLWithPath: path))[8] == 2)
    }
}
