// SPDX-License-Identifier: Apache-2.0
import Foundation
import Spatial

/// Runs one operation of the XML tests through our wrappers.
struct GEOSXMLRunner: ~Copyable {
    enum Outcome: Equatable {
        case passed
        case differs(String)
        case skipped
    }

    let geos: GEOSContext

    func geometry(_ text: String) throws -> GEOSGeometry {
        let compact = text.replacingOccurrences(of: " ", with: "")
        if let first = compact.first, first.isHexDigit, compact.allSatisfy(\.isHexDigit) {
            let digits = Array(compact.utf8)
            let bytes = stride(from: 0, to: digits.count - 1, by: 2).map { index -> UInt8 in
                UInt8(String(decoding: digits[index...index + 1], as: UTF8.self), radix: 16) ?? 0
            }
            return try geos.geometry(wkb: bytes)
        }
        return try geos.geometry(wkt: text)
    }

    func run(_ operation: GEOSXMLOperation) throws -> Outcome {
        guard let first = operation.text(0) else { return .skipped }
        if let outcome = try relation(operation, first) { return outcome }
        if let outcome = try measure(operation, first) { return outcome }
        if let outcome = try overlay(operation, first) { return outcome }
        return try construction(operation, first) ?? .skipped
    }

    static let predicates: [String: GEOSPredicate] = {
        var result = Dictionary(uniqueKeysWithValues: GEOSPredicate.allCases.map { ($0.rawValue.lowercased(), $0) })
        result["equalstopo"] = .equals
        return result
    }()

    private func relation(_ operation: GEOSXMLOperation, _ first: String) throws -> Outcome? {
        let expected = operation.expected.lowercased() == "true"
        func told(_ answer: Bool) -> Outcome { answer == expected ? .passed : .differs("\(answer)") }
        switch operation.name {
        case "isvalid":
            return told(try geometry(first).isValid)
        case "issimple":
            return told(try geometry(first).isSimple)
        case "relate":
            guard let second = operation.text(1), operation.arguments.count > 2 else { return .skipped }
            let left = try geometry(first)
            let right = try geometry(second)
            let matrix = try left.relate(right)
            guard try left.relate(right, pattern: operation.arguments[2]) == expected else { return .differs(matrix) }
            return .passed
        case "equalsexact":
            guard let second = operation.text(1) else { return .skipped }
            let tolerance = operation.arguments.count > 2 ? Double(operation.arguments[2]) ?? 0 : 0
            return told(try geometry(first).isExactly(geometry(second), tolerance: tolerance))
        case "iswithindistance":
            guard let second = operation.text(1), let limit = operation.arguments.last.flatMap(Double.init) else {
                return .skipped
            }
            return told(try geometry(first).isWithin(limit, of: geometry(second)))
        default:
            guard let predicate = Self.predicates[operation.name], let second = operation.text(1) else { return nil }
            let left = try geometry(first)
            let right = try geometry(second)
            let plain = told(try left.is(predicate, right))
            // Prepared geometries must say the same.
            let prepared = try PreparedGeometry(geometry(first))
            let again = told(try prepared.is(predicate, right))
            return again == plain ? plain : .differs("plain \(plain), prepared \(again)")
        }
    }

    private func measure(_ operation: GEOSXMLOperation, _ first: String) throws -> Outcome? {
        let value: Double
        switch operation.name {
        case "distance":
            guard let second = operation.text(1) else { return .skipped }
            value = try geometry(first).distance(to: geometry(second))
        case "minclearance":
            value = try geometry(first).minimumClearance()
        default:
            return nil
        }
        guard let expected = Double(operation.expected) else { return .skipped }
        let isInfinite = expected > 1e300 && value > 1e300
        return isInfinite || abs(value - expected) <= 1e-6 * max(1, abs(expected)) ? .passed : .differs("\(value)")
    }

    private func overlay(_ operation: GEOSXMLOperation, _ first: String) throws -> Outcome? {
        var name = operation.name
        var grid = operation.scale.map { 1 / $0 }
        for suffix in ["ng", "sr"] where name.hasSuffix(suffix) && name != "ng" { name.removeLast(2) }
        if name != operation.name {
            grid = operation.arguments.count > 2 ? Double(operation.arguments[2]).map { 1 / $0 } : grid
        }
        let operations: [String: GEOSOverlay] = [
            "intersection": .intersection, "union": .union, "difference": .difference,
            "symdifference": .symmetricDifference,
        ]
        guard let kind = operations[name] else { return nil }
        guard let second = operation.text(1), operation.arguments[1].lowercased() != operation.arguments[0].lowercased()
        else {
            guard kind == .union else { return .skipped }
            return try compare(geometry(first).unaryUnion(gridSize: grid), operation, 1e-8)
        }
        return try compare(geometry(first).overlay(kind, geometry(second), gridSize: grid), operation, 1e-8)
    }

    private func construction(_ operation: GEOSXMLOperation, _ first: String) throws -> Outcome? {
        let number = operation.arguments.dropFirst().compactMap { Double($0) }.first
        let input = try geometry(first)
        switch operation.name {
        case "getcentroid": return try compare(input.derived(.centroid), operation, 1e-8)
        case "getinteriorpoint": return try compare(input.derived(.pointOnSurface), operation, 1e-8)
        case "convexhull": return try compare(input.derived(.convexHull), operation, 0)
        case "getboundary": return try compare(input.derived(.boundary), operation, 0)
        case "minclearanceline": return try compare(input.derived(.minimumClearanceLine), operation, 1e-8)
        case "makevalid": return try compare(input.madeValidKeepingLines(), operation, 1e-8)
        case "buffer":
            guard let number else { return .skipped }
            return try compare(input.buffer(number), operation, 1e-3)
        case "densify":
            guard let number else { return .skipped }
            return try compare(input.densified(number), operation, 1e-8)
        case "simplifydp", "simplifytp":
            guard let number else { return .skipped }
            return try compare(input.simplified(number, keepsTopology: operation.name == "simplifytp"), operation, 1e-8)
        default: return nil
        }
    }

    /// GEOS' rules: the same after normalising within a tolerance; equal as sets of points; or, for areas, a symmetric
    /// difference that is small against the area (a thousandth for buffers).
    private func compare(
        _ result: borrowing GEOSGeometry, _ operation: GEOSXMLOperation, _ tolerance: Double
    ) throws -> Outcome {
        let expected = try geometry(operation.expected)
        if try result.isEmpty && expected.isEmpty { return .passed }
        let left = try result.normalized()
        let right = try expected.normalized()
        if try left.isExactly(right, tolerance: max(tolerance, 1e-10)) { return .passed }
        // A comparison that GEOS refuses, as of collections, is no agreement.
        do {
            if try left.is(.equals, right) { return .passed }
            let area = try max(left.area, right.area)
            let difference = try left.overlay(.symmetricDifference, right).area
            if area > 0 && difference <= max(tolerance, 1e-6) * area { return .passed }
        } catch {
            return .differs(try result.wkt())
        }
        return .differs(try result.wkt())
    }
}
