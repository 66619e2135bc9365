// SPDX-License-Identifier: Apache-2.0
import Spatial

extension LayerView {
    /// A page of features that match, in the order of their ids or of some fields, and how many match in all.
    ///
    /// Without box and filter O(log features + limit) and the count O(1); with a box O(log features + rim) for the count;
    /// sorted O(matches log page).
    /// - Parameter masked: fields that the caller may not see, hence may not filter or sort by.
    /// - Throws: `TwinError.argument`, naming the parameter that is wrong.
    public func features(_ query: FeatureQuery, masked: Set<String>) throws -> FeatureAnswer {
        let region = try query.box.map { try GridRegion(.box($0), coordinates, within: extent) } ?? .everywhere
        let search = try LayerSearch(self, region: region, filter: query.filter, masked: masked, access: .automatic)
        let wanted = query.offset + query.limit
        if !query.sort.isEmpty { return try sorted(query, search, masked: masked) }
        var page: LayerSearch.Page
        let visits = search.visits(wanted)
        if visits > 0, let walked = search.walk(limit: wanted, after: query.cursor?.id, visits: visits) {
            page = walked
            if query.countsMatches { page.count = search.matchCount() }
        } else {
            let after = query.cursor.map { FoundRow(distanceSquared: 0, id: $0.id, row: 0) }
            page = search.page(order: .id, limit: wanted, after: after)
        }
        let rows = page.rows.dropFirst(query.offset)
        let next = page.hasMore ? rows.last.map { FeatureCursor(values: [], id: $0.id) } : nil
        return FeatureAnswer(matched: page.count, features: rows.map { Feature(view: self, row: $0.row) }, next: next)
    }

    /// How many features match. O(log features + rim) for a box.
    public func count(_ query: FeatureQuery, masked: Set<String>) throws -> Int {
        if query.box == nil, query.filter == nil { return count }
        let region = try query.box.map { try GridRegion(.box($0), coordinates, within: extent) } ?? .everywhere
        return try LayerSearch(self, region: region, filter: query.filter, masked: masked, access: .automatic)
            .matchCount()
    }

    private func sorted(_ query: FeatureQuery, _ search: LayerSearch, masked: Set<String>) throws -> FeatureAnswer {
        let keys = try SortKeys(self, query.sort, masked: masked)
        var sink = SortSink(
            self, keys, limit: query.offset + query.limit + 1,
            after: query.cursor.map { keys.key(values: $0.values, id: $0.id) })
        search.run(&sink)
        let found = sink.finish()
        let hasMore = found.count > query.offset + query.limit
        let rows = found.dropFirst(query.offset).prefix(query.limit)
        let next = hasMore ? rows.last.map { FeatureCursor(values: keys.values($0.row), id: id(row: $0.row)) } : nil
        return FeatureAnswer(matched: sink.count, features: rows.map { Feature(view: self, row: $0.row) }, next: next)
    }
}

extension LayerSearch {
    /// How many rows a walk along the ids may look at before it is cheaper to look at the region's or the filter's rows:
    /// the page's rows over the estimated share of what matches, and some more.
    fileprivate func visits(_ wanted: Int) -> Int {
        if case .nowhere = region { return 0 }
        if case .everywhere = region, program == nil { return .max }
        let rows = Double(max(1, view.snapshot.count))
        let near = min(1, Double(view.snapshot.estimatedRows(region)) / rows)
        let share = near * (program?.estimatedShare ?? 1)
        let expected = Double(wanted + 1) / max(share, 1e-9)
        // A row costs some ten times more along the ids than along the index, where only the rows of the region are met.
        guard expected * 10 < rows * near + 1000 else { return 0 }
        return Int(expected * 4) + 1000
    }

    /// How many rows match.
    func matchCount() -> Int {
        if case .everywhere = region, program == nil, filter == nil { return view.count }
        var sink = CountSink()
        run(&sink)
        return sink.count
    }
}

/// Numbers that order rows as the values of some fields do, nulls last, then by id.
struct SortKeys {
    private let view: LayerView
    private let columns: [(index: Int, isDescending: Bool)]
    private let isID: [Bool]

    /// - Throws: `TwinError.argument` for a field that the layer does not have, or too many.
    init(_ view: LayerView, _ sort: [FeatureQuery.Sort], masked: Set<String>) throws {
        guard sort.count <= FeatureQuery.sortLimit else {
            throw TwinError(
                .argument, "sortby: at most \(FeatureQuery.sortLimit) fields; write for example sortby=-floors,name")
        }
        self.view = view
        columns = try sort.map { sort in
            if sort.field == "id", view.definition.fieldIndex("id") == nil { return (-1, sort.isDescending) }
            return (
                try view.definition.queryColumn(sort.field, masked: masked, parameter: "sortby"), sort.isDescending
            )
        }
        isID = columns.map { $0.index < 0 }
    }

