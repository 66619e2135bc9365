// SPDX-License-Identifier: Apache-2.0
import Spatial

/// The features of a page.
extension LayerSearch {
    /// What one layer answers with features.
    struct Page {
        var count: Int
        var rows: [FoundRow]
        /// Whether there are more behind the last row.
        var hasMore: Bool
    }

    /// Counts the matches and finds the first `limit` of them behind a row, in order.
    func page(order: SpatialQuery.Order, limit: Int, after: FoundRow?) -> Page {
        var sink = HitSink(view, region: region, order: order, top: TopRows(limit: limit + 1, after: after))
        run(&sink)
        var rows = sink.top.finish()
        let hasMore = rows.count > limit
        if hasMore { rows.removeSubrange(limit...) }
        return Page(count: sink.count, rows: rows, hasMore: hasMore)
    }

    /// Whether walking the ids in order finds a page of everything sooner than looking at all rows.
    func canWalk(order: SpatialQuery.Order) -> Bool {
        guard case .everywhere = region, order == .id else { return false }
        return program.map { !$0.isNever && $0.estimatedShare > 0.02 } ?? true
    }

    /// The first features behind an id, walking along the ids. O(log rows + limit / share of the filter).
    func walk(limit: Int, after: Int64?) -> Page {
        walk(limit: limit, after: after, visits: .max) ?? Page(count: 0, rows: [], hasMore: false)
    }

    /// The same; nil where more rows than `visits` would have to be looked at, because few lie in the region.
    func walk(limit: Int, after: Int64?, visits: Int) -> Page? {
        var rows: [FoundRow] = []
        var left = visits
        var isEverywhere = false
        if case .everywhere = region { isEverywhere = true }
        var changed = view.delta.features.indices.filter { index in
            let feature = view.delta.features[index]
            guard after == nil || feature.id > (after ?? .min), passes(feature) else { return false }
            return isEverywhere || region.distanceSquared(feature.geometry.view) != nil
        }.map { FoundRow(distanceSquared: 0, id: view.delta.features[$0].id, row: -1 - $0) }
        changed.sort { $0.id < $1.id }
        var nextChanged = 0
        let snapshot = view.snapshot
        let ids = snapshot.ids
        let order = snapshot.idOrderSpan
        var window = program.map(FilterWindow.init)
        var place = after.map { snapshot.firstPlace(behind: $0) } ?? 0
        while rows.count <= limit, place < snapshot.count || nextChanged < changed.count {
            // Rows in the order of ids lie anywhere: the memory of those that follow is asked for ahead.
            if place + 24 < order.count { ids.fetch(Int(order[place + 24])) }
            if place < snapshot.count {
                let row = order.isEmpty ? place : min(Int(order[place]), snapshot.count - 1)
                let id = ids[row]
                if nextChanged >= changed.count || id <= changed[nextChanged].id {
                    place += 1
                    if !hidden.isEmpty, view.delta.hiddenRows.contains(row) { continue }
                    left -= 1
                    if left < 0 { return nil }
                    if !isEverywhere, !isInRegion(row) { continue }
                    if let mask = window?.mask(word: row >> 6), mask >> UInt64(row & 63) & 1 == 0 { continue }
                    rows.append(FoundRow(distanceSquared: 0, id: id, row: row))
                    continue
                }
            }
            rows.append(changed[nextChanged])
            nextChanged += 1
        }
        let hasMore = rows.count > limit
        if hasMore { rows.removeSubrange(limit...) }
        return Page(count: 0, rows: rows, hasMore: hasMore)
    }

    private func isInRegion(_ row: Int) -> Bool {
        switch region.relation(to: view.box(row: row)) {
        case .outside: false
        case .inside: true
        case .rim: view.withGeometry(row: row) { region.distanceSquared($0) } != nil
        }
    }

