// SPDX-License-Identifier: Apache-2.0

/// What happens to a polygon whose area in the tile is below ``TileRules/tinyArea``.
public enum TinyPolygonPolicy: Sendable, Hashable {
    /// Kept as it is; it disappears only if it collapses to nothing on the tile's grid.
    case keep
    /// Left out and counted.
    case drop
    /// Left out or drawn as a square that stands for others, too; see ``TinyPolygons``.
    case square
}

/// What a layer's tiles hold: which zooms, which fields, and what gives way where there is too much.
///
/// Every rule is decided from the features that touch the tile and its buffer, in row order, so that tiles can be made
/// alone and in any order; where two tiles must agree (squares, clusters, thinning, labels), a feature belongs to the
/// tile that holds its representative point. Whatever a rule drops is counted in ``TileAccount``.
///
/// Lengths are tile units, 4096 to a tile: 8 units are a pixel where a tile is shown 512 pixels wide.
public struct TileRules: Sendable, Hashable {
    /// A field that is written from a zoom on.
    public struct Field: Sendable, Hashable {
        public var name: String
        public var fromZoom: Int

        public init(name: String, fromZoom: Int = 0) {
            self.name = name
            self.fromZoom = fromZoom
        }
    }

    /// What happens to points that are close to each other.
    public enum Points: Sendable, Hashable {
        case all
        /// One of each cell stays: the most important by ``order``, of equals the first row.
        case thin
        /// The points of a cell become one point at their mean place with `point_count`, without an id. A cell with
        /// one point keeps it as it is.
        case cluster
    }

    /// Which features are the more important ones, when some must go.
    public enum Order: Sendable, Hashable {
        /// The larger area or length; points by row.
        case size
        /// Earlier rows first.
        case row
        /// The `importance` that the caller gives with each feature, such as the value of `attribute`; the larger first.
        case attribute(String)
    }

    /// Tiles outside these zooms have no such layer.
    public var zooms = 0...TileID.maximumZoom
    /// The fields that are written, or nil for all at every zoom.
    public var fields: [Field]?
    /// Margin around the tile that geometry is clipped to.
    public var buffer = 64
    /// Whether vertices are left out by their levels; see ``TopologySimplifier``.
    public var simplifies = true

    public var tinyPolygons = TinyPolygonPolicy.square
    /// Polygons of less area in square units are tiny. 16 is a quarter of a pixel. Squares have whole sides, so that
    /// the nearest square number counts where they are drawn.
    public var tinyArea = 16.0
    /// From this zoom on, no polygon is tiny.
    public var tinyBelowZoom = 15

    /// Lines that are shorter as a whole are left out; 0 keeps all.
    public var minimumLineLength = 0.0
    /// Joins lines of one tile that meet end to end, at a place where no third of their like ends, and have equal
    /// attributes of those that are written at the zoom. The joined line has the id of its first row.
    public var joinsLines = false
    /// From this zoom on, lines stay as they are.
    public var joinsBelowZoom = 15

    /// Adds a layer `NAME_label` with one point for each polygon, inside it, with its id and attributes, in the one
    /// tile of each zoom that holds the point.
    public var labelsPolygons = false

    public var points = Points.all
    /// Side of the cells for thinning and clustering; rounded to a power of two so that cells fit the tile.
    public var pointCell = 256
    /// From this zoom on, all points are written.
    public var pointsBelowZoom = 15

    /// Most features that one tile holds of the layer, or nil; the least important by ``order`` give way.
    public var maximumFeatures: Int?
    /// Most bytes that the layer takes in one tile, not compressed, or nil; the least important give way.
    public var maximumBytes: Int?
    public var order = Order.size
    /// Longest text of one attribute in bytes; a longer one is an error, since every tile it is in would carry it.
    public var maximumTextBytes = 65_536

    public init() {}

    /// Everything at full detail: no simplification, nothing dropped but what vanishes on the tile's grid.
    public static var lossless: TileRules {
        var rules = TileRules()
        rules.simplifies = false
        rules.tinyPolygons = .keep
        return rules
    }

    /// The side of the squares that stand for tiny polygons.
    public var squareSide: Int { Int(tinyArea.squareRoot().rounded()) }

    /// The area in square tile units below which polygons of a zoom are tiny; 0 where none is.
    func tinyLimit(zoom: Int) -> Double {
        guard zoom < tinyBelowZoom else { return 0 }
        return switch tinyPolygons {
        case .keep: 0
        case .drop: tinyArea
        case .square: Double(squareSide * squareSide)
        }
    }