    func values(_ row: Int) -> [FieldValue] {
        columns.map { $0.index < 0 ? .integer(view.id(row: row)) : view.value(row: row, column: $0.index) }
    }

    func key(row: Int) -> SIMD4<UInt64> {
        var key = SIMD4<UInt64>.zero
        for (place, column) in columns.enumerated() {
            let found: UInt64?
            if column.index < 0 {
                found = Self.ordered(view.id(row: row))
            } else if row >= 0, view.snapshot.metadata.columns[column.index].type == .text {
                let snapshot = view.snapshot
                let code = snapshot.textCodes(column.index)[row]
                found = code == 0 ? nil : UInt64(code) * 2
            } else {
                found = self.key(view.value(row: row, column: column.index), column.index)
            }
            key[place] = Self.turned(found, column.isDescending)
        }
        key[3] = Self.ordered(view.id(row: row))
        return key
    }

    /// The key of a feature that need not be there any more.
    func key(values: [FieldValue], id: Int64) -> SIMD4<UInt64> {
        var key = SIMD4<UInt64>.zero
        for (place, (column, value)) in zip(columns, values).enumerated() {
            key[place] = Self.turned(self.key(value, column.index), column.isDescending)
        }
        key[3] = Self.ordered(id)
        return key
    }

    private func key(_ value: FieldValue, _ column: Int) -> UInt64? {
        switch value {
        case .null, .binary: return nil
        case .boolean(let truth): return truth ? 1 : 0
        case .integer(let number):
            let isReal = column >= 0 && view.snapshot.metadata.columns[column].type == .real
            return isReal ? Self.ordered(Double(number)) : Self.ordered(number)
        case .real(let number): return number.isNaN ? nil : Self.ordered(number)
        case .string(let text):
            guard column >= 0, view.snapshot.metadata.columns[column].type == .text else { return nil }
            // Texts of the dictionary have even keys; one that is not there lies between two of them.
            let bytes = Array(text.utf8)
            let before = view.snapshot.partition(column) { compareBytes($0, bytes.span) < 0 }
            let until = view.snapshot.partition(column) { compareBytes($0, bytes.span) <= 0 }
            return UInt64(before) * 2 + (until > before ? 2 : 1)
        }
    }

    private static func turned(_ key: UInt64?, _ isDescending: Bool) -> UInt64 {
        guard let key else { return .max }
        let low = min(key, .max - 1)
        return isDescending ? .max - 1 - low : low
    }

    private static func ordered(_ number: Int64) -> UInt64 { UInt64(bitPattern: number) ^ (1 << 63) }

    private static func ordered(_ number: Double) -> UInt64 {
        // Adding zero makes -0 and 0 one value.
        let bits = (number + 0).bitPattern
        return bits >> 63 == 0 ? bits | 1 << 63 : ~bits
    }
}

/// Counts all rows and keeps the first of them in the order of some keys.
struct SortSink: RowSink {
    struct Hit {
        var key: SIMD4<UInt64>
        var row: Int
    }

    private(set) var count = 0
    var wantsDistances: Bool { false }
    private let view: LayerView
    private let keys: SortKeys
    private let limit: Int
    private let capacity: Int
    private let after: SIMD4<UInt64>?
    private var hits: [Hit] = []
    private var bound: SIMD4<UInt64>?

    init(_ view: LayerView, _ keys: SortKeys, limit: Int, after: SIMD4<UInt64>?) {
        self.view = view
        self.keys = keys
        self.limit = limit
        capacity = max(1024, limit * 2)
        self.after = after
    }

    mutating func add(rows: Range<Int>) {
        for row in rows { add(row: row, distanceSquared: 0) }
    }

    mutating func add(first: Int, bits: UInt64) {
        var left = bits
        while left != 0 {
            add(row: first + left.trailingZeroBitCount, distanceSquared: 0)
            left &= left - 1
        }
    }

    mutating func add(row: Int, distanceSquared: Double) {
        count += 1
        let key = keys.key(row: row)
        if let bound, !Self.comes(key, before: bound) { return }
        if let after, !Self.comes(after, before: key) { return }
        hits.append(Hit(key: key, row: row))
        if hits.count >= capacity { cut() }
    }

    private mutating func cut() {
        hits.sort { Self.comes($0.key, before: $1.key) }
        guard hits.count > limit else { return }
        hits.removeSubrange(limit...)
        bound = hits.last?.key
    }

    mutating func finish() -> [Hit] {
        cut()
        return hits
    }

    private static func comes(_ left: SIMD4<UInt64>, before right: SIMD4<UInt64>) -> Bool {
        for place in 0..<4 where left[place] != right[place] { return left[place] < right[place] }
        return false
    }
}
