// SPDX-License-Identifier: Apache-2.0
import Tiles

/// What one CityJSON object or CityJSONFeature holds, apart from the geometry and attributes of its city objects:
/// those stay in the file and are read one object at a time.
struct CityJSONText {
    /// A city object: its id, where its value is, and the object that it is a part of.
    struct Entry {
        var id: String
        var range: Range<Int>
        var parent = -1
    }

    var type: String?
    var version: String?
    var featureID: String?
    var transform: CityJSONTransform?
    var referenceSystem: String?
    var vertices = CityJSONVertices()
    var entries: [Entry] = []
    /// Entries by parent; an entry without a parent is a feature.
    var children: [Int: [Int]] = [:]
    var duplicates: [String] = []
    /// Objects that were each other's parents; the chain was cut.
    var cycles = 0
    /// The values of `geometry-templates.templates`.
    var templates: [Range<Int>] = []
    /// x, y, z of each template vertex; the transform does not apply (CityJSON 2.0 §4.1).
    var templateVertices: [Double] = []
    /// The colours of `appearance.materials`; nil for one without a diffuse colour.
    var materials: [VertexColour?] = []
    /// Names of `extensions`, and members of the root that belong to them.
    var extensions: [String] = []
    /// The images of `appearance.textures`, and u, v of each of `appearance.vertices-texture`.
    var textures: [String] = []
    var textureVertices: [Float] = []

    /// Scans `scanner`'s value, showing the attributes of every object to `schema`.
    init(scanning scanner: inout JSONScanner, schema: inout CityJSONSchema) throws {
        var links = Links()
        var text = self
        try scanner.object { scanner, key in
            switch key {
            case "type": text.type = try scanner.optionalString()
            case "version": text.version = try scanner.optionalString()
            case "id": text.featureID = try scanner.optionalString()
            case "transform": text.transform = try CityJSONTransform(scanning: &scanner)
            case "metadata": text.referenceSystem = try scanner.memberString("referenceSystem")
            case "vertices": try text.vertices.scan(&scanner)
            case "geometry-templates": try text.scanTemplates(&scanner)
            case "appearance": try text.scanAppearance(&scanner)
            case "extensions" where scanner.peek() == UInt8(ascii: "{"):
                try scanner.object { scanner, name in
                    text.extensions.append(name)
                    try scanner.skip()
                }
            case _ where key.hasPrefix("+"):
                text.extensions.append(key)
                try scanner.skip()
            case "CityObjects": try text.scanObjects(&scanner, schema: &schema, links: &links)
            default: try scanner.skip()
            }
        }
        self = text
        connect(links)
    }

    private init() {}

    /// What the objects say about each other, until all ids are known.
    private struct Links {
        var index: [String: Int] = [:]
        var parents: [(entry: Int, names: [String])] = []
        var children: [(entry: Int, names: [String])] = []
        var groups: Set<Int> = []
    }

    private mutating func scanObjects(
        _ scanner: inout JSONScanner, schema: inout CityJSONSchema, links: inout Links
    ) throws {
        guard scanner.peek() == UInt8(ascii: "{") else { throw scanner.failure("an object of city objects") }
        var text = self
        var found = links
        self = CityJSONText()
        links = Links()
        var seen = schema
        schema = CityJSONSchema()
        try scanner.object { scanner, id in
            _ = scanner.peek()
            let start = scanner.position
            let number = text.entries.count
            guard scanner.peek() == UInt8(ascii: "{") else {
                text.entries.append(Entry(id: id, range: try scanner.skip()))
                return
            }
            let isDuplicate = found.index[id] != nil
            try scanner.object { scanner, key in
                switch key {
                case "type":
                    if try scanner.optionalString() == "CityObjectGroup" { found.groups.insert(number) }
                case "attributes" where !isDuplicate: try seen.scan(&scanner)
                case "parents": found.parents.append((number, try scanner.strings()))
                case "children": found.children.append((number, try scanner.strings()))
                default: try scanner.skip()
                }
            }
            if isDuplicate {
                text.duplicates.append(id)
                found.parents.removeAll { $0.entry == number }
                found.children.removeAll { $0.entry == number }
                return
            }
            found.index[id] = number
            text.entries.append(Entry(id: id, range: start..<scanner.position))
        }
        (self, links, schema) = (text, found, seen)
    }

