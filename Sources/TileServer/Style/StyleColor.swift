// SPDX-License-Identifier: Apache-2.0

/// A colour of the map style, and its counterpart for the dark theme.
struct StyleColor: Sendable, Hashable {
    var red: Double
    var green: Double
    var blue: Double

    /// Reads `#rgb` or `#rrggbb`; nil for anything else (names and functions are passed on unchanged).
    init?(_ text: String) {
        guard text.hasPrefix("#") else { return nil }
        let digits = text.dropFirst().compactMap { $0.hexDigitValue }
        guard digits.count == text.count - 1 else { return nil }
        switch digits.count {
        case 3: (red, green, blue) = (Double(digits[0] * 17), Double(digits[1] * 17), Double(digits[2] * 17))
        case 6:
            red = Double(digits[0] * 16 + digits[1])
            green = Double(digits[2] * 16 + digits[3])
            blue = Double(digits[4] * 16 + digits[5])
        default: return nil
        }
    }

    var text: String {
        let parts = [red, green, blue].map { value -> String in
            let hex = String(Int(max(0, min(255, value.rounded()))), radix: 16)
            return hex.count == 1 ? "0" + hex : hex
        }
        return "#" + parts.joined()
    }

    /// How light the colour looks, from 0 to 1.
    var lightness: Double { (0.299 * red + 0.587 * green + 0.114 * blue) / 255 }

    /// The colour for a dark map: light areas dark and dark lines lighter, in a narrow range so that nothing glares.
    /// Pale colours, which cover ground, are drawn towards a cool grey; strong ones keep their hue.
    var darkened: StyleColor {
        let light = lightness
        let target = min(0.5, 0.1 + (1 - light) * 0.55)
        let factor = target / max(0.08, light)
        var result = self
        result.red = min(255, red * factor)
        result.green = min(255, green * factor)
        result.blue = min(255, blue * factor)
        guard light > 0.6 else { return result }
        var cool = result
        (cool.red, cool.green, cool.blue) = (target * 225, target * 252, target * 300)
        return result.mixed(cool, 0.35)
    }

    /// The colour drawn back towards a background: nearly grey and faint, so that something else stands out.
    func muted(on background: StyleColor) -> StyleColor {
        let light = lightness * 255
        var result = self
        result.red = (red * 0.25 + light * 0.75) * 0.5 + background.red * 0.5
        result.green = (green * 0.25 + light * 0.75) * 0.5 + background.green * 0.5
        result.blue = (blue * 0.25 + light * 0.75) * 0.5 + background.blue * 0.5
        return result
    }

    /// The colour between this one and another.
    func mixed(_ other: StyleColor, _ share: Double) -> StyleColor {
        var result = self
        result.red += (other.red - red) * share
        result.green += (other.green - green) * share
        result.blue += (other.blue - blue) * share
        return result
    }
}
