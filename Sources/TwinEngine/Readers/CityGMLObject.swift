// SPDX-License-Identifier: Apache-2.0
import Tiles

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
    /// Implicit geometries: prototypes placed by a matrix.
    private(set) var implicit = 0
    /// How many solids each level has.
    private var solids: [String: Int] = [:]
    /// The first coordinate system that a geometry names.
    private(set) var system: String?
    private let colours: [String: VertexColour]

    init(_ object: XMLTree, colours: [String: VertexColour]) {
        self.colours = colours
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
            implicit += 1
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
                polygons[at].rings = polygons[at].rings.map(Self.turned)
            }
        }
        if let id { ranges[id] = first..<polygons.count }
    }

    private static func turned(_ ring: [Double]) -> [Double] {
        var turned: [Double] = []
        for at in stride(from: ring.count - 3, through: 0, by: -3) { turned += ring[at..<at + 3] }
        return turned
    }

    private static let thematic: Set<String> = [
        "GroundSurface", "WallSurface", "RoofSurface", "ClosureSurface", "OuterCeilingSurface", "OuterFloorSurface",
        "FloorSurface", "InteriorWallSurface", "CeilingSurface", "WindowSurface", "DoorSurface",
    ]

    private mutating func take(_ tree: XMLTree, lod: String, semantic: SurfaceKind, colour: VertexColour?) {
        var rings: [[Double]] = []
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
            }
        }
        guard !rings.isEmpty else { return }
        polygons.append(Polygon(lod: lod, semantic: semantic, colour: colour, rings: rings))
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

    /// The levels, the coarsest first. `place` turns a vertex of the file into easting, northing and height.
    func levels(_ place: (Double, Double, Double) -> (Double, Double, Double)) -> [SolidLevels.Level] {
        let lods = Set(polygons.map(\.lod)).sorted { (Double($0) ?? -1) < (Double($1) ?? -1) }
        return lods.map { lod in
            var solid = SolidBlob()
            for polygon in polygons where polygon.lod == lod {
                solid.surfaces.append(
                    SolidBlob.Surface(
                        semantic: polygon.semantic, ringCount: polygon.rings.count, colour: polygon.colour))
                for ring in polygon.rings {
                    solid.ringSizes.append(ring.count / 3)
                    for at in stride(from: 0, to: ring.count, by: 3) {
                        let (x, y, z) = place(ring[at], ring[at + 1], ring[at + 2])
                        solid.coordinates += [x, y, z]
                    }
                }
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

    /// Names and values in the order of the file; the first of a name counts.
    static func read(_ object: XMLTree) -> [(name: String, value: SourceValue)] {
        var found: [(name: String, value: SourceValue)] = []
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
                    if !child.text.isEmpty {
                        add(child.name, Self.value(child.text, isText: child.attribute("codeSpace") != nil))
                    }
                } else if depth < 6 {
                    visit(child, depth + 1)
                }
            }
        }
        visit(object, 0)
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
