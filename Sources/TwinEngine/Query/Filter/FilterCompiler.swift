// SPDX-License-Identifier: Apache-2.0

/// Translates a filter into operations on the columns of one layer.
///
/// It checks names and types, pushes `not` down to the conditions, turns comparisons into closed ranges and texts into
/// codes, and drops what is decided already. O(terms + bytes of the dictionaries that must be read).
struct FilterCompiler {
    private typealias Operation = ColumnProgram.Operation
    private typealias Code = ColumnProgram.Code

    /// An operation whose children are not placed yet.
    private struct Tree {
        var operation: Operation
        var children: [Tree] = []
        var isConstant: Bool { operation.code == .all || operation.code == .none }
        static let all = Tree(operation: Operation(code: .all))
        static let none = Tree(operation: Operation(code: .none))
    }

    private let view: LayerView
    private let layer: LayerDefinition
    private let masked: Set<String>
    private let snapshot: Snapshot
    private let cache: SnapshotCache
    /// Rows that are going to be asked about; decides whether a large dictionary is read as a whole.
    private let rows: Int
    private var program: ColumnProgram

    /// - Parameters:
    ///   - masked: fields that the caller may not see, hence may not filter on.
    ///   - rows: an estimate of the rows that will be tested.
    /// - Throws: `TwinError.argument` or `.notFound`, naming the field.
    static func compile(
        _ filter: ColumnFilter, _ view: LayerView, masked: Set<String> = [], rows: Int = .max
    ) throws -> ColumnProgram {
        try filter.checkSize()
        let snapshot = view.snapshot
        var compiler = FilterCompiler(
            view: view, layer: view.definition, masked: masked, snapshot: snapshot, cache: snapshot.cache,
            rows: min(rows, snapshot.count),
            program: ColumnProgram(
                snapshot: snapshot,
                columns: [ColumnFacts?](repeating: nil, count: snapshot.metadata.columns.count)))
        let tree = try compiler.tree(filter, negated: false)
        compiler.place(tree)
        return compiler.program
    }

    // MARK: The tree

    private mutating func tree(_ filter: ColumnFilter, negated: Bool) throws -> Tree {
        switch filter {
        case .constant(let truth): return truth != negated ? .all : .none
        case .not(let part): return try tree(part, negated: !negated)
        case .and(let parts): return try joined(parts, isAnd: !negated, negated)
        case .or(let parts): return try joined(parts, isAnd: negated, negated)
        case .isNull(let field):
            let (column, _) = try self.column(field)
            return leaf(negated ? .isNotNull : .isNull, column)
        case .compare(let field, let comparison, let value):
            return try compared(field, negated ? comparison.negated : comparison, value)
        case .between(let field, let lower, let upper):
            // Unknown only where the field is null, so its negation is the outside.
            let parts: [ColumnFilter] =
                negated
                ? [.compare(field, .less, lower), .compare(field, .greater, upper)]
                : [.compare(field, .greaterOrEqual, lower), .compare(field, .lessOrEqual, upper)]
            return try joined(parts, isAnd: !negated, false)
        case .isIn(let field, let values): return try listed(field, values, negated)
        case .like(let field, let pattern):
            let (column, type) = try self.column(field)
            guard type == .text else { throw mismatch(field, "like compares texts") }
            return text(column, try TextTest(like: pattern, field: field), negated)
        case .compareFields(let left, let comparison, let right):
            return try fields(left, negated ? comparison.negated : comparison, right)
        case .condition(let condition):
            let bound =
                try condition.bound ?? CQLBinder.bind(condition.expression, condition.crs, view, masked: masked)
            return self.condition(bound, wanted: !negated)
        }
    }

    // MARK: Conditions on values

    /// A bound condition: constants are decided, one text column is asked per text of its dictionary, a spatial
    /// predicate gets its candidates from the index, and the rest is asked row by row.
    private mutating func condition(_ bound: CQLBound, wanted: Bool) -> Tree {
        switch bound {
        case .constant(let value): return value.truth == wanted ? .all : .none
        case .spatial(let test):
            program.spatials.append(SpatialCandidates(test, snapshot))
            return rows(.spatial, program.spatials.count - 1, wanted)
        default: break
        }
        if let columns = bound.columns, columns.count == 1, let column = columns.first,
            snapshot.metadata.columns[column].type == .text,
            snapshot.dictionaryCount(column) <= 4096 || self.rows >= snapshot.dictionaryCount(column) / 4
        {
            return dictionary(bound, column, wanted)
        }
        if let numbers = NumberProgram(bound, snapshot) {
            program.numberPrograms.append(numbers)
            return rows(.arithmetic, program.numberPrograms.count - 1, wanted)
        }
        program.conditions.append(bound)
        return rows(.condition, program.conditions.count - 1, wanted)
    }

