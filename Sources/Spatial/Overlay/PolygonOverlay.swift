// SPDX-License-Identifier: Apache-2.0

/// Computes what polygons share: the cheapest way that is exact enough for each pair.
///
/// 1. boxes that share no area: nothing; 2. two convex rings: clipped here; 3. a box inside the other polygon: whole, no
/// overlay (``PreparedRegion``, exact integers); 4. boundaries that do not meet: nothing; 5. GEOS' OverlayNG on the
/// grid's millimetres. An area of at most ``leastArea`` counts as none: that is what rounding makes of a shared edge.
///
/// For one thread; keep one for many pairs.
public final class PolygonOverlay {
    /// Square millimetres.
    public static var leastArea: Double { 1 }

    /// How pairs were decided.
    public struct Statistics: Sendable, Hashable {
        public var pairs = 0
        public var convex = 0
        public var whole = 0
        public var apart = 0
        public var overlaid = 0
        /// Pairs whose shared parts were measured without building them.
        public var measured = 0
        /// Polygons that GEOS refused at first and that were made valid.
        public var repaired = 0

        public init() {}

        public static func += (left: inout Statistics, right: Statistics) {
            left.pairs += right.pairs
            left.convex += right.convex
            left.whole += right.whole
            left.apart += right.apart
            left.overlaid += right.overlaid
            left.measured += right.measured
            left.repaired += right.repaired
        }

        /// Leaves what was counted since `before`.
        public mutating func subtract(_ before: Statistics) {
            pairs -= before.pairs
            convex -= before.convex
            whole -= before.whole
            apart -= before.apart
            overlaid -= before.overlaid
            measured -= before.measured
            repaired -= before.repaired
        }
    }

    let context: GEOSContext
    private var clip = ConvexClip()
    private var sweep = StripSweep()
    public private(set) var statistics = Statistics()

    /// - Throws: `geos` if GEOS cannot make a context.
    public init() throws(SpatialError) { context = try GEOSContext() }

    /// The area that two polygons share. O(vertices × log vertices) for most pairs.
    ///
    /// - Throws: `geos` where GEOS fails also after repair, `invalidGeometry` for a polygon without rings.
    public func shared(_ first: OverlayPolygon, _ second: OverlayPolygon) throws(SpatialError) -> SharedArea {
        if let decided = try decided(first, second) { return decided }
        let geometry = second.geometry
        guard try first.prepared().intersects(geometry.view) else {
            statistics.apart += 1
            return .none
        }
        return try overlaid(first, second)
    }

    /// The area that two polygons share, or only the sizes of its parts where those are all that is wanted.
    ///
    /// - Parameter isEnough: told the connected parts in square millimetres, says whether their sizes are enough.
    /// - Returns: nil for the area where they are; the parts then hold their sizes.
    /// - Throws: as ``shared(_:_:)``.
    public func shared(
        _ first: OverlayPolygon, _ second: OverlayPolygon, unless isEnough: ([Double]) -> Bool
    ) throws(SpatialError) -> SharedParts {
        if let decided = try decided(first, second) { return .area(decided) }
        let box = first.box.intersection(second.box)
        let parts = sweep.sharedParts(first.geometry, second.geometry, box)
        if parts.reduce(0, +) <= Self.leastArea {
            statistics.apart += 1
            return .area(.none)
        }
        if isEnough(parts) {
            statistics.measured += 1
            return .sizes(parts)
        }
        return .area(try overlaid(first, second))
    }

    /// The size of the area that two polygons share, in square metres; 0 where they share none.
    ///
    /// - Throws: as ``shared(_:_:)``.
    public func sharedSize(_ first: OverlayPolygon, _ second: OverlayPolygon) throws(SpatialError) -> Double {
        switch try shared(first, second, unless: { _ in true }) {
        case .sizes(let parts): return parts.reduce(0, +) / 1e6
        case .area(.none): return 0
        case .area(.wholeFirst): return first.area
        case .area(.wholeSecond): return second.area
        case .area(.part(let part)): return part.planarArea / 1e6
        }
    }

    /// How much of a polygon others cover, in square millimetres: each place once, and each as often as it is covered.
    ///
    /// Measured by strips, apart from what ``shared(_:_:)`` finds pair by pair. O(n log n) for most polygons.
    public func covered(_ polygon: OverlayPolygon, by others: [OverlayPolygon]) -> (once: Double, all: Double) {
        sweep.covered(polygon.geometry, polygon.box, by: others.map(\.geometry))
    }

    /// What boxes, convex rings and insides decide; nil where boundaries may meet.
    private func decided(_ first: OverlayPolygon, _ second: OverlayPolygon) throws(SpatialError) -> SharedArea? {
        statistics.pairs += 1
        guard first.box.sharesArea(second.box) else {
            statistics.apart += 1
            return SharedArea.none
        }
        if let a = first.convex, let b = second.convex {
            statistics.convex += 1
            return convexShared(a, b)
        }
        switch try first.prepared().classify(second.box) {
        case .inside:
            statistics.whole += 1
            return .wholeSecond
        case .outside:
            statistics.apart += 1
            return SharedArea.none
        case .rim: break
        }
        switch try second.prepared().classify(first.box) {
        case .inside:
            statistics.whole += 1
            return .wholeFirst
        case .outside:
            statistics.apart += 1
            return SharedArea.none
        case .rim: break
        }
        return nil
    }

