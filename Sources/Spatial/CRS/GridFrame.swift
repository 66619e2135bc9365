// SPDX-License-Identifier: Apache-2.0

/// Ties grid millimetres to metres of the city's coordinate system by an origin.
///
/// The grid reaches 2,147 km to each side of the origin. A value: share it between threads.
public struct GridFrame: Sendable, Hashable {
    /// Metres east of the grid's zero in the city's coordinate system.
    public let originX: Double
    /// Metres north of the grid's zero.
    public let originY: Double

    /// Adding and subtracting this rounds a double below 2⁵¹ to the nearest integer, ties to even, without a call.
    @usableFromInline static let roundingConstant = 6_755_399_441_055_744.0
    @usableFromInline static let limit = 2_147_483_647.0

    public init(originX: Double, originY: Double) {
        self.originX = originX
        self.originY = originY
    }

    /// The grid point nearest to a position in metres, or nil if it is out of range or not a number.
    @inlinable
    public func gridPoint(x: Double, y: Double) -> GridPoint? {
        let scaledX = (x - originX) * 1000
        let scaledY = (y - originY) * 1000
        guard abs(scaledX) < Self.limit && abs(scaledY) < Self.limit else { return nil }
        return GridPoint(
            x: Int32((scaledX + Self.roundingConstant) - Self.roundingConstant),
            y: Int32((scaledY + Self.roundingConstant) - Self.roundingConstant))
    }

    /// The grid point nearest to a position in metres.
    ///
    /// - Throws: `coordinates` if it is more than 2,147 km from the origin or not a number.
    public func checkedGridPoint(x: Double, y: Double) throws(SpatialError) -> GridPoint {
        guard let point = gridPoint(x: x, y: y) else { throw outOfRange(x, y) }
        return point
    }

    /// Appends interleaved metres as interleaved grid millimetres. O(points).
    ///
    /// - Throws: `coordinates` at the first point out of range; `grid` then holds the points before it.
    public func append(_ xy: [Double], to grid: inout [Int32]) throws(SpatialError) {
        grid.reserveCapacity(grid.count + xy.count)
        var index = 0
        while index + 1 < xy.count {
            guard let point = gridPoint(x: xy[index], y: xy[index + 1]) else {
                throw outOfRange(xy[index], xy[index + 1])
            }
            grid.append(point.x)
            grid.append(point.y)
            index += 2
        }
    }

    /// Snaps a geometry in metres of the city's system to the grid; heights become millimetres. O(vertices).
    ///
    /// - Throws: `coordinates` if a vertex is out of range.
    public func snap(_ geometry: FlatCoordinates) throws(SpatialError) -> FlatGeometry {
        var snapped = FlatGeometry(kind: geometry.kind, ringEnds: geometry.ringEnds)
        try append(geometry.xy, to: &snapped.xy)
        snapped.z.reserveCapacity(geometry.z.count)
        for z in geometry.z {
            let scaled = z * 1000
            guard abs(scaled) < Self.limit else {
                throw SpatialError(.coordinates, "height \(z) m is out of the range of ±2,147,483 m")
            }
            snapped.z.append(Int32(scaled.rounded()))
        }
        return snapped
    }

    /// Metres in the city's system of a grid point.
    @inlinable
    public func metres(_ point: GridPoint) -> (x: Double, y: Double) {
        (originX + Double(point.x) / 1000, originY + Double(point.y) / 1000)
    }

    /// A box in metres as the smallest grid box around it, clipped to the grid's range; empty if it is wholly outside.
    public func gridBox(_ box: CoordinateBox) -> GridBox {
        let west = ((box.minX - originX) * 1000).rounded(.down)
        let south = ((box.minY - originY) * 1000).rounded(.down)
        let east = ((box.maxX - originX) * 1000).rounded(.up)
        let north = ((box.maxY - originY) * 1000).rounded(.up)
        let limit = Self.limit
        guard west <= limit, south <= limit, east >= -limit, north >= -limit, west <= east, south <= north else {
            return .empty
        }
        return GridBox(
            minX: Int32(max(west, -limit)), minY: Int32(max(south, -limit)),
            maxX: Int32(min(east, limit)), maxY: Int32(min(north, limit)))
    }

    private func outOfRange(_ x: Double, _ y: Double) -> SpatialError {
        SpatialError(
            .coordinates,
            "\(x) \(y) is more than 2,147 km from the city's origin \(originX) \(originY): "
                + "check the source's coordinate system and axis order")
    }
}
