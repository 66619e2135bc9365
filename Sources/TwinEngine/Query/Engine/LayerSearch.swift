// SPDX-License-Identifier: Apache-2.0
import Spatial

/// One layer's part of a question: the region on the grid, the compiled filter, and the ways through them.
struct LayerSearch {
    let view: LayerView
    let region: GridRegion
    let filter: ColumnFilter?
    /// Nil where every row passes.
    let program: ColumnProgram?
    let cache: SnapshotCache
    /// Rows of the snapshot that no longer count, ascending.
    let hidden: [Int]
    var plan: QueryPlan
    /// What sorted rows are asked for, where that is the plan.
    private(set) var condition: SortedCondition?

    /// - Throws: `TwinError.argument` for a filter that does not fit the layer.
    init(
        _ view: LayerView, region: GridRegion, filter: ColumnFilter?, masked: Set<String>, access: SpatialQuery.Access
    ) throws {
        self.view = view
        self.region = region
        let filter = try filter?.resolved(view, masked: masked)
        self.filter = filter
        cache = view.snapshot.cache
        hidden = view.delta.hiddenRows.isEmpty ? [] : view.delta.hiddenRows.sorted()
        plan = QueryPlan(access: "space-first", regionRows: view.snapshot.count, filterShare: 1)
        guard let filter else {
            program = nil
            return
        }
        let estimate = view.snapshot.estimatedRows(region)
        plan.regionRows = estimate
        let program = try FilterCompiler.compile(
            filter, view, masked: masked, rows: access == .attributeFirst ? .max : estimate)
        self.program = program.isAlways ? nil : program
        choose(program, access)
    }

    /// Compares what the ways would cost, in nanoseconds. The constants were measured on one machine over 1.25 million
    /// buildings (`query-ours … plans`, docs/benchmarks.md); only their ratios matter.
    private mutating func choose(_ program: ColumnProgram, _ access: SpatialQuery.Access) {
        let rows = Double(view.snapshot.count)
        let inRegion = Double(plan.regionRows)
        let share = program.estimatedShare
        plan.filterShare = share
        let rowCost = program.rowCost
        /// Zones that the filter can be decided for as a whole cost next to nothing.
        let openCost = program.undecidedShare * rowCost + 0.03
        var isEverywhere = false
        if case .everywhere = region { isEverywhere = true }
        // Segments stand under a tree.
        let depth = Double(Int.bitWidth - region.vertexCount.leadingZeroBitCount)
        // A rim of a region of n rows in a plane crosses in the order of 4 √n of them.
        let rim = isEverywhere ? 0 : min(inRegion, 4 * inRegion.squareRoot())
        let exactCost = 200 + 65 * depth
        let spaceCost = 2000 + rim * (120 + 110 * depth + 40 * rowCost + share * exactCost) + inRegion * openCost
        let inside = rows > 0 ? min(1, inRegion / rows) : 1
        let perMatch = 6 + (isEverywhere ? 0 : inside * 6 * depth + rim / max(1, rows) * exactCost)
        let attributeCost = 2000 + rows * openCost + rows * share * perMatch
        plan.spaceCost = spaceCost / 1000
        plan.attributeCost = attributeCost / 1000
        switch access {
        case .spaceFirst: break
        case .attributeFirst: plan.access = "attribute-first"
        case .sortedFirst:
            condition = SortedCondition(program)
            plan.access = condition == nil ? "attribute-first" : "sorted-first"
        case .automatic:
            if attributeCost < spaceCost { plan.access = "attribute-first" }
            guard let sorted = SortedCondition(program) else { break }
            // A candidate is put in its place among the others; then a word of the filter's mask decides.
            let perCandidate = 6 + (sorted.isAlone ? 0 : 30 + 64 * rowCost)
            let sortedCost = 2000 + rows * (sorted.share * perCandidate + share * perMatch)
            plan.sortedCost = sortedCost / 1000
            let saving = min(attributeCost, spaceCost) - sortedCost
            // Sorting a column takes a few passes over it.
            guard saving > 0, view.snapshot.orders.isWorth(sorted.column, saving: saving, cost: 30 * rows) else {
                break
            }
            condition = sorted
            plan.access = "sorted-first"
        }
    }

    // MARK: Search

    /// Hands every matching row to a sink: of the snapshot in ascending order, then of the delta.
    func run<Sink: RowSink>(_ sink: inout Sink) {
        if program?.isNever == true {
            searchDelta(&sink)
            return
        }
        if let condition, let program {
            sortedFirst(program, condition, &sink)
        } else if plan.asksAttributesFirst, let program {
            attributeFirst(program, &sink)
        } else if let program {
            var window = FilterWindow(program)
            spaceFirst(&window, &sink)
        } else {
            spaceFirst(&sink)
        }
        searchDelta(&sink)
    }

