// SPDX-License-Identifier: Apache-2.0
import Hummingbird
import TwinEngine

/// The parameters of `/collections/{id}/items`, checked: which features, in which order, and how they are written.
struct ItemsRequest: Sendable {
    var query: FeatureQuery
    var crs: FeatureCRS
    /// The properties that are asked for; nil for all.
    var names: Set<String>?
    var hasGeometry: Bool
    var format: FeatureFormat
    /// Whether the client said how many it wants.
    var hasLimit: Bool

    static let limitRange = 1...10_000_000

    static let datetime = RouteParameter.query(
        "datetime",
        "An instant or interval (RFC 3339): of layers with a date, features of that time and those without one; of others "
            + "that keep a history, the features as they were then, or at the end of the interval.",
        example: "\"2026-01-01T00:00:00Z/..\"")

    static let parameters: [RouteParameter] = [
        .query(
            "bbox", "west,south,east,north in degrees (CRS84), or corners in bbox-crs.",
            example: "\"120.00,36.25,120.02,36.27\""),
        .query("bbox-crs", "The coordinate system of bbox.", example: "\"\(FeatureCRS.crs84)\""),
        .query("crs", "The coordinate system of the answer.", example: "\"\(FeatureCRS.crs84)\""),
        datetime,
        PastRequest.version,
        .query(
            "limit", "Features per page; files have all features without it.",
            schema: #"{"type":"integer","minimum":1,"maximum":10000000,"default":10}"#, example: "10"),
        .query(
            "offset", "Features to skip; links to the next page have a cursor instead.",
            schema: #"{"type":"integer","minimum":0,"maximum":1000000000,"default":0}"#, example: "0"),
        .query("cursor", "Where the page before ended, as its link to the next page says.", example: "\"0\""),
        .query(
            "filter", "CQL2 text or JSON. A field's name with a value, such as class=house, is a condition too.",
            example: "\"id > 0\""),
        .query(
            "filter-lang", "The form of the filter; told by its first character if absent.",
            schema: #"{"type":"string","enum":["cql2-text","cql2-json"]}"#),
        .query("filter-crs", "The coordinate system of geometries in the filter.", example: "\"\(FeatureCRS.crs84)\""),
        .query("sortby", "Up to 3 fields, joined by commas; a minus in front sorts downwards.", example: "\"-id\""),
        .query("properties", "The fields of the answer, joined by commas."),
        .query("skipGeometry", "Leaves geometries out.", schema: #"{"type":"boolean","default":false}"#),
        .query(
            "encoding", "The encoding of a Shapefile's table.", schema: #"{"type":"string","enum":["UTF-8","GBK"]}"#),
        FeatureFormat.parameter,
    ]
    private static let names = parameters.map(\.name)

    /// - Throws: 400 with the parameter that is wrong.
    init(_ request: RouteRequest, _ layer: ReadableLayer, _ coordinates: CityCoordinates) throws {
        let given = request.query
        try given.allow(Self.names + layer.visibleNames.filter { !Self.names.contains($0) })
        format = try FeatureFormat(request)
        if let encoding = given["encoding"] {
            guard encoding == "UTF-8" || encoding == "GBK" else {
                throw Problem.parameter("encoding", "'\(encoding.prefix(40))' is no encoding here; write UTF-8 or GBK")
            }
            guard format == .shp else {
                throw Problem.parameter("encoding", "only Shapefiles have one; add f=shp, or leave encoding out")
            }
        }
        hasLimit = given["limit"] != nil
        query = FeatureQuery()
        query.limit = try given.integer(
            "limit", in: Self.limitRange,
            default: format.ending == nil ? 10 : Self.limitRange.upperBound)
        query.offset = try given.integer("offset", in: 0...1_000_000_000, default: 0)
        crs = try FeatureCRS.lonLat()
        do {
            if let uri = given["crs"] { crs = try FeatureCRS(uri: uri, in: coordinates, parameter: "crs") }
            query.filter = try Self.filter(given, layer, coordinates)
            query.sort = try Self.sort(given["sortby"])
            if let token = given["cursor"] { query.cursor = try FeatureCursor(token: token, sort: query.sort) }
            try Self.box(given, coordinates, &query)
        } catch let error as TwinError where error.code == .argument {
            throw QueryRoutes.problem(error)
        }
        if query.cursor != nil, query.offset > 0 {
            throw Problem.parameter("offset", "a cursor says where the page begins; leave offset or cursor out")
        }
        names = try Self.properties(given["properties"], layer)
        switch given["skipGeometry"] {
        case nil, "false": hasGeometry = true
        case "true": hasGeometry = false
        case let text?:
            throw Problem.parameter(
                "skipGeometry", "'\(text.prefix(40))' is neither true nor false; write skipGeometry=true")
        }
    }

    // MARK: Parts

    private static func filter(
        _ given: QueryParameters, _ layer: ReadableLayer, _ coordinates: CityCoordinates
    ) throws -> ColumnFilter? {
        var parts: [ColumnFilter] = []
        let crs = try given["filter-crs"].map { try FeatureCRS(uri: $0, in: coordinates, parameter: "filter-crs") }
        if let text = given["filter"] {
            switch given["filter-lang"] {
            case nil: parts.append(try ColumnFilter(parameter: text, crs: crs))
            case "cql2-text": parts.append(try ColumnFilter(text: text, crs: crs))
            case "cql2-json": parts.append(try ColumnFilter(json: Array(text.utf8), crs: crs))
            case let name?:
                throw Problem.parameter(
                    "filter-lang", "'\(name.prefix(40))' is no language here; write cql2-text or cql2-json")
            }
        } else if let extra = ["filter-lang", "filter-crs"].first(where: { given[$0] != nil }) {
            throw Problem.parameter(extra, "there is no filter that it could be of; write for example filter=id>0")
        }
        for (name, value) in given.entries where !names.contains(name) {
            parts.append(
                try ColumnFilter.condition(field: name, equals: value, layer: layer.definition, masked: layer.masked))
        }
        if let time = given["datetime"] {
            let period = try Self.period(time)
            if let field = layer.timeField { parts.append(try ColumnFilter(field: field, isIn: period)) }
        }
        return parts.isEmpty ? nil : parts.count == 1 ? parts[0] : .and(parts)
    }

    /// OGC 17-069r4 §7.15.4: an instant, or an interval whose ends may be `..` or empty.
    static func period(_ text: String) throws(Problem) -> (start: String?, end: String?) {
        let ends = text.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
        let wrong = Problem.parameter(
            "datetime", "'\(text.prefix(80))' is no instant or interval; for example datetime=2026-11-21T00:00:00Z/..")
        guard ends.count <= 2 else { throw wrong }
        let times = ends.map { $0.isEmpty || $0 == ".." ? nil : $0 }
        for (end, time) in zip(ends, times) where time == nil && ends.count == 1 || time.map(isTime) == false {
            _ = end
            throw wrong
        }
        if times.allSatisfy({ $0 == nil }) { throw wrong }
        if ends.count == 1 { return (times[0], times[0]) }
        guard ColumnFilter.isOrdered(times[0], times[1]) else { throw wrong }
        return (times[0], times[1])
    }

    private static func isTime(_ text: String) -> Bool { ColumnFilter.isTime(text) }

    private static func sort(_ text: String?) throws -> [FeatureQuery.Sort] {
        guard let text else { return [] }
        return try text.split(separator: ",", omittingEmptySubsequences: false).map { part in
            let name = part.drop { $0 == "+" || $0 == "-" || $0 == " " }
            guard !name.isEmpty, part.count - name.count <= 1 else {
                throw Problem.parameter(
                    "sortby", "'\(text.prefix(80))' is no list of fields; write for example sortby=-floors,name")
            }
            return FeatureQuery.Sort(field: String(name), isDescending: part.hasPrefix("-"))
        }
    }

    /// A box in degrees is searched by the index; others, and those over the antimeridian, are conditions.
    private static func box(
        _ given: QueryParameters, _ coordinates: CityCoordinates, _ query: inout FeatureQuery
    ) throws {
        let uri = given["bbox-crs"]
        let crs = try uri.map { try FeatureCRS(uri: $0, in: coordinates, parameter: "bbox-crs") }
        guard given["bbox"] != nil else {
            if uri != nil {
                throw Problem.parameter("bbox-crs", "there is no bbox that it could be of; leave it out")
            }
            return
        }
        let corners = try given.corners("bbox", isDegrees: uri == nil || uri == FeatureCRS.crs84)
        if uri == nil || uri == FeatureCRS.crs84, corners[0] <= corners[2] {
            query.box = LonLatBox(west: corners[0], south: corners[1], east: corners[2], north: corners[3])
            return
        }
        let condition = try ColumnFilter(
            .call("s_intersects", [.property("geometry"), .geometry(.box(corners))]), crs: crs)
        query.filter = query.filter.map { .and([condition, $0]) } ?? condition
    }

    private static func properties(_ text: String?, _ layer: ReadableLayer) throws(Problem) -> Set<String>? {
        guard let text else { return nil }
        var names: Set<String> = []
        if text.isEmpty { return names }
        for name in text.split(separator: ",", omittingEmptySubsequences: false).map(String.init) {
            guard layer.visibleNames.contains(name) else {
                throw .parameter(
                    "properties",
                    "layer \(layer.id) has no field '\(name.prefix(80))'; it has: "
                        + layer.visibleNames.prefix(40).joined(separator: ", "))
            }
            names.insert(name)
        }
        return names
    }
}

extension ReadableLayer {
    /// The field that `datetime` asks about: the first that is a date or time.
    var timeField: String? {
        visibleFields.lazy.map { definition.fields[$0] }.first { $0.type == .date || $0.type == .datetime }?.name
    }
}

extension QueryParameters {
    /// Four numbers in the order lower corner, upper corner; heights are left out.
    func corners(_ name: String, isDegrees: Bool) throws(Problem) -> [Double] {
        let text = self[name] ?? ""
        let example = "for example \(name)=119.95,36.24,120.05,36.30"
        let parts = text.split(separator: ",", omittingEmptySubsequences: false)
        let numbers = parts.compactMap { Double($0) }.filter(\.isFinite)
        guard numbers.count == parts.count, numbers.count == 4 || numbers.count == 6 else {
            throw .parameter(
                name, "'\(text.prefix(80))' is no box; write the lower, then the upper corner, \(example)")
        }
        let box = numbers.count == 6 ? [numbers[0], numbers[1], numbers[3], numbers[4]] : numbers
        guard isDegrees else { return box }
        guard box[0].magnitude <= 180, box[2].magnitude <= 180, box[1] >= -90, box[3] <= 90 else {
            throw .parameter(name, "'\(name)' leaves the Earth; the order is west,south,east,north, \(example)")
        }
        guard box[1] <= box[3] else {
            throw .parameter(name, "'\(name)' has its south above its north; \(example)")
        }
        return box
    }
}