    /// The nearest features that pass, by distance and id.
    ///
    /// With few matches for the filter all of them are measured, otherwise the index is walked outwards.
    func nearest(limit: Int, after: FoundRow?) -> Page {
        guard case .nearest(let circle) = region, limit > 0 else { return Page(count: 0, rows: [], hasMore: false) }
        if program?.isNever != true, !plan.asksAttributesFirst {
            return nearestByIndex(circle, limit: limit, after: after)
        }
        var page = page(order: .distance, limit: limit, after: after)
        page.count = page.rows.count
        return page
    }

    private func nearestByIndex(_ circle: GridCircle, limit: Int, after: FoundRow?) -> Page {
        let nearest = nearestItems(circle, limit: limit + 1)
        // Several at the same distance as the last: which of them belong to the answer is decided by their ids.
        if nearest.count > limit, nearest[limit].distanceSquared == nearest[limit - 1].distanceSquared {
            return tied(circle, nearest[limit].distanceSquared, limit: limit, after: after)
        }
        var top = TopRows(limit: limit + 1, after: after)
        for item in nearest {
            top.add(FoundRow(distanceSquared: item.distanceSquared, id: view.id(row: item.item), row: item.item))
        }
        for (index, feature) in view.delta.features.enumerated() where passes(feature) {
            guard let distance = region.distanceSquared(feature.geometry.view) else { continue }
            top.add(FoundRow(distanceSquared: distance, id: feature.id, row: -1 - index))
        }
        var rows = top.finish()
        let hasMore = rows.count > limit
        if hasMore { rows.removeSubrange(limit...) }
        return Page(count: rows.count, rows: rows, hasMore: hasMore)
    }

    /// The nearest rows of the snapshot that pass, by distance alone.
    private func nearestItems(_ circle: GridCircle, limit: Int) -> [NearestItem] {
        let snapshot = view.snapshot
        let center = circle.center
        let isHidden = view.delta.hiddenRows
        var window = program.map(FilterWindow.init)
        func passes(_ row: Int) -> Bool {
            if !isHidden.isEmpty, isHidden.contains(row) { return false }
            if let mask = window?.mask(word: row >> 6), mask >> UInt64(row & 63) & 1 == 0 { return false }
            return true
        }
        var items: [NearestItem] = []
        if snapshot.isPointLayer {
            snapshot.withPoints { tree in
                var scratch = NearestScratch()
                tree.nearest(to: center, limit: limit, within: circle.radius, scratch: &scratch, accept: passes)
                items = scratch.items
            }
        } else {
            snapshot.withTree { tree in
                items = tree.nearest(to: center, limit: limit, within: Double(circle.radius)) { row in
                    passes(row) ? snapshot.geometry(row).distanceSquared(to: center) : .infinity
                }
            }
        }
        return items
    }

    /// All within the distance of the last, ordered by id among equals.
    private func tied(_ circle: GridCircle, _ squared: Double, limit: Int, after: FoundRow?) -> Page {
        var narrow = self
        let reach = min(Double(circle.radius), squared.squareRoot().rounded(.up))
        narrow = LayerSearch(narrow, region: .nearest(GridCircle(center: circle.center, radius: Int64(reach))))
        var page = narrow.page(order: .distance, limit: limit, after: after)
        page.count = page.rows.count
        return page
    }

    /// The same search in another region.
    private init(_ other: LayerSearch, region: GridRegion) {
        view = other.view
        self.region = region
        filter = other.filter
        program = other.program
        cache = other.cache
        hidden = other.hidden
        plan = other.plan
    }
}

extension Snapshot {
    /// Rows in ascending order of their ids; empty where that is the order of rows.
    fileprivate var idOrderSpan: Span<UInt32> {
        @_lifetime(borrow self)
        get { span(geometrySections.idOrder ?? 0..<0, of: UInt32.self) }
    }

    /// The first place in the order of ids whose id is greater. O(log rows).
    fileprivate func firstPlace(behind id: Int64) -> Int {
        let ids = ids
        let order = idOrderSpan
        var low = 0
        var high = count
        while low < high {
            let middle = (low + high) / 2
            let row = order.isEmpty ? middle : min(Int(order[middle]), count - 1)
            if ids[row] <= id { low = middle + 1 } else { high = middle }
        }
        return low
    }
}
