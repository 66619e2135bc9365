// SPDX-License-Identifier: Apache-2.0
import Foundation
import Spatial
import Testing

@testable import Tiles

/// A small independent reader of quantized-mesh tiles.
struct TerrainMeshReader {
    var center: SIMD3<Double>
    var low: Double
    var high: Double
    var sphere: (center: SIMD3<Double>, radius: Double)
    var u: [Int] = []
    var v: [Int] = []
    var heights: [Double] = []
    var triangles: [Int] = []
    /// West, south, east, north.
    var edges: [[Int]] = []
    var normals: [SIMD3<Double>] = []

    init(_ bytes: [UInt8]) throws {
        var at = 0
        func word(_ size: Int) -> UInt64 {
            defer { at += size }
            return (0..<size).reduce(0) { $0 | UInt64(bytes[at + $1]) << UInt64(8 * $1) }
        }
        func double() -> Double { Double(bitPattern: word(8)) }
        func float() -> Double { Double(Float(bitPattern: UInt32(word(4)))) }
        center = SIMD3(double(), double(), double())
        (low, high) = (float(), float())
        sphere = (SIMD3(double(), double(), double()), double())
        _ = (double(), double(), double())
        let count = Int(word(4))
        func series() -> [Int] {
            var value = 0
            return (0..<count).map { _ in
                let coded = Int(word(2))
                value += (coded >> 1) ^ -(coded & 1)
                return value
            }
        }
        u = series()
        v = series()
        heights = series().map { [low, high] in low + Double($0) / 32_767 * (high - low) }
        let triangleCount = Int(word(4))
        var highest = 0
        triangles = (0..<triangleCount * 3).map { _ in
            let code = Int(word(2))
            let index = highest - code
            if code == 0 { highest += 1 }
            return index
        }
        edges = (0..<4).map { _ in (0..<Int(word(4))).map { _ in Int(word(2)) } }
        try #require(word(1) == 1)
        try #require(Int(word(4)) == 2 * count)
        normals = (0..<count).map { _ in
            var (x, y) = (Double(word(1)) / 255 * 2 - 1, Double(word(1)) / 255 * 2 - 1)
            let z = 1 - abs(x) - abs(y)
            if z < 0 {
                (x, y) = ((1 - abs(y)) * (x < 0 ? -1 : 1), (1 - abs(x)) * (y < 0 ? -1 : 1))
            }
            let length = (x * x + y * y + z * z).squareRoot()
            return SIMD3(x, y, z) / length
        }
        #expect(at == bytes.count)
    }
}

@Suite struct TerrainMeshTests {
    /// Hills of 300 m over some kilometres.
    private static func hills(_ longitude: Double, _ latitude: Double) -> Double {
        150 + 150 * sin(longitude * 300) * cos(latitude * 250) + 3 * sin(longitude * 20_000)
    }

    private static func tile(_ level: Int, _ x: Int, _ y: Int) throws -> TerrainMeshReader {
        try TerrainMeshReader(
            TerrainMeshTile(level: level, x: x, y: y).encode(lattice: 1.0 / 64, height: hills))
    }

    @Test(arguments: [(0, 1, 0), (6, 106, 44), (12, 6_827, 2_873), (15, 54_616, 22_986)])
    func heightsAndPlacesComeBack(level: Int, x: Int, y: Int) throws {
        let mesh = try Self.tile(level, x, y)
        let size = 180 / Double(1 << level)
        #expect(mesh.u.count == 65 * 65 && mesh.triangles.count == 64 * 64 * 6)
        #expect(Set(mesh.triangles) == Set(0..<mesh.u.count))
        for index in mesh.u.indices {
            let longitude = -180 + (Double(x) + Double(mesh.u[index]) / 32_767) * size
            let latitude = -90 + (Double(y) + Double(mesh.v[index]) / 32_767) * size
            #expect(abs(mesh.heights[index] - Self.hills(longitude, latitude)) <= 1.0 / 128 + 1e-9)
            let place = LocalFrame.geocentric(longitude: longitude, latitude: latitude, height: mesh.heights[index])
            let offset = place - mesh.sphere.center
            #expect((offset * offset).sum().squareRoot() <= mesh.sphere.radius + 0.02)
            // Normals point away from the Earth.
            let (lambda, phi) = (longitude * .pi / 180, latitude * .pi / 180)
            let up = SIMD3(cos(phi) * cos(lambda), cos(phi) * sin(lambda), sin(phi))
            #expect((mesh.normals[index] * up).sum() > 0.2)
        }
        for triangle in stride(from: 0, to: mesh.triangles.count, by: 3) {
            let (a, b, c) = (mesh.triangles[triangle], mesh.triangles[triangle + 1], mesh.triangles[triangle + 2])
            let area =
                (mesh.u[b] - mesh.u[a]) * (mesh.v[c] - mesh.v[a]) - (mesh.u[c] - mesh.u[a]) * (mesh.v[b] - mesh.v[a])
            #expect(area > 0)
        }
        #expect(mesh.edges[0].allSatisfy { mesh.u[$0] == 0 } && mesh.edges[0].count == 65)
        #expect(mesh.edges[1].allSatisfy { mesh.v[$0] == 0 } && mesh.edges[1].count == 65)
        #expect(mesh.edges[2].allSatisfy { mesh.u[$0] == 32_767 } && mesh.edges[2].count == 65)
        #expect(mesh.edges[3].allSatisfy { mesh.v[$0] == 32_767 } && mesh.edges[3].count == 65)
    }

    @Test(arguments: [8, 11, 13, 15])
    func neighboursShareTheirEdgesExactly(level: Int) throws {
        let (x, y) = (Int((120.03 + 180) / 180 * Double(1 << level)), Int((36.26 + 90) / 180 * Double(1 << level)))
        let (here, east, north) = (
            try Self.tile(level, x, y), try Self.tile(level, x + 1, y), try Self.tile(level, x, y + 1)
        )
        func heights(_ mesh: TerrainMeshReader, _ edge: Int, by key: KeyPath<TerrainMeshReader, [Int]>) -> [Int:
            Double]
        {
            Dictionary(uniqueKeysWithValues: mesh.edges[edge].map { (mesh[keyPath: key][$0], mesh.heights[$0]) })
        }
        #expect(heights(here, 2, by: \.v) == heights(east, 0, by: \.v))
        #expect(heights(here, 3, by: \.u) == heights(north, 1, by: \.u))
    }

    @Test func tilesThatDoNotExistAreRefused() {
        for (level, x, y) in [(-1, 0, 0), (0, 2, 0), (0, 0, 1), (3, 16, 0), (23, 0, 0)] {
            #expect(throws: TileError.self) { try TerrainMeshTile(level: level, x: x, y: y) }
        }
    }
}