    /// Without a filter: whole subtrees are handed over as ranges.
    private func spaceFirst<Sink: RowSink>(_ sink: inout Sink) {
        var next = HiddenRows(hidden)
        if case .everywhere = region {
            next.visible(0..<view.snapshot.count) { sink.add(rows: $0) }
            return
        }
        for span in view.snapshot.spans(region) {
            if span.isRim {
                if next.isHidden(span.rows.lowerBound) { continue }
                if let distance = distanceSquared(span.rows.lowerBound, sink) {
                    sink.add(row: span.rows.lowerBound, distanceSquared: distance)
                }
            } else {
                next.visible(span.rows) { sink.add(rows: $0) }
            }
        }
    }

    private func spaceFirst<Sink: RowSink>(_ window: inout FilterWindow, _ sink: inout Sink) {
        var next = HiddenRows(hidden)
        if case .everywhere = region {
            next.visible(0..<view.snapshot.count) { window.pass($0, to: &sink) }
            return
        }
        for span in view.snapshot.spans(region) {
            if span.isRim {
                let row = span.rows.lowerBound
                if next.isHidden(row) || !window.passes(row, window.mask(word: row >> 6)) { continue }
                if let distance = distanceSquared(row, sink) { sink.add(row: row, distanceSquared: distance) }
            } else {
                next.visible(span.rows) { window.pass($0, to: &sink) }
            }
        }
    }

    /// Evaluates the filter on all rows, and the region for those that pass.
    private func attributeFirst<Sink: RowSink>(_ program: ColumnProgram, _ sink: inout Sink) {
        var next = HiddenRows(hidden)
        var scratch = program.scratch
        let snapshot = view.snapshot
        let blocks = (snapshot.count + ColumnProgram.blockRows - 1) / ColumnProgram.blockRows
        let outer = region.box
        for block in 0..<blocks {
            program.evaluate(block: block, words: 0..<ColumnProgram.blockWords, into: &scratch)
            for word in 0..<ColumnProgram.blockWords {
                var bits = scratch[word]
                while bits != 0 {
                    let row = block * ColumnProgram.blockRows + word * 64 + bits.trailingZeroBitCount
                    bits &= bits - 1
                    judge(row, outer, &next, &sink)
                }
            }
        }
    }

    /// Takes the rows of a sorted column's part, and tests the rest of the filter and the region for those.
    private func sortedFirst<Sink: RowSink>(_ program: ColumnProgram, _ condition: SortedCondition, _ sink: inout Sink)
    {
        var next = HiddenRows(hidden)
        var window = FilterWindow(program)
        let outer = region.box
        for row in condition.rows(view.snapshot) {
            let row = Int(row)
            if !condition.isAlone && !window.passes(row, window.mask(word: row >> 6)) { continue }
            judge(row, outer, &next, &sink)
        }
    }

    /// Hands over a row that passes the filter if it lies in the region.
    private func judge<Sink: RowSink>(_ row: Int, _ outer: GridBox, _ next: inout HiddenRows, _ sink: inout Sink) {
        if case .everywhere = region {
            if !next.isHidden(row) { sink.add(rows: row..<row + 1) }
            return
        }
        let box = view.box(row: row)
        guard outer.intersects(box), !next.isHidden(row) else { return }
        switch region.relation(to: box) {
        case .outside: return
        case .inside: sink.add(rows: row..<row + 1)
        case .rim:
            if let distance = distanceSquared(row, sink) { sink.add(row: row, distanceSquared: distance) }
        }
    }

    /// Of a row on the rim, as far as a sink wants to know; nil where it lies outside.
    private func distanceSquared(_ row: Int, _ sink: borrowing some RowSink) -> Double? {
        let wantsDistances = sink.wantsDistances
        return view.withGeometry(row: row) { geometry in
            wantsDistances ? region.distanceSquared(geometry) : region.meets(geometry) ? 0 : nil
        }
    }

    private func searchDelta<Sink: RowSink>(_ sink: inout Sink) {
        let outer = region.box
        for (index, feature) in view.delta.features.enumerated() where outer.intersects(feature.box) {
            guard passes(feature), let distance = region.distanceSquared(feature.geometry.view) else { continue }
            sink.add(row: -1 - index, distanceSquared: distance)
        }
    }

    /// Whether a feature of the delta passes the filter.
    func passes(_ feature: DeltaFeature) -> Bool {
        guard let filter else { return true }
        return filter.holds(view.definition, feature) == true
    }
}

/// Walks along hidden rows as a search goes through the snapshot in ascending order.
struct HiddenRows {
    private let rows: [Int]
    private var next = 0

