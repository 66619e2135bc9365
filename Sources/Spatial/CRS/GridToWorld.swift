// SPDX-License-Identifier: Apache-2.0

/// Grid millimetres to Web Mercator world units, for every vertex of every tile.
///
/// The box of a ``LocalTransform`` is divided into square cells of 2ⁿ mm; each holds a quadratic through Chebyshev
/// nodes of that transformation, in millimetres about the cell's centre. So finding the cell is a shift and the rest
/// five multiplications, in place of the division and fifteen multiplications of the cubic. A vertex is always
/// converted by itself: equal grid vertices get equal world vertices, whatever stands beside them in a batch.
/// Immutable: share it between threads.
///
/// ```swift
/// let toWorld = GridToWorld(transform, frame: grid)
/// toWorld.convert(xy, into: &world) { coordinates.slowWorldPoint($0) }
/// ```
public struct GridToWorld: Sendable {
    /// Grid points inside go the fast way; empty where the world's edge is near or the box too large for a table.
    public let box: GridBox
    /// The largest difference from the ``LocalTransform`` that was measured, in world units of 9.3 mm and less.
    public let measuredError: Double
    /// The side of a cell is two to this power, in millimetres.
    public let cellShift: Int32
    public var cellCount: Int { table.count / 6 }

    private let transform: LocalTransform
    private let frame: GridFrame
    private let columns: Int
    /// Six coefficients a cell: 1, u, v, u², u v, v²; u and v in millimetres from the cell's centre.
    private let table: [SIMD2<Double>]

    /// Cells of 67 km and down to 65 m are tried.
    private static let shifts: ClosedRange<Int32> = 16...26
    /// 24 MB of coefficients.
    private static let cellLimit = 1 << 18

    /// Fits the quadratics; about a millisecond for a city.
    ///
    /// - Parameters:
    ///   - transform: one to ``LocalTransform/Output/world``.
    ///   - frame: the grid's origin, in the source system of `transform`.
    ///   - tolerance: metres along the equator, on top of the transformation's own.
    public init(_ transform: LocalTransform, frame: GridFrame, tolerance: Double = 0.000_2) {
        self.transform = transform
        self.frame = frame
        let limit = tolerance / (WebMercator.circumference / WebMercator.worldSize)
        let outer = frame.gridBox(transform.box)
        if !outer.isEmpty, outer.maxX > outer.minX + 2, outer.maxY > outer.minY + 2 {
            // Rounded inwards, so that every point of the box is one of the transformation's.
            let inner = GridBox(
                minX: outer.minX + 1, minY: outer.minY + 1, maxX: outer.maxX - 1, maxY: outer.maxY - 1)
            for shift in Self.shifts.reversed() {
                var fitter = QuadraticFitter(transform, frame, inner, shift)
                guard fitter.cellCount <= Self.cellLimit, fitter.error(under: limit) else { continue }
                guard fitter.fitsWorld else { break }
                box = inner
                cellShift = shift
                columns = fitter.columns
                table = fitter.table
                measuredError = fitter.worst
                return
            }
        }
        box = .empty
        cellShift = 0
        columns = 0
        table = []
        measuredError = 0
    }

    /// The world point of a grid point, or nil outside the transformation's box. The bits of the batch form.
    public func worldPoint(_ point: GridPoint) -> WorldPoint? {
        let one: InlineArray<2, Int32> = [point.x, point.y]
        var world: InlineArray<2, UInt32> = [0, 0]
        var span = world.mutableSpan
        guard convert(one.span, into: &span) == 1 else { return nil }
        return WorldPoint(x: world[0], y: world[1])
    }

