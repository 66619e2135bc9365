// SPDX-License-Identifier: Apache-2.0
import Foundation
import GRDB
import Spatial

/// Checks edits against a layer and writes them into its table; inside the caller's transaction, for one thread.
struct LayerEditor: ~Copyable {
    private let layer: LayerDefinition
    private let masked: Set<String>
    private let table: LayerTable
    private let placer: GridPlacer
    private let polygons: PolygonCheck
    private let database: Database
    private var nextID: Int64

    init(
        _ layer: LayerDefinition, masked: Set<String>, _ stored: StoredLayer, _ crs: FeatureCRS,
        _ coordinates: CityCoordinates, _ database: Database
    ) throws {
        let srid = try Int32.fetchOne(
            database, sql: "SELECT srid FROM geometry_columns WHERE f_table_name = lower(?)", arguments: [layer.id])
        let placer = try GridPlacer(crs, coordinates)
        let polygons = try PolygonCheck()
        let greatest = try Int64.fetchOne(database, sql: "SELECT max(id) FROM \(quoted(layer.id))") ?? 0
        let kept = try String.fetchOne(
            database, sql: "SELECT value FROM twin_metadata WHERE key = ?", arguments: ["next-id:\(layer.id)"])
        self.layer = layer
        self.masked = masked
        self.database = database
        table = LayerTable(layer: layer, srid: srid ?? 0, hasZ: stored.hasZ, hasSolid: stored.hasSolid)
        self.placer = placer
        self.polygons = polygons
        nextID = max(greatest + 1, kept.flatMap { Int64($0) } ?? 1)
    }

    /// Keeps the next id, so that an id is not given again after its feature has gone.
    borrowing func finish() throws {
        try database.execute(
            sql: "INSERT OR REPLACE INTO twin_metadata (key, value) VALUES (?, ?)",
            arguments: ["next-id:\(layer.id)", String(nextID)])
    }

    // MARK: Edits

    mutating func apply(_ edit: FeatureEdit, _ part: String) throws -> EditResult {
        switch edit {
        case .create(let content):
            guard let geometry = try content.geometry.map({ try self.geometry($0, part) }) else {
                throw EditError(
                    .invalid, "\(part).geometry", "it is missing; write for example \(FeatureContent.example)")
            }
            let values = try self.values(content, part)
            let id = nextID
            nextID += 1
            var columns = values
            columns["geom"] = blob(geometry)
            try insert(id, columns, part)
            return EditResult(id: id, tag: try state(id)?.stateTag)
        case .replace(let id, let content, let condition):
            let now = try check(id, condition, part)
            var columns = try values(content, part)
            for field in layer.fields.map(\.name) + (layer.code != nil ? ["code"] : [])
            where columns[field] == nil && !masked.contains(field) {
                columns[field] = .some(.null)
            }
            return try change(now, content, columns, part)
        case .update(let id, let content, let condition):
            let now = try check(id, condition, part)
            return try change(now, content, values(content, part), part)
        case .delete(let id, let condition):
            _ = try check(id, condition, part)
            try database.execute(sql: "DELETE FROM \(quoted(layer.id)) WHERE id = ?", arguments: [id])
            return EditResult(id: id, tag: nil)
        }
    }

    /// Writes what differs from the record. A shape that is sent back as it was read leaves the record's own doubles, ring
    /// order and surfaces, and with them the feature's tag, as they are.
    private borrowing func change(
        _ now: DeltaFeature, _ content: FeatureContent, _ columns: [String: DatabaseValue], _ part: String
    ) throws -> EditResult {
        var columns = columns.filter { name, value in
            guard let index = layer.fieldIndex(name) ?? (name == "code" ? layer.fields.count : nil) else { return true }
            return now.values[index].stored != value
        }
        if let literal = content.geometry {
            let flat = try geometry(literal, part)
            if !(try placer.coordinates.grid.snap(flat)).isSameShape(as: now.geometry) {
                columns["geom"] = blob(flat)
                // Surfaces of the old shape would contradict the new one.
                if table.hasSolid { columns["solid"] = .null }
            }
        }
        guard !columns.isEmpty else { return EditResult(id: now.id, tag: now.stateTag) }
        let names = columns.keys.sorted()
        let assignments = names.map { "\(quoted($0)) = ?" }.joined(separator: ", ")
        try guardCode(part) {
            try database.execute(
                sql: "UPDATE \(quoted(layer.id)) SET \(assignments) WHERE id = ?",
                arguments: StatementArguments(names.map { columns[$0] ?? .null } + [now.id.databaseValue]))
        }
        return EditResult(id: now.id, tag: try state(now.id)?.stateTag)
    }

