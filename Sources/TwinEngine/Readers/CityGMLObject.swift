// SPDX-License-Identifier: Apache-2.0
import Tiles

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// The surfaces of one city object of CityGML, by level of detail.
///
/// Geometry is found by its own names (`lod2Solid`, `Polygon`, `posList`), which CityGML 1, 2 and 3 share; the class of the
/// thematic surface around it is its semantic. A surface that a solid only refers to is drawn once.
struct CityGMLGeometry {
    private struct Polygon {
        var lod: String
        var semantic: SurfaceKind
        var colour: VertexColour?
        /// x, y, z of each ring without its closing vertex, in the file's axes.
        var rings: [[Double]]
        var texture: SolidBlob.Texture?
        /// Of a prototype: the point in the file's axes that its rings are metres east, north and up from.
        var origin: [Double]?
    }

    private struct Reference {
        var lod: String
        var semantic: SurfaceKind
        var id: String
    }

    private var polygons: [Polygon] = []
    private var references: [Reference] = []
    private var ranges: [String: Range<Int>] = [:]
    /// Rings that are too short, have broken coordinates or another number of dimensions.
    private(set) var badRings = 0
    /// References to surfaces that are not in the object.
    private(set) var lostReferences = 0
    /// Implicit geometries, prototypes placed by a matrix, that were drawn, and those that could not be.
    private(set) var placed = 0
    private(set) var implicit = 0
    /// How many solids each level has.
    private var solids: [String: Int] = [:]
    /// The first coordinate system that a geometry names.
    private(set) var system: String?
    private let colours: [String: VertexColour]
    private let textures: [CityGMLAppearance]
    /// Geometries by id that implicit geometries refer to; nil within a prototype, which has none.
    private let prototypes: [String: XMLTree]?

    init(
        _ object: XMLTree, colours: [String: VertexColour], textures: [CityGMLAppearance] = [],
        prototypes: [String: XMLTree]? = [:]
    ) {
        self.colours = colours
        self.textures = textures
        self.prototypes = prototypes
        visit(object, lod: "", semantic: .unknown, colour: nil)
        resolve()
    }

    private mutating func visit(_ tree: XMLTree, lod: String, semantic: SurfaceKind, colour: VertexColour?) {
        let first = polygons.count
        let id = tree.attribute("id")
        var (lod, semantic) = (lod, semantic)
        let colour = id.flatMap { colours[$0] } ?? colour
        if tree.name.hasPrefix("lod"), let digit = tree.name.dropFirst(3).first, digit.isNumber { lod = String(digit) }
        if tree.name == "TINRelief" { lod = tree.first("lod")?.text ?? lod }
        if tree.name.hasSuffix("Surface"), Self.thematic.contains(tree.name) {
            semantic = SurfaceKind(cityGML: tree.name)
        }
        if tree.name == "Window" || tree.name == "Door" { semantic = SurfaceKind(cityGML: tree.name) }
        if tree.name.hasSuffix("Installation"), semantic == .unknown { semantic = .installation }
        if system == nil { system = tree.attribute("srsName") }
        if tree.name == "Solid" { solids[lod, default: 0] += 1 }
        switch tree.name {
        case "Polygon", "Triangle", "Rectangle", "PolygonPatch":
            take(tree, lod: lod, semantic: semantic, colour: colour)
        case "ImplicitGeometry":
            place(tree, lod: lod, semantic: semantic, colour: colour)
        case "Appearance", "appearance", "appearanceMember", "MultiCurve", "Envelope":
            break
        default:
            if let link = tree.attribute("href"), link.hasPrefix("#"), tree.children.isEmpty {
                references.append(Reference(lod: lod, semantic: semantic, id: String(link.dropFirst())))
            }
            for child in tree.children { visit(child, lod: lod, semantic: semantic, colour: colour) }
        }
        if tree.name == "OrientableSurface", tree.attribute("orientation") == "-" {
            for at in first..<polygons.count {
                polygons[at].rings = polygons[at].rings.map { Self.turned($0, 3) }
                guard let places = polygons[at].texture?.places else { continue }
                polygons[at].texture?.places = places.map { Self.turned($0, 2) }
            }
        }
        if let id { ranges[id] = first..<polygons.count }
    }

