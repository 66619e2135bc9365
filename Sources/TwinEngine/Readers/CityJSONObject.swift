// SPDX-License-Identifier: Apache-2.0

/// Why a city object cannot become a feature.
struct CityJSONObjectError: Error {
    var reason: String
    var text: String
}

/// One city object as it stands in the file, its boundaries not yet read.
struct CityJSONObject {
    /// A geometry's members; boundaries and semantics are byte ranges.
    struct Geometry {
        var type = ""
        var lod = ""
        var boundaries: Range<Int>?
        var semantics: Range<Int>?
        var material: Range<Int>?
        var texture: Range<Int>?
        var template: Int?
        var matrix: [Double] = []

        init() {}

        init(scanning scanner: inout JSONScanner) throws {
            var geometry = Geometry()
            try scanner.object { scanner, key in
                switch key {
                case "type": geometry.type = try scanner.optionalString() ?? ""
                case "lod": geometry.lod = try scanner.attribute().text ?? ""
                case "boundaries": geometry.boundaries = try scanner.skip()
                case "semantics": geometry.semantics = try scanner.skip()
                case "material": geometry.material = try scanner.skip()
                case "texture": geometry.texture = try scanner.skip()
                case "template": geometry.template = try scanner.attribute().integer.map { Int($0) }
                case "transformationMatrix": geometry.matrix = try scanner.numbers()
                default: try scanner.skip()
                }
            }
            self = geometry
        }

        /// The level of detail as a number to compare; -1 without one.
        var level: Double { Double(lod) ?? -1 }
        var hasSurfaces: Bool { type != "MultiPoint" && type != "MultiLineString" }
    }

    var type = ""
    var attributes: [(name: String, value: SourceValue)] = []
    var geometries: [Geometry] = []
    /// A geometry that is not an object.
    var hasBadGeometry = false

    init(scanning scanner: inout JSONScanner) throws {
        guard scanner.peek() == UInt8(ascii: "{") else {
            throw CityJSONObjectError(reason: "not-an-object", text: "the city object is not a JSON object")
        }
        var object = self
        try scanner.object { scanner, key in
            switch (key, scanner.peek()) {
            case ("type", _): object.type = try scanner.optionalString() ?? ""
            case ("attributes", UInt8(ascii: "{")):
                try scanner.object { scanner, name in object.attributes.append((name, try scanner.attribute())) }
            case ("geometry", UInt8(ascii: "[")):
                try scanner.array { scanner in
                    if scanner.peek() == UInt8(ascii: "{") {
                        object.geometries.append(try Geometry(scanning: &scanner))
                    } else {
                        object.hasBadGeometry = true
                        try scanner.skip()
                    }
                }
            default: try scanner.skip()
            }
        }
        self = object
        guard !type.isEmpty else {
            throw CityJSONObjectError(reason: "no-type", text: "the city object has no `type`")
        }
    }

    private init() {}

    /// The highest level of detail among the geometries that have surfaces.
    var highestLevel: Double? { geometries.filter(\.hasSurfaces).map(\.level).max() }

    /// The highest of those levels that is at most `level`.
    func bestLevel(atMost level: Double) -> Double? {
        geometries.filter { $0.hasSurfaces && $0.level <= level }.map(\.level).max()
    }
}
