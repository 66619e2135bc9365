// SPDX-License-Identifier: Apache-2.0

extension CQLExpression {
    /// Reads CQL2 text.
    ///
    /// - Throws: `TwinError.argument` that names the character where it went wrong and a valid example.
    public init(text: String) throws {
        var parser = CQLTextParser(lexer: try CQLLexer(text))
        self = try parser.expression()
        guard parser.lexer.token == .end else { throw parser.lexer.failure("AND, OR or the end") }
        try checkSize()
    }
}

/// Recursive descent over CQL2 text, in the order of precedence: or, and, not, predicates, sums, products, powers.
struct CQLTextParser {
    var lexer: CQLLexer
    private var depth = 0

    init(lexer: CQLLexer) { self.lexer = lexer }

    // MARK: Conditions

    mutating func expression() throws -> CQLExpression {
        depth += 1
        defer { depth -= 1 }
        guard depth <= ColumnFilter.depthLimit else { throw CQLExpression.tooDeep }
        return try chain("OR") { parser in try parser.chain("AND") { try $0.negation() } }
    }

    private mutating func chain(
        _ word: String, _ next: (inout CQLTextParser) throws -> CQLExpression
    ) throws -> CQLExpression {
        var parts = [try next(&self)]
        while try take(word: word) { parts.append(try next(&self)) }
        return parts.count == 1 ? parts[0] : .call(word.lowercased(), parts)
    }

    private mutating func negation() throws -> CQLExpression {
        var count = 0
        while try take(word: "NOT") { count += 1 }
        guard count <= ColumnFilter.depthLimit else { throw CQLExpression.tooDeep }
        var result = try predicate()
        for _ in 0..<count { result = .call("not", [result]) }
        return result
    }

    private mutating func predicate() throws -> CQLExpression {
        let left = try sum()
        if case .sign(let sign) = lexer.token, CQLOperator.comparisons.contains(sign) {
            try lexer.advance()
            return .call(sign, [left, try sum()])
        }
        if try take(word: "IS") {
            let isNegated = try take(word: "NOT")
            guard try take(word: "NULL") else { throw lexer.failure("NULL") }
            return negated(.call("isNull", [left]), isNegated)
        }
        let isNegated = try take(word: "NOT")
        if try take(word: "LIKE") { return negated(.call("like", [left, try sum()]), isNegated) }
        if try take(word: "BETWEEN") {
            let lower = try sum()
            guard try take(word: "AND") else { throw lexer.failure("AND") }
            return negated(.call("between", [left, lower, try sum()]), isNegated)
        }
        if try take(word: "IN") {
            try expect("(")
            var list: [CQLExpression] = []
            if lexer.token != .sign(")") {
                repeat { list.append(try sum()) } while try take(",")
            }
            try expect(")")
            return negated(.call("in", [left, .array(list)]), isNegated)
        }
        guard !isNegated else { throw lexer.failure("LIKE, BETWEEN or IN") }
        return left
    }

    private func negated(_ expression: CQLExpression, _ isNegated: Bool) -> CQLExpression {
        isNegated ? .call("not", [expression]) : expression
    }

    // MARK: Arithmetic

    private mutating func sum() throws -> CQLExpression {
        try leftChain(["+", "-"]) { try $0.product() }
    }

    private mutating func product() throws -> CQLExpression {
        try leftChain(["*", "/", "%", "div"]) { try $0.power() }
    }

    private mutating func leftChain(
        _ operators: [String], _ next: (inout CQLTextParser) throws -> CQLExpression
    ) throws -> CQLExpression {
        var result = try next(&self)
        var count = 0
        while let name = operators.first(where: isNext) {
            try lexer.advance()
            count += 1
            guard count + depth <= ColumnFilter.depthLimit else { throw CQLExpression.tooDeep }
            result = .call(name, [result, try next(&self)])
        }
        return result
    }

    private func isNext(_ name: String) -> Bool {
        if case .word(let word) = lexer.token { return word.lowercased() == name }
        return lexer.token == .sign(name)
    }

    private mutating func power() throws -> CQLExpression {
        let base = try signed()
        guard try take("^") else { return base }
        return .call("^", [base, try signed()])
    }

