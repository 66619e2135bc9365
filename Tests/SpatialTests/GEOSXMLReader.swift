// SPDX-License-Identifier: Apache-2.0
import Foundation

/// One operation of a test file of GEOS or JTS, with its operands and what should come out.
struct GEOSXMLOperation {
    var file: String
    var place: String
    var name: String
    var arguments: [String]
    var a: String
    var b: String
    var expected: String
    /// Coordinates are multiples of 1 / scale; nil for floating.
    var scale: Double?

    /// The text of an argument: A or B as WKT or hex WKB, else the argument itself.
    func text(_ index: Int) -> String? {
        guard index < arguments.count else { return nil }
        switch arguments[index].lowercased() {
        case "a": return a
        case "b": return b
        default: return arguments[index]
        }
    }
}

/// Reads the XML test files of GEOS and JTS. Knows their few elements, not XML.
struct GEOSXMLReader {
    static func operations(file: String, text: String) -> [GEOSXMLOperation] {
        var text = text
        while let start = text.range(of: "<!--"),
            let end = text.range(of: "-->", range: start.upperBound..<text.endIndex)
        {
            text.removeSubrange(start.lowerBound..<end.upperBound)
        }
        var scale: Double?
        if let model = elements("precisionModel", text).first {
            scale = model.attributes["scale"].flatMap(Double.init)
            if model.attributes["type"]?.uppercased() == "FLOATING" { scale = nil }
        }
        var result: [GEOSXMLOperation] = []
        for (number, entry) in elements("case", text).enumerated() {
            let a = elements("a", entry.body).first?.body ?? ""
            let b = elements("b", entry.body).first?.body ?? ""
            for operation in elements("op", entry.body) {
                var names = operation.attributes
                let name = names.removeValue(forKey: "name") ?? ""
                let arguments = ["arg1", "arg2", "arg3", "arg4"].compactMap { names[$0] }
                result.append(
                    GEOSXMLOperation(
                        file: file, place: "\(file) case \(number + 1)", name: name.lowercased(), arguments: arguments,
                        a: trimmed(a), b: trimmed(b), expected: trimmed(operation.body), scale: scale))
            }
        }
        return result
    }

    private static func trimmed(_ text: String) -> String {
        text.split(whereSeparator: \.isWhitespace).joined(separator: " ")
    }

    struct Element {
        var attributes: [String: String]
        var body: String
    }

    static func elements(_ name: String, _ text: String) -> [Element] {
        var result: [Element] = []
        var place = text.startIndex
        while let open = text.range(of: "<\(name)", options: .caseInsensitive, range: place..<text.endIndex),
            let close = text.range(of: ">", range: open.upperBound..<text.endIndex)
        {
            place = close.upperBound
            let tail = text[open.upperBound..<close.lowerBound]
            if let next = tail.first, !next.isWhitespace && next != "/" { continue }
            var element = Element(attributes: attributes(String(tail)), body: "")
            if !tail.hasSuffix("/") {
                guard let end = text.range(of: "</\(name)", options: .caseInsensitive, range: place..<text.endIndex)
                else { return result }
                element.body = String(text[place..<end.lowerBound])
                place = end.upperBound
            }
            result.append(element)
        }
        return result
    }

    private static func attributes(_ text: String) -> [String: String] {
        var result: [String: String] = [:]
        let pieces = text.split(whereSeparator: { $0 == "\"" || $0 == "'" }).map(String.init)
        for index in stride(from: 0, to: pieces.count - 1, by: 2) {
            let key = pieces[index].replacingOccurrences(of: "=", with: "").trimmingCharacters(
                in: .whitespacesAndNewlines)
            result[key] = pieces[index + 1].trimmingCharacters(in: .whitespacesAndNewlines)
        }
        return result
    }
}
