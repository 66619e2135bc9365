// SPDX-License-Identifier: Apache-2.0
import Tiles
import TwinEngine

/// The question behind a thematic map: which field colours a layer, and how.
struct ThematicQuestion: Sendable, Hashable {
    static let classRange = 2...12

    var layer: String
    var field: String
    /// Classes of numbers, or categories besides "other"; nil leaves it to the values.
    var classes: Int?
    /// Nil takes categories where the field has few different whole numbers, else quantiles.
    var method: ClassMethod?

    /// Reads `LAYER.FIELD`; nil if there is no point or a part is missing.
    init?(_ text: some StringProtocol, classes: Int? = nil, method: ClassMethod? = nil) {
        guard let point = text.firstIndex(of: ".") else { return nil }
        layer = String(text[..<point])
        field = String(text[text.index(after: point)...])
        guard !layer.isEmpty, !field.isEmpty else { return nil }
        self.classes = classes
        self.method = method
    }
}

/// A layer coloured by the values of a field: the colours, and how many features have each.
struct StyleThematic: Sendable {
    /// One colour of the legend.
    struct Entry: Sendable {
        var color: String
        var count: Int
        /// A category's value, as the client's `to-string` writes it.
        var value: String?
        /// A class's bounds: from `low`, up to and without `high`, in the last class up to and with it.
        var low: Double?
        var high: Double?
    }

    let layer: String
    let field: FieldDefinition
    let title: LocalizedText
    private(set) var method: ClassMethod?
    private(set) var isRounded = false
    private(set) var entries: [Entry] = []
    /// Values that have no category of their own: how many, in how many features.
    private(set) var other: (values: Int, count: Int) = (0, 0)
    let missing: Int
    private let theme: StyleTheme

    /// Counts the layer's values: CPU work in O(features log features), for a worker.
    ///
    /// - Throws: 400 where the field cannot be shown, saying why.
    init(_ question: ThematicQuestion, _ layer: ReadableLayer, _ theme: StyleTheme) throws(Problem) {
        let definition = layer.definition
        guard let index = layer.visibleFields.first(where: { definition.fields[$0].name == question.field }) else {
            let names = layer.visibleFields.map { definition.fields[$0].name }.joined(separator: ", ")
            throw .parameter(
                "thematic", "layer '\(layer.id)' has no field '\(question.field.prefix(60))'; it has: \(names)")
        }
        guard definition.tileRules.keepsField(question.field, zoom: 24) else {
            throw .parameter(
                "thematic", "the tiles of '\(layer.id)' leave the field '\(question.field)' out (tiles.fields)")
        }
        self.layer = layer.id
        self.theme = theme
        field = definition.fields[index]
        title = definition.title
        let census = layer.view.census(field: index)
        missing = census.missing
        let isWhole = census.numbers.allSatisfy { $0.value == $0.value.rounded() }
        let isFew = isWhole && census.numbers.count <= min(question.classes ?? 8, StyleTheme.categoryLimit)
        if census.numbers.isEmpty || question.method == nil && isFew {
            guard question.method == nil || census.texts.isEmpty else {
                throw .parameter(
                    "method", "the field '\(question.field)' has texts; leave method out to colour by category")
            }
            setCategories(census, question.classes ?? StyleTheme.categoryLimit)
        } else {
            setClasses(StyleClasses(values: census.numbers), question.classes ?? 5, question.method ?? .quantile)
        }
    }

    private mutating func setCategories(_ census: FieldCensus, _ limit: Int) {
        let palette = theme.categories
        if census.numbers.isEmpty {
            let shown = census.texts.prefix(limit)
            entries = zip(palette, shown).map { Entry(color: $0, count: $1.count, value: $1.value) }
            let rest = census.texts.dropFirst(shown.count)
            other = (rest.count, rest.reduce(0) { $0 + $1.count })
        } else {
            // Whole numbers are an order: few storeys to many.
            entries = zip(theme.ramp(census.numbers.count), census.numbers).map { color, number in
                var text = JSONBytes(capacity: 24)
                text.real(number.value)
                return Entry(color: color, count: number.count, value: String(decoding: text.bytes, as: UTF8.self))
            }
        }
    }

    private mutating func setClasses(_ classes: StyleClasses, _ count: Int, _ method: ClassMethod) {
        self.method = method
        isRounded = method == .jenks && classes.isRounded
        let breaks = classes.breaks(count, method)
        let counts = classes.counts(breaks)
        let lows = [classes.values[0].value] + breaks
        let highs = breaks + [classes.values[classes.values.count - 1].value]
        let colors = theme.ramp(counts.count)
        entries = counts.indices.map {
            Entry(color: colors[$0], count: counts[$0], low: lows[$0], high: highs[$0])
        }
    }

    // MARK: Writing

    /// The colour expression (MapLibre style specification, "match" and "step").
    func appendColor(to out: inout JSONBytes) {
        out.raw("[\"case\",[\"!\",[\"has\",")
        out.string(field.name)
        out.raw("]],")
        out.string(theme.missing)
        out.raw(",")
        if entries.isEmpty {
            out.string(theme.other)
        } else if method != nil, entries.count == 1 {
            out.string(entries[0].color)
        } else if method == nil {
            out.raw("[\"match\",[\"to-string\",[\"get\",")
            out.string(field.name)
            out.raw("]]")
            for entry in entries {
                out.raw(",")
                out.string(entry.value ?? "")
                out.raw(",")
                out.string(entry.color)
            }
            out.raw(",")
            out.string(theme.other)
            out.raw("]")
        } else {
            out.raw("[\"step\",[\"to-number\",[\"get\",")
            out.string(field.name)
            out.raw("]],")
            for (index, entry) in entries.enumerated() {
                if index > 0 {
                    out.raw(",")
                    out.real(entry.low ?? 0)
                    out.raw(",")
                }
                out.string(entry.color)
            }
            out.raw("]")
        }
        out.raw("]")
    }

    /// The legend as it stands in the style's metadata.
    func appendLegend(to out: inout JSONBytes) {
        out.raw("{\"layer\":")
        out.string(layer)
        out.raw(",\"title\":")
        out.localized(title)
        out.raw(",\"field\":")
        out.string(field.name)
        out.raw(",\"fieldTitle\":")
        out.localized(field.title)
        if let unit = field.unit {
            out.raw(",\"unit\":")
            out.string(unit)
        }
        out.raw(",\"type\":")
        out.string(method == nil ? "categories" : "classes")
        if let method {
            out.raw(",\"method\":")
            out.string(method.rawValue)
            if isRounded { out.raw(",\"approximate\":true") }
        }
        out.raw(",\"entries\":")
        out.list(entries) { out, entry in
            out.raw("{\"color\":")
            out.string(entry.color)
            out.raw(",\"count\":")
            out.integer(entry.count)
            if let value = entry.value {
                out.raw(",\"value\":")
                out.string(value)
            }
            if let low = entry.low, let high = entry.high {
                out.raw(",\"from\":")
                out.real(low)
                out.raw(",\"to\":")
                out.real(high)
            }
            out.raw("}")
        }
        out.raw(",\"other\":{\"color\":")
        out.string(theme.other)
        out.raw(",\"values\":")
        out.integer(other.values)
        out.raw(",\"count\":")
        out.integer(other.count)
        out.raw("},\"missing\":{\"color\":")
        out.string(theme.missing)
        out.raw(",\"count\":")
        out.integer(missing)
        out.raw("}}")
    }
}