    private borrowing func insert(_ id: Int64, _ columns: [String: DatabaseValue], _ part: String) throws {
        let names = columns.keys.sorted()
        let marks = names.map { _ in ", ?" }.joined()
        try guardCode(part) {
            try database.execute(
                sql:
                    "INSERT INTO \(quoted(layer.id)) (id\(names.map { ", \(quoted($0))" }.joined())) VALUES (?\(marks))",
                arguments: StatementArguments([id.databaseValue] + names.map { columns[$0] ?? .null }))
        }
    }

    private borrowing func guardCode(_ part: String, _ body: () throws -> Void) throws {
        do {
            try body()
        } catch let error as DatabaseError where error.resultCode == .SQLITE_CONSTRAINT {
            throw EditError(.conflict, "\(part).properties.code", "another feature of layer \(layer.id) has this code")
        }
    }

    /// The feature as it is now; refuses to touch one that is not there or not in the state that the client names.
    private borrowing func check(_ id: Int64, _ condition: FeatureCondition, _ part: String) throws -> DeltaFeature {
        guard let now = try state(id) else {
            throw EditError(.missing, part, "layer \(layer.id) has no feature \(id)")
        }
        guard condition.matches(now.stateTag) else {
            throw EditError(
                .stale, part,
                "feature \(id) was changed since; read it again and send its new ETag, now \"\(now.stateTag)\", in If-Match"
            )
        }
        return now
    }

    /// The feature as the record has it now.
    private borrowing func state(_ id: Int64) throws -> DeltaFeature? {
        let rows = try RawStatement(database, table.selectSQL + " WHERE id = ?")
        rows.bind(1, id)
        var row = RecordRow(layer: layer, hasSolid: table.hasSolid)
        guard try rows.step(), row.readGeometry(rows, placer.coordinates) else { return nil }
        return DeltaFeature(id: id, geometry: row.geometry, values: row.values(rows), box: row.geometry.box)
    }

    // MARK: Values

    /// The given properties as values of their columns.
    private borrowing func values(_ content: FeatureContent, _ part: String) throws -> [String: DatabaseValue] {
        var columns: [String: DatabaseValue] = [:]
        for (name, value) in content.properties ?? [] {
            let place = "\(part).properties.\(name.prefix(80))"
            if name == "code", layer.code != nil, !masked.contains(name), layer.fieldIndex(name) == nil {
                switch value {
                case .null: columns[name] = .null
                case .string(let text) where !text.trimmingWhitespace().isEmpty && text.utf8.count <= 1000:
                    columns[name] = text.databaseValue
                default: throw EditError(.invalid, place, "a code is a text that is not empty, for example \"A-1\"")
                }
                continue
            }
            guard let index = layer.fieldIndex(name), !masked.contains(name) else {
                let visible = layer.fields.map(\.name).filter { !masked.contains($0) }
                let hint = nearest(to: name, in: visible).map { "; did you mean '\($0)'?" } ?? ""
                throw EditError(
                    .invalid, place,
                    "layer \(layer.id) has no such field\(hint) It has: \(visible.prefix(40).joined(separator: ", "))")
            }
            columns[name] = try Self.value(value, layer.fields[index].type, place)
        }
        return columns
    }

    private static func value(_ value: FieldValue, _ type: FieldType, _ place: String) throws -> DatabaseValue {
        switch (type, value) {
        case (_, .null): return .null
        case (.integer, .integer(let number)): return number.databaseValue
        case (.integer, .real(let number)):
            if let whole = Int64(exactly: number) { return whole.databaseValue }
        case (.real, .integer(let number)): return Double(number).databaseValue
        case (.real, .real(let number)) where number.isFinite: return number.databaseValue
        case (.boolean, .boolean(let truth)): return (truth ? 1 : 0).databaseValue
        case (.string, .string(let text)): return text.databaseValue
        case (.date, .string(let text)):
            if CQLInstant(text)?.isDay == true { return text.databaseValue }
        case (.datetime, .string(let text)):
            if CQLInstant(text)?.isDay == false { return text.databaseValue }
        default: break
        }
        let example =
            switch type {
            case .integer: "6"
            case .real: "1.5"
            case .boolean: "true"
            case .string: "\"text\""
            case .date: "\"2026-11-21\""
            case .datetime: "\"2026-11-21T08:00:00Z\""
            }
        throw EditError(.invalid, place, "it is no \(type.rawValue); write for example \(example), or null")
    }