    init(_ rows: [Int]) { self.rows = rows }

    /// Whether a row is hidden; rows must be asked in ascending order.
    mutating func isHidden(_ row: Int) -> Bool {
        if rows.isEmpty { return false }
        while next < rows.count, rows[next] < row { next += 1 }
        return next < rows.count && rows[next] == row
    }

    /// The parts of a range that are not hidden.
    mutating func visible(_ range: Range<Int>, _ body: (Range<Int>) -> Void) {
        if rows.isEmpty { return body(range) }
        while next < rows.count, rows[next] < range.lowerBound { next += 1 }
        var start = range.lowerBound
        while next < rows.count, rows[next] < range.upperBound {
            if start < rows[next] { body(start..<rows[next]) }
            start = rows[next] + 1
            next += 1
        }
        if start < range.upperBound { body(start..<range.upperBound) }
    }
}

/// Rows that a region's search found: a run that lies in it whole, or one row on the rim.
struct RowSpan: BitwiseCopyable {
    private var first: UInt32
    private var end: UInt32
    var isRim: Bool

    init(_ rows: Range<Int>, isRim: Bool) {
        first = UInt32(truncatingIfNeeded: rows.lowerBound)
        end = UInt32(truncatingIfNeeded: rows.upperBound)
        self.isRim = isRim
    }

    var rows: Range<Int> { Int(first)..<Int(end) }

    /// Takes in the rows that follow, if they do.
    mutating func extend(_ rows: Range<Int>) -> Bool {
        guard !isRim, Int(end) == rows.lowerBound else { return false }
        end = UInt32(truncatingIfNeeded: rows.upperBound)
        return true
    }
}

extension Snapshot {
    /// The runs and rim rows of a region, ascending. O(log rows + rim).
    func spans(_ region: GridRegion) -> [RowSpan] {
        var spans: [RowSpan] = []
        spans.reserveCapacity(256)
        func contained(_ first: Int, _ end: Int) -> Bool {
            if spans.isEmpty || !spans[spans.count - 1].extend(first..<end) {
                spans.append(RowSpan(first..<end, isRim: false))
            }
            return true
        }
        func rim(_ row: Int) -> Bool {
            spans.append(RowSpan(row..<row + 1, isRim: true))
            return true
        }
        // The region is taken apart once, for each look into the enumeration would copy what it holds.
        switch region {
        case .circle(let circle, _) where isPointLayer:
            withPoints { $0.searchCircle(circle) { contained($0, $1) } }
        case .box(let area): searchRegion({ area.relation(to: $0) }, contained: contained, rim: rim)
        case .polygon(let prepared, _), .corridor(let prepared, _):
            searchRegion({ RegionRelation(prepared.classify($0)) }, contained: contained, rim: rim)
        case .circle(let circle, _), .nearest(let circle):
            searchRegion({ circle.relation(to: $0) }, contained: contained, rim: rim)
        case .everywhere: _ = contained(0, count)
        case .nowhere: break
        }
        return spans
    }

    /// About how many rows a region holds, from the index's upper levels. O(1) for any region: boxes that are small
    /// against the region are taken as they are.
    func estimatedRows(_ region: GridRegion) -> Int {
        if case .everywhere = region { return count }
        let outer = region.box
        let fine = (Int64(outer.maxX) - Int64(outer.minX)) / 8
        var rows = 0
        searchRegion(
            { box in
                guard outer.intersects(box) else { return .outside }
                let isSmall =
                    Int64(box.maxX) - Int64(box.minX) <= fine && Int64(box.maxY) - Int64(box.minY) <= fine
                return isSmall ? .inside : .rim
            },
            contained: { first, end in
                rows += end - first
                return true
            },
            rim: { _ in
                rows += 1
                return true
            })
        return rows
    }

    /// Searches the index of the layer, whichever it has.
    private func searchRegion(
        _ classify: (GridBox) -> RegionRelation, contained: (Int, Int) -> Bool, rim: (Int) -> Bool
    ) {
        if isPointLayer {
            withPoints { $0.searchRegion(classify, contained: contained, rim: rim) }
        } else {
            withTree { $0.searchRegion(classify, contained: contained, rim: rim) }
        }
    }

    /// The index of single points. The lengths were compared on opening; no rows is the answer of no index.
    func withPoints(_ body: (borrowing PackedPointTreeView) -> Void) {
        do {
            body(try PackedPointTreeView(points: points, nodes: boxes))
        } catch {
            suspect()
        }
    }

    /// The index of boxes; as above.
    func withTree(_ body: (borrowing PackedRTreeView) -> Void) {
        do {
            body(try PackedRTreeView(boxes, count: count))
        } catch {
            suspect()
        }
    }
}