    private func rows(_ code: Code, _ place: Int, _ wanted: Bool) -> Tree {
        Tree(operation: Operation(code: code, column: -1, other: wanted ? 1 : 0, a: Int64(place)))
    }

    private mutating func dictionary(_ bound: CQLBound, _ column: Int, _ wanted: Bool) -> Tree {
        if program.columns[column] == nil { program.columns[column] = cache.column(column, snapshot) }
        let count = snapshot.dictionaryCount(column)
        var bits = [UInt64](repeating: 0, count: count / 64 + 1)
        for code in 1..<max(1, count + 1) {
            let row = DictionaryRow(text: .string(snapshot.text(column, code: code)))
            if bound.holds(row) == wanted { bits[code >> 6] |= 1 << UInt64(code & 63) }
        }
        let texts = count == 0 ? Tree.none : table(column, bits, false)
        guard bound.holds(DictionaryRow(text: .null)) == wanted else { return texts }
        return Tree(
            operation: Operation(code: .or), children: [texts, leaf(.isNull, column)].filter { !$0.isConstant })
    }

    private mutating func joined(_ parts: [ColumnFilter], isAnd: Bool, _ negated: Bool) throws -> Tree {
        var children: [Tree] = []
        var isDecided = false
        for part in parts {
            let child = try tree(part, negated: negated)
            if child.operation.code == (isAnd ? .none : .all) { isDecided = true }
            if child.isConstant { continue }
            if child.operation.code == (isAnd ? .and : .or) {
                children += child.children
            } else {
                children.append(child)
            }
        }
        if isDecided { return isAnd ? .none : .all }
        if children.isEmpty { return isAnd ? .all : .none }
        if children.count == 1 { return children[0] }
        // The most selective first for `and`, the least for `or`: the rest is skipped where a block is decided.
        let shares = children.map { program.share($0.operation) }
        let order = children.indices.sorted { isAnd ? shares[$0] < shares[$1] : shares[$0] > shares[$1] }
        return Tree(operation: Operation(code: isAnd ? .and : .or), children: order.map { children[$0] })
    }

    /// Lays the tree out: children next to each other, the root last.
    private mutating func place(_ tree: Tree) {
        program.depth = depth(tree)
        program.operations.append(placed(tree))
    }

    private func depth(_ tree: Tree) -> Int { 1 + (tree.children.map(depth).max() ?? 0) }

    private mutating func placed(_ tree: Tree) -> Operation {
        var operation = tree.operation
        guard !tree.children.isEmpty else { return operation }
        let children = tree.children.map { placed($0) }
        operation.a = Int64(program.operations.count)
        operation.b = Int64(children.count)
        program.operations += children
        return operation
    }

    // MARK: Conditions

    /// The column of a field and its type.
    private mutating func column(_ field: String) throws -> (index: Int, type: SnapshotFormat.ColumnType) {
        let index = try layer.queryColumn(field, masked: masked, parameter: "filter")
        if program.columns[index] == nil { program.columns[index] = cache.column(index, snapshot) }
        return (index, snapshot.metadata.columns[index].type)
    }

    private func leaf(_ code: Code, _ column: Int, _ a: Int64 = 0, _ b: Int64 = 0) -> Tree {
        Tree(operation: Operation(code: code, column: Int32(column), a: a, b: b))
    }

    private func mismatch(_ field: String, _ why: String) -> TwinError { layer.typeMismatch(field, why) }

    private mutating func compared(_ field: String, _ comparison: FilterComparison, _ value: FilterValue) throws
        -> Tree
    {
        let (column, type) = try self.column(field)
        switch (type, value) {
        case (.boolean, .boolean(let truth)):
            guard comparison == .equal || comparison == .notEqual else {
                throw mismatch(field, "true and false have no order; use = or <>")
            }
            return leaf(.boolean, column, truth == (comparison == .equal) ? 1 : 0)
        case (.text, .text(let text)):
            return self.text(column, TextTest(comparison, Array(text.utf8)), comparison == .notEqual)
        case (.integer, .integer), (.integer, .real):
            return try integer(column, IntegerBounds(comparison, value, field), comparison == .notEqual)
        case (.real, .integer), (.real, .real):
            return try real(column, RealBounds(comparison, value, field), comparison == .notEqual)
        default: throw mismatch(field, "it is compared with \(value.described)")
        }
    }

    private func integer(_ column: Int, _ bounds: IntegerBounds, _ isOutside: Bool) throws -> Tree {
        guard let range = bounds.range else { return isOutside ? leaf(.isNotNull, column) : .none }
        return leaf(isOutside ? .integerOutside : .integerRange, column, range.lowerBound, range.upperBound)
    }

