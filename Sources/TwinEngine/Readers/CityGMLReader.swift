// SPDX-License-Identifier: Apache-2.0
import Spatial
import Tiles

/// Reads CityGML 1.0, 2.0 and 3.0 as features: each city object with a footprint, its attributes, and in `solid` the surfaces
/// of all its levels of detail, as ``CityJSONReader`` does.
///
/// The file is mapped and gone through twice, one object at a time: memory is that of the largest object, of the
/// materials and texture places of an appearance of the whole file, and of prototypes. Parts and thematic surfaces belong
/// to their building. Codes are kept, and what
/// they stand for beside them (``CodeLists``). Colours of X3D materials and parameterized textures are read,
/// georeferenced textures are not.
/// Source: OGC 08-007r1, 12-019 and 20-010 (CityGML 1.0, 2.0, 3.0); GML 3.1.1 and 3.2.1.
package struct CityGMLReader: FeatureReader {
    private static let ownFields = [
        SourceField(name: "cityobject_id", type: .string), SourceField(name: "cityobject_type", type: .string),
        SourceField(name: "lod", type: .string), SourceField(name: "lods", type: .string),
        SourceField(name: "ground_height", type: .real), SourceField(name: "roof_height", type: .real),
        SourceField(name: "height", type: .real), SourceField(name: "solid", type: .binary),
    ]
    private static let members: Set<String> = ["cityObjectMember", "featureMember", "featureMembers"]

    private let path: String
    private let onlyType: String?
    private var scanner: XMLScanner
    private let survey: Survey
    private let fields: [SourceField]
    private let crs: String?
    private let isNorthingFirst: Bool
    private let isDegrees: Bool
    private var headNotes: [String] = []
    private var rows: Int64 = 0
    private var shortRings = 0
    private var lostReferences = 0
    private var implicit = 0
    private var placed = 0
    private var footprints: [CityJSONFootprintSource: Int] = [:]
    private var seen: Set<String> = []
    private var images: TextureFiles
    private var georeferenced = 0
    private var lists: CodeLists

    /// What the first pass found.
    private struct Survey {
        var names: [String] = []
        var types: [SourceFieldType?] = []
        var index: [String: Int] = [:]
        var colours: [String: VertexColour] = [:]
        var system: String?
        var count = 0
        var textures = CityGMLAppearance()
        /// Geometries that implicit geometries hold and others may refer to.
        var prototypes: [String: XMLTree] = [:]
        var version: String?
        var lists: CodeLists

        mutating func note(_ name: String, _ value: SourceValue) {
            let type: SourceFieldType =
                switch value {
                case .integer: .integer
                case .real: .real
                default: .string
                }
            guard let at = index[name] else {
                guard names.count < CityJSONSchema.maximumFields else { return }
                index[name] = names.count
                names.append(name)
                types.append(type)
                return
            }
            switch (types[at], type) {
            case (.integer, .real), (.real, .integer): types[at] = .real
            case (let old, let new) where old != new: types[at] = .string
            default: break
            }
        }
    }

    /// - Parameter type: only city objects of this class, such as `Building`; nil for all.
    /// - Throws: `ReaderError` when the file is not XML (with the line), or not CityGML.
    package init(path: String, type: String? = nil) throws {
        try self.init(bytes: SourceBytes(path: path), type: type)
    }

    package init(bytes: SourceBytes, type: String? = nil) throws {
        path = bytes.path
        images = TextureFiles(source: bytes.path)
        onlyType = type
        scanner = XMLScanner(bytes)
        survey = try Self.survey(bytes, type)
        lists = survey.lists
        lists.countAgain()
        var names = Set(Self.ownFields.map(\.name))
        fields =
            Self.ownFields
            + zip(survey.names, survey.types).map { name, type in
                var unique = name
                while !names.insert(unique).inserted { unique += "_attr" }
                return SourceField(name: unique, type: type ?? .string)
            }
        (crs, headNotes) = CityJSONReader.coordinateSystem(survey.system)
        // A name of EPSG as a URN or address keeps the order of the register; the short form is easting first.
        let isOfficial = survey.system.map { !$0.uppercased().hasPrefix("EPSG:") } ?? false
        let system = try crs.map { try CoordinateSystem($0) }
        isNorthingFirst = isOfficial && system?.isNorthingFirst ?? false
        isDegrees = system?.isGeographic ?? false
        if isNorthingFirst { headNotes.append("axes are those of the register (northing or latitude first); turned") }
    }

    package var description: SourceDescription {
        var notes = headNotes
        for source in CityJSONFootprintSource.allCases {
            if let count = footprints[source] { notes.append("footprint of \(count) objects: \(source.words)") }
        }
        if shortRings > 0 { notes.append("\(shortRings) rings without three points in space left out") }
        if lostReferences > 0 {
            notes.append("\(lostReferences) references to surfaces outside their object not followed")
        }
        notes += images.notes + lists.notes
        let laid = georeferenced + survey.textures.georeferenced
        if laid > 0 { notes.append("\(laid) georeferenced textures are not read") }
        if placed > 0 { notes.append("\(placed) implicit geometries (prototypes) placed") }
        if implicit > 0 {
            notes.append("\(implicit) implicit geometries left out: in a library of another format, or nested")
        }
        return SourceDescription(
            driver: "CityGML \(survey.version ?? "")", layer: onlyType ?? "CityModel", crs: crs, encoding: "UTF-8",
            fields: fields, geometryType: "MultiPolygon", featureCount: survey.count, notes: notes)
    }

    // MARK: - First pass

    private static func survey(_ bytes: SourceBytes, _ type: String?) throws -> Survey {
        var scanner = XMLScanner(bytes)
        var survey = Survey(lists: CodeLists(source: bytes.path))
        var isCityModel = false
        do {
            while let event = try scanner.next() {
                guard case .start(let name, let attributes, let isEmpty) = event else { continue }
                if !isCityModel {
                    guard name == "CityModel" else {
                        throw ReaderError(
                            .wrongFormat,
                            "\(bytes.path) is XML but not CityGML: it begins with <\(name)>; "
                                + "for other GML write `format: gdal`")
                    }
                    isCityModel = true
                    survey.version = version(attributes.map(\.value))
                } else if name == "Envelope" {
                    survey.system = survey.system ?? attributes.first { $0.name == "srsName" }?.value
                } else if members.contains(name) {
                    let member = try scanner.tree(name, attributes, isEmpty: isEmpty)
                    for object in member.children { note(object, type, &survey) }
                } else if name == "surfaceDataMember" || name == "surfaceData" {
                    // Of the whole file's appearance; an object's own is within its member.
                    let data = try scanner.tree(name, attributes, isEmpty: isEmpty)
                    materials(data, &survey)
                    survey.textures.collect(data)
                }
            }
        } catch let error as XMLSyntaxError {
            throw syntaxError(bytes, error)
        }
        guard isCityModel else { throw ReaderError(.wrongFormat, "\(bytes.path) has no element; it is not CityGML") }
        return survey
    }

    private static func syntaxError(_ bytes: SourceBytes, _ error: XMLSyntaxError) -> ReaderError {
        ReaderError(
            .syntax,
            "\(bytes.path) cannot be read as CityGML: line \(bytes.line(of: error.offset)) (byte \(error.offset)) needs "
                + "\(error.expected)")
    }

    private static func version(_ namespaces: [String]) -> String? {
        for version in ["3.0", "2.0", "1.0"] where namespaces.contains("http://www.opengis.net/citygml/\(version)") {
            return version
        }
        return nil
    }

    private static func note(_ object: XMLTree, _ type: String?, _ survey: inout Survey) {
        materials(object, &survey)
        prototypes(object, &survey)
        guard type == nil || object.name == type else { return }
        survey.count += 1
        for (name, value) in CityGMLAttributes.read(object, &survey.lists) { survey.note(name, value) }
        if survey.system == nil { survey.system = CityGMLGeometry(object, colours: [:]).system }
    }

    /// Collects the geometries within implicit geometries.
    private static func prototypes(_ tree: XMLTree, _ survey: inout Survey) {
        if tree.name == "relativeGMLGeometry" || tree.name == "relativeGeometry" {
            for child in tree.children {
                if let id = child.attribute("id") { survey.prototypes[id] = child }
            }
            return
        }
        for child in tree.children { prototypes(child, &survey) }
    }

    /// Collects X3D materials by the surfaces that they are for.
    private static func materials(_ tree: XMLTree, _ survey: inout Survey) {
        if tree.name == "X3DMaterial" {
            let diffuse = tree.first("diffuseColor")?.text.split(separator: " ").compactMap { Double($0) } ?? []
            let transparency = tree.first("transparency").flatMap { Double($0.text) } ?? 0
            if let colour = VertexColour(diffuse: diffuse, transparency: transparency) {
                for target in tree.children where target.name == "target" {
                    let id = target.attribute("uri") ?? target.text
                    if id.hasPrefix("#") { survey.colours[String(id.dropFirst())] = colour }
                }
            }
        }
        for child in tree.children { materials(child, &survey) }
    }

    // MARK: - Second pass

    package mutating func next() throws -> FeatureBatch? {
        var builder = FeatureBatchBuilder(fields: fields)
        do {
            while !builder.isFull, let event = try scanner.next() {
                guard case .start(let name, let attributes, let isEmpty) = event, Self.members.contains(name) else {
                    continue
                }
                let member = try scanner.tree(name, attributes, isEmpty: isEmpty)
                for object in member.children where onlyType == nil || object.name == onlyType {
                    read(object, &builder)
                }
            }
        } catch let error {
            throw Self.syntaxError(scanner.bytes, error)
        }
        return builder.isEmpty ? nil : builder.take()
    }

    private mutating func read(_ object: XMLTree, _ builder: inout FeatureBatchBuilder) {
        let id = object.attribute("id") ?? "object \(rows + 1)"
        guard seen.insert(id).inserted else {
            builder.reject(id: id, reason: "duplicate-id", text: "a second city object of this id; first kept")
            return
        }
        var own = CityGMLAppearance()
        own.collect(object)
        georeferenced += own.georeferenced
        let geometry = CityGMLGeometry(
            object, colours: survey.colours, textures: [own, survey.textures], prototypes: survey.prototypes)
        shortRings += geometry.badRings
        lostReferences += geometry.lostReferences
        implicit += geometry.implicit
        placed += geometry.placed
        let (isNorthingFirst, isDegrees) = (isNorthingFirst, isDegrees)
        let levels = geometry.levels(isDegrees: isDegrees) { x, y, z in isNorthingFirst ? (y, x, z) : (x, y, z) }
        guard let finest = levels.last else {
            let reason = geometry.implicit > 0 ? "only prototypes (implicit geometry)" : "no surface in space"
            builder.reject(id: id, reason: "no-geometry", text: "this \(object.name) has \(reason)")
            return
        }
        guard
            let footprint = levels.reversed().lazy.compactMap({ CityJSONFootprint($0.solid, isDegrees: isDegrees) })
                .first
        else {
            builder.reject(id: id, reason: "no-area", text: "the surfaces of this \(object.name) enclose no area")
            return
        }
        footprints[footprint.source, default: 0] += 1
        rows += 1
        let heights = finest.solid.heightRange ?? 0...0
        let lods = levels.map(\.lod).filter { !$0.isEmpty }
        var kept = SolidLevels(levels)
        kept.renameImages { images.path($0) }
        var values: [SourceValue] = [
            .text(id), .text(object.name), lods.last.map(SourceValue.text) ?? .null,
            lods.isEmpty ? .null : .text(lods.joined(separator: ",")), .real(heights.lowerBound),
            .real(heights.upperBound), .real(heights.upperBound - heights.lowerBound),
            .bytes(kept.encoded()),
        ]
        let first = values.count
        values += Array(repeating: .null, count: survey.names.count)
        for (name, value) in CityGMLAttributes.read(object, &lists) {
            guard let at = survey.index[name], values[first + at] == .null else { continue }
            values[first + at] = value
        }
        builder.append(id: rows, wkb: SourceGeometry.multiPolygon(footprint.polygons), values: values)
    }
}
