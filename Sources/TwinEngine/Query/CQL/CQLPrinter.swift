// SPDX-License-Identifier: Apache-2.0

extension CQLExpression {
    /// The expression as CQL2 text; reading it gives the same expression.
    public var text: String {
        var out = ""
        CQLPrinter.write(self, to: &out)
        return out
    }

    /// The expression as CQL2 JSON; reading it gives the same expression.
    public var json: String {
        var out = JSONBytes()
        CQLPrinter.write(self, json: &out)
        return String(decoding: out.bytes, as: UTF8.self)
    }
}

/// Writes expressions. Parentheses stand around every argument that is not a value, so precedence plays no part.
enum CQLPrinter {
    static func write(_ expression: CQLExpression, to out: inout String) {
        switch expression {
        case .boolean(let truth): out += truth ? "TRUE" : "FALSE"
        case .integer(let number): out += String(number)
        case .real(let number): out += "\(number)"
        case .text(let text): out += quoted(text)
        case .date(let text): out += "DATE('\(text)')"
        case .timestamp(let text): out += "TIMESTAMP('\(text)')"
        case .interval(let start, let end):
            out += "INTERVAL("
            writeEnd(start, to: &out)
            out += ", "
            writeEnd(end, to: &out)
            out += ")"
        case .geometry(let geometry): write(geometry, to: &out)
        case .array(let elements): writeList(elements, to: &out)
        case .property(let name): out += "\"" + name.replacing("\"", with: "\"\"") + "\""
        case .call(let name, let args): write(name, args, to: &out)
        }
    }

    private static func quoted(_ text: String) -> String { "'" + text.replacing("'", with: "''") + "'" }

    private static func writeEnd(_ end: CQLExpression, to out: inout String) {
        switch end {
        case .date(let text), .timestamp(let text), .text(let text): out += quoted(text)
        default: write(end, to: &out)
        }
    }

    private static func writeList(_ elements: [CQLExpression], to out: inout String) {
        out += "("
        for (index, element) in elements.enumerated() {
            if index > 0 { out += ", " }
            write(element, to: &out)
        }
        out += ")"
    }

    private static func write(_ name: String, _ args: [CQLExpression], to out: inout String) {
        func operand(_ index: Int) {
            guard case .call(let inner, _) = args[index], CQLOperator.named[inner] == nil, isOperator(inner) else {
                return write(args[index], to: &out)
            }
            out += "("
            write(args[index], to: &out)
            out += ")"
        }
        switch name {
        case "and", "or":
            if args.count < 2 {
                // No text has a list of one or none; it means the same.
                if args.isEmpty { out += name == "and" ? "TRUE" : "FALSE" } else { operand(0) }
                return
            }
            for index in args.indices {
                if index > 0 { out += " \(name.uppercased()) " }
                operand(index)
            }
        case "not":
            out += "NOT "
            operand(0)
        case "isNull":
            operand(0)
            out += " IS NULL"
        case "like":
            operand(0)
            out += " LIKE "
            operand(1)
        case "between":
            operand(0)
            out += " BETWEEN "
            operand(1)
            out += " AND "
            operand(2)
        case "in":
            operand(0)
            out += " IN "
            if case .array(let list) = args[1] { writeList(list, to: &out) }
        case _ where isOperator(name):
            operand(0)
            out += " \(name.uppercased()) "
            operand(1)
        default:
            out += CQLOperator.named[name.lowercased()] == nil ? name : name.uppercased()
            writeList(args, to: &out)
        }
    }

    private static func isOperator(_ name: String) -> Bool {
        CQLOperator.comparisons.contains(name) || CQLOperator.arithmetic.contains(name)
            || ["and", "or", "not", "isNull", "like", "between", "in"].contains(name)
    }

    // MARK: Geometry

