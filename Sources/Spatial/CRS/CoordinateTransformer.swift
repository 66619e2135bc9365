// SPDX-License-Identifier: Apache-2.0
import CPROJ

/// Transforms coordinates between two systems with PROJ, always in the order x = east or longitude, y = north or
/// latitude, whatever order the authorities list. Angles are degrees, lengths the system's own unit.
///
/// Owns a PROJ context: not `Sendable`, so make one per thread (2-6 ms the first time). A point costs about 0.7 us;
/// ``LocalTransform`` is the fast way for many points in a known box.
///
/// ```swift
/// let toCity = try CoordinateTransformer(from: .wgs84(), to: city)
/// let failed = toCity.transform(&xy)             // in place; failed points become infinite
/// ```
public struct CoordinateTransformer: ~Copyable {
    public enum Direction: Sendable {
        case forward
        case inverse
    }

    private let operation: ProjObject

    /// Makes the best transformation that PROJ knows without the network.
    ///
    /// - Throws: `coordinateSystem` if there is none.
    public init(from source: CoordinateSystem, to target: CoordinateSystem) throws(SpatialError) {
        operation = try TransformerTemplates.make(from: source, to: target)
    }

    /// Longitude, latitude, ellipsoidal height (EPSG:4979) to Earth-centred X, Y, Z in metres (EPSG:4978).
    public static func toGeocentric() throws(SpatialError) -> CoordinateTransformer {
        try CoordinateTransformer(from: CoordinateSystem("EPSG:4979"), to: CoordinateSystem("EPSG:4978"))
    }

    /// Transforms interleaved x, y in place. O(points).
    ///
    /// - Returns: how many points failed; both coordinates of each are infinite or NaN.
    public borrowing func transform(_ xy: inout [Double], direction: Direction = .forward) -> Int {
        var span = xy.mutableSpan
        return transform(&span, direction: direction)
    }

    /// Transforms interleaved x, y of a span in place.
    public borrowing func transform(_ xy: inout MutableSpan<Double>, direction: Direction = .forward) -> Int {
        let points = xy.count / 2
        guard points > 0 else { return 0 }
        // Safe: strides of 16 bytes over `points` pairs stay inside the buffer; PROJ keeps no pointer.
        unsafe xy.withUnsafeMutableBufferPointer { buffer in
            guard let base = buffer.baseAddress else { return }
            unsafe run(base, base + 1, stride: 16, points, z: nil, direction)
        }
        return Self.markFailures(&xy)
    }

    /// Transforms interleaved x, y and one z per point in place.
    ///
    /// - Precondition: `z.count` is half of `xy.count`.
    public borrowing func transform(
        _ xy: inout [Double], z: inout [Double], direction: Direction = .forward
    ) -> Int {
        let points = xy.count / 2
        precondition(z.count == points, "one height per point")
        guard points > 0 else { return 0 }
        // Safe: as above; z has one double per point.
        unsafe xy.withUnsafeMutableBufferPointer { plane in
            unsafe z.withUnsafeMutableBufferPointer { heights in
                guard let base = plane.baseAddress else { return }
                unsafe run(base, base + 1, stride: 16, points, z: heights.baseAddress, direction)
            }
        }
        var span = xy.mutableSpan
        return Self.markFailures(&span)
    }

    /// Transforms interleaved x, y in place and refuses the batch if a point fails.
    ///
    /// PROJ's own count says "all" even then; the values are looked at one by one.
    /// - Throws: `coordinates` with the index and the coordinates of the first point that has no image, and how many
    ///   have none; `xy` is then as it was.
    public borrowing func transformAll(
        _ xy: inout [Double], direction: Direction = .forward
    ) throws(SpatialError) {
        let before = xy
        let failed = transform(&xy, direction: direction)
        guard failed > 0 else { return }
        var index = 0
        while index + 1 < xy.count && xy[index].isFinite { index += 2 }
        let message =
            "point \(index / 2), \(before[index]) \(before[index + 1]), cannot be transformed"
            + (failed > 1 ? ", nor can \(failed - 1) others" : "")
            + ": check the source's coordinate system and axis order"
        xy = before
        throw SpatialError(.coordinates, message)
    }

    /// Transforms one point; nil if it has no image.
    public borrowing func transform(
        x: Double, y: Double, z: Double = 0, direction: Direction = .forward
    ) -> (x: Double, y: Double, z: Double)? {
        unsafe proj_errno_reset(operation.object)
        let result = unsafe proj_trans(operation.object, Self.native(direction), proj_coord(x, y, z, 0))
        guard unsafe result.xyz.x.isFinite && result.xyz.y.isFinite && result.xyz.z.isFinite else { return nil }
        return unsafe (result.xyz.x, result.xyz.y, result.xyz.z)
    }

    /// Whether the operation that PROJ uses near a point ignores the difference between the datums, because it knows no
    /// parameters. Harmless between CGCS2000 and WGS 84 (centimetres); tens of metres for Beijing 1954 or Xian 1980.
    public borrowing func isBallpark(atX x: Double, y: Double) -> Bool {
        _ = transform(x: x, y: y)
        guard let used = unsafe proj_trans_get_last_used_operation(operation.object) else { return false }
        defer { unsafe proj_destroy(used) }
        return unsafe proj_coordoperation_has_ballpark_transformation(operation.context, used) == 1
    }

    /// PROJ's words for the operation used near a point, for reports.
    public borrowing func operationName(atX x: Double, y: Double) -> String {
        _ = transform(x: x, y: y)
        guard let used = unsafe proj_trans_get_last_used_operation(operation.object) else { return "none" }
        defer { unsafe proj_destroy(used) }
        guard let text = unsafe proj_pj_info(used).description else { return "unnamed" }
        return unsafe String(cString: text)
    }

    private borrowing func run(
        _ x: UnsafeMutablePointer<Double>, _ y: UnsafeMutablePointer<Double>, stride: Int, _ points: Int,
        z: UnsafeMutablePointer<Double>?, _ direction: Direction
    ) {
        unsafe proj_errno_reset(operation.object)
        let zCount = unsafe z == nil ? 0 : points
        // The returned count says "all" even when points failed, so the values are checked afterwards.
        _ = unsafe proj_trans_generic(
            operation.object, Self.native(direction), x, stride, points, y, stride, points, z, 8, zCount, nil, 0, 0)
    }

    private static func native(_ direction: Direction) -> PJ_DIRECTION {
        direction == .forward ? PJ_FWD : PJ_INV
    }

    private static func markFailures(_ xy: inout MutableSpan<Double>) -> Int {
        var failed = 0
        var index = 0
        while index + 1 < xy.count {
            if !(xy[index].isFinite && xy[index + 1].isFinite) {
                xy[index] = .infinity
                xy[index + 1] = .infinity
                failed += 1
            }
            index += 2
        }
        return failed
    }
}
