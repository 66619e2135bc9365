// SPDX-License-Identifier: Apache-2.0

/// Reads the point (管点) and line (管线) tables of an underground pipe survey (CJJ 61), which are joined by the
/// point number. The tables' X is north; coordinates come out easting first.
///
/// - `points`: Point (Z where the ground height is known), every column of the point table.
/// - `lines`: LineString, every column of the line table, then `depth_from`, `depth_to`, `z_from`, `z_to` (metres,
///   z = ground - depth), `diameter`, `width`, `height` (millimetres; of a `600X300` duct the diameter is the larger
///   side). Z is written where both ends have a ground height and a depth.
///
/// The point numbers and positions are held in memory while lines are read; rows stream.
package struct PipeSurveyReader: FeatureReader {
    package enum Part: String, Sendable, CaseIterable {
        case points, lines
    }

    /// The names of the columns that carry the survey; the defaults are those of the national forms.
    package struct Columns: Sendable {
        package var number = "物探点号"
        package var north = "X"
        package var east = "Y"
        package var ground = "地面高程"
        package var from = "起点点号"
        package var to = "终点点号"
        package var fromDepth = "起点埋深"
        package var toDepth = "终点埋深"
        package var fromElevation = "起点高程"
        package var toElevation = "终点高程"
        /// Which counts where depth and elevation disagree.
        package var prefer = SurveyColumns.Preference.depth
        /// nil to look for 管径 and its relatives.
        package var diameter: String?

        package init() {}
    }

    private static let derived = ["depth_from", "depth_to", "z_from", "z_to", "diameter", "width", "height"]
    private static let diameterNames = [
        "管径", "管径(mm)", "管径或断面尺寸", "断面尺寸", "规格", "DS", "diameter",
    ]

    private var table: CSVTable
    private let part: Part
    private let at: Indices
    private let points: [String: Place]
    private var seen: Set<String> = []
    private var row: Int64 = 0
    private let fields: [SourceField]
    private let pointNotes: [String]
    private var flatLines = 0
    private var disagreements = Disagreements()
    private let prefer: SurveyColumns.Preference

    private struct Indices {
        var number = 0, north = 0, east = 0, from = 0, to = 0
        var ground: Int?
        var fromDepth: Int?
        var toDepth: Int?
        var fromElevation: Int?
        var toElevation: Int?
        var diameter: Int?
    }

    /// Ends whose depth and elevation state levels that are further apart.
    private struct Disagreements {
        var count = 0
        var largest = 0.0
        var examples: [String] = []
    }
    /// Metres: two centimetres of rounding in each of depth, elevation and ground.
    private static let levelTolerance = 0.05

    private struct Place {
        var east: Double
        var north: Double
        var ground: Double?
    }

    /// - Parameters:
    ///   - points: the point table. - lines: the line table; not needed for `part` points.
    /// - Throws: `ReaderError` when a table or a column is missing; it lists the columns there are.
    package init(
        points: String, lines: String?, columns: Columns = Columns(), part: Part, encoding: String? = nil
    ) throws {
        let lineBytes = try lines.map { try SourceBytes(path: $0) }
        try self.init(
            points: SourceBytes(path: points), lines: lineBytes, columns: columns, part: part, encoding: encoding)
    }

    package init(
        points: SourceBytes, lines: SourceBytes?, columns: Columns = Columns(), part: Part, encoding: String? = nil
    ) throws {
        self.part = part
        prefer = columns.prefer
        var pointTable = try CSVTable(bytes: points, encoding: encoding)
        var at = Indices()
        at.number = try pointTable.column(columns.number, as: "`survey.number`")
        at.north = try pointTable.column(columns.north, as: "`survey.north`")
        at.east = try pointTable.column(columns.east, as: "`survey.east`")
        at.ground = pointTable.names.firstIndex(of: columns.ground)
        if part == .points {
            (table, self.at, self.points, pointNotes) = (pointTable, at, [:], [])
            fields = table.names.map { SourceField(name: $0, type: .string) }
            return
        }
        guard let lines else {
            throw ReaderError(.configuration, "\(points.path): `part: lines` needs `lines`, the path of the line table")
        }
        (self.points, pointNotes) = Self.places(&pointTable, at)
        table = try CSVTable(bytes: lines, encoding: encoding)
        at.from = try table.column(columns.from, as: "`survey.from`")
        at.to = try table.column(columns.to, as: "`survey.to`")
        at.fromDepth = table.names.firstIndex(of: columns.fromDepth)
        at.toDepth = table.names.firstIndex(of: columns.toDepth)
        at.fromElevation = table.names.firstIndex(of: columns.fromElevation)
        at.toElevation = table.names.firstIndex(of: columns.toElevation)
        at.diameter =
            try columns.diameter.map { [table] in try table.column($0, as: "`survey.diameter`") }
            ?? Self.diameterNames.lazy.compactMap { [table] in table.names.firstIndex(of: $0) }.first
        self.at = at
        let names = Set(table.names)
        fields =
            table.names.map { SourceField(name: Self.derived.contains($0) ? $0 + "_text" : $0, type: .string) }
            + Self.derived.map { SourceField(name: $0, type: .real) }
        precondition(names.count == table.names.count, "CSVTable makes names unique")
    }

    package var description: SourceDescription {
        var notes = pointNotes + table.text.notes
        if flatLines > 0 { notes.append("\(flatLines) lines without ground height or depth at an end have no z") }
        if part == .lines, at.fromDepth == nil || at.toDepth == nil, at.fromElevation == nil || at.toElevation == nil {
            notes.append("the line table has no columns of depth at both ends; give survey.from_depth and to_depth")
        }
        if disagreements.count > 0 {
            notes.append(
                "\(disagreements.count) ends have a depth and an elevation that disagree by more than "
                    + "\(Self.levelTolerance) m (at most \(fixed(disagreements.largest, 2)) m); "
                    + "the \(prefer.rawValue) counts: " + disagreements.examples.joined(separator: "; "))
        }
        return SourceDescription(
            driver: "PipeSurvey", layer: part.rawValue, encoding: table.text.encoding, fields: fields,
            geometryType: part == .points ? "Point" : "LineString", notes: notes)
    }

    package mutating func next() throws -> FeatureBatch? {
        var builder = FeatureBatchBuilder(fields: fields)
        while !builder.isFull, let row = table.nextRow() {
            self.row += 1
            do {
                if row.isBroken {
                    throw TableRowError(reason: "malformed-row", text: "a quotation mark is never closed")
                }
                guard row.cells.count <= table.names.count else {
                    throw TableRowError(reason: "malformed-row", text: "more cells than columns")
                }
                switch part {
                case .points: try addPoint(row.cells, to: &builder)
                case .lines: try addLine(row.cells, to: &builder)
                }
            } catch let error as TableRowError {
                builder.reject(id: "line \(row.line)", reason: error.reason, text: error.text)
            }
        }
        return builder.isEmpty ? nil : builder.take()
    }

    // MARK: - Points

    private static func place(_ cells: [String], _ at: Indices) throws(TableRowError) -> Place {
        guard let north = try cells.number(at.north, "X"), let east = try cells.number(at.east, "Y") else {
            throw TableRowError(
                reason: "missing-coordinates", text: "point \(cells.cell(at.number)) has no coordinates")
        }
        guard let column = at.ground else { return Place(east: east, north: north) }
        return Place(east: east, north: north, ground: try cells.number(column, "ground", reason: "malformed-height"))
    }

    /// The positions by number; the first of a duplicate counts.
    private static func places(_ table: inout CSVTable, _ at: Indices) -> ([String: Place], [String]) {
        var (places, bad, duplicates) = ([String: Place](), 0, 0)
        while let row = table.nextRow() {
            let number = row.cells.cell(at.number)
            do {
                let place = try place(row.cells, at)
                if number.isEmpty || row.isBroken { bad += 1; continue }
                if places[number] == nil { places[number] = place } else { duplicates += 1 }
            } catch {
                // Counted here, reported with its row by the reader of the points.
                bad += 1
            }
        }
        var notes: [String] = []
        if bad > 0 { notes.append("\(bad) rows of the point table have no usable position") }
        if duplicates > 0 {
            notes.append("\(duplicates) rows of the point table repeat a point number; the first counts")
        }
        return (places, notes)
    }

    private mutating func addPoint(_ cells: [String], to builder: inout FeatureBatchBuilder) throws(TableRowError) {
        let number = cells.cell(at.number)
        guard !number.isEmpty else { throw TableRowError(reason: "no-number", text: "the point has no number") }
        let place = try Self.place(cells, at)
        guard seen.insert(number).inserted else {
            throw TableRowError(reason: "duplicate-id", text: "point \(number) occurs before; the first counts")
        }
        builder.append(
            id: row, wkb: SourceGeometry.point(x: place.east, y: place.north, z: place.ground),
            values: cells.padded(to: table.names.count))
    }

    // MARK: - Lines

    private func end(_ column: Int, _ cells: [String]) throws(TableRowError) -> Place {
        let number = cells.cell(column)
        guard !number.isEmpty else { throw TableRowError(reason: "no-number", text: "an end has no point number") }
        guard let place = points[number] else {
            throw TableRowError(reason: "unknown-point", text: "the point table has no usable point \(number)")
        }
        return place
    }

    private func depth(_ column: Int?, _ cells: [String]) throws(TableRowError) -> Double? {
        guard let column, let depth = try cells.number(column, "depth", reason: "malformed-depth") else { return nil }
        guard depth >= 0 else {
            throw TableRowError(reason: "negative-depth", text: "the depth \(depth) is above the ground")
        }
        return depth
    }

    /// The surveyed level of an end in metres: the ground minus its depth, or what the elevation column says.
    private mutating func level(
        _ place: Place, _ depth: Double?, _ column: Int?, _ number: Int, _ cells: [String]
    ) throws(TableRowError) -> Double? {
        let byDepth = place.ground.flatMap { ground in depth.map { ground - $0 } }
        guard let column, let stated = try cells.number(column, "elevation", reason: "malformed-height") else {
            return byDepth
        }
        guard let byDepth else { return stated }
        let difference = abs(byDepth - stated)
        if difference > Self.levelTolerance {
            disagreements.count += 1
            disagreements.largest = max(disagreements.largest, difference)
            if disagreements.examples.count < 3 {
                disagreements.examples.append(
                    "line \(row) at \(cells.cell(number)): \(fixed(byDepth, 3)) m by depth, "
                        + "\(fixed(stated, 3)) m by elevation")
            }
        }
        return prefer == .depth ? byDepth : stated
    }

    private mutating func addLine(_ cells: [String], to builder: inout FeatureBatchBuilder) throws(TableRowError) {
        let (from, to) = (try end(at.from, cells), try end(at.to, cells))
        guard from.east != to.east || from.north != to.north else {
            throw TableRowError(
                reason: "zero-length", text: "\(cells.cell(at.from)) and \(cells.cell(at.to)) are at the same place")
        }
        let (fromDepth, toDepth) = (try depth(at.fromDepth, cells), try depth(at.toDepth, cells))
        let fromZ = try level(from, fromDepth, at.fromElevation, at.from, cells)
        let toZ = try level(to, toDepth, at.toElevation, at.to, cells)
        let wkb: [UInt8]
        if let fromZ, let toZ {
            wkb = SourceGeometry.line([from.east, from.north, fromZ, to.east, to.north, toZ], hasZ: true)
        } else {
            flatLines += 1
            wkb = SourceGeometry.line([from.east, from.north, to.east, to.north], hasZ: false)
        }
        let size = PipeSize(at.diameter.map { cells.cell($0) } ?? "")
        let derived = [fromDepth, toDepth, fromZ, toZ, size.diameter, size.width, size.height]
        builder.append(
            id: row, wkb: wkb,
            values: cells.padded(to: table.names.count) + derived.map { $0.map { .real($0) } ?? .null })
    }
}

/// A pipe's cross-section in millimetres from what the form says: `300`, `DN300`, `Φ300`, `600X300`, `600*300`.
struct PipeSize: Equatable {
    var diameter: Double?
    var width: Double?
    var height: Double?

    init(_ text: String) {
        let numbers = text.split { !($0.isNumber && $0.isASCII) && $0 != "." }.map { Double($0) }
        let hasCross = text.contains { "xX×*＊✕".contains($0) }
        guard let first = numbers.first, let side = first, side > 0 else { return }
        guard hasCross, numbers.count == 2, let other = numbers[1], other > 0 else {
            if numbers.count == 1 { diameter = side }
            return
        }
        (width, height, diameter) = (side, other, max(side, other))
    }
}
