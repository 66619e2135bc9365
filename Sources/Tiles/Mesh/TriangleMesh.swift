// SPDX-License-Identifier: Apache-2.0

/// A colour of a vertex: red, green, blue, alpha, each 0 to 255, not premultiplied.
public struct VertexColour: Sendable, Hashable, BitwiseCopyable {
    public var red: UInt8
    public var green: UInt8
    public var blue: UInt8
    public var alpha: UInt8

    public init(red: UInt8, green: UInt8, blue: UInt8, alpha: UInt8 = 255) {
        (self.red, self.green, self.blue, self.alpha) = (red, green, blue, alpha)
    }

    /// A colour written `#rrggbb` or `#rrggbbaa`; nil for anything else.
    public init?(hex: some StringProtocol) {
        let digits = hex.hasPrefix("#") ? hex.dropFirst() : hex[...]
        guard digits.utf8.count == 6 || digits.utf8.count == 8, digits.first != "+", digits.first != "-",
            let value = UInt32(digits, radix: 16)
        else { return nil }
        let rgba = digits.utf8.count == 6 ? value << 8 | 0xFF : value
        self.init(
            red: UInt8(truncatingIfNeeded: rgba >> 24), green: UInt8(truncatingIfNeeded: rgba >> 16),
            blue: UInt8(truncatingIfNeeded: rgba >> 8), alpha: UInt8(truncatingIfNeeded: rgba))
    }

    public static let white = VertexColour(red: 255, green: 255, blue: 255)
}

/// Triangles in a local east-north-up frame, in metres, grouped by nothing: each vertex names its feature.
///
/// Positions stay Double until `GLBBuilder` subtracts the tile's centre, so a frame may span a city.
/// Triangles are counterclockwise seen from outside. Thread use: a value; build one per thread.
public struct TriangleMesh: Sendable {
    /// x, y, z of every vertex.
    public internal(set) var positions: [Double] = []
    /// Unit normals, x, y, z of every vertex.
    public internal(set) var normals: [Float] = []
    /// The row of the property table that every vertex belongs to.
    public internal(set) var features: [UInt32] = []
    /// One colour per vertex, or empty for a mesh without colours.
    public internal(set) var colours: [VertexColour] = []
    /// What every vertex's face is, or empty for a mesh without surfaces.
    public internal(set) var surfaces: [SurfaceKind] = []
    /// u, v of every vertex of a mesh with a texture, v growing upward; else empty.
    public internal(set) var textureCoordinates: [Float] = []
    /// Three vertices per triangle.
    public internal(set) var indices: [UInt32] = []
    /// Whether vertices carry colours.
    public let hasColours: Bool
    /// Whether vertices say what their face is.
    public let hasSurfaces: Bool

    public init(hasColours: Bool = false, hasSurfaces: Bool = false) {
        self.hasColours = hasColours
        self.hasSurfaces = hasSurfaces
    }

    public var vertexCount: Int { features.count }
    public var triangleCount: Int { indices.count / 3 }
    public var isEmpty: Bool { indices.isEmpty }

    /// Forgets all triangles and keeps the memory.
    public mutating func removeAll() {
        positions.removeAll(keepingCapacity: true)
        normals.removeAll(keepingCapacity: true)
        features.removeAll(keepingCapacity: true)
        colours.removeAll(keepingCapacity: true)
        surfaces.removeAll(keepingCapacity: true)
        textureCoordinates.removeAll(keepingCapacity: true)
        indices.removeAll(keepingCapacity: true)
    }

    public mutating func reserve(vertices: Int, triangles: Int) {
        positions.reserveCapacity(3 * vertices)
        normals.reserveCapacity(3 * vertices)
        features.reserveCapacity(vertices)
        if hasColours { colours.reserveCapacity(vertices) }
        if hasSurfaces { surfaces.reserveCapacity(vertices) }
        indices.reserveCapacity(3 * triangles)
    }

    /// The box of all vertices; nil for an empty mesh.
    public var bounds: Box3D? {
        guard !positions.isEmpty else { return nil }
        var box = Box3D.empty
        for i in stride(from: 0, to: positions.count, by: 3) {
            box.include(SIMD3(positions[i], positions[i + 1], positions[i + 2]))
        }
        return box
    }

    /// Whether vertices have places on a texture.
    public var isTextured: Bool { !textureCoordinates.isEmpty }

