// SPDX-License-Identifier: Apache-2.0
public import CVector

/// A disc in the form that tests sixteen boxes or points at a time.
///
/// Differences are taken in `Int32` and squared in `Float`. Converting, squaring and adding err by less than 2⁻²¹ of the
/// square, so below `low` a point is inside and above `high` it is outside; the few between, within 2⁻¹⁹ of the rim, are
/// decided by ``GridCircle/contains(_:)``. Boxes need no decision: one that is in doubt is on the rim.
///
/// Tried and lost: one exact test in integers after the other (50-63 % of the rate, side by side, at 7 to 1,500 hits);
/// vectors of sixteen for whole nodes, whose comparisons became loops over the lanes.
@usableFromInline
struct CircleKernel: BitwiseCopyable {
    @usableFromInline let circle: GridCircle
    @usableFromInline let x: SIMD4<Int32>
    @usableFromInline let y: SIMD4<Int32>
    @usableFromInline let low: SIMD4<Float>
    @usableFromInline let high: SIMD4<Float>

    /// Fails where a difference of the centre and a point of `extent` may not fit `Int32`.
    @inlinable
    init?(_ circle: GridCircle, extent: GridBox) {
        let limit = Int64(1) << 30
        let reach = max(
            (Int64(extent.minX) - Int64(circle.center.x)).magnitude,
            (Int64(extent.maxX) - Int64(circle.center.x)).magnitude,
            (Int64(extent.minY) - Int64(circle.center.y)).magnitude,
            (Int64(extent.maxY) - Int64(circle.center.y)).magnitude)
        guard reach < UInt64(limit) && circle.radius >= 0 && circle.radius < limit else { return nil }
        self.circle = circle
        x = SIMD4(repeating: circle.center.x)
        y = SIMD4(repeating: circle.center.y)
        let square = Double(circle.radius) * Double(circle.radius)
        low = SIMD4(repeating: Float(square * (1 - 0x1p-20)))
        high = SIMD4(repeating: Float(square * (1 + 0x1p-20)))
    }

    /// Which of sixteen consecutive boxes the disc meets, and which of those it holds: bit i for box i.
    @unsafe
    @inlinable
    @inline(__always)
    func classify(_ boxes: RawSpan, _ offset: Int) -> (met: UInt32, held: UInt32) {
        let first = unsafe classifyFour(boxes, offset)
        let second = unsafe classifyFour(boxes, offset &+ 64)
        let third = unsafe classifyFour(boxes, offset &+ 128)
        let fourth = unsafe classifyFour(boxes, offset &+ 192)
        return (
            twin_mask(first.met, second.met, third.met, fourth.met),
            twin_mask(first.held, second.held, third.held, fourth.held)
        )
    }

    @unsafe
    @inlinable
    @inline(__always)
    func classifyFour(_ boxes: RawSpan, _ offset: Int) -> (met: SIMD4<Int32>, held: SIMD4<Int32>) {
        let four = unsafe boxes.unsafeLoadUnaligned(fromUncheckedByteOffset: offset, as: SIMD16<Int32>.self)
        let minima = four.evenHalf
        let maxima = four.oddHalf
        let west = SIMD4<Float>(minima.evenHalf &- x)
        let south = SIMD4<Float>(maxima.evenHalf &- y)
        let east = SIMD4<Float>(minima.oddHalf &- x)
        let north = SIMD4<Float>(maxima.oddHalf &- y)
        let zero = SIMD4<Float>.zero
        let nearX = Self.larger(Self.larger(west, zero - east), zero)
        let nearY = Self.larger(Self.larger(south, zero - north), zero)
        let farX = Self.larger(zero - west, east)
        let farY = Self.larger(zero - south, north)
        let met = nearX * nearX + nearY * nearY .<= high
        let held = farX * farX + farY * farY .<= low
        return (Self.lanes(met), Self.lanes(held))
    }