    // MARK: Geometry

    private borrowing func blob(_ geometry: FlatCoordinates) -> DatabaseValue {
        var bytes: [UInt8] = []
        SpatiaLiteBlob.encode(geometry, srid: table.srid, hasZ: table.hasZ, into: &bytes)
        return Data(bytes).databaseValue
    }

    /// A geometry in metres of the city's system, of the layer's kind, on the grid and valid.
    private borrowing func geometry(_ literal: CQLGeometry, _ part: String) throws -> FlatCoordinates {
        let place = "\(part).geometry"
        let (kind, parts): (GeometryKind, [[[[Double]]]]) =
            switch literal {
            case .point(let point): (.point, [[[point]]])
            case .multiPoint(let points): (.point, [[points]])
            case .line(let line): (.line, [[line]])
            case .multiLine(let lines): (.line, lines.map { [$0] })
            case .polygon(let rings): (.polygon, [rings])
            case .multiPolygon(let parts): (.polygon, parts)
            case .collection, .box:
                throw EditError(
                    .invalid, place, "it is a \(literal.name); the layer holds one kind, a \(layer.geometry)")
            }
        guard kind == layer.geometry else {
            throw EditError(.invalid, place, "it is a \(literal.name); layer \(layer.id) holds a \(layer.geometry)")
        }
        var flat = FlatCoordinates(kind: kind)
        for rings in parts {
            for (index, ring) in rings.enumerated() {
                try append(ring, to: &flat, startsPart: index == 0, "\(place).coordinates")
            }
        }
        if kind == .point { flat.ringEnds = [UInt32(flat.vertexCount) | ringStartsPart] }
        if !flat.z.isEmpty, flat.z.count != flat.vertexCount {
            throw EditError(.invalid, "\(place).coordinates", "some positions have a height and some have not")
        }
        if !flat.z.isEmpty, !table.hasZ {
            throw EditError(
                .invalid, "\(place).coordinates", "layer \(layer.id) has no heights; send positions of two numbers")
        }
        if kind == .polygon, case .unusable(let reason) = try polygons.check(&flat, repairs: false) {
            throw EditError(
                .invalid, place,
                "the polygon is not valid: \(reason), in metres of the city's system; draw rings that do not cross")
        }
        return flat
    }

    private borrowing func append(
        _ ring: [[Double]], to flat: inout FlatCoordinates, startsPart: Bool, _ place: String
    ) throws {
        var positions = ring[...]
        if flat.kind == .polygon {
            guard ring.count >= 4, ring.first == ring.last else {
                throw EditError(.invalid, place, "a ring has at least 4 positions, the last like the first")
            }
            positions = ring.dropLast()
        } else if flat.kind == .line, ring.count < 2 {
            throw EditError(.invalid, place, "a line has at least 2 positions")
        }
        for position in positions {
            guard let metres = try placer.metres(position[0], position[1]),
                placer.coordinates.grid.gridPoint(x: metres.x, y: metres.y) != nil
            else {
                throw EditError(
                    .invalid, place,
                    "the position \(position[0]),\(position[1]) is not near the city in \(placer.crs.uri), "
                        + (placer.crs.isNorthFirst ? "latitude or northing first" : "longitude or easting first"))
            }
            flat.xy += [metres.x, metres.y]
            if position.count > 2 {
                guard abs(position[2]) < 2_147_483 else {
                    throw EditError(.invalid, place, "the height \(position[2]) m is no height")
                }
                flat.z.append(position[2])
            }
        }
        if flat.kind != .point {
            flat.ringEnds.append(UInt32(flat.vertexCount) | (startsPart ? ringStartsPart : 0))
        }
    }
}
