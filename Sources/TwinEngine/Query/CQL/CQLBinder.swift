// SPDX-License-Identifier: Apache-2.0
import Spatial

/// Looks an expression's names up in a layer, checks its types and makes its literals ready.
struct CQLBinder {
    enum Kind: String {
        case boolean = "true or false"
        case number = "a number"
        case text = "a text"
        case time = "a date or time"
        case array = "a list"
        case geometry = "a geometry"
    }

    let layer: LayerDefinition
    let masked: Set<String>
    let crs: FeatureCRS?
    let coordinates: CityCoordinates
    let extent: LonLatBox?

    /// A condition on features of a view.
    ///
    /// - Throws: `TwinError.argument`, naming the part that is wrong with a valid example.
    static func bind(
        _ expression: CQLExpression, _ crs: FeatureCRS?, _ view: LayerView, masked: Set<String>
    ) throws -> CQLBound {
        let binder = CQLBinder(
            layer: view.definition, masked: masked, crs: crs, coordinates: view.coordinates, extent: view.extent)
        let (bound, kind) = try binder.bind(expression)
        guard kind == .boolean else {
            throw binder.failure(expression, "is \(kind.rawValue), not a condition")
        }
        return bound
    }

    private func failure(_ expression: CQLExpression, _ what: String) -> TwinError {
        TwinError(.argument, "filter: \(expression.text.prefix(120)) \(what); \(CQLExpression.example)")
    }

    private typealias Typed = (bound: CQLBound, kind: Kind)

    private func bind(_ expression: CQLExpression) throws -> Typed {
        let typed = try bound(expression)
        // What looks at no feature is worked out once.
        if case .constant = typed.bound { return typed }
        guard typed.kind != .geometry, let columns = typed.bound.columns, columns.isEmpty else { return typed }
        return (.constant(typed.bound.value(DictionaryRow(text: .null))), typed.kind)
    }

    private func bound(_ expression: CQLExpression) throws -> Typed {
        switch expression {
        case .boolean(let truth): return (.constant(.boolean(truth)), .boolean)
        case .integer(let number): return (.constant(.integer(number)), .number)
        case .real(let number): return (.constant(.real(number)), .number)
        case .text(let text): return (.constant(.text(text)), .text)
        case .date(let text), .timestamp(let text):
            let instant = CQLInstant(text)
            return (.constant(.period(CQLPeriod(start: instant, end: instant))), .time)
        case .interval(let start, let end): return try interval(expression, start, end)
        case .geometry: return (.geometry, .geometry)
        case .array(let elements): return (.array(try elements.map { try bind($0).bound }), .array)
        case .property(let name): return try property(name)
        case .call(let name, let args): return try call(expression, name, args)
        }
    }

    private func property(_ name: String) throws -> Typed {
        if layer.fieldIndex(name) == nil {
            if name == "id" { return (.id, .number) }
            if Self.isGeometry(name) { return (.geometry, .geometry) }
        }
        let column = try layer.queryColumn(name, masked: masked, parameter: "filter")
        let type = column < layer.fields.count ? layer.fields[column].type : .string
        switch type {
        case .boolean: return (.column(column, isTime: false), .boolean)
        case .integer, .real: return (.column(column, isTime: false), .number)
        case .string: return (.column(column, isTime: false), .text)
        case .date, .datetime: return (.column(column, isTime: true), .time)
        }
    }

    /// Names of the geometry, where no field has them.
    static func isGeometry(_ name: String) -> Bool { name == "geometry" || name == "geom" }

    private func interval(_ whole: CQLExpression, _ start: CQLExpression, _ end: CQLExpression) throws -> Typed {
        func bound(_ part: CQLExpression) throws -> CQLBound {
            if part == .text("..") { return .constant(.period(CQLPeriod(start: nil, end: nil))) }
            let typed = try timely(bind(part))
            guard typed.kind == .time else { throw failure(part, "is \(typed.kind.rawValue), not a date or time") }
            return typed.bound
        }
        let (from, until) = (try bound(start), try bound(end))
        if case .constant(.period(let first)) = from, case .constant(.period(let last)) = until,
            let first = first.start, let last = last.end, first.order(last) > 0
        {
            throw failure(whole, "ends before it starts")
        }
        return (.interval(from, until), .time)
    }

    /// A constant text that is a time, as that time.
    private func timely(_ typed: Typed) -> Typed {
        guard case .constant(.text(let text)) = typed.bound, let instant = CQLInstant(text) else { return typed }
        return (.constant(.period(CQLPeriod(start: instant, end: instant))), .time)
    }

    // MARK: Operators

