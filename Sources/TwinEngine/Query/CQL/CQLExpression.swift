// SPDX-License-Identifier: Apache-2.0

/// A CQL2 expression (OGC 21-065r2): what the text and the JSON form both say.
///
/// Operators and functions are calls with the names of the JSON form (`and`, `<=`, `isNull`, `s_intersects`, `casei`).
/// It knows nothing of layers: names and types are checked when it is compiled for one.
///
/// ```swift
/// let expression = try CQLExpression(text: "floors >= 6 AND CASEI(name) LIKE CASEI('hotel%')")
/// print(expression.text, expression.json)
/// ```
public indirect enum CQLExpression: Sendable, Hashable {
    case boolean(Bool)
    case integer(Int64)
    case real(Double)
    case text(String)
    /// `YYYY-MM-DD`, checked.
    case date(String)
    /// RFC 3339, checked.
    case timestamp(String)
    /// Ends are dates, timestamps, properties, functions, or the text `..` for an open end.
    case interval(CQLExpression, CQLExpression)
    case geometry(CQLGeometry)
    case array([CQLExpression])
    case property(String)
    case call(String, [CQLExpression])

    /// The parts of an expression, from left to right.
    var parts: [CQLExpression] {
        switch self {
        case .interval(let start, let end): [start, end]
        case .array(let elements), .call(_, let elements): elements
        case .boolean, .integer, .real, .text, .date, .timestamp, .geometry, .property: []
        }
    }

    /// The names of the properties in it.
    var properties: Set<String> {
        var names: Set<String> = []
        var open = [self]
        while let next = open.popLast() {
            if case .property(let name) = next { names.insert(name) }
            open += next.parts
        }
        return names
    }

    /// Refuses expressions that are too deep or too long, without recursion.
    ///
    /// - Throws: `TwinError.argument`.
    func checkSize() throws {
        var open = [(self, 1)]
        var terms = 0
        while let (next, depth) = open.popLast() {
            guard depth <= ColumnFilter.depthLimit else { throw CQLExpression.tooDeep }
            let parts = next.parts
            terms += 1
            guard terms + open.count + parts.count <= 4 * ColumnFilter.termLimit else {
                throw TwinError(
                    .argument,
                    "filter: it has more than \(ColumnFilter.termLimit) terms; split the question into several")
            }
            for part in parts { open.append((part, depth + 1)) }
        }
    }

    static var tooDeep: TwinError {
        TwinError(
            .argument,
            "filter: it is nested deeper than \(ColumnFilter.depthLimit) levels; write long chains as one list, for "
                + "example class IN ('a', 'b', 'c')")
    }

    /// A filter that works, for messages.
    static let example = "write for example floors >= 6 AND class IN ('house', 'hotel')"
}

/// Operators of CQL2 that are not functions: by their name in JSON.
enum CQLOperator {
    static let comparisons: Set<String> = ["=", "<>", "<", "<=", ">", ">="]
    static let arithmetic: Set<String> = ["+", "-", "*", "/", "%", "div", "^"]
    static let spatial = [
        "s_contains", "s_crosses", "s_disjoint", "s_equals", "s_intersects", "s_overlaps", "s_touches", "s_within",
    ]
    static let temporal = [
        "t_after", "t_before", "t_contains", "t_disjoint", "t_during", "t_equals", "t_finishedBy", "t_finishes",
        "t_intersects", "t_meets", "t_metBy", "t_overlappedBy", "t_overlaps", "t_startedBy", "t_starts",
    ]
    static let arrays = ["a_containedBy", "a_contains", "a_equals", "a_overlaps"]
    /// The name in JSON of a function-like operator, by its name in any case.
    static let named: [String: String] = {
        var names: [String: String] = ["casei": "casei", "accenti": "accenti"]
        for name in spatial + temporal + arrays { names[name.lowercased()] = name }
        return names
    }()

    /// How many arguments an operator takes; nil for functions.
    static func arity(_ name: String) -> ClosedRange<Int>? {
        if comparisons.contains(name) || arithmetic.contains(name) || name == "like" || name == "in" { return 2...2 }
        switch name {
        case "and", "or": return 2...Int.max
        case "not", "isNull", "casei", "accenti": return 1...1
        case "between": return 3...3
        default: return named[name.lowercased()] == nil ? nil : 2...2
        }
    }
}

/// A geometry literal; positions are in the axis order of the filter's coordinate system.
public indirect enum CQLGeometry: Sendable, Hashable {
    case point([Double])
    case multiPoint([[Double]])
    case line([[Double]])
    case multiLine([[[Double]]])
    case polygon([[[Double]]])
    case multiPolygon([[[[Double]]]])
    case collection([CQLGeometry])
    /// west, south, east, north, or with heights west, south, low, east, north, high.
    case box([Double])

    /// The name in GeoJSON and, in capitals, in WKT.
    var name: String {
        switch self {
        case .point: "Point"
        case .multiPoint: "MultiPoint"
        case .line: "LineString"
        case .multiLine: "MultiLineString"
        case .polygon: "Polygon"
        case .multiPolygon: "MultiPolygon"
        case .collection: "GeometryCollection"
        case .box: "BBox"
        }
    }
}
