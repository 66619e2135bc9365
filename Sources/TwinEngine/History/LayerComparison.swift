// SPDX-License-Identifier: Apache-2.0
import Spatial

/// What differs between two states of a layer, or between two layers: features added, removed and changed (版本对比).
///
/// Areas are planar, in square metres of the city's coordinate system; lengths in metres.
public struct LayerComparison: Sendable {
    public enum Kind: String, Sendable, CaseIterable {
        case added, removed, changed
    }

    /// How features of the two states are taken to be the same one.
    public enum Key: Sendable {
        case id
        /// The permanent code (永久编码); features without one are matched with none.
        case code
    }

    public struct FieldChange: Sendable, Hashable {
        public let name: String
        public let before: FieldValue
        public let after: FieldValue
    }

    public struct Change: Sendable {
        public let kind: Kind
        public let before: Feature?
        public let after: Feature?
        public let isMoved: Bool
        public let fields: [FieldChange]
        /// Of polygons: the area that only the later geometry covers, and that only the earlier one covers.
        public let gained: Double
        public let lost: Double
    }

    /// Size of one state: square metres of polygons, metres of lines.
    public struct Size: Sendable, Hashable {
        public var count = 0
        public var area = 0.0
        public var length = 0.0
    }

    /// Sorted by kind, then id.
    public let changes: [Change]
    public let before: Size
    public let after: Size

    public func count(_ kind: Kind) -> Int { changes.count { $0.kind == kind } }

    /// Square metres that the changes of a kind gained and lost together.
    public func areas(_ kind: Kind) -> (gained: Double, lost: Double) {
        changes.reduce(into: (0, 0)) { sum, change in
            guard change.kind == kind else { return }
            sum.0 += change.gained
            sum.1 += change.lost
        }
    }

    /// Compares two views. Fields are compared by name, those that both layers have.
    ///
    /// O(features) where the views share a snapshot only for the sizes, O(features log features) otherwise; polygons whose
    /// geometry changed are overlaid by GEOS. Any thread.
    /// - Parameter masked: fields that the caller may not see; they are not compared.
    /// - Throws: `TwinError.argument` where the layers have different kinds of geometry, `SpatialError.geos` where GEOS
    ///   fails on a geometry.
    public init(from older: LayerView, to newer: LayerView, by key: Key = .id, masked: Set<String> = []) throws {
        guard older.definition.geometry == newer.definition.geometry else {
            throw TwinError(
                .argument,
                "'\(older.definition.id)' and '\(newer.definition.id)' have different kinds of geometry; compare layers of one kind"
            )
        }
        let pairs = FeaturePairs(older, newer, key)
        before = pairs.olderSize
        after = pairs.newerSize
        let comparer = try FeatureComparer(older.definition, newer.definition, masked)
        changes = try pairs.pairs.compactMap { try comparer.change($0, $1) }.sorted { $0.order < $1.order }
    }
}

extension LayerComparison.Change {
    /// The later feature, or the earlier one if it was removed. One of them is there.
    public var feature: Feature? { after ?? before }

    fileprivate var order: (Int, Int64) {
        let rank = LayerComparison.Kind.allCases.firstIndex(of: kind) ?? 0
        return (rank, feature?.id ?? 0)
    }
}

/// The features of two views that may differ, matched with each other.
private struct FeaturePairs {
    private(set) var olderSize = LayerComparison.Size()
    private(set) var newerSize = LayerComparison.Size()
    private(set) var pairs: [(Feature?, Feature?)] = []

