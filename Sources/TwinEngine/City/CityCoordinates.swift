// SPDX-License-Identifier: Apache-2.0
public import Spatial

/// A city's coordinates: its projected system, its millimetre grid, and fast ways to and from lon/lat and the map.
///
/// The fast transformations are polynomials fitted to PROJ over the city's extent with a measured error of at most
/// 0.05 mm; positions outside fall back to PROJ. Immutable: share it between threads.
public struct CityCoordinates: Sendable {
    public let system: CoordinateSystem
    public let grid: GridFrame
    let toLonLat: LocalTransform
    private let gridToWorld: GridToWorld
    let fromLonLat: LocalTransform
    /// For positions outside the fitted boxes: city to lon/lat, both directions.
    private let exact: TransformerPool
    /// The declared extent, in metres of the city's system.
    let extent: CoordinateBox
    /// The extent with its margin, in metres of the city's system.
    let box: CoordinateBox
    /// The part of the world that the grid is asked about, in degrees: the extent with ten degrees around it.
    let reach: LonLatBox

    /// Margin around the declared extent, as a share of its size, in which the fast transformations hold.
    private static let margin = 0.25

    public init(crs: String, extent: LonLatBox) throws {
        let system = try CoordinateSystem(crs)
        let wgs84 = try CoordinateSystem.wgs84()
        let around = try Self.metres(of: extent, system, wgs84)
        let marginX = around.width * Self.margin + 1000
        let marginY = around.height * Self.margin + 1000
        let box = CoordinateBox(
            minX: around.minX - marginX, minY: around.minY - marginY, maxX: around.maxX + marginX,
            maxY: around.maxY + marginY)
        let degreesX = (extent.east - extent.west) * Self.margin + 0.01
        let degreesY = (extent.north - extent.south) * Self.margin + 0.01
        let degrees = CoordinateBox(
            minX: extent.west - degreesX, minY: extent.south - degreesY, maxX: extent.east + degreesX,
            maxY: extent.north + degreesY)
        self.system = system
        self.extent = around
        reach = LonLatBox(
            west: max(-180, extent.west - 10), south: max(-85, extent.south - 10), east: min(180, extent.east + 10),
            north: min(85, extent.north + 10))
        self.box = box
        // Whole kilometres, so that the grid stays put when the extent is touched up.
        grid = GridFrame(
            originX: ((around.minX + around.maxX) / 2000).rounded() * 1000,
            originY: ((around.minY + around.maxY) / 2000).rounded() * 1000)
        toLonLat = try LocalTransform(from: system, to: .lonLat, over: box)
        gridToWorld = try GridToWorld(LocalTransform(from: system, to: .world, over: box), frame: grid)
        exact = try TransformerPool(from: system, to: wgs84)
        fromLonLat = try LocalTransform(from: wgs84, to: .system(system), over: degrees)
    }

    /// The box in metres around a lon/lat box, from points along its edges.
    static func metres(
        of extent: LonLatBox, _ system: CoordinateSystem, _ wgs84: CoordinateSystem
    ) throws -> CoordinateBox {
        let transformer = try CoordinateTransformer(from: wgs84, to: system)
        var points: [Double] = []
        let steps = 16
        for step in 0...steps {
            let share = Double(step) / Double(steps)
            let x = extent.west + (extent.east - extent.west) * share
            let y = extent.south + (extent.north - extent.south) * share
            points += [x, extent.south, x, extent.north, extent.west, y, extent.east, y]
        }
        let failed = transformer.transform(&points)
        guard failed == 0, let bounds = FlatCoordinates(kind: .point, xy: points).bounds else {
            throw TwinError(
                .project,
                "the extent \(extent.west) \(extent.south) \(extent.east) \(extent.north) cannot be expressed in "
                    + "\(system.definition); correct `extent` or `crs`")
        }
        return bounds
    }

    // MARK: Points

    /// - Throws: `SpatialError.coordinates` for a position that the grid cannot hold.
    public func gridPoint(_ position: LonLat) throws(SpatialError) -> GridPoint {
        guard let metres = try metres(position) else {
            throw SpatialError(
                .coordinates,
                "longitude \(position.longitude), latitude \(position.latitude) is no position in \(system.definition)")
        }
        return try grid.checkedGridPoint(x: metres.x, y: metres.y)
    }

    /// Metres in the city's system; nil for a position that it does not have.
    func metres(_ position: LonLat) throws(SpatialError) -> (x: Double, y: Double)? {
        if let metres = fromLonLat.transform(x: position.longitude, y: position.latitude) {
            return (metres.x, metres.y)
        }
        let metres = try exact.withTransformer {
            $0.transform(x: position.longitude, y: position.latitude, direction: .inverse)
        }
        return metres.map { ($0.x, $0.y) }
    }

    /// The position of a grid point; not a number where PROJ has no answer.
    public func lonLat(_ point: GridPoint) -> LonLat {
        let metres = grid.metres(point)
        let position = lonLat(x: metres.x, y: metres.y)
        return LonLat(longitude: position.x, latitude: position.y)
    }

    /// The position of metres in the city's system; not a number where PROJ has no answer.
    func lonLat(x: Double, y: Double) -> SIMD2<Double> {
        if let fast = toLonLat.transform(x: x, y: y) { return fast }
        do {
            let position = try exact.withTransformer { $0.transform(x: x, y: y) }
            return position.map { SIMD2($0.x, $0.y) } ?? SIMD2(.nan, .nan)
        } catch {
            return SIMD2(.nan, .nan)
        }
    }

    /// Interleaved world units (Web Mercator, 2³² around the equator) of interleaved grid millimetres, rounded.
    ///
    /// Each vertex by itself, so that equal vertices come out equal; no allocation but for `world` to grow.
    /// O(vertices), some nanoseconds each.
    func worldUnits(_ vertices: Span<Int32>, into world: inout [UInt32]) {
        gridToWorld.convert(vertices, into: &world) { point in
            let position = lonLat(point)
            return WebMercator.worldPoint(longitude: position.longitude, latitude: position.latitude)
        }
    }

    /// The grid box around a lon/lat box, from points along its edges.
    public func gridBox(_ box: LonLatBox) throws(SpatialError) -> GridBox {
        var result = GridBox.empty
        let steps = 8
        for step in 0...steps {
            let share = Double(step) / Double(steps)
            let x = box.west + (box.east - box.west) * share
            let y = box.south + (box.north - box.south) * share
            for position in [(x, box.south), (x, box.north), (box.west, y), (box.east, y)] {
                let point = try gridPoint(LonLat(longitude: position.0, latitude: position.1))
                result.formUnion(x: point.x, y: point.y)
            }
        }
        return result
    }

    /// The lon/lat box around a grid box; nil for an empty one.
    public func lonLatBox(_ box: GridBox) -> LonLatBox? {
        guard !box.isEmpty else { return nil }
        let corners = [
            lonLat(GridPoint(x: box.minX, y: box.minY)), lonLat(GridPoint(x: box.maxX, y: box.minY)),
            lonLat(GridPoint(x: box.minX, y: box.maxY)), lonLat(GridPoint(x: box.maxX, y: box.maxY)),
        ]
        let longitudes = corners.map(\.longitude)
        let latitudes = corners.map(\.latitude)
        guard let west = longitudes.min(), let east = longitudes.max(), let south = latitudes.min(),
            let north = latitudes.max(), west.isFinite, east.isFinite, south.isFinite, north.isFinite
        else { return nil }
        return LonLatBox(west: west, south: south, east: east, north: north)
    }
}
