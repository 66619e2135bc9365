// SPDX-License-Identifier: Apache-2.0
import Spatial

extension CityView {
    /// Answers a question about layers of this view.
    ///
    /// Thread use: any; nothing is locked while it works. O(log features + rim) for counts and sums without a filter,
    /// and the matches besides for features.
    /// - Throws: `TwinError.argument` or `.notFound`, naming the part of the question with a valid example.
    public func answer(_ query: SpatialQuery, in coordinates: CityCoordinates) throws -> QueryAnswer {
        guard SpatialQuery.limitRange.contains(query.limit) else {
            throw TwinError(.argument, "limit: \(query.limit) is not 0 to 10000; write for example limit=100")
        }
        try query.filter?.checkSize()
        let layers = try named(query.layers)
        let extents = layers.compactMap(\.extent)
        let extent = extents.dropFirst().reduce(extents.first) { union, box in
            union.map {
                LonLatBox(
                    west: min($0.west, box.west), south: min($0.south, box.south), east: max($0.east, box.east),
                    north: max($0.north, box.north))
            }
        }
        let region = try GridRegion(query.region, coordinates, within: extent)
        if query.order == .distance, !region.hasDistance {
            throw TwinError(
                .argument, "order: only circle, corridor and nearest have distances; write for example order=id")
        }
        if case .nearest = query.region, query.order == .id {
            throw TwinError(.argument, "order: the nearest come by distance; write order=distance")
        }
        if let cursor = query.cursor, cursor.fingerprint != query.fingerprint {
            throw TwinError(
                .argument, "cursor: it belongs to another question; leave it out, or ask exactly as for the first page")
        }
        let searches = try layers.map { layer in
            try LayerSearch(
                layer, region: region, filter: query.filter, masked: query.maskedFields[layer.definition.id] ?? [],
                access: query.access)
        }
        switch query.output {
        case .features: return answerFeatures(query, searches)
        case .counts:
            return QueryAnswer(version: version, layers: searches.map { $0.counted() }, next: nil)
        case .sums(let field, let measure):
            let answers = try searches.map { search in
                try search.summed(
                    by: field, measure, masked: query.maskedFields[search.view.definition.id] ?? [])
            }
            return QueryAnswer(version: version, layers: answers, next: nil)
        }
    }

    /// The layers of a question.
    private func named(_ ids: [String]) throws -> [LayerView] {
        guard !ids.isEmpty else {
            throw TwinError(.argument, "layers: name at least one layer, for example layers=buildings")
        }
        return try ids.map { id in
            guard let layer = layer(id) else {
                let hint = nearest(to: id, in: layers.map(\.definition.id)).map { "; did you mean '\($0)'?" } ?? ""
                throw TwinError(.notFound, "layers: there is no layer '\(id.prefix(80))'\(hint)")
            }
            return layer
        }
    }

    private func answerFeatures(_ query: SpatialQuery, _ searches: [LayerSearch]) -> QueryAnswer {
        var positions: [String: QueryCursor.Position] = [:]
        var hasMore = false
        let answers = searches.map { search -> LayerAnswer in
            let id = search.view.definition.id
            let before = query.cursor?.positions[id]
            var answer = search.features(query, after: before)
            if let last = answer.page.rows.last, answer.page.hasMore {
                positions[id] = .after(distanceSquared: last.distanceSquared, id: last.id)
                hasMore = true
            } else if answer.page.hasMore, query.limit == 0 {
                // Nothing was asked for, so nothing was passed.
                if let before { positions[id] = before }
            } else {
                positions[id] = .finished
            }
            if case .finished? = before { answer.answer.hits = [] }
            return answer.answer
        }
        let next =
            hasMore
            ? QueryCursor(
                fingerprint: query.fingerprint, version: query.cursor?.version ?? version, positions: positions) : nil
        return QueryAnswer(version: version, layers: answers, next: next)
    }
}

extension LayerSearch {
    /// The number of matches.
    fileprivate func counted() -> LayerAnswer {
        LayerAnswer(layer: view, count: count(), hits: [], classes: [], plan: plan)
    }

    private func count() -> Int {
        if case .everywhere = region, program == nil, filter == nil { return view.count }
        var sink = CountSink()
        run(&sink)
        return sink.count
    }

    fileprivate func features(
        _ query: SpatialQuery, after position: QueryCursor.Position?
    ) -> (answer: LayerAnswer, page: Page) {
        var after: FoundRow?
        var isFinished = false
        switch position {
        case .after(let distance, let id)?: after = FoundRow(distanceSquared: distance, id: id, row: 0)
        case .finished?: isFinished = true
        case nil: break
        }
        var plan = plan
        var found: Page
        if isFinished {
            found = Page(count: isNearest(query) ? 0 : count(), rows: [], hasMore: false)
        } else if isNearest(query) {
            guard case .nearest(_, let wanted, _) = query.region else { return (counted(), Page.none) }
            found = nearest(limit: min(wanted, max(query.limit, 0)), after: after)
            // The nearest are a closed list of so many: there is no page behind it.
            found.hasMore = false
            if !plan.asksAttributesFirst { plan.access = "nearest" }
        } else if canWalk(order: query.order) {
            found = walk(limit: query.limit, after: after?.id)
            found.count = count()
            plan.access = "id-order"
        } else {
            found = page(order: query.order, limit: query.limit, after: after)
        }
        let hits = found.rows.map { row -> QueryHit in
            let feature = Feature(view: view, row: row.row)
            return QueryHit(feature: feature, distance: distance(of: row, query))
        }
        let answer = LayerAnswer(layer: view, count: found.count, hits: hits, classes: [], plan: plan)
        return (answer, found)
    }

    private func isNearest(_ query: SpatialQuery) -> Bool {
        if case .nearest = query.region { true } else { false }
    }

    /// Metres to a row of a page.
    private func distance(of row: FoundRow, _ query: SpatialQuery) -> Double? {
        guard region.hasDistance else { return nil }
        if query.order == .distance { return row.distanceSquared.squareRoot() / 1000 }
        return view.withGeometry(row: row.row) { region.distanceSquared($0) }.map { $0.squareRoot() / 1000 }
    }

    /// Counts and sums by class.
    fileprivate func summed(
        by field: String?, _ measure: SpatialQuery.Measure?, masked: Set<String>
    ) throws -> LayerAnswer {
        let layer = view.definition
        let column = try field.map { try layer.queryColumn($0, masked: masked, parameter: "by") }
        var key = SnapshotCache.ClassSumKey(column: column, value: .none)
        switch measure {
        case .area?: key.value = .area
        case .field(let name)?:
            let index = try layer.queryColumn(name, masked: masked, parameter: "sum")
            let type = view.snapshot.metadata.columns[index].type
            guard type == .integer || type == .real else {
                throw TwinError(
                    .argument,
                    "sum: \(name) of layer \(layer.id) is no number; sum an integer or real field, or \"area\"")
            }
            key.value = .column(index)
        case nil: break
        }
        let classes = try cache.classes(key) { try ClassColumn(key, view, cache) }
        var sink = SumSink(classes, key, view)
        run(&sink)
        let sums = sink.finish()
        return LayerAnswer(
            layer: view, count: sums.reduce(0) { $0 + $1.count }, hits: [], classes: sums, plan: plan)
    }
}

extension LayerSearch.Page {
    fileprivate static let none = LayerSearch.Page(count: 0, rows: [], hasMore: false)
}