    /// Whether a field is written at a zoom.
    public func keepsField(_ name: String, zoom: Int) -> Bool {
        guard let fields else { return true }
        return fields.contains { $0.name == name && zoom >= $0.fromZoom }
    }

    /// Throws ``TileError`` `.argument` and says which rule cannot be followed and what it may be.
    public func validate() throws(TileError) {
        func check(_ holds: Bool, _ message: String) throws(TileError) {
            guard holds else { throw TileError(.argument, message) }
        }
        let all = 0...TileID.maximumZoom
        try check(
            all.contains(zooms.lowerBound) && all.contains(zooms.upperBound),
            "zooms \(zooms.lowerBound) to \(zooms.upperBound) are outside 0 to \(TileID.maximumZoom)")
        try check((0...2048).contains(buffer), "a buffer of \(buffer) units; write 0 to 2048 (a tile has 4096)")
        try check(
            tinyArea >= 0 && tinyArea <= 65_536, "a tiny area of \(tinyArea) square units; write 0 to 65536")
        try check(
            minimumLineLength >= 0 && minimumLineLength <= 4096,
            "a minimum line length of \(minimumLineLength) units; write 0 to 4096")
        try check((8...4096).contains(pointCell), "point cells of \(pointCell) units; write 8 (one pixel) to 4096")
        try check(maximumFeatures ?? 1 > 0, "a limit of \(maximumFeatures ?? 0) features; write 1 or more")
        try check(maximumBytes ?? 1024 >= 1024, "a limit of \(maximumBytes ?? 0) bytes; write 1024 or more")
        try check(maximumTextBytes > 0, "a longest text of \(maximumTextBytes) bytes; write 1 or more")
    }
}

/// What became of the features that were offered to a layer of a tile. Sums of tiles and workers add up.
public struct TileAccount: Sendable, Hashable {
    /// Features given to the encoder.
    public var offered = 0
    /// Features written: originals, squares, joined lines and clusters. Labels are counted apart.
    public var written = 0
    /// Not in the tile and its buffer, or decided by the neighbour that holds their representative point.
    public var outside = 0
    /// Left out by a condition on attributes, which the caller decides on; counted in each tile that a feature's box meets.
    public var filtered = 0
    /// Without any vertex.
    public var empty = 0
    /// Nothing was left on the tile's grid: lines of one point, polygons without area.
    public var collapsed = 0
    /// Polygons below the tiny area that were left out or went into squares.
    public var tiny = 0
    /// Squares that stand for tiny polygons.
    public var squares = 0
    /// Lines below the minimum length.
    public var shortLines = 0
    /// Lines that went into another by joining.
    public var joined = 0
    /// Points that gave way to another of their cell.
    public var thinned = 0
    /// Points that went into clusters.
    public var clustered = 0
    /// Clusters that stand for them.
    public var clusters = 0
    /// Dropped because the tile had more features than allowed.
    public var overFeatureLimit = 0
    /// Dropped because the layer had more bytes than allowed.
    public var overByteLimit = 0
    /// Label points written.
    public var labels = 0
    /// Rings and line parts without area or length inside features that were written.
    public var droppedRings = 0
    /// Polygons that crossed or touched themselves after snapping and were rebuilt on the tile's grid.
    public var repaired = 0
    public var vertices = 0
    /// Bytes of the layer, not compressed.
    public var bytes = 0

    public init() {}

    /// Features that are neither written nor part of a joined line or a cluster. Squares stand for the area of those
    /// that were tiny.
    public var dropped: Int {
        filtered + collapsed + empty + shortLines + thinned + overFeatureLimit + overByteLimit + tiny - squares
    }

    public static func += (sum: inout TileAccount, more: TileAccount) {
        sum.offered += more.offered
        sum.written += more.written
        sum.outside += more.outside
        sum.filtered += more.filtered
        sum.empty += more.empty
        sum.collapsed += more.collapsed
        sum.tiny += more.tiny
        sum.squares += more.squares
        sum.shortLines += more.shortLines
        sum.joined += more.joined
        sum.thinned += more.thinned
        sum.clustered += more.clustered
        sum.clusters += more.clusters
        sum.overFeatureLimit += more.overFeatureLimit
        sum.overByteLimit += more.overByteLimit
        sum.labels += more.labels
        sum.droppedRings += more.droppedRings
        sum.repaired += more.repaired
        sum.vertices += more.vertices
        sum.bytes += more.bytes
    }
}
