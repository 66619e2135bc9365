// SPDX-License-Identifier: Apache-2.0
import Spatial

/// A question about several layers at once, answered on one consistent view (snapshot and changes since).
///
/// ```swift
/// var query = SpatialQuery(layers: ["buildings"], region: .circle(centre, metres: 500))
/// query.filter = .compare("floors", .greaterOrEqual, .integer(6))
/// query.output = .sums(by: "class", of: .area)
/// let answer = try city.view().answer(query, in: city.coordinates)
/// ```
public struct SpatialQuery: Sendable, Hashable {
    /// Where to look. Everything that shares a point with the region belongs to it, edges included.
    public enum Region: Sendable, Hashable {
        case everywhere
        case box(LonLatBox)
        /// Nearest part at most so far from the centre; planar metres in the city's system.
        case circle(LonLat, metres: Double)
        /// Rings of positions; the first of a part is its outer ring. Closed or not.
        case polygon(QueryPolygon)
        /// Nearest part at most so far from a line; planar metres in the city's system.
        case corridor([LonLat], metres: Double)
        /// The nearest of each layer, at most so far away.
        case nearest(LonLat, count: Int, metres: Double?)
    }

    /// What is summed.
    public enum Measure: Sendable, Hashable {
        /// Square metres of polygons.
        case area
        /// An integer or real field; features without a value add nothing.
        case field(String)
    }

    /// What comes back.
    public enum Output: Sendable, Hashable {
        /// Ids, with distances where the region has a centre or a line.
        case features
        case counts
        /// Counts and sums, by the values of a text, integer or boolean field or all together.
        case sums(by: String?, of: Measure?)
    }

    public enum Order: String, Sendable, Hashable, CaseIterable {
        /// By permanent id.
        case id
        /// By distance, then id. For circles, corridors and nearest.
        case distance
    }

    /// How rows are found; answers do not depend on it.
    public enum Access: String, Sendable, Hashable, CaseIterable {
        case automatic
        case spaceFirst = "space-first"
        case attributeFirst = "attribute-first"
        /// By the rows of a sorted column, where the filter has an equality or a range that all rows must fulfil.
        case sortedFirst = "sorted-first"
    }

    /// Layer ids.
    public var layers: [String]
    public var region: Region
    public var filter: ColumnFilter?
    public var output: Output
    public var order: Order
    /// Features listed per layer and page, 0 to ``limitRange``'s end; counts and sums are exact whatever it is.
    public var limit: Int
    /// Where the page before ended.
    public var cursor: QueryCursor?
    public var access: Access
    /// Fields that the caller may not see, by layer: they can be neither filtered nor summed on.
    public var maskedFields: [String: Set<String>]

    public static let limitRange = 0...10_000
    public static let nearestRange = 1...10_000
    /// Metres.
    public static let radiusRange = 0.0...100_000.0
    /// Positions of a polygon or line.
    public static let vertexLimit = 100_000
    /// Classes of one sum.
    public static let classLimit = 10_000

    public init(layers: [String], region: Region, output: Output = .features) {
        self.layers = layers
        self.region = region
        self.output = output
        filter = nil
        limit = 100
        cursor = nil
        access = .automatic
        maskedFields = [:]
        switch region {
        case .circle, .nearest: order = .distance
        case .everywhere, .box, .polygon, .corridor: order = .id
        }
    }
}

/// Polygons as rings of positions, as GeoJSON has them.
public struct QueryPolygon: Sendable, Hashable {
    /// Polygons, of rings, of positions.
    public var parts: [[[LonLat]]]

    public init(parts: [[[LonLat]]]) { self.parts = parts }
    public init(ring: [LonLat]) { parts = [[ring]] }
}

/// A class of features: a value of the field that sums are grouped by.
public enum ClassValue: Sendable, Hashable {
    case null
    case text(String)
    case integer(Int64)
    case boolean(Bool)
}

/// The features of one class.
public struct ClassSum: Sendable, Hashable {
    /// Nil where all features are summed together.
    public var value: ClassValue?
    public var count: Int
    /// Nil where only counts were asked for.
    public var sum: Double?
}

/// A feature that was found.
public struct QueryHit: Sendable {
    public var feature: Feature
    /// Metres; nil for regions without a centre or line.
    public var distance: Double?
}

/// How one layer was searched.
public struct QueryPlan: Sendable, Hashable {
    /// `space-first`, `attribute-first`, `sorted-first`, `id-order` or `nearest`.
    public var access: String
    /// Rows that the region may hold, estimated from the index's upper levels.
    public var regionRows: Int
    /// The share of rows that the filter passes, estimated from counts and samples of the columns.
    public var filterShare: Double
    /// Estimated microseconds of the ways; nil where there was no choice.
    public var spaceCost: Double?
    public var attributeCost: Double?
    public var sortedCost: Double?

    /// Whether rows that pass the filter are found before the region is asked.
    var asksAttributesFirst: Bool { access == "attribute-first" || access == "sorted-first" }
}

/// The answer of one layer.
public struct LayerAnswer: Sendable {
    public var layer: LayerView
    /// Features that match, exactly; for `nearest` those that are returned.
    public var count: Int
    public var hits: [QueryHit]
    /// By value, greatest count first; empty unless sums were asked for.
    public var classes: [ClassSum]
    public var plan: QueryPlan
}

/// The answer of all layers.
public struct QueryAnswer: Sendable {
    /// The store's newest change that the answer knows.
    public var version: Int64
    public var layers: [LayerAnswer]
    /// The next page; nil on the last.
    public var next: QueryCursor?

    public var total: Int { layers.reduce(0) { $0 + $1.count } }
}