    /// Which of sixteen consecutive points are in the disc: bit i for point i. Exact.
    @unsafe
    @inlinable
    @inline(__always)
    func test(_ points: RawSpan, _ offset: Int) -> UInt32 {
        let first = unsafe squares(points, offset)
        let second = unsafe squares(points, offset &+ 32)
        let third = unsafe squares(points, offset &+ 64)
        let fourth = unsafe squares(points, offset &+ 96)
        let insideBits = twin_mask(
            Self.lanes(first .<= low), Self.lanes(second .<= low), Self.lanes(third .<= low), Self.lanes(fourth .<= low)
        )
        let nearBits = twin_mask(
            Self.lanes(first .<= high), Self.lanes(second .<= high), Self.lanes(third .<= high),
            Self.lanes(fourth .<= high))
        if insideBits == nearBits { return insideBits }
        return unsafe decide(points, offset, near: nearBits, inside: insideBits)
    }

    @unsafe
    @inlinable
    @inline(__always)
    func squares(_ points: RawSpan, _ offset: Int) -> SIMD4<Float> {
        let four = unsafe points.unsafeLoadUnaligned(fromUncheckedByteOffset: offset, as: SIMD8<Int32>.self)
        let east = SIMD4<Float>(four.evenHalf &- x)
        let north = SIMD4<Float>(four.oddHalf &- y)
        return east * east + north * north
    }

    /// Squares of the distances of sixteen consecutive boxes, in single precision.
    @unsafe
    @inline(__always)
    func distances(_ boxes: RawSpan, _ offset: Int) -> SixteenSquares {
        // Safe: the caller vouches for sixteen boxes.
        unsafe SixteenSquares(
            distancesFour(boxes, offset), distancesFour(boxes, offset &+ 64), distancesFour(boxes, offset &+ 128),
            distancesFour(boxes, offset &+ 192))
    }

    @unsafe
    @inline(__always)
    private func distancesFour(_ boxes: RawSpan, _ offset: Int) -> SIMD4<Float> {
        let four = unsafe boxes.unsafeLoadUnaligned(fromUncheckedByteOffset: offset, as: SIMD16<Int32>.self)
        let minima = four.evenHalf
        let maxima = four.oddHalf
        let zero = SIMD4<Float>.zero
        let west = SIMD4<Float>(minima.evenHalf &- x)
        let south = SIMD4<Float>(maxima.evenHalf &- y)
        let east = SIMD4<Float>(minima.oddHalf &- x)
        let north = SIMD4<Float>(maxima.oddHalf &- y)
        let nearX = Self.larger(Self.larger(west, zero - east), zero)
        let nearY = Self.larger(Self.larger(south, zero - north), zero)
        return nearX * nearX + nearY * nearY
    }

    /// Squares of the distances of sixteen consecutive points, in single precision.
    @unsafe
    @inline(__always)
    func sixteenSquares(_ points: RawSpan, _ offset: Int) -> SixteenSquares {
        // Safe: the caller vouches for sixteen points.
        unsafe SixteenSquares(
            squares(points, offset), squares(points, offset &+ 32), squares(points, offset &+ 64),
            squares(points, offset &+ 96))
    }

    /// What a square in single precision does not exceed if the exact one does not exceed `square`.
    @inline(__always)
    static func upper(_ square: UInt64) -> Float { Float(Double(square) * (1 + 0x1p-20)) }

    /// Asks for sixteen consecutive values, so that the misses of several leaves overlap.
    ///
    /// Tried and lost: loads whose values are not waited for, which fill the reorder buffer.
    @unsafe
    @inlinable
    @inline(__always)
    static func prefetch(_ values: RawSpan, _ offset: Int, bytes: Int) {
        unsafe values.withUnsafeBytes { values in
            guard let base = values.baseAddress else { return }
            var place = offset
            while place < offset &+ bytes {
                // Safe: nothing is read, so that any address will do.
                unsafe twin_prefetch(base + place)
                place &+= 64
            }
            // Arrays do not begin on a cache line.
            unsafe twin_prefetch(base + (offset &+ bytes &- 1))
        }
    }