    private func call(_ whole: CQLExpression, _ name: String, _ args: [CQLExpression]) throws -> Typed {
        if let comparison = FilterComparison(rawValue: name) {
            let (left, right) = try comparable(whole, args[0], args[1])
            if left.kind == .boolean || left.kind == .array, comparison != .equal, comparison != .notEqual {
                throw failure(whole, "orders what has no order")
            }
            return (.compare(comparison, left.bound, right.bound), .boolean)
        }
        if CQLOperator.arithmetic.contains(name) {
            return (.arithmetic(name, try bind(args[0], .number), try bind(args[1], .number)), .number)
        }
        switch name {
        case "and": return (.and(try args.map { try bind($0, .boolean) }), .boolean)
        case "or": return (.or(try args.map { try bind($0, .boolean) }), .boolean)
        case "not": return (.not(try bind(args[0], .boolean)), .boolean)
        case "isNull":
            let part = try bind(args[0]).bound
            // Every feature has a geometry.
            if case .geometry = part { return (.constant(.boolean(false)), .boolean) }
            return (.isNull(part), .boolean)
        case "like":
            guard case .constant(.text(let pattern)) = try bind(args[1], .text) else {
                throw failure(args[1], "is no constant pattern")
            }
            let test = try TextTest(like: LikePattern(pattern), field: args[0].text)
            return (.like(try bind(args[0], .text), test), .boolean)
        case "between":
            let (value, lower) = try comparable(whole, args[0], args[1])
            let (_, upper) = try comparable(whole, args[0], args[2])
            return (.between(value.bound, lower.bound, upper.bound), .boolean)
        case "in":
            guard case .array(let list) = args[1] else { throw failure(args[1], "is no list") }
            let value = try bind(args[0])
            return (.isIn(value.bound, try list.map { try comparable(whole, args[0], $0).1.bound }), .boolean)
        case "casei": return (.casei(try bind(args[0], .text)), .text)
        case "accenti": return (.accenti(try bind(args[0], .text)), .text)
        default: break
        }
        if CQLOperator.spatial.contains(name) { return (try spatial(whole, name, args), .boolean) }
        if CQLOperator.temporal.contains(name) {
            let sides = try args.map { arg in
                let typed = timely(try bind(arg))
                guard typed.kind == .time else { throw failure(arg, "is \(typed.kind.rawValue), not a date or time") }
                return typed.bound
            }
            return (.temporal(name, sides[0], sides[1]), .boolean)
        }
        if CQLOperator.arrays.contains(name) {
            let sides = try args.map { arg in
                let typed = try bind(arg)
                // (x) is read as x.
                return typed.kind == .array ? typed.bound : .array([typed.bound])
            }
            return (.arrays(name, sides[0], sides[1]), .boolean)
        }
        return try function(whole, name, args)
    }

    private func bind(_ expression: CQLExpression, _ kind: Kind) throws -> CQLBound {
        let typed = try bind(expression)
        guard typed.kind == kind else {
            throw failure(expression, "is \(typed.kind.rawValue) where \(kind.rawValue) belongs")
        }
        return typed.bound
    }

    private func comparable(
        _ whole: CQLExpression, _ left: CQLExpression, _ right: CQLExpression
    ) throws -> (Typed, Typed) {
        var (first, second) = (try bind(left), try bind(right))
        if first.kind == .time { second = timely(second) }
        if second.kind == .time { first = timely(first) }
        guard first.kind == second.kind, first.kind != .geometry else {
            throw failure(whole, "compares \(first.kind.rawValue) with \(second.kind.rawValue)")
        }
        return (first, second)
    }

    private func function(_ whole: CQLExpression, _ name: String, _ args: [CQLExpression]) throws -> Typed {
        guard let function = CQLFunction.byName[name.lowercased()] else {
            throw TwinError(
                .argument,
                "filter: there is no operator or function '\(name.prefix(40))'; GET /functions lists the functions")
        }
        let count = function.arguments.count
        guard args.count == count || (function.repeats && args.count > count) else {
            throw failure(whole, "has \(args.count) arguments where \(function.name) takes \(count)")
        }
        let parts = try args.enumerated().map { index, arg in
            let wanted: Kind =
                switch function.arguments[min(index, count - 1)].kind {
                case .text: .text
                case .number: .number
                case .boolean: .boolean
                case .time: .time
                case .geometry, .any: .geometry
                }
            if wanted == .geometry, case .geometry = arg { throw failure(arg, "is a literal; \(name) takes geometry") }
            let typed = wanted == .time ? timely(try bind(arg)) : try bind(arg)
            guard typed.kind == wanted else {
                throw failure(arg, "is \(typed.kind.rawValue) where \(wanted.rawValue) belongs")
            }
            return typed.bound
        }
        return (.function(function.name, parts), function.result == .text ? .text : .number)
    }

    // MARK: Spatial

    private func spatial(_ whole: CQLExpression, _ name: String, _ args: [CQLExpression]) throws -> CQLBound {
        func isOwn(_ arg: CQLExpression) throws -> Bool {
            if case .geometry = arg { return false }
            guard case .geometry = try bind(arg).bound else {
                throw failure(arg, "is no geometry; write for example S_INTERSECTS(geometry, POINT(120.03 36.27))")
            }
            return true
        }
        switch (try isOwn(args[0]), try isOwn(args[1])) {
        case (true, true):
            return .constant(.boolean(["s_contains", "s_equals", "s_intersects", "s_within"].contains(name)))
        case (true, false): return .spatial(try CQLSpatialTest(name, try place(args[1])))
        case (false, true):
            return .spatial(try CQLSpatialTest(CQLSpatialTest.swapped(name), try place(args[0])))
        case (false, false):
            let test = try CQLSpatialTest(name, try place(args[1]))
            let pieces = try place(args[0])
            guard pieces.count == 1 else { throw failure(whole, "compares a collection with a literal") }
            let piece = pieces[0]
            return .constant(.boolean(test.holds(piece.view)))
        }
    }

    private func place(_ expression: CQLExpression) throws -> [FlatGeometry] {
        guard case .geometry(let literal) = expression else { return [] }
        do {
            return try CQLGeometryPlacer(try crs ?? FeatureCRS.lonLat(), coordinates, extent: extent).place(literal)
        } catch let error as SpatialError {
            throw TwinError(.argument, "filter: the geometry cannot be used: \(error.message)")
        }
    }
}
