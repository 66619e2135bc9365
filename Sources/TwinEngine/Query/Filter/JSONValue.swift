// SPDX-License-Identifier: Apache-2.0

/// A JSON value whose shape is not known beforehand: questions and CQL2 filters.
enum JSONValue: Sendable, Hashable {
    case null
    case boolean(Bool)
    case integer(Int64)
    case real(Double)
    case text(String)
    case list([JSONValue])
    case object([String: JSONValue])

    /// Values of one text: enough for a polygon of 100,000 positions with heights and the longest filter. It bounds the
    /// memory that a body can cost.
    static let valueLimit = 500_000

    /// Reads one value that fills the text. O(bytes); nesting is limited by ``JSONScanner``.
    ///
    /// - Throws: `TwinError.argument` with the place of the mistake.
    init(parsing bytes: [UInt8], name: String) throws {
        let example = #"write for example {"layers":["buildings"],"region":{"at":[120.033,36.265],"radius":500}}"#
        guard String(validating: bytes, as: UTF8.self) != nil else {
            throw TwinError(.argument, "\(name): it is not UTF-8; \(example)")
        }
        var scanner = JSONScanner(SourceBytes(copying: bytes, path: name))
        var left = Self.valueLimit
        do {
            self = try Self.read(&scanner, &left)
            guard scanner.peek() == nil else { throw scanner.failure("nothing behind the value") }
        } catch let error as JSONSyntaxError {
            throw TwinError(
                .argument,
                "\(name): it is not JSON that can be read: byte \(error.offset) should be \(error.expected); "
                    + (name == "filter" ? CQLExpression.jsonExample : example))
        } catch is TooMany {
            throw TwinError(
                .argument,
                "\(name): it has more than \(Self.valueLimit) values; a polygon or line takes at most "
                    + "\(SpatialQuery.vertexLimit) positions, a filter \(ColumnFilter.termLimit) terms")
        }
    }

    private struct TooMany: Error {}

    private static func read(_ scanner: inout JSONScanner, _ left: inout Int) throws -> JSONValue {
        left -= 1
        guard left >= 0 else { throw TooMany() }
        switch scanner.peek() {
        case UInt8(ascii: "{"):
            var members: [String: JSONValue] = [:]
            try scanner.object { scanner, key in
                let value = try read(&scanner, &left)
                guard members.updateValue(value, forKey: key) == nil else {
                    throw scanner.failure("a member once, not '\(key.prefix(40))' twice")
                }
            }
            return .object(members)
        case UInt8(ascii: "["):
            var list: [JSONValue] = []
            try scanner.array { list.append(try read(&$0, &left)) }
            return .list(list)
        case UInt8(ascii: "\""): return .text(try scanner.string())
        case UInt8(ascii: "t"), UInt8(ascii: "f"): return .boolean(try scanner.boolean())
        case UInt8(ascii: "n"):
            guard try scanner.null() else { throw scanner.failure("a value") }
            return .null
        default:
            switch try scanner.number() {
            case .integer(let number): return .integer(number)
            case .real(let number): return .real(number)
            }
        }
    }

    var number: Double? {
        switch self {
        case .integer(let number): Double(number)
        case .real(let number): number
        default: nil
        }
    }

    var text: String? {
        if case .text(let text) = self { text } else { nil }
    }

    var list: [JSONValue]? {
        if case .list(let list) = self { list } else { nil }
    }

    /// `[lon, lat]`, with a height that is ignored.
    var position: LonLat? {
        guard let list, list.count == 2 || list.count == 3, let x = list[0].number, let y = list[1].number else {
            return nil
        }
        return LonLat(longitude: x, latitude: y)
    }
}
