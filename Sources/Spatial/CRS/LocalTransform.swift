// SPDX-License-Identifier: Apache-2.0

/// A coordinate transformation over one box, approximated by bicubic polynomials that are fitted to PROJ.
///
/// The box is divided into equal cells; each holds a tensor-product cubic through Chebyshev nodes. Cells are halved
/// until the error, measured against PROJ at points that the fit has not seen, is within the tolerance. The result
/// depends only on the input point, so equal vertices stay equal. Immutable: share it between threads.
///
/// ```swift
/// let fast = try LocalTransform(from: city, to: .world, over: extentInMetres)
/// if !fast.transform(&xy) { … }                  // outside the box: use a CoordinateTransformer
/// ```
public struct LocalTransform: Sendable {
    /// What comes out.
    public enum Output: Sendable {
        /// Coordinates of another system, in its unit.
        case system(CoordinateSystem)
        /// WGS 84 longitude and latitude in degrees.
        case lonLat
        /// Web Mercator world units; see ``WorldPoint``.
        case world
    }

    /// The box of input coordinates, in the unit of the source system, that the approximation covers.
    public let box: CoordinateBox
    /// The largest difference from PROJ that was measured, in metres.
    public let measuredError: Double
    /// The number of cells.
    public var cellCount: Int { columns * rows }

    @usableFromInline let columns: Int
    @usableFromInline let rows: Int
    @usableFromInline let cellsPerX: Double
    @usableFromInline let cellsPerY: Double
    /// Sixteen monomial coefficients a cell, c[i][j] of uⁱ vʲ at 4 i + j, u and v in -1...1.
    @usableFromInline let coefficients: [SIMD2<Double>]

    /// At most this many cells to a side; beyond it the transformation is not smooth enough to be approximated.
    static let sideLimit = 128

    /// Fits the approximation; costs about 40 PROJ points per cell, most often well under 20 ms.
    ///
    /// - Parameters:
    ///   - box: in the source system, x east or longitude. Give it some margin; it need not be square.
    ///   - tolerance: metres on the ground, compared with the measured error.
    /// - Throws: `coordinateSystem` if there is no transformation, `coordinates` if the box leaves its domain or the
    ///   tolerance cannot be reached (grids with steps, changes of operation): use PROJ then.
    public init(
        from source: CoordinateSystem, to output: Output, over box: CoordinateBox, tolerance: Double = 0.000_05
    ) throws(SpatialError) {
        guard box.width > 0 && box.height > 0 && box.width.isFinite && box.height.isFinite && tolerance > 0 else {
            throw SpatialError(.argument, "a local transformation needs a box with a width and height, and a tolerance")
        }
        let target: CoordinateSystem
        let metresPerUnit: Double
        var isWorld = false
        switch output {
        case .system(let system):
            target = system
            metresPerUnit = system.isGeographic ? 111_320 : system.unitFactor
        case .lonLat:
            target = try .wgs84()
            metresPerUnit = 111_320  // one degree of latitude; a degree of longitude is never more
        case .world:
            target = try .wgs84()
            metresPerUnit = WebMercator.circumference / WebMercator.worldSize
            isWorld = true
        }
        let fitter = LocalTransformFitter(
            transformer: try CoordinateTransformer(from: source, to: target), isWorld: isWorld, box: box)
        var side = 1
        while true {
            // Nearly square cells, so that a long thin box does not waste them.
            let aspect = box.width / box.height
            let columns = max(1, Int((Double(side) * min(1, aspect)).rounded(.up)))
            let rows = max(1, Int((Double(side) * min(1, 1 / aspect)).rounded(.up)))
            let coefficients = try fitter.fit(columns, rows)
            let error = try fitter.measure(coefficients, columns, rows) * metresPerUnit
            if error <= tolerance {
                self.box = box
                self.columns = columns
                self.rows = rows
                self.coefficients = coefficients
                measuredError = error
                cellsPerX = Double(columns) / box.width
                cellsPerY = Double(rows) / box.height
                return
            }
            side *= 2
            guard side <= Self.sideLimit else {
                throw SpatialError(
                    .coordinates,
                    "the transformation from \(source) to \(target) is not smooth enough over this box: "
                        + "\(error) m with \(columns * rows) cells, tolerance \(tolerance) m; use PROJ point by point")
            }
        }
    }