    private func real(_ column: Int, _ bounds: RealBounds, _ isOutside: Bool) throws -> Tree {
        leaf(
            isOutside ? .realOutside : .realRange, column, Int64(bitPattern: bounds.lower.bitPattern),
            Int64(bitPattern: bounds.upper.bitPattern))
    }

    private mutating func listed(_ field: String, _ values: [FilterValue], _ negated: Bool) throws -> Tree {
        let (column, type) = try self.column(field)
        if values.isEmpty { return negated ? .all : .none }
        switch type {
        case .text:
            let texts = try values.map { value in
                guard case .text(let text) = value else { throw mismatch(field, "the list holds \(value.described)") }
                return Array(text.utf8)
            }
            return text(column, TextTest(.anyOf(Set(texts))), negated)
        case .boolean:
            return try joined(values.map { .compare(field, negated ? .notEqual : .equal, $0) }, isAnd: negated, false)
        case .integer:
            let list = try values.compactMap { value in
                guard value.isNumber else { throw mismatch(field, "the list holds \(value.described)") }
                return try IntegerBounds(.equal, value, field).range?.lowerBound
            }
            return numbers(column, list, negated ? .integerNotSet : .integerSet)
        case .real:
            let list = try values.map { value in
                guard value.isNumber else { throw mismatch(field, "the list holds \(value.described)") }
                return ColumnProgram.key(try RealBounds(.equal, value, field).lower)
            }
            return numbers(column, list, negated ? .realNotSet : .realSet)
        case .binary: throw mismatch(field, "it cannot be compared")
        }
    }

    private mutating func numbers(_ column: Int, _ list: [Int64], _ code: Code) -> Tree {
        let first = program.numbers.count
        program.numbers += Set(list).sorted()
        return leaf(code, column, Int64(first), Int64(program.numbers.count - first))
    }

    private mutating func fields(_ left: String, _ comparison: FilterComparison, _ right: String) throws -> Tree {
        let (first, firstType) = try column(left)
        let (second, secondType) = try column(right)
        let isNumeric = [firstType, secondType].allSatisfy { $0 == .integer || $0 == .real }
        guard isNumeric || (firstType == secondType && firstType != .binary) else {
            throw mismatch(left, "it is compared with the \(secondType.rawValue) field \(right)")
        }
        if firstType == secondType, isNumeric {
            let bound = CQLBound.compare(comparison, .column(first, isTime: false), .column(second, isTime: false))
            if let numbers = NumberProgram(bound, snapshot) {
                program.numberPrograms.append(numbers)
                return rows(.arithmetic, program.numberPrograms.count - 1, true)
            }
        }
        var tree = leaf(.fields, first, Int64(FilterComparison.allCases.firstIndex(of: comparison) ?? 0))
        tree.operation.other = Int32(second)
        return tree
    }

    // MARK: Texts

    /// A test of a text column as a range of codes, as bits of codes, or row by row, whichever is least work.
    private mutating func text(_ column: Int, _ test: TextTest, _ negated: Bool) -> Tree {
        let count = snapshot.dictionaryCount(column)
        if count == 0 { return .none }
        if let ranges = test.codeRanges(snapshot, column: column) {
            let known = ranges.filter { !$0.isEmpty }
            if known.isEmpty { return negated ? leaf(.isNotNull, column) : .none }
            if known.count == 1 {
                return leaf(
                    negated ? .codeOutside : .codeRange, column, Int64(known[0].lowerBound), Int64(known[0].upperBound))
            }
            var bits = [UInt64](repeating: 0, count: count / 64 + 1)
            for range in known { for code in range { bits[Int(code >> 6)] |= 1 << UInt64(code & 63) } }
            return table(column, bits, negated)
        }
        if count > 4096, rows < count / 4 {
            program.tests.append(test)
            return leaf(negated ? .textNotTest : .textTest, column, Int64(program.tests.count - 1))
        }
        let bits = test.codeBits(snapshot, column: column)
        let matching = bits.reduce(0) { $0 + $1.nonzeroBitCount }
        if matching == 0 { return negated ? leaf(.isNotNull, column) : .none }
        if matching == count { return negated ? .none : leaf(.isNotNull, column) }
        if matching == 1, let word = bits.firstIndex(where: { $0 != 0 }) {
            let code = Int64(word * 64 + bits[word].trailingZeroBitCount)
            return leaf(negated ? .codeOutside : .codeRange, column, code, code)
        }
        return table(column, bits, negated)
    }

    private mutating func table(_ column: Int, _ bits: [UInt64], _ negated: Bool) -> Tree {
        let first = program.words.count
        program.words += bits
        return leaf(negated ? .codeNotBits : .codeBits, column, Int64(first), Int64(bits.count))
    }
}