    init(_ older: LayerView, _ newer: LayerView, _ key: LayerComparison.Key) {
        // Rows of a shared snapshot that neither view hides are equal.
        let shared = older.snapshot === newer.snapshot
        func differs(_ row: Int, _ other: LayerView) -> Bool {
            !shared || row < 0 || other.delta.hiddenRows.contains(row)
        }
        var earlier: [String: Feature] = [:]
        var unmatched: [Feature] = []
        olderSize = Self.walk(older) { feature in
            guard differs(feature.row, newer) else { return }
            if let name = Self.name(feature, key) { earlier[name] = feature } else { unmatched.append(feature) }
        }
        var found: [(Feature?, Feature?)] = []
        newerSize = Self.walk(newer) { feature in
            guard differs(feature.row, older) else { return }
            found.append((Self.name(feature, key).flatMap { earlier.removeValue(forKey: $0) }, feature))
        }
        pairs = found + earlier.values.map { ($0, nil) } + unmatched.map { ($0, nil) }
    }

    private static func name(_ feature: Feature, _ key: LayerComparison.Key) -> String? {
        switch key {
        case .id: String(feature.id)
        case .code: feature.code
        }
    }

    private static func walk(_ view: LayerView, _ visit: (Feature) -> Void) -> LayerComparison.Size {
        var size = LayerComparison.Size()
        func take(_ row: Int) {
            size.count += 1
            view.withGeometry(row: row) { geometry in
                switch geometry.kind {
                case .polygon: size.area += geometry.area
                case .line: size.length += geometry.length
                case .point: break
                }
            }
            visit(Feature(view: view, row: row))
        }
        for row in 0..<view.snapshot.count where !view.delta.hiddenRows.contains(row) { take(row) }
        for index in view.delta.features.indices { take(-1 - index) }
        return size
    }
}

/// Tells what differs between two features.
private struct FeatureComparer: ~Copyable {
    private let fields: [(name: String, older: Int, newer: Int)]
    private let geos: GEOSContext

    init(_ older: LayerDefinition, _ newer: LayerDefinition, _ masked: Set<String>) throws {
        fields = older.fields.enumerated().compactMap { index, field in
            masked.contains(field.name) ? nil : newer.fieldIndex(field.name).map { (field.name, index, $0) }
        }
        geos = try GEOSContext()
    }

    /// Nil where both are the same.
    func change(_ before: Feature?, _ after: Feature?) throws -> LayerComparison.Change? {
        guard let before else { return one(.added, nil, after) }
        guard let after else { return one(.removed, before, nil) }
        let changed = fields.compactMap { name, older, newer in
            let (was, now) = (before.value(older), after.value(newer))
            return was == now ? nil : LayerComparison.FieldChange(name: name, before: was, after: now)
        }
        let (was, now) = (coordinates(before), coordinates(after))
        let isMoved = was != now
        guard isMoved || !changed.isEmpty else { return nil }
        var (gained, lost) = (0.0, 0.0)
        if isMoved, was.kind == .polygon {
            gained = try geos.overlay(.difference, now, was, kind: .polygon).planarArea / 1e6
            lost = try geos.overlay(.difference, was, now, kind: .polygon).planarArea / 1e6
        }
        return LayerComparison.Change(
            kind: .changed, before: before, after: after, isMoved: isMoved, fields: changed, gained: gained, lost: lost)
    }

    private func one(_ kind: LayerComparison.Kind, _ before: Feature?, _ after: Feature?) -> LayerComparison.Change? {
        LayerComparison.Change(
            kind: kind, before: before, after: after, isMoved: false, fields: [],
            gained: after?.withGeometry { $0.area } ?? 0, lost: before?.withGeometry { $0.area } ?? 0)
    }

    /// The geometry in millimetres with its heights.
    private func coordinates(_ feature: Feature) -> FlatCoordinates {
        var flat = FlatCoordinates()
        feature.withGeometry { geometry in
            flat.kind = geometry.kind
            flat.xy = geometry.xy.indices.map { Double(geometry.xy[$0]) }
            flat.ringEnds = geometry.ringEnds.indices.map { geometry.ringEnds[$0] }
        }
        flat.z = feature.view.heights(row: feature.row).map(Double.init)
        return flat
    }
}