    private static func write(_ geometry: CQLGeometry, to out: inout String) {
        func position(_ position: [Double]) -> String { position.map { "\($0)" }.joined(separator: " ") }
        func line(_ line: [[Double]]) -> String { "(" + line.map(position).joined(separator: ", ") + ")" }
        func rings(_ rings: [[[Double]]]) -> String { "(" + rings.map(line).joined(separator: ", ") + ")" }
        out += geometry.name.uppercased()
        switch geometry {
        case .point(let point): out += "(\(position(point)))"
        case .multiPoint(let points): out += "(" + points.map { "(\(position($0)))" }.joined(separator: ", ") + ")"
        case .line(let points): out += line(points)
        case .multiLine(let lines), .polygon(let lines): out += rings(lines)
        case .multiPolygon(let parts): out += "(" + parts.map(rings).joined(separator: ", ") + ")"
        case .box(let numbers): out += "(" + numbers.map { "\($0)" }.joined(separator: ", ") + ")"
        case .collection(let members):
            out += "("
            for (index, member) in members.enumerated() {
                if index > 0 { out += ", " }
                write(member, to: &out)
            }
            out += ")"
        }
    }

    // MARK: JSON

    static func write(_ expression: CQLExpression, json out: inout JSONBytes) {
        func list(_ elements: [CQLExpression], _ out: inout JSONBytes) {
            separated(elements, &out) { write($0, json: &$1) }
        }
        switch expression {
        case .boolean(let truth): out.boolean(truth)
        case .integer(let number): out.integer(number)
        case .real(let number): out.raw(text: "\(number)")
        case .text(let text): out.string(text)
        case .date(let text):
            out.raw("{\"date\":")
            out.string(text)
            out.raw("}")
        case .timestamp(let text):
            out.raw("{\"timestamp\":")
            out.string(text)
            out.raw("}")
        case .interval(let start, let end):
            out.raw("{\"interval\":")
            separated([start, end], &out) { end, out in
                switch end {
                case .date(let text), .timestamp(let text), .text(let text): out.string(text)
                default: write(end, json: &out)
                }
            }
            out.raw("}")
        case .geometry(let geometry): write(geometry, json: &out)
        case .array(let elements): list(elements, &out)
        case .property(let name):
            out.raw("{\"property\":")
            out.string(name)
            out.raw("}")
        case .call(let name, let args):
            out.raw("{\"op\":")
            out.string(name)
            out.raw(",\"args\":")
            list(args, &out)
            out.raw("}")
        }
    }

    private static func separated<Element>(
        _ elements: [Element], _ out: inout JSONBytes, _ body: (Element, inout JSONBytes) -> Void
    ) {
        out.raw("[")
        for (index, element) in elements.enumerated() {
            if index > 0 { out.raw(",") }
            body(element, &out)
        }
        out.raw("]")
    }

    private static func write(_ geometry: CQLGeometry, json out: inout JSONBytes) {
        func position(_ numbers: [Double], _ out: inout JSONBytes) {
            separated(numbers, &out) { $1.raw(text: "\($0)") }
        }
        func line(_ line: [[Double]], _ out: inout JSONBytes) { separated(line, &out, position) }
        func rings(_ rings: [[[Double]]], _ out: inout JSONBytes) { separated(rings, &out, line) }
        if case .box(let numbers) = geometry {
            out.raw("{\"bbox\":")
            position(numbers, &out)
            out.raw("}")
            return
        }
        out.raw("{\"type\":")
        out.string(geometry.name)
        out.raw(",\"coordinates\":")
        switch geometry {
        case .point(let point): position(point, &out)
        case .multiPoint(let points), .line(let points): line(points, &out)
        case .multiLine(let lines), .polygon(let lines): rings(lines, &out)
        case .multiPolygon(let parts): separated(parts, &out, rings)
        case .box: break
        case .collection(let members):
            out.bytes.removeLast("\"coordinates\":".utf8.count)
            out.raw("\"geometries\":")
            separated(members, &out) { write($0, json: &$1) }
        }
        out.raw("}")
    }
}