    /// A prototype at its place (OGC 12-019 §8.2): a 4 × 4 row-major matrix turns and scales it, metres east, north and
    /// up of the reference point. One in a library file of another format is not drawn.
    private mutating func place(_ tree: XMLTree, lod: String, semantic: SurfaceKind, colour: VertexColour?) {
        let matrix = Self.numbers(tree.first("transformationMatrix")?.text ?? "1 0 0 0 0 1 0 0 0 0 1 0 0 0 0 1")
        let origin = Self.numbers(tree.first("referencePoint")?.first("Point")?.first("pos")?.text ?? "")
        let geometry = tree.first("relativeGMLGeometry") ?? tree.first("relativeGeometry")
        let link = geometry?.attribute("href").map { String($0.drop { $0 == "#" }) }
        guard let prototypes, matrix.count == 16, origin.count == 3,
            let shape = link.map({ prototypes[$0] }) ?? geometry
        else {
            implicit += 1
            return
        }
        let prototype = CityGMLGeometry(shape, colours: colours, textures: textures, prototypes: nil)
        badRings += prototype.badRings
        implicit += prototype.implicit
        placed += 1
        for var polygon in prototype.polygons {
            polygon.lod = lod
            if polygon.semantic == .unknown { polygon.semantic = semantic }
            polygon.colour = polygon.colour ?? colour
            polygon.origin = origin
            polygon.rings = polygon.rings.map { Self.moved($0, matrix) }
            polygons.append(polygon)
        }
    }

    private static func moved(_ ring: [Double], _ matrix: [Double]) -> [Double] {
        var moved: [Double] = []
        moved.reserveCapacity(ring.count)
        for at in stride(from: 0, to: ring.count, by: 3) {
            for row in [0, 4, 8] {
                let east = matrix[row] * ring[at]
                let north = matrix[row + 1] * ring[at + 1]
                moved.append(east + north + matrix[row + 2] * ring[at + 2] + matrix[row + 3])
            }
        }
        return moved
    }

    private static func numbers(_ text: String) -> [Double] {
        text.split(whereSeparator: \.isWhitespace).compactMap { Double($0) }.filter(\.isFinite)
    }

    private static func turned<Number>(_ ring: [Number], _ width: Int) -> [Number] {
        var turned: [Number] = []
        for at in stride(from: ring.count - width, through: 0, by: -width) { turned += ring[at..<at + width] }
        return turned
    }

    private static let thematic: Set<String> = [
        "GroundSurface", "WallSurface", "RoofSurface", "ClosureSurface", "OuterCeilingSurface", "OuterFloorSurface",
        "FloorSurface", "InteriorWallSurface", "CeilingSurface", "WindowSurface", "DoorSurface",
    ]

    private mutating func take(_ tree: XMLTree, lod: String, semantic: SurfaceKind, colour: VertexColour?) {
        var rings: [[Double]] = []
        var (image, places) = (String?.none, [[Float]]())
        for boundary in tree.children
        where ["exterior", "interior", "outerBoundaryIs", "innerBoundaryIs"].contains(boundary.name) {
            let isOuter = boundary.name == "exterior" || boundary.name == "outerBoundaryIs"
            for ring in boundary.children {
                guard let points = Self.ring(ring) else {
                    badRings += 1
                    // Without its outer ring a surface is nothing.
                    if isOuter { return }
                    continue
                }
                rings.append(points)
                guard
                    let place = ring.attribute("id").flatMap({ id in textures.lazy.compactMap { $0.rings[id] }.first })
                else { continue }
                image = image ?? place.image
                // The closing vertex has gone from the ring.
                places.append(Array(place.coordinates.prefix(points.count / 3 * 2)))
            }
        }
        guard !rings.isEmpty else { return }
        let texture = image.map { SolidBlob.Texture(image: $0, places: places) }
        polygons.append(Polygon(lod: lod, semantic: semantic, colour: colour, rings: rings, texture: texture))
    }

    /// The vertices of a ring in `posList`, `pos` or `coordinates`; nil if they are not at least three of three.
    private static func ring(_ ring: XMLTree) -> [Double]? {
        var values: [Double] = []
        for child in ring.children where ["posList", "pos", "coordinates", "pointProperty"].contains(child.name) {
            let text = child.name == "pointProperty" ? child.first("Point")?.first("pos")?.text ?? "" : child.text
            for word in text.utf8.split(whereSeparator: { $0 <= 0x20 || $0 == UInt8(ascii: ",") }) {
                guard let number = Double(Substring(word)), number.isFinite else { return nil }
                values.append(number)
            }
        }
        guard values.count % 3 == 0 else { return nil }
        if values.count > 9, values[0] == values[values.count - 3], values[1] == values[values.count - 2],
            values[2] == values[values.count - 1]
        {
            values.removeLast(3)
        }
        return values.count >= 9 ? values : nil
    }

    /// What references add: a meaning to surfaces of the same level, copies to another.
    private mutating func resolve() {
        for reference in references {
            guard let range = ranges[reference.id] else {
                // Other links lead to documents and objects, not to surfaces.
                if !reference.lod.isEmpty { lostReferences += 1 }
                continue
            }
            for at in range {
                if polygons[at].lod == reference.lod {
                    if polygons[at].semantic == .unknown { polygons[at].semantic = reference.semantic }
                } else if !reference.lod.isEmpty {
                    var copy = polygons[at]
                    copy.lod = reference.lod
                    if copy.semantic == .unknown { copy.semantic = reference.semantic }
                    polygons.append(copy)
                }
            }
        }
    }

