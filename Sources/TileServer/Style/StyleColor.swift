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

    /// The colour for a dark map: the same hue, light areas dark and dark lines lighter, within a narrow range so that
    /// nothing glares.
    var darkened: StyleColor {
        let light = (0.299 * red + 0.587 * green + 0.114 * blue) / 255
        let target = 0.14 + (1 - light) * 0.34
        let factor = target / max(0.08, light)
        var result = self
        result.red = min(255, red * factor)
        result.green = min(255, green * factor)
        result.blue = min(255, blue * factor)
        return result
    }
}

/// The two looks of the map.
enum StyleTheme: String, Sendable, CaseIterable {
    case light, dark

    func color(_ text: String) -> String {
        guard self == .dark, let color = StyleColor(text) else { return text }
        return color.darkened.text
    }

    var background: String { self == .light ? "#f3f1ec" : "#15191e" }
    var label: String { self == .light ? "#3a3f45" : "#cfd6dd" }
    var halo: String { self == .light ? "#ffffff" : "#0d1014" }
}
