// SPDX-License-Identifier: Apache-2.0

/// A search for features by what their texts contain: names, permanent codes, addresses, and any other text field.
///
/// The question is cut at white space into terms, and a feature is found if each term occurs in one of its texts. Any part
/// of a text counts, so Chinese needs no words and a code may be partial. ASCII letters match in either case, and the
/// question's full-width letters, digits and signs are read as ASCII.
///
/// Order: for each term the better of the feature's texts is taken, by how it matches (the whole text, its beginning, a
/// part) and then by field (the name, the code, an address, another field); the ranks of all terms are added. Equal ranks:
/// the shorter text first, then the order of the layers, then the id.
public struct TextSearch: Sendable {
    /// Bytes of a question.
    public static let longest = 200
    public static let mostTerms = 8
    public static let limitRange = 1...1000

    /// The terms as UTF-8 with lower-case ASCII.
    let terms: [[UInt8]]
    public let limit: Int

    /// - Throws: `TwinError.argument` for a question without a term, with too many, or too long; a limit out of range.
    public init(_ text: String, limit: Int) throws {
        guard text.utf8.count <= Self.longest else {
            throw TwinError(
                .argument,
                "q: the question has \(text.utf8.count) bytes; write at most \(Self.longest), for example 胶州路")
        }
        let folded = String(
            String.UnicodeScalarView(
                text.unicodeScalars.map { scalar in
                    switch scalar.value {
                    case 0xFF01...0xFF5E: Unicode.Scalar(scalar.value - 0xFEE0) ?? scalar
                    default: scalar
                    }
                }))
        let words = folded.split { $0.isWhitespace }
        guard !words.isEmpty else {
            throw TwinError(.argument, "q: there is nothing to search for; write for example q=胶州路")
        }
        guard words.count <= Self.mostTerms else {
            throw TwinError(.argument, "q: there are \(words.count) words; write at most \(Self.mostTerms)")
        }
        guard Self.limitRange.contains(limit) else {
            throw TwinError(.argument, "limit: \(limit) is not 1 to 1000; write for example limit=20")
        }
        terms = words.map { $0.utf8.map(Self.lower) }
        self.limit = limit
    }

    /// Searches layers. O(bytes of their dictionaries + features x text columns that match); any thread.
    ///
    /// - Parameter layers: each with the names of the fields that the caller may not see (`code` among them).
    public func answer(_ layers: [(view: LayerView, masked: Set<String>)]) -> SearchAnswer {
        var best = BestHits(limit: limit)
        for (order, layer) in layers.enumerated() {
            search(layer.view, Self.columns(layer.view.definition, masked: layer.masked), order, &best)
        }
        let hits = best.sorted().map { candidate in
            let layer = layers[candidate.layer]
            let columns = Self.columns(layer.view.definition, masked: layer.masked)
            let matched = columns.min {
                rank(terms[0], layer.view, candidate.row, $0) < rank(terms[0], layer.view, candidate.row, $1)
            }
            return SearchHit(
                feature: Feature(view: layer.view, row: candidate.row), column: matched?.index,
                showsCode: !layer.masked.contains("code"), nameColumn: columns.first { $0.kind == .name }?.index)
        }
        return SearchAnswer(total: best.total, hits: hits)
    }

    // MARK: Columns

    /// A column of texts that the caller may read.
    struct Column {
        enum Kind: UInt8 { case name, code, address, other }
        var index: Int
        var kind: Kind
    }

    private static let names: Set<String> = ["name", "name_zh", "title", "名称"]
    private static let addresses: Set<String> = ["address", "addr", "地址", "坐落"]

    static func columns(_ definition: LayerDefinition, masked: Set<String>) -> [Column] {
        var columns: [Column] = []
        for (index, field) in definition.fields.enumerated()
        where field.type == .string && !masked.contains(field.name) {
            let isName = names.contains(field.name) || field.name == definition.style.label
            let kind: Column.Kind = isName ? .name : addresses.contains(field.name) ? .address : .other
            columns.append(Column(index: index, kind: kind))
        }
        if definition.code != nil, !masked.contains("code") {
            columns.append(Column(index: definition.fields.count, kind: .code))
        }
        return columns
    }

    // MARK: Matching

    /// No match; above every rank.
    private static let none = UInt8.max

    static func lower(_ byte: UInt8) -> UInt8 { byte >= 65 && byte <= 90 ? byte | 32 : byte }

    /// 0 if a text is the term, 1 if it begins with it, 2 if it contains it, else ``none``. O(text x term), as a rule O(text).
    static func match(_ text: Span<UInt8>, _ term: [UInt8]) -> UInt8 {
        let last = term.count - 1
        guard text.count > last else { return none }
        let end = term[last]
        // The last byte of a Chinese character differs more than its first.
        var index = last
        while index < text.count {
            if lower(text[index]) == end {
                let start = index - last
                var place = 0
                while place < last, lower(text[start + place]) == term[place] { place += 1 }
                if place == last { return start > 0 ? 2 : text.count == term.count ? 0 : 1 }
            }
            index += 1
        }
        return none
    }