    private typealias Place = (Double, Double, Double) -> (Double, Double, Double)

    private static func placed(_ ring: [Double], _ place: Place) -> [Double] {
        var placed: [Double] = []
        placed.reserveCapacity(ring.count)
        for at in stride(from: 0, to: ring.count, by: 3) {
            let (x, y, z) = place(ring[at], ring[at + 1], ring[at + 2])
            placed += [x, y, z]
        }
        return placed
    }

    /// A prototype's ring, metres east, north and up of a point. In degrees by WGS 84's radii of curvature there, which
    /// holds to a millimetre for prototypes of 100 m.
    private static func placed(_ ring: [Double], _ origin: [Double], _ isDegrees: Bool, _ place: Place) -> [Double] {
        let (x, y, z) = place(origin[0], origin[1], origin[2])
        var (east, north) = (1.0, 1.0)
        if isDegrees {
            let (a, e2) = (6_378_137.0, 0.006_694_379_990_141)
            let (sine, cosine) = (sin(y * .pi / 180), cos(y * .pi / 180))
            let w = 1 - e2 * sine * sine
            let across = a / w.squareRoot()
            east = 180 / .pi / (across * cosine)
            north = 180 / .pi / (across * (1 - e2) / w)
        }
        var placed: [Double] = []
        for at in stride(from: 0, to: ring.count, by: 3) {
            placed += [x + ring[at] * east, y + ring[at + 1] * north, z + ring[at + 2]]
        }
        return placed
    }

    /// The levels, the coarsest first. `place` turns a vertex of the file into easting, northing and height.
    /// - Parameter isDegrees: Whether easting and northing are degrees, so that metres of prototypes become some.
    func levels(
        isDegrees: Bool = false, _ place: (Double, Double, Double) -> (Double, Double, Double)
    ) -> [SolidLevels.Level] {
        let lods = Set(polygons.map(\.lod)).sorted { (Double($0) ?? -1) < (Double($1) ?? -1) }
        return lods.map { lod in
            var solid = SolidBlob()
            for polygon in polygons where polygon.lod == lod {
                let rings = polygon.rings.map { ring in
                    polygon.origin.map { Self.placed(ring, $0, isDegrees, place) } ?? Self.placed(ring, place)
                }
                solid.append(polygon.semantic, colour: polygon.colour, rings: rings, texture: polygon.texture)
            }
            return SolidLevels.Level(lod: lod, solid: solid, isSolid: solids[lod] == 1)
        }
    }
}

/// The attributes of one city object of CityGML: plain elements, generic attributes, and what extensions nest.
enum CityGMLAttributes {
    private static let geometryNames: Set<String> = [
        "Envelope", "boundedBy", "boundary", "consistsOfBuildingPart", "buildingPart", "appearance", "interiorRoom",
        "outerBuildingInstallation", "interiorBuildingInstallation", "opening", "reliefComponent",
    ]

    /// Names and values in the order of the file, the first of a name counts; then, under `NAME_name`, what codes stand
    /// for.
    static func read(_ object: XMLTree, _ lists: inout CodeLists) -> [(name: String, value: SourceValue)] {
        var found: [(name: String, value: SourceValue)] = []
        var codes: [(name: String, code: String, list: String)] = []
        var seen: Set<String> = []
        func add(_ name: String, _ value: SourceValue) {
            if seen.insert(name).inserted { found.append((name, value)) }
        }
        func visit(_ tree: XMLTree, _ depth: Int) {
            for child in tree.children {
                if geometryNames.contains(child.name) || child.name.hasPrefix("lod") && !child.children.isEmpty {
                    continue
                }
                if child.name.lowercased().hasSuffix("attribute"),
                    let name = child.attribute("name") ?? child.first("name")?.text,
                    let value = child.first("value")
                {
                    add(name, Self.value(value.text, isText: child.name.lowercased() == "stringattribute"))
                } else if child.children.isEmpty {
                    guard !child.text.isEmpty else { continue }
                    let list = child.attribute("codeSpace")
                    if let list, !seen.contains(child.name) { codes.append((child.name, child.text, list)) }
                    add(child.name, Self.value(child.text, isText: list != nil))
                } else if depth < 6 {
                    visit(child, depth + 1)
                }
            }
        }
        visit(object, 0)
        for code in codes {
            if let text = lists.name(code.code, in: code.list) { add(code.name + "_name", .text(text)) }
        }
        return found
    }

    /// Codes such as 0110 stay text.
    private static func value(_ text: String, isText: Bool) -> SourceValue {
        if isText || text.count > 1 && text.hasPrefix("0") && !text.hasPrefix("0.") { return .text(text) }
        if let whole = Int64(text) { return .integer(whole) }
        if let real = Double(text), real.isFinite { return .real(real) }
        return .text(text)
    }
}
