// SPDX-License-Identifier: Apache-2.0
import Foundation
import Tiles
import TwinEngine

/// The sprite sheet of a theme: every ``MapSymbol`` as a signed distance field, which the style colours and scales, and
/// the hatching of areas without a value in the theme's colours.
///
/// Source: MapLibre style specification, "Sprite"; C. Green, "Improved Alpha-Tested Magnification" (SIGGRAPH 2007) for
/// distance fields, with the renderer's edge at 3/4 and 8 pixels of range.
struct SymbolSheet: Sendable {
    /// Pixels of a symbol at ratio 1.
    static let side = 24
    private static let columns = 6
    static let hatch = "hatch"

    let index: [UInt8]
    let image: [UInt8]

    /// The sheets of both themes at ratio 1 and 2, by name (`light`, `light@2x`, …), drawn at the first use.
    static let all: Result<[String: SymbolSheet], TileError> = {
        var sheets: [String: SymbolSheet] = [:]
        for theme in StyleTheme.allCases {
            for ratio in [1, 2] {
                do throws(TileError) {
                    sheets[theme.rawValue + (ratio == 2 ? "@2x" : "")] = try SymbolSheet(theme, ratio: ratio)
                } catch {
                    return .failure(error)
                }
            }
        }
        return .success(sheets)
    }()

    private init(_ theme: StyleTheme, ratio: Int) throws(TileError) {
        let side = Self.side * ratio
        let count = MapSymbol.all.count + 1
        let width = Self.columns * side
        let height = (count + Self.columns - 1) / Self.columns * side
        var pixels = [UInt8](repeating: 0, count: width * height * 4)
        var out = JSONBytes(capacity: 4096)
        out.raw("{")
        for place in 0..<count {
            let (left, top) = (place % Self.columns * side, place / Self.columns * side)
            let symbol = place < MapSymbol.all.count ? MapSymbol.all[place] : nil
            for y in 0..<side {
                for x in 0..<side {
                    let pixel =
                        symbol.map { Self.distancePixel($0, x, y, ratio) } ?? Self.hatchPixel(theme, x, y, ratio)
                    let start = ((top + y) * width + left + x) * 4
                    for channel in 0..<4 { pixels[start + channel] = pixel[channel] }
                }
            }
            if place > 0 { out.raw(",") }
            out.key(symbol?.name ?? Self.hatch)
            out.raw("{\"x\":")
            out.integer(left)
            out.raw(",\"y\":")
            out.integer(top)
            out.raw(",\"width\":")
            out.integer(side)
            out.raw(",\"height\":")
            out.integer(side)
            out.raw(",\"pixelRatio\":")
            out.integer(ratio)
            out.raw(symbol == nil ? "}" : ",\"sdf\":true}")
        }
        out.raw("}")
        index = out.bytes
        image = try PNGImage.encode(rgba: pixels, width: width)
    }

    /// Half the width of a stroke, in units of a symbol.
    private static let stroke = 1.15

    private static func distancePixel(_ symbol: MapSymbol, _ x: Int, _ y: Int, _ ratio: Int) -> SIMD4<UInt8> {
        let scale = Double(side * ratio) / 24
        let (px, py) = ((Double(x) + 0.5) / scale, (Double(y) + 0.5) / scale)
        let distance = symbol.shapes.reduce(Double.infinity) { min($0, Self.distance($1, px, py)) } * scale
        let level = (0.75 - distance / 8).clamped(0, 1)
        return SIMD4(0, 0, 0, UInt8((level * 255).rounded()))
    }

    /// Distance to a shape's edge, below zero inside it.
    private static func distance(_ shape: MapSymbol.Shape, _ x: Double, _ y: Double) -> Double {
        switch shape {
        case .line(let points): return path(points, isClosed: false, x, y) - stroke
        case .loop(let points): return path(points, isClosed: true, x, y) - stroke
        case .ring(let cx, let cy, let radius): return abs(hypot(x - cx, y - cy) - radius) - stroke
        case .disc(let cx, let cy, let radius): return hypot(x - cx, y - cy) - radius
        case .arc(let cx, let cy, let radius, let from, let to):
            let steps = 12
            let points = (0...steps).flatMap { step in
                let angle = (from + (to - from) * Double(step) / Double(steps)) * .pi / 180
                return [cx + radius * cos(angle), cy + radius * sin(angle)]
            }
            return path(points, isClosed: false, x, y) - stroke
        }
    }

    private static func path(_ points: [Double], isClosed: Bool, _ x: Double, _ y: Double) -> Double {
        let count = points.count / 2
        var least = Double.infinity
        for index in 0..<(isClosed ? count : count - 1) {
            let next = (index + 1) % count
            let (ax, ay) = (points[index * 2], points[index * 2 + 1])
            let (dx, dy) = (points[next * 2] - ax, points[next * 2 + 1] - ay)
            let share = (((x - ax) * dx + (y - ay) * dy) / (dx * dx + dy * dy)).clamped(0, 1)
            least = min(least, hypot(x - ax - share * dx, y - ay - share * dy))
        }
        return least
    }

    /// Diagonal lines that meet those of the next cell.
    private static func hatchPixel(_ theme: StyleTheme, _ x: Int, _ y: Int, _ ratio: Int) -> SIMD4<UInt8> {
        let period = Double(side * ratio) / 3
        let place = (Double(x + y) + 1).truncatingRemainder(dividingBy: period)
        let distance = min(place, period - place) / 2.0.squareRoot()
        let level = (0.55 * Double(ratio) + 0.5 - distance).clamped(0, 1)
        guard let color = StyleColor(theme.other) else { return SIMD4() }
        return SIMD4(UInt8(color.red), UInt8(color.green), UInt8(color.blue), UInt8((level * 160).rounded()))
    }
}

extension Double {
    fileprivate func clamped(_ low: Double, _ high: Double) -> Double { Swift.min(high, Swift.max(low, self)) }
}
