// SPDX-License-Identifier: Apache-2.0

/// Heights as the colours of a PNG image, for raster-dem sources of MapLibre.
///
/// Mapbox's encoding: height = -10,000 m + (R · 65,536 + G · 256 + B) · 0.1 m. Steps are 0.1 m, from -10,000 m to
/// 1,667,721.5 m. Source: Mapbox, "Access elevation data", Mapbox Terrain-RGB.
public enum TerrainRGB {
    /// Red, green, blue of a height in metres; outside values are clamped and a height that is not a number is 0 m.
    public static func color(_ metres: Float) -> (red: UInt8, green: UInt8, blue: UInt8) {
        let height = metres.isFinite ? Double(metres) : 0
        let steps = Int(min(max(((height + 10_000) * 10).rounded(), 0), 16_777_215))
        return (UInt8(steps >> 16), UInt8((steps >> 8) & 255), UInt8(steps & 255))
    }

    /// The height of a colour, in metres.
    public static func metres(red: UInt8, green: UInt8, blue: UInt8) -> Double {
        Double(Int(red) << 16 | Int(green) << 8 | Int(blue)) / 10 - 10_000
    }

    /// A PNG image of rows of heights from the north, each row from the west.
    ///
    /// - Precondition: `heights.count` is a multiple of `width`.
    public static func png(_ heights: [Float], width: Int) throws(TileError) -> [UInt8] {
        precondition(width > 0 && heights.count.isMultiple(of: width), "whole rows of heights")
        var pixels: [UInt8] = []
        pixels.reserveCapacity(heights.count * 3)
        for height in heights {
            let color = color(height)
            pixels.append(color.red)
            pixels.append(color.green)
            pixels.append(color.blue)
        }
        return try PNGImage.encode(rgb: pixels, width: width)
    }
}
