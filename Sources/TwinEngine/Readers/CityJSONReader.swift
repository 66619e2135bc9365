// SPDX-License-Identifier: Apache-2.0

/// Reads CityJSON 1.0, 1.1 and 2.0 documents and CityJSONSeq (https://www.cityjson.org/specs/2.0.1/).
///
/// A feature is a city object without parent, with the geometry of its parts; attributes of parts fill what the root
/// lacks. Fields: `cityobject_id`, `cityobject_type`, `lod` (the highest, which is the one that is read),
/// `ground_height` and `roof_height` (lowest and highest z), `height` (their difference), `solid` (`SolidBlob`), then
/// the attributes under their own names; an attribute that is an object or array is its JSON text. Heights are in the
/// unit and datum of the source. The geometry is the footprint, a MultiPolygon in the source CRS.
///
/// Two passes over the mapped file. Memory: the vertices (12 bytes each), an entry per city object, one object at a
/// time; of a CityJSONSeq only one line at a time.
package struct CityJSONReader: FeatureReader {
    private static let ownFields = [
        SourceField(name: "cityobject_id", type: .string), SourceField(name: "cityobject_type", type: .string),
        SourceField(name: "lod", type: .string), SourceField(name: "lods", type: .string),
        SourceField(name: "ground_height", type: .real),
        SourceField(name: "roof_height", type: .real), SourceField(name: "height", type: .real),
        SourceField(name: "solid", type: .binary),
    ]

    private let bytes: SourceBytes
    private let onlyType: String?
    private let header: CityJSONText
    private let schema: CityJSONSchema
    private let fields: [SourceField]
    private let crs: String?
    private var headNotes: [String]
    private let isSequence: Bool
    private let count: Int
    private var text: CityJSONText
    private var entry = 0
    /// The next line of a sequence.
    private var nextLine: Int
    private var lineNumber = 1
    private var rows: Int64 = 0
    private var tally = CityJSONTally()
    private var images: TextureFiles
    private var pending: [SourceProblem] = []
    private var passed = PassedBytes()

    /// Opens `path` and scans it once.
    ///
    /// - Parameter type: only city objects of this type, such as `Building`; nil for all.
    /// - Throws: `ReaderError` when the file is not JSON (with the byte), not CityJSON, or of another version.
    package init(path: String, type: String? = nil) throws {
        try self.init(bytes: SourceBytes(path: path), type: type)
    }

    package init(bytes: SourceBytes, type: String? = nil) throws {
        self.bytes = bytes
        images = TextureFiles(source: bytes.path)
        onlyType = type
        var schema = CityJSONSchema()
        var scanner = JSONScanner(bytes, range: Self.contents(of: bytes))
        header = try Self.named(bytes) { try CityJSONText(scanning: &scanner, schema: &schema) }
        try Self.check(header, path: bytes.path)
        isSequence = scanner.peek() == UInt8(ascii: "{") && header.entries.isEmpty
        if !isSequence, scanner.peek() != nil {
            throw ReaderError(
                .syntax, "\(bytes.path): more text after the CityJSON object, at byte \(scanner.position)")
        }
        nextLine = isSequence ? scanner.position : bytes.count
        count =
            isSequence
            ? Self.scanLines(bytes, from: scanner.position, schema: &schema)
            : header.entries.count { $0.parent < 0 }
        self.schema = schema
        fields = Self.fields(schema)
        text = header
        lineNumber = isSequence ? bytes.line(of: scanner.position) : 1
        (crs, headNotes) = Self.coordinateSystem(header.referenceSystem)
        headNotes += Self.remarks(header)
        note(header, at: nil)
    }

    package var description: SourceDescription {
        SourceDescription(
            driver: isSequence ? "CityJSONSeq" : "CityJSON", layer: onlyType ?? "CityObjects", crs: crs,
            encoding: "UTF-8", fields: fields, geometryType: "MultiPolygon", featureCount: count,
            notes: headNotes + tally.notes + images.notes
                + (schema.ignored > 0
                    ? [
                        "\(schema.ignored) attribute values beyond the first "
                            + "\(CityJSONSchema.maximumFields) names were not read"
                    ] : []))
    }

    package mutating func next() throws -> FeatureBatch? {
        var builder = FeatureBatchBuilder(fields: fields)
        builder.problems = pending
        pending = []
        while !builder.isFull {
            if entry >= text.entries.count {
                guard try openNextLine(&builder) else { break }
                continue
            }
            if text.entries[entry].parent < 0 { read(entry, into: &builder) }
            if !isSequence { passed.pass(text.entries[entry].range.lowerBound, of: bytes) }
            entry += 1
        }
        builder.problems += pending
        pending = []
        return builder.isEmpty ? nil : builder.take()
    }

    // MARK: - Opening

    /// The file without a byte order mark.
    private static func contents(of bytes: SourceBytes) -> Range<Int> {
        let hasMark = bytes.count >= 3 && bytes[0] == 0xEF && bytes[1] == 0xBB && bytes[2] == 0xBF
        return (hasMark ? 3 : 0)..<bytes.count
    }

    private static func named<T>(_ bytes: SourceBytes, _ body: () throws -> T) throws -> T {
        do {
            return try body()
        } catch let error as JSONSyntaxError {
            throw ReaderError(
                .syntax,
                "\(bytes.path) cannot be read as CityJSON: byte \(error.offset) (line \(bytes.line(of: error.offset))) "
                    + "should be \(error.expected); write the file again or give another `format`")
        }
    }

    private static func check(_ header: CityJSONText, path: String) throws {
        if header.type == "CityJSONFeature" {
            throw ReaderError(
                .missing,
                "\(path) begins with a CityJSONFeature; a CityJSONSeq needs a first line of type CityJSON with "
                    + "`version` and `transform`")
        }
        guard header.type == "CityJSON" else {
            throw ReaderError(
                .wrongFormat,
                "\(path) is JSON but not CityJSON: its `type` is \(header.type.map { "\"\($0)\"" } ?? "missing"); "
                    + "for GeoJSON write `format: gdal`")
        }
        guard let version = header.version, ["1.0", "1.1", "2.0"].contains(where: { version.hasPrefix($0) }) else {
            throw ReaderError(
                .version,
                "\(path) is CityJSON version \(header.version ?? "(missing)"); 1.0, 1.1 and 2.0 can be read: "
                    + "upgrade it with `cjio FILE upgrade save OUT`")
        }
    }

    /// Collects the attribute names of a sequence; lines that break are reported when they are read.
    private static func scanLines(_ bytes: SourceBytes, from start: Int, schema: inout CityJSONSchema) -> Int {
        var (position, count) = (start, 0)
        var passed = PassedBytes(from: start)
        while position < bytes.count {
            passed.pass(position, of: bytes)
            let end = bytes.firstIndex(of: UInt8(ascii: "\n"), from: position, to: bytes.count)
            var scanner = JSONScanner(bytes, range: position..<end)
            var seen = schema
            if scanner.peek() != nil {
                do {
                    let line = try CityJSONText(scanning: &scanner, schema: &seen)
                    count += line.entries.count { $0.parent < 0 }
                    schema = seen
                } catch {
                    // The second pass meets the same line and reports it with its number.
                    count += 1
                }
            }
            position = end + 1
        }
        return count
    }

    private static func fields(_ schema: CityJSONSchema) -> [SourceField] {
        var names = Set(ownFields.map(\.name))
        return ownFields
            + zip(schema.names, schema.types).map { name, type in
                var unique = name
                while !names.insert(unique).inserted { unique += "_attr" }
                return SourceField(name: unique, type: type ?? .string)
            }
    }

    /// Compound systems whose horizontal part is needed here (EPSG registry).
    private static let horizontalParts = [
        7415: 28992, 6697: 6668, 7405: 27700, 5554: 25831, 5555: 25832, 5556: 25833, 9518: 4326, 7416: 25832,
    ]

    /// `https://www.opengis.net/def/crs/EPSG/0/7415` or `urn:ogc:def:crs:EPSG::7415` as `EPSG:n`.
    static func coordinateSystem(_ reference: String?) -> (String?, [String]) {
        guard let reference else { return (nil, ["the file names no reference system; `crs` must be given"]) }
        let tail = reference.split { $0 == "/" || $0 == ":" }.last
        guard reference.uppercased().contains("EPSG"), let code = tail.flatMap({ Int($0) }) else {
            return (nil, ["reference system \"\(reference)\" is not an EPSG code; `crs` must be given"])
        }
        guard let horizontal = horizontalParts[code] else { return ("EPSG:\(code)", []) }
        return (
            "EPSG:\(horizontal)", ["EPSG:\(code) is compound; positions use its horizontal part EPSG:\(horizontal)"]
        )
    }

    /// What of the file's head is worth a remark.
    private static func remarks(_ header: CityJSONText) -> [String] {
        var notes: [String] = []
        if header.transform == nil, header.version?.hasPrefix("1.0") == false {
            notes.append(
                "no `transform`, which CityJSON \(header.version ?? "") needs: vertices are taken as they are written")
        }
        if !header.extensions.isEmpty {
            notes.append(
                "extensions: \(header.extensions.joined(separator: ", ")); their objects and attributes are read like others"
            )
        }
        return notes
    }

    // MARK: - Reading

    /// Makes the next line of a sequence the current text; false at the end.
    private mutating func openNextLine(_ builder: inout FeatureBatchBuilder) throws -> Bool {
        while nextLine < bytes.count {
            passed.pass(nextLine, of: bytes)
            let end = bytes.firstIndex(of: UInt8(ascii: "\n"), from: nextLine, to: bytes.count)
            let (range, number) = (nextLine..<end, lineNumber)
            (nextLine, lineNumber) = (end + 1, lineNumber + 1)
            var scanner = JSONScanner(bytes, range: range)
            guard scanner.peek() != nil else { continue }
            do {
                var unused = CityJSONSchema()
                let line = try CityJSONText(scanning: &scanner, schema: &unused)
                guard line.type == "CityJSONFeature" else {
                    throw CityJSONObjectError(
                        reason: "not-a-feature", text: "the line's type is \"\(line.type ?? "missing")\"")
                }
                (text, entry) = (line, 0)
                note(line, at: number)
                builder.problems += pending
                pending = []
                return true
            } catch let error as JSONSyntaxError {
                builder.reject(
                    id: "line \(number)", reason: "not-json",
                    text: "byte \(error.offset) should be \(error.expected)")
            } catch let error as CityJSONObjectError {
                builder.reject(id: "line \(number)", reason: error.reason, text: error.text)
            }
            if builder.isFull { return false }
        }
        return false
    }

    /// Reports what a text said about its objects as a whole.
    private mutating func note(_ text: CityJSONText, at line: Int?) {
        tally.cycles += text.cycles
        let place = line.map { " in line \($0)" } ?? ""
        pending += text.duplicates.map {
            SourceProblem(id: $0, reason: "duplicate-id", text: "a second city object of this id\(place); first kept")
        }
    }

    private mutating func read(_ index: Int, into builder: inout FeatureBatchBuilder) {
        let id = text.entries[index].id
        do {
            guard let row = try row(index) else { return }
            rows += 1
            builder.append(id: rows, wkb: row.wkb, values: row.values)
        } catch let error as CityJSONObjectError {
            builder.reject(id: id, reason: error.reason, text: error.text)
        } catch let error as JSONSyntaxError {
            builder.reject(
                id: id, reason: "malformed-object", text: "byte \(error.offset) should be \(error.expected)")
        } catch {
            builder.reject(id: id, reason: "malformed-object", text: "\(error)")
        }
    }

    private func object(_ index: Int) throws -> CityJSONObject {
        var scanner = JSONScanner(bytes, range: text.entries[index].range)
        return try CityJSONObject(scanning: &scanner)
    }

    /// A feature, or nil if it is not wanted.
    private mutating func row(_ index: Int) throws -> (wkb: [UInt8], values: [SourceValue])? {
        let root = try object(index)
        if let onlyType, root.type != onlyType { return nil }
        var family = [root]
        var queue = text.children[index] ?? []
        while let child = queue.popLast() {
            family.append(try object(child))
            queue += text.children[child] ?? []
        }
        let (levels, shortRings) = try levels(family)
        tally.add(family, shortRings: shortRings)
        guard let footprint = levels.reversed().lazy.compactMap({ CityJSONFootprint($0.solid) }).first else {
            throw Self.lost(root, family, hasSurfaces: !levels.isEmpty)
        }
        tally.footprints[footprint.source, default: 0] += 1
        var kept = SolidLevels(levels)
        kept.renameImages { images.path($0) }
        return (SourceGeometry.multiPolygon(footprint.polygons), values(text.entries[index].id, family, kept))
    }

    /// The family's surfaces at each of its levels of detail, the coarsest first.
    ///
    /// A part stands in with its nearest coarser level where it has none of the level itself, the root does not.
    private func levels(_ family: [CityJSONObject]) throws -> (levels: [SolidLevels.Level], shortRings: Int) {
        var (found, shortRings) = ([SolidLevels.Level](), 0)
        let numbers = Set(family.flatMap { $0.geometries.filter(\.hasSurfaces).map(\.level) }).sorted()
        for level in numbers {
            var reader = CityJSONGeometryReader(bytes: bytes, text: text, header: header)
            var (lod, types) = ("", [String]())
            for (number, member) in family.enumerated() {
                guard let own = member.bestLevel(atMost: level), number > 0 || own == level else { continue }
                for geometry in member.geometries where geometry.hasSurfaces && geometry.level == own {
                    try reader.add(geometry)
                    types.append(geometry.type)
                    if own == level, level >= 0 { lod = geometry.lod }
                }
            }
            shortRings += reader.shortRings
            if !reader.solid.surfaces.isEmpty || level == numbers.last {
                found.append(SolidLevels.Level(lod: lod, solid: reader.solid, isSolid: types == ["Solid"]))
            }
        }
        return (found, shortRings)
    }

    private static func lost(
        _ root: CityJSONObject, _ family: [CityJSONObject], hasSurfaces: Bool
    ) -> CityJSONObjectError {
        if hasSurfaces {
            return CityJSONObjectError(reason: "no-area", text: "the surfaces of this \(root.type) enclose no area")
        }
        if let type = family.lazy.flatMap(\.geometries).first?.type {
            return CityJSONObjectError(reason: "geometry-type", text: "this \(root.type) has only \(type) geometry")
        }
        return CityJSONObjectError(reason: "no-geometry", text: "this \(root.type) has no geometry")
    }

    private func values(_ id: String, _ family: [CityJSONObject], _ levels: SolidLevels) -> [SourceValue] {
        let heights = levels.finest.heightRange ?? 0...0
        let lods = levels.levels.map(\.lod).filter { !$0.isEmpty }
        var values: [SourceValue] = [
            .text(id), .text(family[0].type), lods.last.map(SourceValue.text) ?? .null,
            lods.isEmpty ? .null : .text(lods.joined(separator: ",")), .real(heights.lowerBound),
            .real(heights.upperBound), .real(heights.upperBound - heights.lowerBound), .bytes(levels.encoded()),
        ]
        let first = values.count
        values += Array(repeating: .null, count: schema.names.count)
        for member in family {
            for (name, value) in member.attributes {
                guard let at = schema.index[name], values[first + at] == .null else { continue }
                values[first + at] = value
            }
        }
        return values
    }
}

/// What is worth a remark in the import report.
private struct CityJSONTally {
    var footprints: [CityJSONFootprintSource: Int] = [:]
    var shortRings = 0
    var cycles = 0
    var skippedGeometries = 0

    mutating func add(_ family: [CityJSONObject], shortRings: Int) {
        self.shortRings += shortRings
        for member in family {
            skippedGeometries += member.geometries.count { !$0.hasSurfaces } + (member.hasBadGeometry ? 1 : 0)
        }
    }

    var notes: [String] {
        var notes = CityJSONFootprintSource.allCases.compactMap { source in
            footprints[source].map { "footprint of \($0) objects: \(source.words)" }
        }
        if skippedGeometries > 0 { notes.append("\(skippedGeometries) point, line or unreadable geometries skipped") }
        if shortRings > 0 { notes.append("\(shortRings) rings of fewer than three vertices left out") }
        if cycles > 0 { notes.append("\(cycles) objects were their own ancestors; each was made a feature") }
        return notes
    }
}
