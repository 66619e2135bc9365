// SPDX-License-Identifier: Apache-2.0

/// Well-known text and `BBOX(…)` inside CQL2 text.
enum CQLGeometryParser {
    /// Positions of one literal.
    static let vertexLimit = 100_000

    /// Reads the geometry whose name was just taken; nil where the name is none or no parenthesis follows.
    static func read(_ name: String, _ parser: inout CQLTextParser) throws -> CQLGeometry? {
        let known: Set<String> = [
            "POINT", "MULTIPOINT", "LINESTRING", "MULTILINESTRING", "POLYGON", "MULTIPOLYGON", "GEOMETRYCOLLECTION",
            "BBOX",
        ]
        guard known.contains(name) else { return nil }
        if name != "BBOX" { _ = try parser.take(word: "Z") }
        guard parser.lexer.token == .sign("(") else { return nil }
        var left = vertexLimit
        return try geometry(name, &parser, &left, depth: 0)
    }

    private static func geometry(
        _ name: String, _ parser: inout CQLTextParser, _ left: inout Int, depth: Int
    ) throws -> CQLGeometry {
        switch name {
        case "POINT":
            let points = try positions(&parser, &left)
            guard points.count == 1 else { throw parser.lexer.failure("one position of a POINT") }
            return .point(points[0])
        case "MULTIPOINT":
            return .multiPoint(
                try list(&parser) { parser in
                    // Both MULTIPOINT(1 2, 3 4) and MULTIPOINT((1 2), (3 4)) are in use.
                    let isNested = try parser.take("(")
                    let point = try position(&parser, &left)
                    if isNested { try parser.expect(")") }
                    return point
                })
        case "LINESTRING": return .line(try positions(&parser, &left))
        case "MULTILINESTRING": return .multiLine(try list(&parser) { try positions(&$0, &left) })
        case "POLYGON": return .polygon(try list(&parser) { try positions(&$0, &left) })
        case "MULTIPOLYGON":
            return .multiPolygon(try list(&parser) { try list(&$0) { try positions(&$0, &left) } })
        case "BBOX":
            let numbers = try list(&parser) { try number(&$0) }
            guard numbers.count == 4 || numbers.count == 6 else {
                throw parser.lexer.failure("4 or 6 numbers of a BBOX, such as BBOX(120.0, 36.2, 120.1, 36.3),")
            }
            return .box(numbers)
        default:
            guard depth < 8 else { throw CQLExpression.tooDeep }
            return .collection(
                try list(&parser) { parser in
                    guard case .word(let word) = parser.lexer.token else { throw parser.lexer.failure("a geometry") }
                    try parser.lexer.advance()
                    _ = try parser.take(word: "Z")
                    guard parser.lexer.token == .sign("(") else { throw parser.lexer.failure("'('") }
                    return try geometry(word.uppercased(), &parser, &left, depth: depth + 1)
                })
        }
    }

    private static func list<Element>(
        _ parser: inout CQLTextParser, _ element: (inout CQLTextParser) throws -> Element
    ) throws -> [Element] {
        try parser.expect("(")
        var elements: [Element] = []
        repeat { elements.append(try element(&parser)) } while try parser.take(",")
        try parser.expect(")")
        return elements
    }

    private static func positions(_ parser: inout CQLTextParser, _ left: inout Int) throws -> [[Double]] {
        try list(&parser) { try position(&$0, &left) }
    }

    private static func position(_ parser: inout CQLTextParser, _ left: inout Int) throws -> [Double] {
        left -= 1
        guard left >= 0 else {
            throw TwinError(.argument, "filter: a geometry has at most \(vertexLimit) positions; simplify it")
        }
        var position = [try number(&parser), try number(&parser)]
        switch parser.lexer.token {
        case .integer, .real, .sign("-"), .sign("+"): position.append(try number(&parser))
        default: break
        }
        return position
    }

    private static func number(_ parser: inout CQLTextParser) throws -> Double {
        let isNegative = try parser.take("-")
        if !isNegative { _ = try parser.take("+") }
        let value: Double
        switch parser.lexer.token {
        case .integer(let number): value = Double(number)
        case .real(let number): value = number
        default: throw parser.lexer.failure("a number")
        }
        try parser.lexer.advance()
        return isNegative ? -value : value
    }
}
