// SPDX-License-Identifier: Apache-2.0
public import Spatial

/// Says for every vertex of a layer the lowest zoom at which it is needed, so that a tile of zoom z keeps exactly the
/// vertices whose level is at most z.
///
/// Borders stay shared: a vertex where borders meet or part is a *node* and always kept; the *arc* between two nodes
/// is simplified in a canonical direction with the same arithmetic wherever it is used, so both neighbours keep the
/// same vertices at every zoom.
///
/// ```
///     a──b──c          b lies between the same neighbours a and c in both rings: simplified alike
///     │  A  ├───       c has neighbours (b, d) in A and (b, e) in B: a node, kept at every zoom
///     x──y──d──        a ring that shares nothing is anchored at its smallest vertex and the one farthest from it
/// ```
///
/// What it does not do: a vertex of one feature that lies on an edge of another without a vertex there (a T-junction)
/// is not shared, so a gap of up to the tolerance may open at it. Simplification may make a border cross itself or
/// another; the tile encoder repairs the rings of one feature, and two features overlap by less than the tolerance.
///
/// ```swift
/// let simplifier = TopologySimplifier { zoom in
///     TopologySimplifier.millimetresPerTileUnit(zoom: zoom, latitude: 36.2)
/// }
/// let levels = try simplifier.vertexZooms(
///     kind: .polygon, xy: grid, vertexStarts: starts, ringStarts: rings, ringEnds: ends)
/// ```
///
/// A value without state: use it from any thread. Source of the importance: Douglas and Peucker, "Algorithms for the
/// reduction of the number of points", 1973, over all tolerances at once; of the shared arcs: Bostock's TopoJSON.
public struct TopologySimplifier: Sendable {
    /// The level of a vertex that no zoom needs: it lies on the line between its neighbours, or nearly.
    public static let never: UInt8 = 255

    /// Squares of the largest distance in millimetres that simplification may move a border, by zoom.
    let squaredTolerances: [Double]

    /// - Parameters:
    ///   - maximumZoom: vertices that this zoom does not need get ``never``; at most 254.
    ///   - tolerance: in tile units; half a unit is less than what snapping to the tile's grid moves.
    ///   - millimetresPerTileUnit: grid millimetres that 1/4096 of a tile's width covers in the city.
    public init(
        maximumZoom: Int = TileID.maximumZoom, tolerance: Double = 0.5,
        millimetresPerTileUnit: (_ zoom: Int) -> Double
    ) {
        squaredTolerances = (0...min(max(maximumZoom, 0), 254)).map {
            let length = tolerance * millimetresPerTileUnit($0)
            return length * length
        }
    }

    /// Millimetres on the ground that one tile unit covers at a latitude in degrees; Web Mercator, extent 4096.
    public static func millimetresPerTileUnit(zoom: Int, latitude: Double) -> Double {
        // The scale from how much longitude a metre of latitude has: cos φ by the tile's own projection.
        let north = WebMercator.world(longitude: 0, latitude: latitude + 0.000_5).y
        let south = WebMercator.world(longitude: 0, latitude: latitude - 0.000_5).y
        let worldUnitsPerDegree = max(south - north, 1) * 1000
        let millimetresPerDegree = WebMercator.circumference / 360 * 1000
        let worldUnitsPerTileUnit = WebMercator.worldSize / 4096 / Double(1 << min(max(zoom, 0), 62))
        return millimetresPerDegree / worldUnitsPerDegree * worldUnitsPerTileUnit
    }

    /// The level of every vertex: the lowest zoom that needs it, or ``never``.
    ///
    /// - Parameters:
    ///   - xy: interleaved grid coordinates of the whole layer.
    ///   - vertexStarts: first vertex of each feature, and the end.
    ///   - ringStarts: first ring of each feature, and the end.
    ///   - ringEnds: end vertex of each ring relative to its feature's first, with ``ringStartsPart``.
    /// - Returns: one level a vertex; 0 throughout for points.
    /// - Throws: `argument` if the arrays do not fit each other.
    /// - Complexity: O(vertices · log vertices), without recursion; about 12 bytes of scratch memory a vertex.
    public func vertexZooms(
        kind: GeometryKind, xy: borrowing Span<Int32>, vertexStarts: borrowing Span<UInt32>,
        ringStarts: borrowing Span<UInt32>, ringEnds: borrowing Span<UInt32>
    ) throws(TileError) -> [UInt8] {
        let count = xy.count / 2
        guard xy.count == 2 * count, count < Int(ringEndMask) else {
            throw TileError(.argument, "a layer of \(xy.count) coordinates: give pairs, fewer than 2^31")
        }
        guard kind != .point else { return [UInt8](repeating: 0, count: count) }
        let rings = try Self.rings(count, vertexStarts, ringStarts, ringEnds)
        let nodes = SharedVertices.nodes(isClosed: kind == .polygon, xy, rings)
        var levels = [UInt8](repeating: Self.never, count: count)
        var ranker = ArcRanker(squaredTolerances: squaredTolerances)
        var start = 0
        for end in rings {
            if kind == .polygon {
                ranker.rankRing(xy, start, Int(end), nodes, &levels)
            } else {
                ranker.rankLine(xy, start, Int(end), nodes, &levels)
            }
            start = Int(end)
        }
        return levels
    }

    /// The exclusive end vertex of every ring of the layer.
    private static func rings(
        _ count: Int, _ vertexStarts: borrowing Span<UInt32>, _ ringStarts: borrowing Span<UInt32>,
        _ ringEnds: borrowing Span<UInt32>
    ) throws(TileError) -> [UInt32] {
        guard vertexStarts.count == ringStarts.count, vertexStarts.count > 0 || count == 0 else {
            throw TileError(
                .argument, "\(vertexStarts.count) starts of vertices and \(ringStarts.count) of rings: give n + 1 each")
        }
        var rings: [UInt32] = []
        rings.reserveCapacity(ringEnds.count)
        var last = 0
        for feature in 0..<max(vertexStarts.count - 1, 0) {
            let first = Int(vertexStarts[feature])
            let (ring, ringEnd) = (Int(ringStarts[feature]), Int(ringStarts[feature + 1]))
            guard first == last, ring <= ringEnd, ringEnd <= ringEnds.count else {
                throw TileError(.argument, "feature \(feature) does not begin where the one before it ends")
            }
            for index in ring..<ringEnd {
                let end = first + Int(ringEnds[index] & ringEndMask)
                guard end >= last, end <= count else {
                    throw TileError(.argument, "ring \(index) of feature \(feature) ends outside its vertices")
                }
                rings.append(UInt32(end))
                last = end
            }
            guard last == Int(vertexStarts[feature + 1]) else {
                throw TileError(.argument, "the rings of feature \(feature) do not cover its vertices")
            }
        }
        guard last == count else {
            throw TileError(.argument, "the features hold \(last) vertices of \(count)")
        }
        return rings
    }
}
