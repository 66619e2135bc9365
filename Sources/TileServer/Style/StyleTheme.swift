// SPDX-License-Identifier: Apache-2.0

/// The two looks of the map.
enum StyleTheme: String, Sendable, CaseIterable {
    case light, dark

    func color(_ text: String) -> String {
        guard self == .dark, let color = StyleColor(text) else { return text }
        return color.darkened.text
    }

    /// The colour of a layer that is not the subject of a thematic map.
    func muted(_ text: String) -> String {
        guard let color = StyleColor(color(text)), let background = StyleColor(background) else { return color(text) }
        return color.muted(on: background).text
    }

    var background: String { self == .light ? "#f3f1ec" : "#15191e" }
    var label: String { self == .light ? "#3a3f45" : "#cfd6dd" }
    var halo: String { self == .light ? "#ffffff" : "#0d1014" }
    /// Symbols inside the dots of points.
    var glyph: String { self == .light ? "#ffffff" : "#f4f8fb" }

    // MARK: Thematic maps

    /// Features whose value is in no category of its own.
    var other: String { self == .light ? "#b9b3a6" : "#5d6670" }
    /// Features without a value.
    var missing: String { self == .light ? "#e2dfd7" : "#2c3239" }

    /// Colours from the least to the most, far from the background at the far end.
    func ramp(_ count: Int) -> [String] {
        let texts =
            self == .light
            ? ["#e8f0a8", "#8ccf8f", "#35a08c", "#236a94", "#2a2a6e"]
            : ["#34406e", "#2f6f96", "#35a08c", "#9bd06a", "#fdee8a"]
        let anchors = texts.compactMap { StyleColor($0) }
        guard count > 1 else { return [anchors[3].text] }
        return (0..<count).map { index in
            let place = Double(index) / Double(count - 1) * Double(anchors.count - 1)
            let first = min(Int(place), anchors.count - 2)
            return anchors[first].mixed(anchors[first + 1], place - Double(first)).text
        }
    }

    /// Colours that are told apart, for at most ``categoryLimit`` categories.
    var categories: [String] {
        self == .light
            ? [
                "#3f78b5", "#e0603f", "#2f8f57", "#c9a227", "#8a55a6", "#2aa7b8", "#c8477d", "#7d9a33", "#8a5a3c",
                "#5a6bc4", "#e08bb0", "#4d7a78",
            ]
            : [
                "#5b9bd8", "#f07a55", "#4fb878", "#e3c04a", "#ad7fd0", "#43c3d3", "#e76a9c", "#a5c250", "#b98561",
                "#8492ea", "#f0a8c6", "#79a8a5",
            ]
    }

    static let categoryLimit = 12
}