    private mutating func signed() throws -> CQLExpression {
        if try take("+") { return try primary() }
        guard try take("-") else { return try primary() }
        switch try primary() {
        case .integer(let value): return .integer(-value)
        case .real(let value): return .real(-value)
        case let other: return .call("*", [.integer(-1), other])
        }
    }

    // MARK: Values

    private mutating func primary() throws -> CQLExpression {
        let token = lexer.token
        switch token {
        case .integer(let value):
            try lexer.advance()
            return .integer(value)
        case .real(let value):
            try lexer.advance()
            return .real(value)
        case .text(let text):
            try lexer.advance()
            return .text(text)
        case .quoted(let name):
            try lexer.advance()
            return .property(name)
        case .sign("("):
            try lexer.advance()
            return try parenthesised()
        case .word(let word): return try named(word)
        case .sign, .end: throw lexer.failure("a property or a value")
        }
    }

    /// A condition or a value in parentheses, or a list.
    private mutating func parenthesised() throws -> CQLExpression {
        if try take(")") { return .array([]) }
        let first = try expression()
        if try take(")") { return first }
        var list = [first]
        while try take(",") { list.append(try expression()) }
        try expect(")")
        return .array(list)
    }

    private mutating func named(_ word: String) throws -> CQLExpression {
        let start = lexer.start
        let upper = word.uppercased()
        guard !Self.reserved.contains(upper) else { throw lexer.failure("a property or a value") }
        try lexer.advance()
        if upper == "TRUE" || upper == "FALSE" { return .boolean(upper == "TRUE") }
        if let geometry = try CQLGeometryParser.read(upper, &self) { return .geometry(geometry) }
        guard lexer.token == .sign("(") else { return .property(word) }
        try lexer.advance()
        switch upper {
        case "DATE", "TIMESTAMP":
            guard case .text(let text) = lexer.token else {
                throw lexer.failure("a text such as '2026-11-21' or '2026-11-21T08:00:00Z'")
            }
            let place = lexer.start
            try lexer.advance()
            try expect(")")
            guard let instant = CQLInstant(text), instant.isDay == (upper == "DATE") else {
                throw lexer.failure(
                    upper == "DATE" ? "a date such as '2026-11-21'" : "a time such as '2026-11-21T08:00:00Z'", at: place
                )
            }
            return upper == "DATE" ? .date(text) : .timestamp(text)
        case "INTERVAL":
            let from = try intervalEnd()
            try expect(",")
            let until = try intervalEnd()
            try expect(")")
            return .interval(from, until)
        default: return try call(word, start)
        }
    }

    private static let reserved: Set<String> = ["AND", "OR", "NOT", "LIKE", "BETWEEN", "IN", "IS", "NULL"]

    private mutating func intervalEnd() throws -> CQLExpression {
        guard case .text(let text) = lexer.token else { return try sum() }
        guard let end = CQLExpression.intervalEnd(text) else {
            throw lexer.failure("a date, a time or '..', such as '2026-11-21'")
        }
        try lexer.advance()
        return end
    }

    private mutating func call(_ word: String, _ start: Int) throws -> CQLExpression {
        var args: [CQLExpression] = []
        if lexer.token != .sign(")") {
            repeat { args.append(try expression()) } while try take(",")
        }
        try expect(")")
        let name = CQLOperator.named[word.lowercased()] ?? word
        if let arity = CQLOperator.arity(name), !arity.contains(args.count) {
            throw lexer.failure("\(arity.lowerBound) arguments of \(word.uppercased())", at: start)
        }
        return .call(name, args)
    }

    // MARK: Tokens

    mutating func take(word: String) throws -> Bool {
        guard case .word(let found) = lexer.token, found.uppercased() == word else { return false }
        try lexer.advance()
        return true
    }

    mutating func take(_ sign: String) throws -> Bool {
        guard lexer.token == .sign(sign) else { return false }
        try lexer.advance()
        return true
    }

    mutating func expect(_ sign: String) throws {
        guard try take(sign) else { throw lexer.failure("'\(sign)'") }
    }
}

extension CQLExpression {
    /// The end of an interval that was written as a text; nil for one that is no time.
    static func intervalEnd(_ text: String) -> CQLExpression? {
        if text == ".." { return .text("..") }
        guard let instant = CQLInstant(text) else { return nil }
        return instant.isDay ? .date(text) : .timestamp(text)
    }
}
