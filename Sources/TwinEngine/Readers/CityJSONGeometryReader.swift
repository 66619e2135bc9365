// SPDX-License-Identifier: Apache-2.0
import Tiles

/// Turns the boundaries of CityJSON geometries (CityJSON 2.0 §3) into surfaces.
struct CityJSONGeometryReader {
    let bytes: SourceBytes
    let text: CityJSONText
    /// The file header of a CityJSONSeq, else the text itself.
    let templates: CityJSONText
    let transform: CityJSONTransform?
    private(set) var solid = SolidBlob()
    /// Rings of fewer than three vertices, left out.
    private(set) var shortRings = 0

    init(bytes: SourceBytes, text: CityJSONText, header: CityJSONText) {
        self.bytes = bytes
        self.text = text
        templates = header
        transform = text.transform ?? header.transform
    }

    private typealias Vertex = (x: Double, y: Double, z: Double)

    /// How deep the arrays of a type go down to a surface: 1 is a list of surfaces.
    private static let depths = [
        "MultiSurface": 1, "CompositeSurface": 1, "Solid": 2, "MultiSolid": 3, "CompositeSolid": 3,
    ]

    /// Adds `geometry`'s surfaces.
    mutating func add(_ geometry: CityJSONObject.Geometry) throws {
        if geometry.type == "GeometryInstance" {
            try addInstance(geometry)
        } else {
            let (vertices, transform) = (text.vertices, transform)
            try add(geometry) { vertices.vertex($0, transform) }
        }
    }

    private mutating func add(_ geometry: CityJSONObject.Geometry, vertex: (Int) -> Vertex?) throws {
        guard let depth = Self.depths[geometry.type] else {
            throw CityJSONObjectError(
                reason: "geometry-type", text: "geometry type \"\(geometry.type)\" has no surfaces that can be read")
        }
        guard let range = geometry.boundaries else {
            throw CityJSONObjectError(reason: "no-boundaries", text: "a \(geometry.type) has no `boundaries`")
        }
        var surfaces: [[[Int]]] = []
        var groups: [Int] = []
        var scanner = JSONScanner(bytes, range: range)
        try Self.boundaries(&scanner, depth: depth, surfaces: &surfaces, groups: &groups)
        var semantics = [SolidBlob.Semantic](repeating: .unknown, count: surfaces.count)
        if let range = geometry.semantics {
            var scanner = JSONScanner(bytes, range: range)
            semantics = try CityJSONSemantics(scanning: &scanner).resolved(depth: depth, groups: groups) ?? semantics
        }
        let colours = try colours(geometry, depth: depth, groups: groups)
        let textures = try CityJSONTextures(bytes, text.textures.isEmpty ? templates : text)
            .resolved(geometry.texture, depth: depth, count: surfaces.count)
        for (index, (rings, semantic)) in zip(surfaces, semantics).enumerated() {
            try append(
                rings, semantic, colours.isEmpty ? nil : colours[index],
                textures.isEmpty ? nil : textures[index], vertex: vertex)
        }
    }

    /// The colour of each surface's material in the first theme that fits; empty without materials.
    private func colours(
        _ geometry: CityJSONObject.Geometry, depth: Int, groups: [Int]
    ) throws -> [VertexColour?] {
        let materials = text.materials.isEmpty ? templates.materials : text.materials
        guard let range = geometry.material, !materials.isEmpty else { return [] }
        let count = groups.reduce(0, +)
        var found: [Int?] = []
        var scanner = JSONScanner(bytes, range: range)
        guard scanner.peek() == UInt8(ascii: "{") else { return [] }
        let bytes = bytes
        try scanner.object { scanner, _ in
            guard found.isEmpty, scanner.peek() == UInt8(ascii: "{") else {
                try scanner.skip()
                return
            }
            try scanner.object { scanner, key in
                switch (key, scanner.peek()) {
                case ("value", _):
                    let number = try scanner.attribute().integer.map { Int($0) }
                    found = Array(repeating: number, count: count)
                case ("values", UInt8(ascii: "[")):
                    let values = try scanner.skip()
                    found = try CityJSONSurfaceValues(bytes, values).resolved(depth: depth, groups: groups) ?? []
                default: try scanner.skip()
                }
            }
        }
        guard found.count == count else { return [] }
        return found.map { number in number.flatMap { materials.indices.contains($0) ? materials[$0] : nil } }
    }

