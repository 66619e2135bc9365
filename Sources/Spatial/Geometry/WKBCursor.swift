// SPDX-License-Identifier: Apache-2.0

/// Reads numbers of either byte order from bytes that it does not own, and never past their end.
struct WKBCursor: ~Escapable {
    private let bytes: RawSpan
    private(set) var offset = 0
    var isLittleEndian = true

    @_lifetime(copy bytes)
    init(_ bytes: RawSpan) {
        self.bytes = bytes
    }

    var remaining: Int { bytes.byteCount - offset }

    @_lifetime(self: copy self)
    mutating func readByte() throws(SpatialError) -> UInt8 {
        try require(1)
        // Safe: `require` has checked the range.
        let value = unsafe bytes.unsafeLoad(fromByteOffset: offset, as: UInt8.self)
        offset += 1
        return value
    }

    @_lifetime(self: copy self)
    mutating func readUInt32() throws(SpatialError) -> UInt32 {
        try require(4)
        // Safe: `require` has checked the range; the load is unaligned; every bit pattern is a UInt32.
        let raw = unsafe bytes.unsafeLoadUnaligned(fromByteOffset: offset, as: UInt32.self)
        offset += 4
        return isLittleEndian ? UInt32(littleEndian: raw) : UInt32(bigEndian: raw)
    }

    /// Reads a count of items and checks it against the bytes left, so that nobody reserves memory for a lie.
    @_lifetime(self: copy self)
    mutating func readCount(of item: StaticString, bytesEach: Int) throws(SpatialError) -> Int {
        let count = Int(try readUInt32())
        guard count <= remaining / bytesEach else {
            throw SpatialError(
                .malformedGeometry,
                "WKB announces \(count) \(item) of at least \(bytesEach) bytes at byte \(offset - 4), "
                    + "but only \(remaining) bytes are left: the value is truncated or damaged")
        }
        return count
    }

    /// Appends `count` vertices of `dimensions` doubles each; the third goes to `z` when `hasZ`, M values are skipped.
    ///
    /// - Returns: whether all x, y (and z) are finite.
    @_lifetime(self: copy self)
    mutating func readVertices(
        _ count: Int, dimensions: Int, hasZ: Bool, into geometry: inout FlatCoordinates
    ) throws(SpatialError) -> Bool {
        try require(count * dimensions * 8)
        geometry.xy.reserveCapacity(geometry.xy.count + 2 * count)
        if hasZ { geometry.z.reserveCapacity(geometry.z.count + count) }
        // NaN as soon as one number is not finite: x - x is 0 for every finite x.
        var poison = 0.0
        var position = offset
        for _ in 0..<count {
            let x = loadDouble(position)
            let y = loadDouble(position + 8)
            poison += (x - x) + (y - y)
            geometry.xy.append(x)
            geometry.xy.append(y)
            if hasZ {
                let z = loadDouble(position + 16)
                poison += z - z
                geometry.z.append(z)
            }
            position += dimensions * 8
        }
        offset = position
        return poison == 0
    }

    private func loadDouble(_ position: Int) -> Double {
        // Safe: `readVertices` has checked the range, and RawSpan checks again; every bit pattern is a UInt64.
        let raw = unsafe bytes.unsafeLoadUnaligned(fromByteOffset: position, as: UInt64.self)
        return Double(bitPattern: isLittleEndian ? UInt64(littleEndian: raw) : UInt64(bigEndian: raw))
    }

    private func require(_ count: Int) throws(SpatialError) {
        guard count <= remaining else {
            throw SpatialError(
                .malformedGeometry,
                "WKB ends at byte \(bytes.byteCount), but \(count) more bytes are needed at byte \(offset)")
        }
    }
}
