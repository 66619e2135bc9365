// SPDX-License-Identifier: Apache-2.0
import TwinEngine

/// Tiles of the features that pass a filter: `?filter=` as in `POST /query`, and `?field=value`.
extension TileRoutes {
    /// Bytes of a filter in a URL; it is part of the key of a cached tile.
    private static let filterLimit = 4096

    static let filter = RouteParameter.query(
        "filter",
        "CQL2 text or JSON: only features that pass are in the tile. A field's name with a value, such as "
            + "class=house, is a condition too. A filter must fit every layer of the tileset.",
        example: #""name IS NULL""#)

    /// The filter of a request, for each layer of the tileset; empty where there is none.
    ///
    /// - Throws: 400 with the parameter that is wrong. Names and types of `filter` are checked where tiles are made.
    static func filters(
        _ request: RouteRequest, besides names: [String], _ layers: [ReadableLayer]
    ) throws -> [String: ColumnFilter] {
        if request.query.entries.allSatisfy({ names.contains($0.name) && $0.name != filter.name }) { return [:] }
        var fields: [String] = []
        for layer in layers {
            fields += layer.visibleFields.map { layer.definition.fields[$0].name }
            if layer.definition.code != nil, !layer.masked.contains("code") { fields.append("code") }
        }
        try request.query.allow(names + [filter.name] + fields.filter { !names.contains($0) && $0 != filter.name })
        let given = request.query.entries.filter { !names.contains($0.name) }.sorted { $0.name < $1.name }
        guard given.reduce(0, { $0 + $1.name.utf8.count + $1.value.utf8.count }) <= filterLimit else {
            throw Problem.parameter(
                given.first?.name ?? filter.name,
                "the filter has more than \(filterLimit) bytes; ask POST /query, or use `in` for lists of values")
        }
        do {
            var common: [ColumnFilter] = []
            if let text = request.query[filter.name] { common.append(try ColumnFilter(parameter: text)) }
            var filters: [String: ColumnFilter] = [:]
            for layer in layers {
                let parts =
                    try common
                    + given.filter { $0.name != filter.name }.map { name, value in
                        try ColumnFilter.condition(
                            field: name, equals: value, layer: layer.definition, masked: layer.masked)
                    }
                filters[layer.id] = parts.count == 1 ? parts[0] : .and(parts)
            }
            return filters
        } catch let error as TwinError {
            throw QueryRoutes.problem(error)
        }
    }

    /// A filter as a part of a cached tile's name: the same for the same conditions, however they were written.
    static func name(_ tileset: String, _ filters: [String: ColumnFilter]) -> String {
        guard !filters.isEmpty else { return tileset }
        let parts = filters.sorted { $0.key < $1.key }.map { "\($0.key):\($0.value)" }
        return "\(tileset)?\(parts.joined(separator: ";"))"
    }

    /// Refuses filters that do not fit their layer. Looks at columns: call it on a worker.
    static func check(_ filters: [String: ColumnFilter], _ layers: [ReadableLayer]) throws {
        do {
            for layer in layers {
                guard let filter = filters[layer.id] else { continue }
                try layer.view.check(filter, masked: layer.masked)
            }
        } catch let error as TwinError where error.code == .argument {
            throw QueryRoutes.problem(error)
        }
    }
}
