// SPDX-License-Identifier: Apache-2.0

/// A page of one layer's features: what, in which order, from where on.
public struct FeatureQuery: Sendable {
    public struct Sort: Sendable, Hashable {
        public var field: String
        public var isDescending: Bool

        public init(field: String, isDescending: Bool) {
            self.field = field
            self.isDescending = isDescending
        }
    }

    /// In degrees of WGS 84; any size.
    public var box: LonLatBox?
    public var filter: ColumnFilter?
    /// By these fields, nulls last, then by id.
    public var sort: [Sort] = []
    public var limit = 10
    public var offset = 0
    /// The end of the page before.
    public var cursor: FeatureCursor?
    /// False leaves the number of matches at 0: for pages behind the first.
    public var countsMatches = true

    /// Most fields to sort by.
    public static let sortLimit = 3

    public init() {}
}

/// A page of features.
public struct FeatureAnswer: Sendable {
    /// Features that match, exactly.
    public var matched: Int
    public var features: [Feature]
    /// Where the next page begins; nil at the end.
    public var next: FeatureCursor?
}

/// Where a page ended: the sort values and the id of its last feature, so that the next page begins behind it whatever
/// was edited meanwhile. By id nothing comes twice and nothing that stays is left out.
public struct FeatureCursor: Sendable, Hashable {
    var values: [FieldValue]
    var id: Int64

    /// Text for a URL: letters, digits, `-` and `_`.
    public var token: String {
        if values.isEmpty { return String(id) }
        var out = JSONBytes()
        out.raw("[")
        for value in values {
            out.value(value)
            out.raw(",")
        }
        out.integer(id)
        out.raw("]")
        return "s" + out.bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    }

    /// - Throws: `TwinError.argument` for a text that no page gave.
    public init(token: String, sort: [FeatureQuery.Sort]) throws {
        let broken = TwinError(
            .argument,
            "cursor: it is not one that a page with this sortby gave; leave it out to begin with the first page")
        if sort.isEmpty {
            guard let id = Int64(token) else { throw broken }
            self.init(values: [], id: id)
            return
        }
        guard token.first == "s", token.utf8.count < 20_000, let bytes = hexBytes(String(token.dropFirst())) else {
            throw broken
        }
        let list: [JSONValue]
        do {
            list = try JSONValue(parsing: bytes, name: "cursor").list ?? []
        } catch {
            throw broken
        }
        guard list.count == sort.count + 1, case .integer(let id)? = list.last else { throw broken }
        let values = try list.dropLast().map { value -> FieldValue in
            switch value {
            case .null: return .null
            case .boolean(let truth): return .boolean(truth)
            case .integer(let number): return .integer(number)
            case .real(let number): return .real(number)
            case .text(let text): return .string(text)
            case .list, .object: throw broken
            }
        }
        self.init(values: values, id: id)
    }

    init(values: [FieldValue], id: Int64) {
        self.values = values
        self.id = id
    }
}
