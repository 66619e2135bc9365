// SPDX-License-Identifier: Apache-2.0
import Foundation
import Spatial
import TestSupport

@testable import TwinEngine

/// A layer of random features in the test city with every type of field, as a snapshot with or without changes since.
struct QueryCity {
    let folder: TemporaryFolder
    let coordinates: CityCoordinates
    var view: LayerView
    /// Everything that the view holds, by id: the truth for brute force.
    var truth: [Int64: DeltaFeature] = [:]

    static let fields: [(name: String, type: FieldType)] = [
        ("n", .integer), ("x", .real), ("b", .boolean), ("t", .string), ("many", .string), ("day", .date),
    ]
    /// Half the side of the square that features are in, in millimetres.
    static let side: Int32 = 3_000_000

    init(
        rows: Int, kind: GeometryKind, sortedTexts: Bool, layer: String = "things", _ random: inout SeededGenerator
    ) throws {
        folder = try TemporaryFolder()
        coordinates = try CityCoordinates(
            crs: "EPSG:4549", extent: LonLatBox(west: 119.9, south: 36.2, east: 120.1, north: 36.33))
        let fields = Self.fields.map {
            FieldDefinition(name: $0.name, from: nil, type: $0.type, unit: nil, title: LocalizedText(zh: "", en: ""))
        }
        let definition = LayerDefinition(
            id: layer, title: LocalizedText(zh: "", en: ""), theme: "t", department: "d", classification: .public,
            geometry: kind, sources: [], code: "c", isBase: false, zoom: 0...22, fields: fields,
            style: LayerStyle(
                kind: .fill, color: "", outline: nil, opacity: 1, width: 1, visible: true, label: nil, category: nil))
        var builder = SnapshotBuilder(
            metadata: SnapshotMetadata(
                layer: layer, crs: "EPSG:4549", kind: kind,
                columns: SnapshotFormat.columns(definition, hasSolid: false)),
            folder: NSTemporaryDirectory())
        var features = (0..<rows).map { row in
            Self.feature(Int64(row * 7919 % 1_000_003), kind, &random)
        }
        if sortedTexts {
            // The first rows hold the texts in byte order, so that the dictionary is numbered in it.
            for (column, index) in [(3, 0), (4, 0), (5, 0)] {
                let texts = Set(features.compactMap { $0.values[column].text }).sorted {
                    Array($0.utf8).lexicographicallyPrecedes(Array($1.utf8))
                }
                for (row, text) in texts.enumerated() where row + index < rows {
                    features[row].values[column] = .string(text)
                }
            }
        }
        for feature in features {
            builder.append(id: feature.id, geometry: feature.geometry)
            for (column, value) in feature.values.enumerated() { Self.append(value, &builder.columns[column]) }
            truth[feature.id] = feature
        }
        let path = folder.file("things.1.snapshot")
        try SnapshotWriter.write(builder, version: 1, frame: coordinates.grid, to: path)
        let snapshot = try Snapshot(path: path)
        view = LayerView(
            definition: definition, snapshot: snapshot, delta: .none(version: 1), coordinates: coordinates)
    }

    /// Changes, adds and deletes some features, as edits since the snapshot do.
    mutating func edit(_ count: Int, _ random: inout SeededGenerator) {
        var changed = Dictionary(uniqueKeysWithValues: view.delta.features.map { ($0.id, $0) })
        var touched = view.delta.hiddenRows
        for _ in 0..<count {
            let isNew = Int.random(in: 0..<4, using: &random) == 0
            guard let old = truth.keys.sorted().randomElement(using: &random) else { continue }
            let id = isNew ? Int64.random(in: 2_000_000...3_000_000, using: &random) : old
            if let row = view.snapshot.row(id: id) { touched.insert(row) }
            if !isNew, Int.random(in: 0..<3, using: &random) == 0 {
                truth[id] = nil
                changed[id] = nil
            } else {
                let feature = Self.feature(id, view.definition.geometry, &random)
                truth[id] = feature
                changed[id] = feature
            }
        }
        view = LayerView(
            definition: view.definition, snapshot: view.snapshot,
            delta: LayerDelta(
                features: changed.values.sorted { $0.id < $1.id }, hiddenRows: touched, version: view.delta.version + 1),
            coordinates: coordinates)
    }

    var city: CityView { CityView(version: view.version, layers: [view]) }

    func count(_ filter: ColumnFilter) throws -> Int {
        var query = SpatialQuery(layers: ["things"], region: .everywhere, output: .counts)
        query.filter = filter
        return try city.answer(query, in: coordinates).total
    }

    static func feature(_ id: Int64, _ kind: GeometryKind, _ random: inout SeededGenerator) -> DeltaFeature {
        // A third in one spot, so that there are ties and dense nodes.
        let isDense = Int.random(in: 0..<3, using: &random) == 0
        let reach = isDense ? 300_000 : side
        let x = Int32.random(in: -reach...reach, using: &random)
        let y = Int32.random(in: -reach...reach, using: &random)
        var geometry = FlatGeometry(kind: kind)
        switch kind {
        case .point:
            geometry.xy = Bool.random(using: &random) ? [x, y] : [x / 100_000 * 100_000, y / 100_000 * 100_000]
        case .line:
            geometry.xy = (0..<3).flatMap { _ in
                [x + .random(in: -60_000...60_000, using: &random), y + .random(in: -60_000...60_000, using: &random)]
            }
        case .polygon:
            let width = Int32.random(in: 1_000...90_000, using: &random)
            let height = Int32.random(in: 1_000...90_000, using: &random)
            geometry.xy = [x, y, x + width, y + height / 9, x + width - width / 7, y + height, x, y + height / 2]
        }
        geometry.ringEnds = [UInt32(geometry.xy.count / 2) | ringStartsPart]
        func sometimes(_ value: FieldValue) -> FieldValue { Int.random(in: 0..<5, using: &random) == 0 ? .null : value }
        let values: [FieldValue] = [
            sometimes(.integer(.random(in: -2...10, using: &random))),
            sometimes(.real(Double(Int.random(in: -4...4, using: &random)) / 2)),
            sometimes(.boolean(.random(using: &random))),
            sometimes(.string(["住宅", "商业", "", "house", "House", "hotel"].randomElement(using: &random) ?? "")),
            sometimes(.string("h\(Int.random(in: 0..<6000, using: &random))")),
            sometimes(.string("2026-0\(Int.random(in: 1...9, using: &random))-11")),
            .string("c\(id)"),
        ]
        return DeltaFeature(
            id: id, geometry: geometry, values: values, box: geometry.box)
    }

    private static func append(_ value: FieldValue, _ column: inout SnapshotColumn) {
        switch column {
        case .integer(var list, var validity):
            if case .integer(let number) = value { list.append(number) } else { list.append(0) }
            validity.append(value != .null)
            column = .integer(list, validity)
        case .real(var list, var validity):
            if case .real(let number) = value { list.append(number) } else { list.append(0) }
            validity.append(value != .null)
            column = .real(list, validity)
        case .boolean(var list, var validity):
            list.append(value == .boolean(true) ? 1 : 0)
            validity.append(value != .null)
            column = .boolean(list, validity)
        case .text(var dictionary):
            if let text = value.text {
                unsafe dictionary.append(Array(text.utf8).span.bytes)
            } else {
                dictionary.appendNull()
            }
            column = .text(dictionary)
        case .binary: break
        }
    }
}