    private func rank(_ term: [UInt8], _ view: LayerView, _ row: Int, _ column: Column) -> UInt8 {
        guard let text = view.value(row: row, column: column.index).text else { return Self.none }
        return Self.rank(Self.match(Array(text.utf8).span, term), column)
    }

    private static func rank(_ match: UInt8, _ column: Column) -> UInt8 {
        match == none ? none : match * 4 + column.kind.rawValue
    }

    // MARK: One layer

    private func search(_ view: LayerView, _ columns: [Column], _ order: Int, _ best: inout BestHits) {
        let hidden = view.delta.hiddenRows
        // The text by whose length equal ranks are ordered: one that the caller sees.
        let shown = (columns.first { $0.kind == .name } ?? columns.first { $0.kind == .code })?.index
        if let ranks = rowRanks(view, columns) {
            for row in 0..<view.snapshot.count {
                guard let sum = Self.sum(ranks, row), hidden.isEmpty || !hidden.contains(row) else { continue }
                best.add(rank: sum, layer: order, row: row, view, length: shown)
            }
        }
        for index in view.delta.features.indices {
            let row = -1 - index
            var sum = 0
            for term in terms {
                let least = columns.map { rank(term, view, row, $0) }.min() ?? Self.none
                guard least != Self.none else {
                    sum = -1
                    break
                }
                sum += Int(least)
            }
            if sum >= 0 { best.add(rank: sum, layer: order, row: row, view, length: shown) }
        }
    }

    /// For each term the rank of each row of the snapshot; nil if a term occurs nowhere in the layer.
    private func rowRanks(_ view: LayerView, _ columns: [Column]) -> [[UInt8]]? {
        let snapshot = view.snapshot
        var ranks: [[UInt8]] = []
        for term in terms {
            var rows: [UInt8] = []
            for column in columns {
                guard let codeRanks = codeRanks(snapshot, column, term) else { continue }
                if rows.isEmpty { rows = Array(repeating: Self.none, count: snapshot.count) }
                let codes = snapshot.textCodes(column.index)
                for row in 0..<snapshot.count {
                    // A damaged code, beyond the dictionary, is no text.
                    let code = Int(codes[row])
                    if code < codeRanks.count, codeRanks[code] < rows[row] { rows[row] = codeRanks[code] }
                }
            }
            if rows.isEmpty { return nil }
            ranks.append(rows)
        }
        return ranks
    }

    /// The rank of each dictionary code; nil if none matches.
    private func codeRanks(_ snapshot: Snapshot, _ column: Column, _ term: [UInt8]) -> [UInt8]? {
        var ranks: [UInt8] = []
        let count = snapshot.dictionaryCount(column.index)
        guard count > 0 else { return nil }
        for code in 1...count {
            let found = Self.match(snapshot.text(code: UInt32(code), column: column.index), term)
            guard found != Self.none else { continue }
            if ranks.isEmpty { ranks = Array(repeating: Self.none, count: count + 1) }
            ranks[code] = Self.rank(found, column)
        }
        return ranks.isEmpty ? nil : ranks
    }

    private static func sum(_ ranks: [[UInt8]], _ row: Int) -> Int? {
        var sum = 0
        for rank in ranks {
            guard rank[row] != none else { return nil }
            sum += Int(rank[row])
        }
        return sum
    }
}

/// The best of many hits: the first `limit` in the order of ``TextSearch``.
struct BestHits {
    struct Candidate: Comparable {
        var rank: Int
        /// Bytes of the feature's name or code.
        var length: Int
        var layer: Int
        var id: Int64
        var row: Int

        static func < (left: Candidate, right: Candidate) -> Bool {
            (left.rank, left.length, left.layer, left.id) < (right.rank, right.length, right.layer, right.id)
        }
    }

    let limit: Int
    private(set) var total = 0
    private var kept: [Candidate] = []
    /// The rank of the last one kept, once there are enough.
    private var worst = Int.max

    init(limit: Int) { self.limit = limit }

    /// - Parameter column: the text by whose length equal ranks are ordered.
    mutating func add(rank: Int, layer: Int, row: Int, _ view: LayerView, length column: Int?) {
        total += 1
        guard rank <= worst else { return }
        let length = column.flatMap { view.value(row: row, column: $0).text?.utf8.count } ?? 0
        kept.append(Candidate(rank: rank, length: length, layer: layer, id: view.id(row: row), row: row))
        if kept.count >= max(64, limit * 4) { trim() }
    }

    private mutating func trim() {
        kept.sort()
        if kept.count > limit { kept.removeLast(kept.count - limit) }
        if kept.count == limit, let last = kept.last { worst = last.rank }
    }

    func sorted() -> [Candidate] { Array(kept.sorted().prefix(limit)) }
}