    /// Decides the points that single precision could not.
    @unsafe
    @usableFromInline
    @inline(never)
    func decide(_ points: RawSpan, _ offset: Int, near: UInt32, inside: UInt32) -> UInt32 {
        var result = inside
        var open = near & ~inside
        while open != 0 {
            let bit = open.trailingZeroBitCount
            // Safe: the caller vouches for sixteen points, and bit is below sixteen.
            let point = unsafe points.unsafeLoadUnaligned(
                fromUncheckedByteOffset: offset &+ bit &* 8, as: GridPoint.self)
            if circle.contains(point) { result |= 1 << UInt32(bit) }
            open &= open &- 1
        }
        return result
    }

    @inlinable
    @inline(__always)
    static func larger(_ a: SIMD4<Float>, _ b: SIMD4<Float>) -> SIMD4<Float> { a.replacing(with: b, where: a .< b) }

    /// -1 where true.
    @inlinable
    @inline(__always)
    static func lanes(_ mask: SIMDMask<SIMD4<Int32>>) -> SIMD4<Int32> {
        SIMD4<Int32>(repeating: 0).replacing(with: -1, where: mask)
    }
}

/// Sixteen squared distances in single precision.
///
/// Four vectors of four: operations on `SIMD16` became loops over the lanes where these stay in registers.
struct SixteenSquares: BitwiseCopyable {
    private let first: SIMD4<Float>
    private let second: SIMD4<Float>
    private let third: SIMD4<Float>
    private let fourth: SIMD4<Float>

    @inline(__always)
    init(_ first: SIMD4<Float>, _ second: SIMD4<Float>, _ third: SIMD4<Float>, _ fourth: SIMD4<Float>) {
        self.first = first
        self.second = second
        self.third = third
        self.fourth = fourth
    }

    /// Which are at most `limit`: bit i for square i.
    @inline(__always)
    func bits(upTo limit: Float) -> UInt32 {
        let limit = SIMD4(repeating: limit)
        return twin_mask(
            CircleKernel.lanes(first .<= limit), CircleKernel.lanes(second .<= limit),
            CircleKernel.lanes(third .<= limit), CircleKernel.lanes(fourth .<= limit))
    }

    /// The bits of the sixteen. Squares are not negative, so these order as they do.
    @inline(__always)
    var bitPatterns: InlineArray<16, UInt32> {
        // Safe: both are sixteen times four bytes without padding.
        unsafe unsafeBitCast(self, to: InlineArray<16, UInt32>.self)
    }

    /// The number of the least; among some that differ by less than a millionth, any of them.
    @inline(__always)
    var leastLane: Int {
        let lower = Self.lesser(Self.marked(first, 0), Self.marked(second, 4))
        let upper = Self.lesser(Self.marked(third, 8), Self.marked(fourth, 12))
        let four = Self.lesser(lower, upper)
        return Int(min(min(four.x, four.y), min(four.z, four.w)) & 0xF)
    }

    /// The bits of four squares, the lowest four of them replaced by the number of the lane.
    @inline(__always)
    private static func marked(_ squares: SIMD4<Float>, _ lane: Int32) -> SIMD4<Int32> {
        // Safe: both are four times four bytes.
        unsafe unsafeBitCast(squares, to: SIMD4<Int32>.self) & SIMD4(repeating: ~0xF)
            | (SIMD4(0, 1, 2, 3) &+ SIMD4(repeating: lane))
    }

    @inline(__always)
    private static func lesser(_ a: SIMD4<Int32>, _ b: SIMD4<Int32>) -> SIMD4<Int32> {
        a.replacing(with: b, where: b .< a)
    }
}
