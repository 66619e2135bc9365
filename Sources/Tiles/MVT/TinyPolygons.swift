// SPDX-License-Identifier: Apache-2.0

/// Which tiny polygons are drawn, as squares of one area that stand for all of them.
///
/// Threshold sampling: a polygon of area a below the area A of a square is drawn with the probability a / A, so that
/// the squares' area is, on average, the area of the tiny polygons, anywhere and for any attribute. The draw is a
/// function of the feature's id alone: what is drawn does not depend on other features, is the same in every tile, and
/// stays drawn at all larger zooms. Draws of consecutive ids are spread evenly, which makes sums more exact than chance.
///
/// Source: Duffield, Lund, Thorup, "Learn more, sample less: control of volume and variance in network measurement",
/// IEEE Transactions on Information Theory 51 (2005), §II; Weyl's sequence of the golden ratio for the draws.
public enum TinyPolygons {
    /// The side of the largest square in tile units that a tile may be coarsened to: a pixel is 8.
    static let maximumSide = 64

    /// A polygon with a box of this many times the tiny area is not tiny, whatever its own area: slivers are lines to
    /// the eye.
    static let boxShare = 8.0

    /// The number in (0, 1] that an id draws.
    static func draw(_ id: UInt64) -> Double {
        Double((id &* 0x9E37_79B9_7F4A_7C15) >> 32 &+ 1) * 0x1p-32
    }

    /// What decides about a polygon at all zooms, in square world units.
    public struct Extent: Sendable, Hashable {
        /// A square of up to this area leaves the polygon as it is.
        public var size: Float
        /// A square of up to this area is drawn for the polygon, or the polygon itself. Never less than ``size``.
        public var reach: Float

        /// - Parameters:
        ///   - area: of the polygon.
        ///   - box: area of its box.
        public init(id: UInt64, area: Double, box: Double) {
            size = Float(max(area, box / TinyPolygons.boxShare))
            reach = max(size, Float(area / TinyPolygons.draw(id)))
        }
    }

    /// The extent of a polygon in world coordinates and the middle of its box, half units left out. Nil without vertices.
    public static func extent(
        id: UInt64, xy: borrowing Span<UInt32>, ringEnds: borrowing Span<UInt32>
    ) -> (Extent, centre: SIMD2<UInt32>)? {
        guard let box = WorldBox(xy) else { return nil }
        return (Extent(id: id, area: WorldShape.area(xy, ringEnds), box: box.area), box.centre)
    }
}

/// Estimates how many bytes the polygons of a tile take by the side of its squares, to find the least that fits.
///
/// The estimate counts 28 bytes for a square, 20 and 3 a vertex for a polygon, and 2 for each attribute of either;
/// texts are not known to it. It is a sum over features and falls with the side.
public struct SquareLadder: Sendable {
    private let unit: Double
    private let firstSide: Int
    private let attributeBytes: Int
    /// Bytes that begin or end at a side, from the first one on.
    private var steps: [Int]

    /// - Parameters:
    ///   - rules: whose ``TileRules/squareSide`` is the least.
    ///   - attributes: at most this many a feature.
    public init(_ rules: TileRules, tile: TileID, attributes: Int) {
        unit = Double(tile.worldSize) / 4096
        firstSide = max(1, rules.squareSide)
        attributeBytes = 2 * attributes
        steps = Array(repeating: 0, count: max(1, TinyPolygons.maximumSide - firstSide + 1) + 1)
    }

    /// Bytes of a polygon of some vertices, at most.
    public static func bytes(vertices: Int, attributes: Int) -> Int { max(28, 20 + 3 * vertices) + 2 * attributes }

    /// Counts a polygon.
    public mutating func add(_ extent: TinyPolygons.Extent, vertices: Int) {
        let square = 28 + attributeBytes
        let whole = Self.bytes(vertices: vertices, attributes: attributeBytes / 2)
        let (polygonEnd, squareEnd) = (step(extent.size), step(extent.reach))
        if polygonEnd > 0 {
            steps[0] += whole
            steps[polygonEnd] += square - whole
        } else if squareEnd > 0 {
            steps[0] += square
        }
        if squareEnd > 0 { steps[squareEnd] -= square }
    }

    /// How many sides from the first one on have squares of at most this area.
    private func step(_ area: Float) -> Int {
        let side = (Double(area) / (unit * unit)).squareRoot()
        return min(max(Int(min(side, 1e6)) - firstSide + 1, 0), steps.count - 1)
    }

    /// The least side whose estimate is within the limit, or the largest side.
    public func side(within most: Int) -> Int {
        var bytes = 0
        for index in 0..<(steps.count - 1) {
            bytes += steps[index]
            if bytes <= most { return firstSide + index }
        }
        return firstSide + steps.count - 2
    }

    /// Adds the counts of another ladder of the same tile and rules.
    public static func += (sum: inout SquareLadder, more: SquareLadder) {
        for index in sum.steps.indices { sum.steps[index] += more.steps[index] }
    }

    /// Takes away counts that were added.
    public static func -= (sum: inout SquareLadder, less: SquareLadder) {
        for index in sum.steps.indices { sum.steps[index] -= less.steps[index] }
    }
}