    /// Gives every part its parent. A group's members keep their own place: being listed is not being a part.
    private mutating func connect(_ links: Links) {
        for (entry, names) in links.parents {
            let parent = names.lazy.compactMap { links.index[$0] }.first { $0 != entry && !links.groups.contains($0) }
            if let parent { entries[entry].parent = parent }
        }
        for (entry, names) in links.children where !links.groups.contains(entry) {
            for child in names.lazy.compactMap({ links.index[$0] }) where child != entry && entries[child].parent < 0 {
                entries[child].parent = entry
            }
        }
        for start in entries.indices {
            var (steps, at) = (0, start)
            while entries[at].parent >= 0, steps <= 64 { (steps, at) = (steps + 1, entries[at].parent) }
            if steps > 64 {
                entries[start].parent = -1
                cycles += 1
            }
        }
        for index in entries.indices where entries[index].parent >= 0 {
            children[entries[index].parent, default: []].append(index)
        }
    }

    private mutating func scanAppearance(_ scanner: inout JSONScanner) throws {
        guard scanner.peek() == UInt8(ascii: "{") else {
            try scanner.skip()
            return
        }
        var (colours, images, places) = ([VertexColour?](), [String](), [Float]())
        try scanner.object { scanner, key in
            switch (key, scanner.peek()) {
            case ("materials", UInt8(ascii: "[")):
                try scanner.array { colours.append(try $0.materialColour()) }
            case ("textures", UInt8(ascii: "[")):
                try scanner.array { images.append(try $0.memberString("image") ?? "") }
            case ("vertices-texture", UInt8(ascii: "[")):
                try scanner.array { scanner in
                    let pair = try scanner.numbers()
                    guard pair.count == 2 else { throw scanner.failure("two texture coordinates before this") }
                    places += pair.map { Float($0) }
                }
            default: try scanner.skip()
            }
        }
        (materials, textures, textureVertices) = (colours, images, places)
    }

    private mutating func scanTemplates(_ scanner: inout JSONScanner) throws {
        var (ranges, coordinates) = ([Range<Int>](), [Double]())
        try scanner.object { scanner, key in
            switch key {
            case "templates": try scanner.array { scanner in ranges.append(try scanner.skip()) }
            case "vertices-templates":
                try scanner.array { scanner in
                    let values = try scanner.numbers()
                    guard values.count == 3 else { throw scanner.failure("three coordinates before this") }
                    coordinates += values
                }
            default: try scanner.skip()
            }
        }
        (templates, templateVertices) = (ranges, coordinates)
    }
}

/// CityJSON 2.0 §4: real = integer × scale + translate, per axis.
struct CityJSONTransform {
    var scale = [1.0, 1.0, 1.0]
    var translate = [0.0, 0.0, 0.0]

    init(scanning scanner: inout JSONScanner) throws {
        var (scale, translate) = ([Double](), [Double]())
        try scanner.object { scanner, key in
            switch key {
            case "scale": scale = try scanner.numbers()
            case "translate": translate = try scanner.numbers()
            default: try scanner.skip()
            }
        }
        guard scale.count == 3, translate.count == 3 else {
            throw scanner.failure("a transform with three scales and three translations before this")
        }
        (self.scale, self.translate) = (scale, translate)
    }
}

/// The vertices of a text: 12 bytes each if they are whole numbers of 32 bits, else 24.
struct CityJSONVertices {
    /// Vertices of one block. Blocks grow one by one, so that a large file's vertices are never copied.
    private static let block = 1 << 16

    private var integers: [[Int32]] = []
    private var reals: [[Double]] = []
    private(set) var count = 0

    mutating func scan(_ scanner: inout JSONScanner) throws {
        var (integers, reals, isReal, count) = ([[Int32]](), [[Double]](), false, 0)
        try scanner.array { scanner in
            var axes = 0
            if count % Self.block == 0 { if isReal { reals.append([]) } else { integers.append([]) } }
            try scanner.array { scanner in
                let number = try scanner.number()
                axes += 1
                if !isReal, case .integer(let whole) = number, let small = Int32(exactly: whole) {
                    integers[integers.count - 1].append(small)
                    return
                }
                if !isReal {
                    isReal = true
                    reals = integers.map { $0.map(Double.init) }
                    integers = []
                }
                reals[reals.count - 1].append(number.real)
            }
            guard axes == 3 else { throw scanner.failure("three coordinates before this, not \(axes)") }
            count += 1
        }
        (self.integers, self.reals, self.count) = (integers, reals, count)
    }

    /// Vertex `index`, transformed; nil when there is none of that number.
    func vertex(_ index: Int, _ transform: CityJSONTransform?) -> (x: Double, y: Double, z: Double)? {
        guard index >= 0, index < count else { return nil }
        let (block, at) = (index / Self.block, index % Self.block * 3)
        let raw =
            reals.isEmpty
            ? (Double(integers[block][at]), Double(integers[block][at + 1]), Double(integers[block][at + 2]))
            : (reals[block][at], reals[block][at + 1], reals[block][at + 2])
        guard let transform else { return (raw.0, raw.1, raw.2) }
        let (scale, translate) = (transform.scale, transform.translate)
        return (
            raw.0 * scale[0] + translate[0], raw.1 * scale[1] + translate[1], raw.2 * scale[2] + translate[2]
        )
    }
}

