// SPDX-License-Identifier: Apache-2.0
#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif
import Spatial

/// A tile of the ground as a triangle mesh, for viewers of globes.
///
/// Tiles are those of EPSG:4326 in two columns and one row at level 0, rows from the south. A tile has 65 x 65 vertices at
/// places that its neighbours of the level share. Heights are rounded to one lattice before they are quantized, and each tile's
/// step is that lattice's or a power of two finer, so that equal places decode to equal heights: tiles of a level have no
/// cracks. Between levels the viewer draws skirts.
///
/// Source: "quantized-mesh-1.0 terrain format" (Cesium), with the extension for oct-encoded vertex normals.
public struct TerrainMeshTile: Sendable {
    /// Cells along a side.
    public static let cells = 64
    /// The largest coordinate of a vertex.
    static let range = 32_767
    public static let maximumLevel = 22

    public let level: Int
    public let x: Int
    public let y: Int
    /// Degrees along a side.
    public let size: Double

    /// - Throws: `TileError.argument` for a tile that does not exist.
    public init(level: Int, x: Int, y: Int) throws(TileError) {
        guard (0...Self.maximumLevel).contains(level), x >= 0, y >= 0, x < 2 << level, y < 1 << level else {
            throw TileError(
                .argument,
                "there is no tile \(level)/\(x)/\(y): level 0 to \(Self.maximumLevel), two columns and one row at level 0"
            )
        }
        (self.level, self.x, self.y) = (level, x, y)
        size = 180 / Double(1 << level)
    }

    /// The level at which vertices are about as far apart as the samples of the ground, in degrees.
    public static func level(spacing: Double) -> Int {
        let level = log2(180 / Double(cells) / max(spacing, 1e-9)).rounded(.up)
        return min(max(Int(level), 0), 18)
    }

    /// Where a vertex column or row lies, 0 to 32,767.
    private static func quantized(_ index: Int) -> Int { (index * range + cells / 2) / cells }

    private func longitude(_ u: Int) -> Double { -180 + (Double(x) + Double(u) / Double(Self.range)) * size }
    private func latitude(_ v: Int) -> Double { -90 + (Double(y) + Double(v) / Double(Self.range)) * size }

    /// The bytes of the tile.
    ///
    /// - Parameters:
    ///   - lattice: Metres between the heights that can be told apart, a power of two.
    ///   - height: Metres above the ellipsoid at a longitude and latitude in degrees; a function of the place alone.
    /// - Complexity: 4,489 heights.
    public func encode(lattice: Double, height: (Double, Double) -> Double) -> [UInt8] {
        let count = Self.cells + 1
        // With one more row and column around for the normals; the outer ones are as far out as the first cell is wide.
        let columns = [-Self.quantized(1)] + (0..<count).map(Self.quantized) + [Self.range + Self.quantized(1)]
        var heights = [Double](repeating: 0, count: columns.count * columns.count)
        for (row, v) in columns.enumerated() {
            let latitude = min(90, max(-90, latitude(v)))
            for (column, u) in columns.enumerated() {
                heights[row * columns.count + column] = (height(longitude(u), latitude) / lattice).rounded() * lattice
            }
        }
        func at(_ column: Int, _ row: Int) -> Double { heights[(row + 1) * columns.count + column + 1] }
        var vertices: [Vertex] = []
        vertices.reserveCapacity(count * count)
        var (low, high) = (Double.infinity, -Double.infinity)
        for row in 0..<count {
            for column in 0..<count {
                let height = at(column, row)
                (low, high) = (min(low, height), max(high, height))
                let (u, v) = (Self.quantized(column), Self.quantized(row))
                let slope = slope(column, row, at)
                vertices.append(
                    Vertex(
                        u: u, v: v, height: height,
                        place: LocalFrame.geocentric(longitude: longitude(u), latitude: latitude(v), height: height),
                        normal: normal(longitude(u), latitude(v), slope)))
            }
        }
        // The finest step, a power of two below the lattice, with which the tile's heights fit.
        var step = lattice
        while high - low <= step / 2 * Double(Self.range), step > 1.0 / 1024 { step /= 2 }
        while high - low > step * Double(Self.range) { step *= 2 }
        return write(vertices, low, step)
    }

    private struct Vertex {
        var u: Int
        var v: Int
        var height: Double
        var place: SIMD3<Double>
        var normal: SIMD3<Double>
    }

    /// Rise per metre to the east and north. At a pole no direction is east.
    private func slope(_ column: Int, _ row: Int, _ at: (Int, Int) -> Double) -> SIMD2<Double> {
        let radians = size / Double(Self.cells) * .pi / 180
        let metres = radians * 6_371_000
        let latitude = latitude(Self.quantized(row)) * .pi / 180
        let parallel = cos(latitude)
        let east = parallel < 1e-6 ? 0 : (at(column + 1, row) - at(column - 1, row)) / (2 * metres * parallel)
        let north = (at(column, row + 1) - at(column, row - 1)) / (2 * metres)
        return SIMD2(east, north)
    }

    /// The normal in the Earth-centred frame.
    private func normal(_ longitude: Double, _ latitude: Double, _ slope: SIMD2<Double>) -> SIMD3<Double> {
        let (lambda, phi) = (longitude * .pi / 180, latitude * .pi / 180)
        let east = SIMD3(-sin(lambda), cos(lambda), 0)
        let north = SIMD3(-sin(phi) * cos(lambda), -sin(phi) * sin(lambda), cos(phi))
        let up = SIMD3(cos(phi) * cos(lambda), cos(phi) * sin(lambda), sin(phi))
        let sum = up - east * slope.x - north * slope.y
        return sum.unit ?? up
    }