    private func overlaid(_ first: OverlayPolygon, _ second: OverlayPolygon) throws(SpatialError) -> SharedArea {
        statistics.overlaid += 1
        let result = try result(.intersection, first, second)
        return result.isEmpty ? .none : .part(result)
    }

    private func convexShared(_ a: [GridPoint], _ b: [GridPoint]) -> SharedArea {
        let corners = clip.shared(a, b)
        guard corners.count >= 3, let origin = b.first else { return .none }
        var twice = 0.0
        var before = corners[corners.count - 1]
        for corner in corners {
            twice += before.x * corner.y - corner.x * before.y
            before = corner
        }
        guard twice / 2 > Self.leastArea else { return .none }
        var flat = FlatCoordinates(kind: .polygon)
        flat.xy.reserveCapacity(2 * corners.count)
        var last = corners[corners.count - 1]
        for corner in corners where corner != last {
            flat.xy.append(Double(origin.x) + corner.x)
            flat.xy.append(Double(origin.y) + corner.y)
            last = corner
        }
        flat.ringEnds = [UInt32(flat.xy.count / 2) | ringStartsPart]
        return .part(flat)
    }

    /// The polygonal points of a set operation, in grid millimetres; empty if there is no more than ``leastArea``.
    ///
    /// - Throws: as ``shared(_:_:)``.
    public func result(
        _ operation: GEOSOverlay, _ first: OverlayPolygon, _ second: OverlayPolygon
    ) throws(SpatialError) -> FlatCoordinates {
        var flat = FlatCoordinates(kind: .polygon)
        do {
            let overlaid = try first.native(context).geometry.overlay(operation, second.native(context).geometry)
            try overlaid.appendPolygons(to: &flat)
        } catch {
            // Invalid input is the reason that GEOS gives most often; a valid form of both decides.
            statistics.repaired += 1
            flat.removeAll()
            let overlaid = try first.repair(context).geometry.overlay(operation, second.repair(context).geometry)
            try overlaid.appendPolygons(to: &flat)
        }
        if flat.planarArea <= Self.leastArea { flat.removeAll() }
        return flat
    }

    /// The polygonal points of a set operation on polygons that are no longer on the grid.
    public func result(
        _ operation: GEOSOverlay, _ first: FlatCoordinates, _ second: OverlayPolygon
    ) throws(SpatialError) -> FlatCoordinates {
        var flat = FlatCoordinates(kind: .polygon)
        let overlaid = try context.geometry(first).overlay(operation, second.native(context).geometry)
        try overlaid.appendPolygons(to: &flat)
        return flat
    }

    /// Square millimetres that several polygons cover together, each place once.
    ///
    /// - Throws: `geos` on failure.
    public func coveredArea(_ parts: [FlatCoordinates]) throws(SpatialError) -> Double {
        if parts.isEmpty { return 0 }
        if parts.count == 1 { return parts[0].planarArea }
        var all = FlatCoordinates(kind: .polygon)
        for part in parts {
            let base = UInt32(all.vertexCount)
            all.xy += part.xy
            all.ringEnds += part.ringEnds.map { $0 + base }
        }
        var union = FlatCoordinates(kind: .polygon)
        try context.geometry(all).unaryUnion().appendPolygons(to: &union)
        return union.planarArea
    }

    /// Whether a polygon part is narrower than a width everywhere: no circle of that diameter fits in.
    ///
    /// An area above perimeter × radius always holds such a circle (Bonnesen; polygons with at most one hole), one below
    /// that of the circle never does; between them GEOS shrinks the part.
    /// - Parameters:
    ///   - part: one polygon with its holes, in millimetres.
    ///   - width: millimetres, above 0.
    public func isNarrow(_ part: FlatCoordinates, width: Double) throws(SpatialError) -> Bool {
        let radius = width / 2
        let area = part.planarArea
        if area < .pi * radius * radius { return true }
        if part.ringEnds.count <= 2, area > part.planarLength * radius { return false }
        return try context.geometry(part).buffer(-radius).isEmpty
    }
}

extension GridBox {
    /// What both boxes hold; empty if they are apart.
    func intersection(_ other: GridBox) -> GridBox {
        GridBox(
            minX: max(minX, other.minX), minY: max(minY, other.minY), maxX: min(maxX, other.maxX),
            maxY: min(maxY, other.maxY))
    }

    /// Whether the boxes share more than an edge or a corner.
    @inlinable
    public func sharesArea(_ other: GridBox) -> Bool {
        minX < other.maxX && other.minX < maxX && minY < other.maxY && other.minY < maxY
    }
}

extension PolygonOverlay {
    /// Millimetres of a line that lie in a polygon, its boundary included.
    ///
    /// - Throws: `geos` on failure.
    public func length(of line: FlatCoordinates, in polygon: OverlayPolygon) throws(SpatialError) -> Double {
        let inside = try context.geometry(line).overlay(.intersection, polygon.native(context).geometry)
        return try inside.value(ofKind: .line).planarLength
    }
}
