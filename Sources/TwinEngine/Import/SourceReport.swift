// SPDX-License-Identifier: Apache-2.0
public import Spatial

/// What happened to some features of a source for one reason.
public struct ReasonCount: Sendable {
    /// Lower-case words joined by hyphens, such as `null-geometry`.
    public var reason: String
    public var count: Int
    /// The first three, as `id: explanation`.
    public var examples: [String]

    static let exampleLimit = 3
}

/// The account of one source: nothing that was read is missing from it.
///
/// `read == kept + rejected`; repaired, outside and converted features are among the kept.
public struct SourceReport: Sendable {
    public enum Status: String, Sendable {
        case imported
        case failed
    }
    public var source: String
    public var layer: String
    public var path: String
    public var driver = ""
    public var status = Status.imported
    /// Why the source failed as a whole.
    public var failure: String?
    public var read = 0
    public var kept = 0
    public var repaired: [ReasonCount] = []
    public var rejected: [ReasonCount] = []
    /// Values that did not fit their field's type and became null, by field.
    public var nulled: [ReasonCount] = []
    /// Shapes in space that are kept and drawn although something is wrong with them, by ``SolidFault``.
    public var faulty: [ReasonCount] = []
    /// Kept features whose box does not touch the city's extent.
    public var outside = 0
    public var sourceCRS: String?
    public var encoding: String?
    /// Of the kept features, in city coordinates (metres).
    public var extent: CoordinateBox?
    /// The same in lon/lat degrees.
    public var extentLonLat: LonLatBox?
    public var notes: [String] = []
    public var seconds = 0.0

    public init(source: String, layer: String, path: String) {
        self.source = source
        self.layer = layer
        self.path = path
    }

    public var rejectedCount: Int { rejected.reduce(0) { $0 + $1.count } }
    public var repairedCount: Int { repaired.reduce(0) { $0 + $1.count } }

    mutating func reject(_ reason: String, _ id: @autoclosure () -> String, _ text: @autoclosure () -> String) {
        Self.count(reason, &rejected, id, text)
    }

    mutating func repair(_ reason: String, _ id: @autoclosure () -> String, _ text: @autoclosure () -> String) {
        Self.count(reason, &repaired, id, text)
    }

    mutating func null(_ field: String, _ id: @autoclosure () -> String, _ text: @autoclosure () -> String) {
        Self.count(field, &nulled, id, text)
    }

    mutating func fault(_ reason: String, _ id: @autoclosure () -> String, _ text: @autoclosure () -> String) {
        Self.count(reason, &faulty, id, text)
    }

    /// Features that the source counts and never gave.
    mutating func lose(_ count: Int) {
        guard count > 0 else { return }
        read += count
        rejected.append(
            ReasonCount(
                reason: "not-delivered", count: count,
                examples: [
                    "the source counts \(count) more than it gives: deleted rows, or an index that does not match"
                ]))
    }

    /// The source as a whole is undone: what had been kept counts as rejected, so that the sum still holds.
    mutating func fail(_ message: String) {
        status = .failed
        failure = message
        if kept > 0 {
            rejected.append(
                ReasonCount(reason: "source-failed", count: kept, examples: ["undone because the source failed"]))
        }
        kept = 0
        outside = 0
        extent = nil
        extentLonLat = nil
    }

    private static func count(_ reason: String, _ list: inout [ReasonCount], _ id: () -> String, _ text: () -> String) {
        guard let index = list.firstIndex(where: { $0.reason == reason }) else {
            list.append(ReasonCount(reason: reason, count: 1, examples: ["\(id()): \(text())"]))
            return
        }
        list[index].count += 1
        if list[index].examples.count < ReasonCount.exampleLimit {
            list[index].examples.append("\(id()): \(text())")
        }
    }
}

/// A value of a code field that means nothing in its profile, or a mistake that several values share. The features are kept.
public struct UnmappedCode: Sendable {
    public var layer: String
    public var field: String
    public var profile: String
    public var value: String
    public var count: Int
    /// The code or id of one feature that has it.
    public var example: String
    /// What is wrong with `value`, the first of `count` with this mistake; nil for a value that no class has.
    public var reason: String?
}

/// The account of a whole import.
public struct ImportReport: Sendable {
    public var city: String
    public var sources: [SourceReport] = []
    /// Layers that were replaced, with their feature counts.
    public var layers: [(id: String, count: Int, version: Int64)] = []
    /// Codes that mean nothing in the city's profiles.
    public var unmapped: [UnmappedCode] = []
    /// Layers that were left as they were because one of their sources failed.
    public var keptOld: [String] = []
    public var version: Int64 = 0
    public var seconds = 0.0

    public var hasFailures: Bool { sources.contains { $0.status == .failed } }
}
