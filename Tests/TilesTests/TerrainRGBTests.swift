// SPDX-License-Identifier: Apache-2.0
import TestSupport
import Testing

@testable import Tiles

@Suite struct TerrainRGBTests {
    @Test func heightsRoundTrip() throws {
        var random = SeededGenerator.printed()
        for _ in 0..<10_000 {
            let height = Float.random(in: -9999...9000, using: &random)
            let color = TerrainRGB.color(height)
            let back = TerrainRGB.metres(red: color.red, green: color.green, blue: color.blue)
            #expect(abs(back - Double(height)) <= 0.0501)
        }
        // Mapbox's published example: sea level is 1, 134, 160.
        #expect(TerrainRGB.color(0) == (1, 134, 160) && TerrainRGB.color(.nan) == (1, 134, 160))
        #expect(TerrainRGB.color(-20_000) == (0, 0, 0) && TerrainRGB.color(.greatestFiniteMagnitude) == (255, 255, 255))
    }

    @Test func imageIsPNG() throws {
        let image = try TerrainRGB.png([1, 2, 3, 4, 5, 6], width: 3)
        #expect(image.starts(with: [0x89, 0x50, 0x4E, 0x47, 13, 10, 26, 10, 0, 0, 0, 13]))
        #expect(Array(image[16..<26]) == [0, 0, 0, 3, 0, 0, 0, 2, 8, 2])
        #expect(image == (try TerrainRGB.png([1, 2, 3, 4, 5, 6], width: 3)))
    }
}