    /// Transforms one point, or nil outside the box.
    @inlinable
    public func transform(x: Double, y: Double) -> SIMD2<Double>? {
        guard box.contains(x: x, y: y) else { return nil }
        return evaluate(x, y, coefficients.span)
    }

    /// The world point of a grid point, or nil outside the box. For transformations to ``Output/world``.
    public func worldPoint(_ point: GridPoint, frame: GridFrame) -> WorldPoint? {
        let metres = frame.metres(point)
        guard let world = transform(x: metres.x, y: metres.y) else { return nil }
        return WorldPoint(x: WebMercator.clamp(world.x), y: WebMercator.clamp(world.y))
    }

    /// The polynomial of the nearest cell, also beyond the box.
    func extrapolated(x: Double, y: Double) -> SIMD2<Double> {
        let cellX = (x - box.minX) * cellsPerX
        let cellY = (y - box.minY) * cellsPerY
        let column = Int(min(max(cellX, 0), Double(columns - 1)))
        let row = Int(min(max(cellY, 0), Double(rows - 1)))
        let u = 2 * (cellX - Double(column)) - 1
        let v = 2 * (cellY - Double(row)) - 1
        return Self.polynomial(u, v, coefficients.span, (row * columns + column) * 16)
    }

    /// Transforms interleaved points in place. O(points).
    ///
    /// - Returns: false, with nothing changed, if a point lies outside the box or is not a number.
    public func transform(_ xy: inout [Double]) -> Bool {
        var span = xy.mutableSpan
        return transform(&span)
    }

    /// Transforms interleaved points of a span in place; see the array form.
    public func transform(_ xy: inout MutableSpan<Double>) -> Bool {
        var index = 0
        while index + 1 < xy.count {
            guard box.contains(x: xy[index], y: xy[index + 1]) else { return false }
            index += 2
        }
        let table = coefficients.span
        index = 0
        while index + 1 < xy.count {
            let result = evaluate(xy[index], xy[index + 1], table)
            xy[index] = result.x
            xy[index + 1] = result.y
            index += 2
        }
        return true
    }

    @inlinable
    func evaluate(_ x: Double, _ y: Double, _ table: Span<SIMD2<Double>>) -> SIMD2<Double> {
        let cellX = (x - box.minX) * cellsPerX
        let cellY = (y - box.minY) * cellsPerY
        let column = min(Int(cellX), columns - 1)
        let row = min(Int(cellY), rows - 1)
        let u = 2 * (cellX - Double(column)) - 1
        let v = 2 * (cellY - Double(row)) - 1
        return Self.polynomial(u, v, table, (row * columns + column) * 16)
    }

    @inlinable
    @inline(__always)
    static func polynomial(_ u: Double, _ v: Double, _ table: Span<SIMD2<Double>>, _ first: Int) -> SIMD2<Double> {
        let u2 = SIMD2(u, u)
        let v2 = SIMD2(v, v)
        // Safe: one checked access of the cell's last coefficient covers the sixteen.
        _ = table[first + 15]
        let row0 = unsafe horner(v2, table, first)
        let row1 = unsafe horner(v2, table, first + 4)
        let row2 = unsafe horner(v2, table, first + 8)
        let row3 = unsafe horner(v2, table, first + 12)
        return ((row3 * u2 + row2) * u2 + row1) * u2 + row0
    }

    @inlinable
    @inline(__always)
    @unsafe
    static func horner(_ v: SIMD2<Double>, _ table: Span<SIMD2<Double>>, _ at: Int) -> SIMD2<Double> {
        let high = unsafe table[unchecked: at + 3] * v + table[unchecked: at + 2]
        return unsafe (high * v + table[unchecked: at + 1]) * v + table[unchecked: at]
    }
}