/// The attributes that occur in a file and the narrowest type that holds all values of each.
struct CityJSONSchema {
    /// More names than this are a sign of data in the place of names; the rest is not read.
    static let maximumFields = 1000

    private(set) var names: [String] = []
    private(set) var types: [SourceFieldType?] = []
    private(set) var index: [String: Int] = [:]
    private(set) var ignored = 0

    /// Scans an `attributes` value.
    mutating func scan(_ scanner: inout JSONScanner) throws {
        guard scanner.peek() == UInt8(ascii: "{") else {
            try scanner.skip()
            return
        }
        var schema = self
        self = CityJSONSchema()
        try scanner.object { scanner, name in schema.note(name, try scanner.attribute()) }
        self = schema
    }

    private mutating func note(_ name: String, _ value: SourceValue) {
        guard let at = index[name] ?? add(name) else {
            ignored += 1
            return
        }
        let type: SourceFieldType
        switch value {
        case .null: return
        case .integer: type = .integer
        case .real: type = .real
        case .boolean: type = .boolean
        case .text, .bytes: type = .string
        }
        switch (types[at], type) {
        case (nil, _): types[at] = type
        case (.integer, .real), (.real, .integer): types[at] = .real
        case (let old, let new) where old != new: types[at] = .string
        default: break
        }
    }

    private mutating func add(_ name: String) -> Int? {
        guard names.count < Self.maximumFields else { return nil }
        names.append(name)
        types.append(nil)
        index[name] = names.count - 1
        return names.count - 1
    }
}

extension JSONScanner {
    /// The diffuse colour of a material with its transparency.
    mutating func materialColour() throws -> VertexColour? {
        guard peek() == UInt8(ascii: "{") else {
            try skip()
            return nil
        }
        var (diffuse, transparency) = ([Double](), 0.0)
        try object { scanner, key in
            switch (key, scanner.peek()) {
            case ("diffuseColor", UInt8(ascii: "[")): diffuse = try scanner.numbers()
            case ("transparency", _): transparency = try scanner.attribute().real ?? 0
            default: try scanner.skip()
            }
        }
        return VertexColour(diffuse: diffuse, transparency: transparency)
    }

    /// A string, or nil for any other value, which is skipped.
    mutating func optionalString() throws -> String? {
        if peek() == UInt8(ascii: "\"") { return try string() }
        try skip()
        return nil
    }

    /// The strings of an array; anything else is skipped.
    mutating func strings() throws -> [String] {
        guard peek() == UInt8(ascii: "[") else {
            try skip()
            return []
        }
        var found: [String] = []
        try array { scanner in if let text = try scanner.optionalString() { found.append(text) } }
        return found
    }

    mutating func numbers() throws -> [Double] {
        var found: [Double] = []
        try array { scanner in found.append(try scanner.number().real) }
        return found
    }

    /// The string member `name` of an object.
    mutating func memberString(_ name: String) throws -> String? {
        guard peek() == UInt8(ascii: "{") else {
            try skip()
            return nil
        }
        var found: String?
        try object { scanner, key in
            if key == name { found = try scanner.optionalString() } else { try scanner.skip() }
        }
        return found
    }

    /// An attribute value; an object or array is kept as its JSON text.
    mutating func attribute() throws -> SourceValue {
        switch peek() {
        case UInt8(ascii: "\""): return .text(try string())
        case UInt8(ascii: "t"), UInt8(ascii: "f"): return .boolean(try boolean())
        case UInt8(ascii: "{"), UInt8(ascii: "["): return .text(bytes.text(try skip()))
        case UInt8(ascii: "n"):
            guard try null() else { throw failure("a value") }
            return .null
        default:
            switch try number() {
            case .integer(let whole): return .integer(whole)
            case .real(let real): return .real(real)
            }
        }
    }
}

extension VertexColour {
    /// Three shares of 0 to 1, as X3D materials have them; nil for anything else.
    init?(diffuse: [Double], transparency: Double) {
        guard diffuse.count == 3, diffuse.allSatisfy({ (0...1).contains($0) }) else { return nil }
        let bytes = diffuse.map { UInt8(($0 * 255).rounded()) }
        let alpha = (0...1).contains(transparency) ? UInt8(((1 - transparency) * 255).rounded()) : 255
        self.init(red: bytes[0], green: bytes[1], blue: bytes[2], alpha: max(1, alpha))
    }
}