    /// Converts interleaved grid millimetres to interleaved world units, rounded.
    ///
    /// A vertex outside the transformation's box stops the run: convert it with PROJ and go on behind it, or call the
    /// array form, which does. Allocates nothing. O(vertices); any thread.
    ///
    /// - Parameter start: the first vertex to convert.
    /// - Returns: the index of the first vertex outside, or the number of vertices if all were converted.
    /// - Precondition: `world` is at least as long as `grid`.
    public func convert(_ grid: Span<Int32>, into world: inout MutableSpan<UInt32>, from start: Int = 0) -> Int {
        let vertices = grid.count / 2
        precondition(start >= 0 && world.count >= 2 * vertices, "world holds two numbers for each grid vertex")
        var next = start
        while next < vertices {
            next = run(grid, &world, next, vertices)
            guard next < vertices else { break }
            let point = GridPoint(x: grid[2 * next], y: grid[2 * next + 1])
            guard let slow = transform.worldPoint(point, frame: frame) else { return next }
            world[2 * next] = slow.x
            world[2 * next + 1] = slow.y
            next += 1
        }
        return vertices
    }

    /// Replaces `world` by the world units of `grid`; `outside` answers for vertices beyond the transformation's box.
    ///
    /// Allocates only where `world` has to grow. O(vertices).
    public func convert(_ grid: Span<Int32>, into world: inout [UInt32], outside: (GridPoint) -> WorldPoint) {
        let vertices = grid.count / 2
        if world.count > 2 * vertices { world.removeLast(world.count - 2 * vertices) }
        if world.count < 2 * vertices {
            world.append(contentsOf: repeatElement(0, count: 2 * vertices - world.count))
        }
        var span = world.mutableSpan
        var next = 0
        while true {
            next = convert(grid, into: &span, from: next)
            guard next < vertices else { return }
            let point = outside(GridPoint(x: grid[2 * next], y: grid[2 * next + 1]))
            span[2 * next] = point.x
            span[2 * next + 1] = point.y
            next += 1
        }
    }

    /// The vertices from `start` on that lie in ``box``; returns the first that does not.
    private func run(
        _ grid: Span<Int32>, _ world: inout MutableSpan<UInt32>, _ start: Int, _ vertices: Int
    ) -> Int {
        if box.isEmpty { return start }
        let low = SIMD2(box.minX, box.minY)
        let width = UInt32(bitPattern: box.maxX &- box.minX)
        let height = UInt32(bitPattern: box.maxY &- box.minY)
        let shift = UInt32(cellShift)
        let mask = SIMD2(repeating: (Int32(1) << cellShift) - 1)
        let half = SIMD2(repeating: Int32(1) << (cellShift - 1))
        let perRow = columns
        let cells = table.span
        var index = start
        while index < vertices {
            // Safe: index < vertices, half of grid's count.
            let point = unsafe SIMD2(grid[unchecked: 2 * index], grid[unchecked: 2 * index + 1])
            let offset = point &- low
            let east = UInt32(bitPattern: offset.x)
            let north = UInt32(bitPattern: offset.y)
            guard east <= width, north <= height else { return index }
            let at = (Int(north &>> shift) &* perRow &+ Int(east &>> shift)) &* 6
            let local = SIMD2<Double>((offset & mask) &- half)
            let u = SIMD2(repeating: local.x)
            let v = SIMD2(repeating: local.y)
            // Safe: the cell of a point in the box is in the table, which has six entries for each.
            let result = unsafe Self.quadratic(cells, at, u, v)
            let rounded = WebMercator.wholePart(result)
            // Safe: index < vertices, and world holds two numbers for each; fitsWorld holds, so none overflows.
            unsafe world[unchecked: 2 * index] = rounded.x
            unsafe world[unchecked: 2 * index + 1] = rounded.y
            index &+= 1
        }
        return vertices
    }

    @inline(__always)
    @unsafe
    static func quadratic(
        _ cells: Span<SIMD2<Double>>, _ at: Int, _ u: SIMD2<Double>, _ v: SIMD2<Double>
    ) -> SIMD2<Double> {
        let alongU = unsafe cells[unchecked: at + 1] + cells[unchecked: at + 3] * u + cells[unchecked: at + 4] * v
        let alongV = unsafe cells[unchecked: at + 2] + cells[unchecked: at + 5] * v
        return unsafe (cells[unchecked: at] + alongU * u) + alongV * v
    }
}
