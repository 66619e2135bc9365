// SPDX-License-Identifier: Apache-2.0

extension CQLExpression {
    static let jsonExample =
        #"write for example {"op":"and","args":[{"op":">=","args":[{"property":"floors"},6]},"#
        + #"{"op":"in","args":[{"property":"class"},["house","hotel"]]}]}"#

    /// Reads CQL2 JSON.
    ///
    /// - Throws: `TwinError.argument` that names the part that is wrong, as a path such as `args[0].op`, and an example.
    public init(json: [UInt8]) throws {
        try self.init(try JSONValue(parsing: json, name: "filter"))
    }

    init(_ value: JSONValue) throws {
        self = try CQLJSONReader.read(value, "", depth: 1)
        try checkSize()
    }
}

/// CQL2 JSON as an expression.
enum CQLJSONReader {
    private static func failure(_ path: String, _ what: String) -> TwinError {
        TwinError(
            .argument,
            "filter: \(path.isEmpty ? "the value" : String(path.dropFirst())) \(what); "
                + CQLExpression.jsonExample)
    }

    static func read(_ value: JSONValue, _ path: String, depth: Int) throws -> CQLExpression {
        guard depth <= ColumnFilter.depthLimit else { throw CQLExpression.tooDeep }
        switch value {
        case .null: throw failure(path, #"is null; a test for null is {"op":"isNull","args":[{"property":"name"}]}"#)
        case .boolean(let truth): return .boolean(truth)
        case .integer(let number): return .integer(number)
        case .real(let number):
            guard number.isFinite else { throw failure(path, "is no finite number") }
            return .real(number)
        case .text(let text): return .text(text)
        case .list(let list):
            return .array(
                try list.enumerated().map { try read($1, path + "[\($0)]", depth: depth + 1) })
        case .object(let object): return try read(object, path, depth)
        }
    }

    private static func read(_ object: [String: JSONValue], _ path: String, _ depth: Int) throws -> CQLExpression {
        if object["op"] != nil { return try call(object, path, depth) }
        if object["type"] != nil { return .geometry(try geometry(object, path, depth: 0)) }
        guard object.count == 1, let (key, value) = object.first else {
            throw failure(path, #"is no condition: it needs "op" and "args""#)
        }
        switch (key, value) {
        case ("property", .text(let name)): return .property(name)
        case ("date", .text(let text)):
            guard CQLInstant(text)?.isDay == true else { throw failure(path, "is no date such as 2026-11-21") }
            return .date(text)
        case ("timestamp", .text(let text)):
            guard CQLInstant(text)?.isDay == false else {
                throw failure(path, "is no time such as 2026-11-21T08:00:00Z")
            }
            return .timestamp(text)
        case ("interval", .list(let ends)) where ends.count == 2:
            return .interval(
                try intervalEnd(ends[0], path + ".interval[0]", depth),
                try intervalEnd(ends[1], path + ".interval[1]", depth))
        case ("bbox", .list(let list)):
            let numbers = list.compactMap(\.number)
            guard numbers.count == list.count, numbers.count == 4 || numbers.count == 6 else {
                throw failure(path, "has a bbox that is not 4 or 6 numbers")
            }
            return .geometry(.box(numbers))
        default:
            throw failure(
                path,
                "has a member '\(key.prefix(40))' that is not property, date, timestamp, interval or bbox with its value"
            )
        }
    }

    private static func intervalEnd(_ value: JSONValue, _ path: String, _ depth: Int) throws -> CQLExpression {
        guard case .text(let text) = value else { return try read(value, path, depth: depth + 1) }
        guard let end = CQLExpression.intervalEnd(text) else {
            throw failure(path, "is no date, time or '..'")
        }
        return end
    }

    private static func call(_ object: [String: JSONValue], _ path: String, _ depth: Int) throws -> CQLExpression {
        guard let name = object["op"]?.text, let args = object["args"]?.list else {
            throw failure(path, #"is a condition without "op" and "args""#)
        }
        if let unknown = object.keys.sorted().first(where: { $0 != "op" && $0 != "args" }) {
            throw failure(path, "has a member '\(unknown.prefix(40))' that a condition has not")
        }
        let known = CQLOperator.named[name.lowercased()] ?? name
        let arity = CQLOperator.arity(known)
        // A list of one condition, or of none, is accepted: it is what a program writes that joins what it has.
        let isList = known == "and" || known == "or"
        if let arity, !isList, !arity.contains(args.count) {
            throw failure(path, "is \(known.prefix(40)) with \(args.count) arguments, it takes \(arity.lowerBound)")
        }
        if known == "in", args[1].list == nil { throw failure(path + ".args[1]", "is no list of values") }
        return .call(
            known, try args.enumerated().map { try read($1, path + ".args[\($0)]", depth: depth + 1) })
    }

    // MARK: GeoJSON

    private static func geometry(_ object: [String: JSONValue], _ path: String, depth: Int) throws -> CQLGeometry {
        guard depth < 8 else { throw CQLExpression.tooDeep }
        if object["type"]?.text == "GeometryCollection" {
            guard let members = object["geometries"]?.list else { throw failure(path, "has no list of geometries") }
            return .collection(
                try members.enumerated().map { index, member in
                    guard case .object(let object) = member else {
                        throw failure(path + ".geometries[\(index)]", "is no geometry")
                    }
                    return try geometry(object, path + ".geometries[\(index)]", depth: depth + 1)
                })
        }
        guard let type = object["type"]?.text, let coordinates = object["coordinates"] else {
            throw failure(path, #"is a geometry without "type" and "coordinates""#)
        }
        let here = path + ".coordinates"
        switch type {
        case "Point": return .point(try position(coordinates, here))
        case "MultiPoint": return .multiPoint(try list(coordinates, here, position))
        case "LineString": return .line(try list(coordinates, here, position))
        case "MultiLineString": return .multiLine(try list(coordinates, here) { try list($0, $1, position) })
        case "Polygon": return .polygon(try list(coordinates, here) { try list($0, $1, position) })
        case "MultiPolygon":
            return .multiPolygon(try list(coordinates, here) { try list($0, $1) { try list($0, $1, position) } })
        default: throw failure(path, "has the type '\(type.prefix(40))', which GeoJSON has not")
        }
    }

    private static func list<Element>(
        _ value: JSONValue, _ path: String, _ element: (JSONValue, String) throws -> Element
    ) throws -> [Element] {
        guard let list = value.list, !list.isEmpty else { throw failure(path, "is no list of positions") }
        return try list.enumerated().map { try element($1, path + "[\($0)]") }
    }

    private static func position(_ value: JSONValue, _ path: String) throws -> [Double] {
        let numbers = value.list?.compactMap(\.number) ?? []
        guard numbers.count == value.list?.count, numbers.count == 2 || numbers.count == 3,
            numbers.allSatisfy(\.isFinite)
        else { throw failure(path, "is no position such as [120.03,36.26]") }
        return numbers
    }
}