    /// Where a vertex lies on the texture in glTF's sense, v growing downward; nil without one.
    func place(_ vertex: Int) -> SIMD2<Float>? {
        guard 2 * vertex + 1 < textureCoordinates.count else { return nil }
        return SIMD2(textureCoordinates[2 * vertex], 1 - textureCoordinates[2 * vertex + 1])
    }

    /// Adds a vertex and returns its index.
    @inline(__always)
    @discardableResult
    mutating func addVertex(_ position: SIMD3<Double>, _ normal: SIMD3<Float>, _ paint: Paint) -> UInt32 {
        let index = UInt32(truncatingIfNeeded: features.count)
        positions.append(position.x)
        positions.append(position.y)
        positions.append(position.z)
        normals.append(normal.x)
        normals.append(normal.y)
        normals.append(normal.z)
        features.append(paint.feature)
        if hasColours { colours.append(paint.colour) }
        if hasSurfaces { surfaces.append(paint.surface) }
        return index
    }

    @inline(__always)
    mutating func addTriangle(_ a: UInt32, _ b: UInt32, _ c: UInt32) {
        indices.append(a)
        indices.append(b)
        indices.append(c)
    }

    /// Adds a flat four-sided face, corners counterclockwise from outside.
    @inline(__always)
    mutating func addQuad(
        _ corners: (SIMD3<Double>, SIMD3<Double>, SIMD3<Double>, SIMD3<Double>),
        _ normal: SIMD3<Float>, _ paint: Paint
    ) {
        let first = addVertex(corners.0, normal, paint)
        addVertex(corners.1, normal, paint)
        addVertex(corners.2, normal, paint)
        addVertex(corners.3, normal, paint)
        addTriangle(first, first &+ 1, first &+ 2)
        addTriangle(first, first &+ 2, first &+ 3)
    }
}

/// What every vertex of one feature carries.
struct Paint {
    var feature: UInt32
    var colour: VertexColour
    var surface = SurfaceKind.unknown
}

/// What every vertex of a building carries, by the face that it is on.
struct BuildingPaint {
    let wall: Paint
    let roof: Paint
    let ground: Paint
    let shape: Roof?

    init(_ feature: UInt32, walls: VertexColour, roof: VertexColour, shape: Roof?) {
        wall = Paint(feature: feature, colour: walls, surface: .wall)
        self.roof = Paint(feature: feature, colour: roof, surface: .roof)
        ground = Paint(feature: feature, colour: walls, surface: .ground)
        self.shape = shape
    }
}

/// What a face of a building is, in CityGML's words.
public enum SurfaceKind: UInt8, Sendable, Hashable, CaseIterable {
    case unknown = 0, ground, wall, roof, other, closure, window, door, outerCeiling, outerFloor, interior, installation

    /// The class name of CityGML and CityJSON.
    public var name: String {
        switch self {
        case .unknown: "unknown"
        case .ground: "GroundSurface"
        case .wall: "WallSurface"
        case .roof: "RoofSurface"
        case .other: "other"
        case .closure: "ClosureSurface"
        case .window: "Window"
        case .door: "Door"
        case .outerCeiling: "OuterCeilingSurface"
        case .outerFloor: "OuterFloorSurface"
        case .interior: "InteriorSurface"
        case .installation: "Installation"
        }
    }
}

/// An axis-parallel box in a local east-north-up frame, in metres.
public struct Box3D: Sendable, Hashable, BitwiseCopyable {
    public var min: SIMD3<Double>
    public var max: SIMD3<Double>

    public init(min: SIMD3<Double>, max: SIMD3<Double>) {
        (self.min, self.max) = (min, max)
    }

    /// The box of nothing: including a point or box makes it that.
    public static let empty = Box3D(min: SIMD3(repeating: .infinity), max: SIMD3(repeating: -.infinity))

    public var isEmpty: Bool { !(min.x <= max.x && min.y <= max.y && min.z <= max.z) }
    public var center: SIMD3<Double> { (min + max) * 0.5 }
    public var diagonal: Double { isEmpty ? 0 : ((max - min) * (max - min)).sum().squareRoot() }

    public mutating func include(_ point: SIMD3<Double>) {
        min = pointwiseMin(min, point)
        max = pointwiseMax(max, point)
    }

    public mutating func include(_ box: Box3D) {
        min = pointwiseMin(min, box.min)
        max = pointwiseMax(max, box.max)
    }
}
