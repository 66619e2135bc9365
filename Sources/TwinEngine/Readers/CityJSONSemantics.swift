// SPDX-License-Identifier: Apache-2.0
import Tiles

/// The `semantics` member of a geometry.
struct CityJSONSemantics {
    private var surfaces: [SolidBlob.Semantic] = []
    private var values: Range<Int>?
    private let bytes: SourceBytes

    init(scanning scanner: inout JSONScanner) throws {
        bytes = scanner.bytes
        guard scanner.peek() == UInt8(ascii: "{") else { return }
        var (found, range) = ([SolidBlob.Semantic](), Range<Int>?.none)
        try scanner.object { scanner, key in
            switch (key, scanner.peek()) {
            case ("surfaces", UInt8(ascii: "[")):
                try scanner.array { found.append(SurfaceKind(cityGML: try $0.memberString("type"))) }
            case ("values", UInt8(ascii: "[")): range = try scanner.skip()
            default: try scanner.skip()
            }
        }
        (surfaces, values) = (found, range)
    }

    /// One semantic per surface; nil when `values` do not match the boundaries.
    func resolved(depth: Int, groups: [Int]) throws -> [SolidBlob.Semantic]? {
        guard let values else { return nil }
        return try CityJSONSurfaceValues(bytes, values).resolved(depth: depth, groups: groups)?.map { number in
            number.flatMap { surfaces.indices.contains($0) ? surfaces[$0] : nil } ?? .unknown
        }
    }
}

extension SurfaceKind {
    /// The kind of a surface's class in CityGML and CityJSON; unknown without one.
    init(cityGML type: String?) {
        switch type {
        case "GroundSurface": self = .ground
        case "WallSurface": self = .wall
        case "RoofSurface": self = .roof
        case "ClosureSurface": self = .closure
        case "Window", "WindowSurface": self = .window
        case "Door", "DoorSurface": self = .door
        case "OuterCeilingSurface": self = .outerCeiling
        case "OuterFloorSurface": self = .outerFloor
        case "InteriorWallSurface", "FloorSurface", "CeilingSurface": self = .interior
        case nil: self = .unknown
        default: self = .other
        }
    }
}

/// `values` that run beside the boundaries of a geometry: one number or null per surface.
struct CityJSONSurfaceValues {
    private let bytes: SourceBytes
    private let range: Range<Int>

    init(_ bytes: SourceBytes, _ range: Range<Int>) {
        (self.bytes, self.range) = (bytes, range)
    }

    /// nil when the values do not match the boundaries.
    func resolved(depth: Int, groups: [Int]) throws -> [Int?]? {
        var scanner = JSONScanner(bytes, range: range)
        var found: [Int?] = []
        var group = 0
        try resolve(&scanner, depth: depth, groups: groups, group: &group, into: &found)
        return found.count == groups.reduce(0, +) ? found : nil
    }

    private func resolve(
        _ scanner: inout JSONScanner, depth: Int, groups: [Int], group: inout Int, into found: inout [Int?]
    ) throws {
        var (at, list) = (group, [Int?]())
        try scanner.array { scanner in
            if depth > 1, scanner.peek() == UInt8(ascii: "[") {
                try resolve(&scanner, depth: depth - 1, groups: groups, group: &at, into: &list)
            } else if depth == 2 {
                // A null here stands for every surface of the shell.
                try scanner.skip()
                if at < groups.count { list += Array(repeating: nil, count: groups[at]) }
                at += 1
            } else {
                let number = depth == 1 ? try scanner.attribute().integer.map { Int($0) } : nil
                if depth > 1 { try scanner.skip() }
                list.append(number)
            }
        }
        if depth == 1 { at += 1 }
        group = at
        found += list
    }
}
