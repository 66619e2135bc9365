// SPDX-License-Identifier: Apache-2.0
import Hummingbird
import TwinEngine

/// A request as routes see it: who asks, which parameters, from which address.
struct RouteRequest: Sendable {
    let request: Request
    /// Values of the `{names}` in the route's path, percent-decoded.
    let path: [String: String]
    let query: QueryParameters
    let principal: Principal
    /// `http://host:port`, as the client wrote it.
    let base: String

    /// A path value that the route's template guarantees.
    func path(_ name: String) -> String { path[name] ?? "" }

    /// Whether the client would rather have JSON than HTML.
    var prefersJSON: Bool {
        if let format = query["f"] { return format == "json" }
        let accept = request.headers[.accept] ?? "*/*"
        guard let json = accept.range(of: "json") else { return false }
        guard let html = accept.range(of: "text/html") else { return true }
        return json < html
    }
}

extension String {
    /// The offset of a text in UTF-8, or nil.
    fileprivate func range(of text: String) -> Int? {
        let haystack = Array(utf8)
        let needle = Array(text.utf8)
        guard haystack.count >= needle.count else { return nil }
        return (0...haystack.count - needle.count).first { haystack[$0..<$0 + needle.count].elementsEqual(needle) }
    }
}

/// The query of a URL, decoded once. Names that a route does not know are errors: a typing mistake must not be answered
/// as if the parameter were absent.
struct QueryParameters: Sendable {
    private(set) var entries: [(name: String, value: String)] = []

    /// - Throws: 400 where an escape or the encoding is broken.
    init(_ query: String?) throws(Problem) {
        for part in (query ?? "").utf8.split(separator: UInt8(ascii: "&")) {
            let halves = part.split(separator: UInt8(ascii: "="), maxSplits: 1, omittingEmptySubsequences: false)
            guard let name = percentDecoded(halves[0], plusIsSpace: true),
                let value = percentDecoded(halves.count > 1 ? halves[1] : halves[0].prefix(0), plusIsSpace: true)
            else { throw Problem(.badRequest, "the query is not percent-encoded UTF-8") }
            entries.append((name, value))
        }
    }

    subscript(_ name: String) -> String? {
        entries.first { $0.name == name }?.value
    }

    /// Refuses names that are not in the list, and names given twice.
    func allow(_ names: [String]) throws(Problem) {
        var seen: Set<String> = []
        for (name, _) in entries {
            guard names.contains(name) else {
                let known = names.isEmpty ? "it has none" : "it has: \(names.joined(separator: ", "))"
                throw .parameter(name, "unknown query parameter '\(name)'; \(known)")
            }
            guard seen.insert(name).inserted else {
                throw .parameter(name, "'\(name)' is given twice; join several values with commas")
            }
        }
    }

    /// A whole number in a range, or the default.
    func integer(_ name: String, in range: ClosedRange<Int>, default fallback: Int) throws(Problem) -> Int {
        guard let text = self[name] else { return fallback }
        guard let value = Int(text), range.contains(value) else {
            throw .parameter(
                name,
                "'\(name)' is '\(text)'; write a whole number from \(range.lowerBound) to \(range.upperBound), "
                    + "for example \(name)=\(fallback)")
        }
        return value
    }

    /// `west,south,east,north` in degrees, with optional heights that are ignored.
    func box(_ name: String = "bbox") throws(Problem) -> LonLatBox? {
        guard let text = self[name] else { return nil }
        let example = "for example \(name)=119.95,36.24,120.05,36.30"
        let numbers = try Self.numbers(text, name, "west,south,east,north in degrees, \(example)", counts: [4, 6])
        let corners = numbers.count == 6 ? [numbers[0], numbers[1], numbers[3], numbers[4]] : numbers
        let box = LonLatBox(west: corners[0], south: corners[1], east: corners[2], north: corners[3])
        guard box.west.magnitude <= 180, box.east.magnitude <= 180, box.south >= -90, box.north <= 90 else {
            throw .parameter(name, "'\(name)' leaves the Earth; the order is west,south,east,north, \(example)")
        }
        guard box.south <= box.north else {
            throw .parameter(name, "'\(name)' has its south above its north; \(example)")
        }
        guard box.west <= box.east else {
            throw .parameter(
                name, "'\(name)' has its west right of its east; no city spans the antimeridian; \(example)")
        }
        return box
    }

    /// `lon,lat` in degrees.
    func position(_ name: String = "at") throws(Problem) -> LonLat? {
        guard let text = self[name] else { return nil }
        let hint = "lon,lat in degrees, for example \(name)=120.03,36.27"
        let numbers = try Self.numbers(text, name, hint, counts: [2])
        guard numbers[0].magnitude <= 180, numbers[1].magnitude <= 90 else {
            throw .parameter(name, "'\(name)' is not on Earth; the order is lon,lat: \(hint)")
        }
        return LonLat(longitude: numbers[0], latitude: numbers[1])
    }

    /// A number in a range.
    func number(_ name: String, in range: ClosedRange<Double>, example: Double) throws(Problem) -> Double? {
        guard let text = self[name] else { return nil }
        guard let value = Double(text), range.contains(value) else {
            throw .parameter(
                name,
                "'\(name)' is '\(text)'; write a number from \(range.lowerBound) to \(range.upperBound), "
                    + "for example \(name)=\(example)")
        }
        return value
    }

    private static func numbers(
        _ text: String, _ name: String, _ hint: String, counts: [Int]
    ) throws(Problem) -> [Double] {
        let parts = text.split(separator: ",", omittingEmptySubsequences: false)
        let numbers = parts.compactMap { Double($0) }.filter(\.isFinite)
        guard numbers.count == parts.count, counts.contains(numbers.count) else {
            throw .parameter(name, "'\(name)' is '\(text.prefix(80))'; write \(hint)")
        }
        return numbers
    }
}

/// Decodes `%XX`; nil where an escape is broken, the result is not UTF-8, or it holds a zero byte.
func percentDecoded(_ text: some Sequence<UInt8>, plusIsSpace: Bool) -> String? {
    var out: [UInt8] = []
    var iterator = text.makeIterator()
    while let byte = iterator.next() {
        switch byte {
        case UInt8(ascii: "%"):
            guard let high = iterator.next().flatMap(hexDigit), let low = iterator.next().flatMap(hexDigit) else {
                return nil
            }
            out.append(high << 4 | low)
        case UInt8(ascii: "+") where plusIsSpace: out.append(0x20)
        default: out.append(byte)
        }
    }
    guard !out.contains(0) else { return nil }
    return String(validating: out, as: UTF8.self)
}

private func hexDigit(_ byte: UInt8) -> UInt8? {
    switch byte {
    case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0")
    case UInt8(ascii: "a")...UInt8(ascii: "f"): byte - UInt8(ascii: "a") + 10
    case UInt8(ascii: "A")...UInt8(ascii: "F"): byte - UInt8(ascii: "A") + 10
    default: nil
    }
}