    /// Triangles of the grid, counterclockwise from above, as numbers of vertices in rows from the south-west.
    private static let triangles: [Int] = {
        var indices: [Int] = []
        let count = cells + 1
        for row in 0..<cells {
            for column in 0..<cells {
                let southWest = row * count + column
                let (southEast, northWest, northEast) = (southWest + 1, southWest + count, southWest + count + 1)
                indices += [southWest, southEast, northEast, southWest, northEast, northWest]
            }
        }
        return indices
    }()

    /// Vertices in the order in which the triangles first use them, which the index encoding needs.
    private static let order: (vertices: [Int], rank: [Int]) = {
        var rank = [Int](repeating: -1, count: (cells + 1) * (cells + 1))
        var vertices: [Int] = []
        for index in triangles where rank[index] < 0 {
            rank[index] = vertices.count
            vertices.append(index)
        }
        return (vertices, rank)
    }()

    private func write(_ vertices: [Vertex], _ low: Double, _ step: Double) -> [UInt8] {
        var out = LittleEndianBytes()
        header(vertices, low, low + step * Double(Self.range), &out)
        let ordered = Self.order.vertices.map { vertices[$0] }
        out.append(UInt32(truncatingIfNeeded: ordered.count))
        for values in [
            ordered.map(\.u), ordered.map(\.v), ordered.map { Int((($0.height - low) / step).rounded()) },
        ] {
            var last = 0
            for value in values {
                let delta = value - last
                last = value
                out.append(UInt16(truncatingIfNeeded: (delta << 1) ^ (delta >> 31)))
            }
        }
        out.append(UInt32(truncatingIfNeeded: Self.triangles.count / 3))
        var highest = 0
        for index in Self.triangles.map({ Self.order.rank[$0] }) {
            out.append(UInt16(truncatingIfNeeded: highest - index))
            if index == highest { highest += 1 }
        }
        let count = Self.cells + 1
        let edges = [
            (0..<count).map { $0 * count }, Array(0..<count), (0..<count).map { $0 * count + Self.cells },
            (0..<count).map { Self.cells * count + $0 },
        ]
        for edge in edges {
            out.append(UInt32(truncatingIfNeeded: edge.count))
            for vertex in edge { out.append(UInt16(truncatingIfNeeded: Self.order.rank[vertex])) }
        }
        out.bytes.append(1)
        out.append(UInt32(truncatingIfNeeded: 2 * ordered.count))
        for vertex in ordered { out.bytes += Self.octEncoded(vertex.normal) }
        return out.bytes
    }

    private func header(_ vertices: [Vertex], _ low: Double, _ high: Double, _ out: inout LittleEndianBytes) {
        var box = Box3D.empty
        for vertex in vertices { box.include(vertex.place) }
        let center = box.center
        let radius = vertices.reduce(0) { max($0, ($1.place - center).length) }
        for value in [center.x, center.y, center.z] { out.append(value.bitPattern) }
        out.append(Float(low).bitPattern)
        out.append(Float(high).bitPattern)
        let horizon = Self.horizonPoint(vertices.map(\.place), center)
        for value in [center.x, center.y, center.z, radius, horizon.x, horizon.y, horizon.z] {
            out.append(value.bitPattern)
        }
    }

    /// The point, in units of the ellipsoid's radii, that is below the horizon when all of the tile is.
    ///
    /// Source: K. Ring, "Horizon Culling" (Cesium, 2013).
    private static func horizonPoint(_ places: [SIMD3<Double>], _ center: SIMD3<Double>) -> SIMD3<Double> {
        let radii = SIMD3(6_378_137.0, 6_378_137.0, 6_356_752.314_245_179)
        guard let direction = (center / radii).unit else { return SIMD3(0, 0, 1e6) }
        var largest = 0.0
        for place in places {
            let scaled = place / radii
            let magnitude = max(1, scaled.length)
            guard let toPlace = scaled.unit else { continue }
            let cosAlpha = toPlace.dot(direction)
            let sinAlpha = toPlace.cross(direction).length
            let cosBeta = 1 / magnitude
            let sinBeta = (max(0, magnitude * magnitude - 1)).squareRoot() * cosBeta
            let divisor = cosAlpha * cosBeta - sinAlpha * sinBeta
            // A tile that reaches around the globe is never below the horizon as a whole.
            guard divisor > 1e-6 else { return direction * 1e6 }
            largest = max(largest, 1 / divisor)
        }
        return direction * largest
    }

    /// A unit vector in two bytes (Cigolle and others, "A Survey of Efficient Representations for Independent Unit Vectors").
    static func octEncoded(_ normal: SIMD3<Double>) -> [UInt8] {
        let sum = abs(normal.x) + abs(normal.y) + abs(normal.z)
        var (x, y) = (normal.x / sum, normal.y / sum)
        if normal.z < 0 {
            (x, y) = ((1 - abs(y)) * (x < 0 ? -1 : 1), (1 - abs(x)) * (y < 0 ? -1 : 1))
        }
        return [x, y].map { UInt8(min(255, max(0, (($0 * 0.5 + 0.5) * 255).rounded()))) }
    }
}

/// Numbers as bytes, the lowest first.
private struct LittleEndianBytes {
    var bytes: [UInt8] = []

    mutating func append(_ value: some FixedWidthInteger) {
        var rest = value
        for _ in 0..<value.bitWidth / 8 {
            bytes.append(UInt8(truncatingIfNeeded: rest))
            rest >>= 8
        }
    }
}
