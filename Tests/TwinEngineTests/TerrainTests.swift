// SPDX-License-Identifier: Apache-2.0
import Foundation
import Spatial
import TestSupport
import Testing
import Tiles

@testable import TwinEngine

@Suite(.enabled(if: SharedData.isAvailable && ExternalTool("gdalwarp").isAvailable))
struct TerrainTests {
    private func dem(_ name: String) throws -> String { try #require(SharedData.path("dem/\(name)")) }

    private func pair() throws -> ElevationModel {
        try ElevationModel(paths: [dem("N49E011.hgt.zip"), dem("N50E011.hgt.zip")], datum: "EPSG:5773")
    }

    /// Little-endian floats that GDAL wrote.
    private func floats(_ path: String) throws -> [Float] {
        let bytes = [UInt8](try Data(contentsOf: URL(fileURLWithPath: path)))
        return stride(from: 0, to: bytes.count - 3, by: 4).map { at in
            Float(bitPattern: (0..<4).reduce(0) { $0 | UInt32(bytes[at + $1]) << UInt32(8 * $1) })
        }
    }

    /// A tile across two HGT files is what gdalwarp makes of their mosaic.
    @Test func agreesWithGDAL() throws {
        let folder = try TemporaryFolder()
        let model = try pair()
        let files = try ["N49E011", "N50E011"].map { "/vsizip/\(try dem($0 + ".hgt.zip"))/\($0).hgt" }
        let mosaic = folder.file("both.vrt")
        try ExternalTool("gdalbuildvrt").run([mosaic] + files)
        let world = WebMercator.world(longitude: 11.5, latitude: 50)
        let tile = TileID(containingWorldX: UInt32(world.x), y: UInt32(world.y), zoom: 12)
        let heights = try #require(model.heights(tile))
        let half = WebMercator.circumference / 2
        let size = WebMercator.circumference / Double(1 << 12)
        let (west, north) = (-half + Double(tile.x) * size, half - Double(tile.y) * size)
        let raw = folder.file("tile.bin")
        try ExternalTool("gdalwarp").run([
            "-q", "-t_srs", "EPSG:3857", "-te", "\(west)", "\(north - size)", "\(west + size)", "\(north)", "-ts",
            "256",
            "256", "-r", "bilinear", "-ot", "Float32", "-et", "0", "-of", "ENVI", mosaic, raw,
        ])
        let judge = try floats(raw)
        #expect(judge.count == heights.count)
        let differences = zip(judge, heights).map { abs($0 - $1) }
        // Pixels are smaller than the spacing here, so that both interpolate between the same four samples.
        #expect(differences.max() ?? .infinity < 0.05)
    }

    /// Across the parallel that two files share, and across tile borders, heights go on without a step.
    @Test func noSeams() throws {
        let model = try pair()
        var random = SeededGenerator.printed()
        var steepest = 0.0
        for _ in 0..<2000 {
            let longitude = Double.random(in: 11.0...12.0, using: &random)
            let south = try #require(model.elevation(longitude: longitude, latitude: 50 - 1e-7))
            let north = try #require(model.elevation(longitude: longitude, latitude: 50 + 1e-7))
            steepest = max(steepest, abs(south - north))
        }
        // 2e-7 degrees are 2 cm on the ground.
        #expect(steepest < 0.05)
    }

    /// Two halves of a raster that abut without a common sample are the whole raster again.
    @Test func abuttingFiles() throws {
        let folder = try TemporaryFolder()
        let source = try dem("porto-alegre_elevation.tif")
        let (west, east) = (folder.file("west.tif"), folder.file("east.tif"))
        try ExternalTool("gdal_translate").run(["-q", "-srcwin", "0", "0", "200", "403", source, west])
        try ExternalTool("gdal_translate").run(["-q", "-srcwin", "200", "0", "213", "403", source, east])
        let whole = try ElevationModel(paths: [source], datum: "x")
        let halves = try ElevationModel(paths: [east, west], datum: "x")
        var random = SeededGenerator.printed()
        for _ in 0..<20_000 {
            let longitude = -51.2548 + 413 * 0.00027777 * Double.random(in: 0.01...0.99, using: &random)
            let latitude = -29.9977 - 403 * 0.00027777 * Double.random(in: 0.01...0.99, using: &random)
            let one = try #require(whole.elevation(longitude: longitude, latitude: latitude))
            let other = try #require(halves.elevation(longitude: longitude, latitude: latitude))
            #expect(abs(one - other) < 1e-6)
        }
    }

    /// A raster in UTM, against gdallocationinfo at its own sample positions.
    @Test func projectedRaster() throws {
        let path = try dem("opengeos_dtm.tif")
        let model = try ElevationModel(paths: [path], datum: "x")
        let toLonLat = try CoordinateTransformer(from: CoordinateSystem("EPSG:26918"), to: .wgs84())
        for (column, row) in [(10, 10), (100, 200), (250, 30), (140, 120)] {
            let x = 321_498 + 2 * (Double(column) + 0.5)
            let y = 4_298_018 - 2 * (Double(row) + 0.5)
            let place = toLonLat.transform(x: x, y: y) ?? (x: 0, y: 0, z: 0)
            let text = try ExternalTool("gdallocationinfo").run(["-valonly", path, "\(column)", "\(row)"])
            let expected = try #require(Double(text.trimmingCharacters(in: .whitespacesAndNewlines)))
            let height = model.elevation(longitude: place.x, latitude: place.y)
            #expect(abs((height ?? -1e9) - expected) < 0.05)
        }
        #expect(model.elevation(longitude: 0, latitude: 0) == nil)
    }

    /// The image, decoded by GDAL, has the heights; far away there is none.
    @Test func imageOfATile() throws {
        let folder = try TemporaryFolder()
        let model = try pair()
        let world = WebMercator.world(longitude: 11.5, latitude: 50)
        let tile = TileID(containingWorldX: UInt32(world.x), y: UInt32(world.y), zoom: 9)
        let heights = try #require(model.heights(tile))
        let image = try #require(try model.terrainTile(tile))
        try Data(image).write(to: URL(fileURLWithPath: folder.file("a.png")))
        try ExternalTool("gdal_translate").run([
            "-q", "-of", "ENVI", "-co", "INTERLEAVE=BIP", folder.file("a.png"), folder.file("a.bin"),
        ])
        let pixels = [UInt8](try Data(contentsOf: URL(fileURLWithPath: folder.file("a.bin"))))
        #expect(pixels.count == 256 * 256 * 3)
        for index in heights.indices {
            let metres = TerrainRGB.metres(
                red: pixels[index * 3], green: pixels[index * 3 + 1], blue: pixels[index * 3 + 2])
            #expect(abs(metres - Double(heights[index].isNaN ? 0 : heights[index])) < 0.051)
        }
        #expect(try model.terrainTile(TileID(z: 9, x: 0, y: 0)) == nil)
    }

    @Test func badFilesAreNamed() throws {
        let folder = try TemporaryFolder()
        let text = folder.file("a.tif")
        try Data("no raster".utf8).write(to: URL(fileURLWithPath: text))
        // An image that has no place on Earth.
        let bare = folder.file("bare.pgm")
        try Data(Array("P5 4 4 255\n".utf8) + [UInt8](repeating: 7, count: 16)).write(to: URL(fileURLWithPath: bare))
        for path in [text, bare, folder.file("absent.hgt")] {
            let error = #expect(throws: TwinError.self) { try ElevationModel(paths: [path], datum: "x") }
            #expect(error?.message.contains(path) == true)
        }
        #expect(throws: TwinError.self) { try ElevationModel(paths: [], datum: "x") }
    }
}
