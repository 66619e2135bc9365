// SPDX-License-Identifier: Apache-2.0

/// A question as JSON: the body of `POST /query`, and what `twin query ask` takes.
///
/// ```json
/// {"layers":["buildings"], "region":{"at":[120.033,36.265],"radius":500},
///  "filter":{"op":">=","args":[{"property":"floors"},6]}, "output":"sums","by":"class","sum":"area"}
/// ```
public struct QueryRequest: Sendable {
    /// Nil where the request names none.
    public var layers: [String]?
    /// Short conditions, to be read with a layer's types.
    public var conditions: [String]
    /// Ids and distances instead of whole features.
    public var idsOnly: Bool
    /// The plan belongs to the answer.
    public var explains: Bool
    /// All but layers and conditions.
    public var query: SpatialQuery

    private static let members = [
        "layers", "region", "filter", "where", "output", "by", "sum", "order", "limit", "cursor", "explain",
    ]
    private static let outputs = ["features", "ids", "counts", "sums"]

    /// - Throws: `TwinError.argument`, naming the member with a valid example.
    public init(json: [UInt8]) throws {
        guard case .object(let object) = try JSONValue(parsing: json, name: "body") else {
            throw TwinError(
                .argument,
                #"body: it is an object, for example {"layers":["buildings"],"region":{"bbox":[120.0,36.2,120.1,36.3]}}"#
            )
        }
        if let unknown = object.keys.sorted().first(where: { !Self.members.contains($0) }) {
            throw TwinError(
                .argument,
                "\(unknown.prefix(80)): there is no such member; there are \(Self.members.joined(separator: ", "))")
        }
        layers = try object["layers"].map { try Self.texts($0, "layers", #"["buildings"]"#) }
        conditions = try object["where"].map { try Self.texts($0, "where", #"["floors>=6"]"#) } ?? []
        explains =
            try object["explain"].map { value in
                guard case .boolean(let truth) = value else { throw Self.wrong("explain", "true") }
                return truth
            } ?? false
        let region = try object["region"].map(Self.region) ?? .everywhere
        query = SpatialQuery(layers: [], region: region)
        query.filter = try object["filter"].map { try ColumnFilter(value: $0) }
        let output = try Self.text(object["output"], "output", Self.outputs) ?? "features"
        idsOnly = output == "ids"
        let by = try Self.text(object["by"], "by", nil)
        let sum = try Self.text(object["sum"], "sum", nil)
        if output != "sums", let extra = by != nil ? "by" : sum != nil ? "sum" : nil {
            throw TwinError(.argument, #"\#(extra): it belongs to "output":"sums"; add that, or leave \#(extra) out"#)
        }
        switch output {
        case "counts": query.output = .counts
        case "sums": query.output = .sums(by: by, of: sum.map { $0 == "area" ? .area : .field($0) })
        default: query.output = .features
        }
        if let order = try Self.text(object["order"], "order", SpatialQuery.Order.allCases.map(\.rawValue)) {
            query.order = SpatialQuery.Order(rawValue: order) ?? query.order
        }
        if let limit = object["limit"] {
            guard case .integer(let number) = limit, let count = Int(exactly: number) else {
                throw Self.wrong("limit", "100")
            }
            query.limit = count
        } else if case .nearest(_, let count, _) = region {
            query.limit = min(max(count, 0), SpatialQuery.limitRange.upperBound)
        }
        query.cursor = try Self.text(object["cursor"], "cursor", nil).map { try QueryCursor(token: $0) }
    }

    private static func wrong(_ name: String, _ example: String) -> TwinError {
        TwinError(.argument, #"\#(name): it cannot be read; write for example "\#(name)":\#(example)"#)
    }

    private static func texts(_ value: JSONValue, _ name: String, _ example: String) throws -> [String] {
        guard let list = value.list, !list.isEmpty, list.count <= 1000 else { throw wrong(name, example) }
        return try list.map { entry in
            guard let text = entry.text else { throw wrong(name, example) }
            return text
        }
    }

    private static func text(_ value: JSONValue?, _ name: String, _ choices: [String]?) throws -> String? {
        guard let value else { return nil }
        guard let text = value.text, choices?.contains(text) ?? true else {
            throw wrong(name, choices.map { $0.map { "\"\($0)\"" }.joined(separator: " or ") } ?? "\"class\"")
        }
        return text
    }

    private static func region(_ value: JSONValue) throws -> SpatialQuery.Region {
        let example =
            #"{"at":[120.033,36.265],"radius":500}, {"at":[…],"nearest":10}, {"bbox":[120.0,36.2,120.1,36.3]}, "#
            + #"{"polygon":[[[120.03,36.26],[120.04,36.26],[120.04,36.27],[120.03,36.26]]]} or "#
            + #"{"line":[[120.03,36.26],[120.04,36.27]],"radius":50}"#
        guard case .object(let object) = value else { throw wrong("region", example) }
        let radius = try object["radius"].map { value in
            guard let number = value.number else { throw wrong("radius", "500") }
            return number
        }
        switch Set(object.keys) {
        case ["at", "radius"]:
            return .circle(try position(object["at"]), metres: radius ?? 0)
        case ["at", "nearest"], ["at", "nearest", "radius"]:
            guard case .integer(let count)? = object["nearest"] else { throw wrong("nearest", "10") }
            return .nearest(try position(object["at"]), count: Int(clamping: count), metres: radius)
        case ["bbox"]:
            guard let list = object["bbox"]?.list, list.count == 4 else {
                throw wrong("bbox", "[120.0,36.2,120.1,36.3]")
            }
            let numbers = list.compactMap(\.number)
            guard numbers.count == 4 else { throw wrong("bbox", "[120.0,36.2,120.1,36.3]") }
            return .box(LonLatBox(west: numbers[0], south: numbers[1], east: numbers[2], north: numbers[3]))
        case ["polygon"]: return .polygon(try polygon(object["polygon"] ?? .null))
        case ["line", "radius"]:
            let line = try positions(object["line"] ?? .null, "line", "[[120.03,36.26],[120.04,36.27]]")
            return .corridor(line, metres: radius ?? 0)
        default: throw wrong("region", example)
        }
    }

    private static func position(_ value: JSONValue?) throws -> LonLat {
        guard let position = value?.position else { throw wrong("at", "[120.033,36.265]") }
        return position
    }

    private static func positions(_ value: JSONValue, _ name: String, _ example: String) throws -> [LonLat] {
        guard let list = value.list else { throw wrong(name, example) }
        return try list.map { entry in
            guard let position = entry.position else { throw wrong(name, example) }
            return position
        }
    }

    /// Rings, polygons of rings, or a GeoJSON Polygon or MultiPolygon.
    static func polygon(_ value: JSONValue) throws -> QueryPolygon {
        let example = "[[[120.03,36.26],[120.04,36.26],[120.04,36.27],[120.03,36.26]]]"
        var rings = value
        if case .object(let geometry) = value {
            guard let type = geometry["type"]?.text, type == "Polygon" || type == "MultiPolygon",
                let coordinates = geometry["coordinates"]
            else { throw wrong("polygon", example) }
            rings = coordinates
        }
        guard let list = rings.list, let first = list.first?.list else { throw wrong("polygon", example) }
        let isMulti = first.first?.position == nil
        let parts = try (isMulti ? list : [rings]).map { part in
            guard let rings = part.list else { throw wrong("polygon", example) }
            return try rings.map { try positions($0, "polygon", example) }
        }
        return QueryPolygon(parts: parts)
    }
}

extension QueryRequest {
    /// The question with its layers; short conditions are read with the types of the first of them.
    ///
    /// - Parameter masked: fields that the caller may not see, by layer.
    /// - Throws: `TwinError.argument` for a condition that does not fit.
    public func question(_ layers: [LayerDefinition], masked: [String: Set<String>] = [:]) throws -> SpatialQuery {
        var query = query
        query.layers = layers.map(\.id)
        query.maskedFields = masked
        guard let first = layers.first, !conditions.isEmpty else { return query }
        let read = try conditions.map { try ColumnFilter.condition($0, layer: first, masked: masked[first.id] ?? []) }
        query.filter = .and((query.filter.map { [$0] } ?? []) + read)
        return query
    }
}