    /// Collects the surfaces; `groups` counts them per innermost list, for `semantics.values` that are null there.
    private static func boundaries(
        _ scanner: inout JSONScanner, depth: Int, surfaces: inout [[[Int]]], groups: inout [Int]
    ) throws {
        var (found, counts) = ([[[Int]]](), [Int]())
        if depth > 1 {
            try scanner.array { try boundaries(&$0, depth: depth - 1, surfaces: &found, groups: &counts) }
        } else {
            try scanner.array { scanner in
                var rings: [[Int]] = []
                try scanner.array { scanner in
                    var ring: [Int] = []
                    try scanner.array { scanner in
                        guard case .integer(let index) = try scanner.number() else {
                            throw scanner.failure("a vertex number")
                        }
                        ring.append(Int(index))
                    }
                    rings.append(ring)
                }
                found.append(rings)
            }
            counts.append(found.count)
        }
        surfaces += found
        groups += counts
    }

    private mutating func append(
        _ rings: [[Int]], _ semantic: SolidBlob.Semantic, _ colour: VertexColour?, _ texture: SolidBlob.Texture?,
        vertex: (Int) -> Vertex?
    ) throws {
        var (kept, places) = ([[Double]](), [[Float]]())
        for (number, ring) in rings.enumerated() {
            // Some writers close rings although §3.1 says not to.
            let open = ring.count > 3 && ring.first == ring.last ? ring.dropLast() : ring[...]
            guard open.count >= 3 else {
                shortRings += 1
                if number == 0 { return }
                continue
            }
            var coordinates: [Double] = []
            for index in open {
                guard let point = vertex(index) else {
                    throw CityJSONObjectError(reason: "vertex-index", text: "there is no vertex \(index)")
                }
                guard point.x.isFinite, point.y.isFinite, point.z.isFinite else {
                    throw CityJSONObjectError(reason: "vertex-value", text: "vertex \(index) is not finite")
                }
                coordinates += [point.x, point.y, point.z]
            }
            kept.append(coordinates)
            // A ring that was closed has its first place twice too.
            if let texture, number < texture.places.count {
                places.append(Array(texture.places[number].prefix(open.count * 2)))
            }
        }
        guard !kept.isEmpty else { return }
        solid.append(
            semantic, colour: colour, rings: kept,
            texture: texture.map { SolidBlob.Texture(image: $0.image, places: places) })
    }

    /// A template placed by a 4 × 4 row-major matrix and a reference point (CityJSON 2.0 §3.4).
    private mutating func addInstance(_ instance: CityJSONObject.Geometry) throws {
        guard let number = instance.template, templates.templates.indices.contains(number) else {
            throw CityJSONObjectError(reason: "template", text: "a GeometryInstance names no template of the file")
        }
        let matrix = instance.matrix
        guard matrix.count == 16 else {
            throw CityJSONObjectError(
                reason: "template", text: "the transformationMatrix has \(matrix.count) numbers, not 16")
        }
        guard let range = instance.boundaries else {
            throw CityJSONObjectError(reason: "no-boundaries", text: "a GeometryInstance has no reference point")
        }
        var place = JSONScanner(bytes, range: range)
        let reference = try place.numbers()
        guard let index = reference.first.flatMap({ Int(exactly: $0) }),
            let origin = text.vertices.vertex(index, transform)
        else {
            throw CityJSONObjectError(reason: "vertex-index", text: "the reference point of an instance is missing")
        }
        var scanner = JSONScanner(bytes, range: templates.templates[number])
        let template = try CityJSONObject.Geometry(scanning: &scanner)
        if template.type == "GeometryInstance" { throw try nested(number, template) }
        let vertices = templates.templateVertices
        try add(template) { index in
            guard index >= 0, index * 3 + 2 < vertices.count else { return nil }
            let (x, y, z) = (vertices[index * 3], vertices[index * 3 + 1], vertices[index * 3 + 2])
            func row(_ at: Int) -> Double { matrix[at] * x + matrix[at + 1] * y + matrix[at + 2] * z + matrix[at + 3] }
            return (row(0) + origin.x, row(4) + origin.y, row(8) + origin.z)
        }
    }

    /// Why a template that is itself an instance is refused: it leads back to itself, or it is nested.
    private func nested(_ start: Int, _ template: CityJSONObject.Geometry) throws -> CityJSONObjectError {
        var (path, next) = ([start], template.template)
        while let number = next, templates.templates.indices.contains(number) {
            let isCycle = path.contains(number)
            path.append(number)
            if isCycle {
                let words = path.map(String.init).joined(separator: " → ")
                return CityJSONObjectError(
                    reason: "template-cycle", text: "geometry templates lead back to themselves: \(words)")
            }
            var scanner = JSONScanner(bytes, range: templates.templates[number])
            let geometry = try CityJSONObject.Geometry(scanning: &scanner)
            next = geometry.type == "GeometryInstance" ? geometry.template : nil
        }
        return CityJSONObjectError(
            reason: "template-nested", text: "geometry template \(start) is itself a GeometryInstance")
    }
}
