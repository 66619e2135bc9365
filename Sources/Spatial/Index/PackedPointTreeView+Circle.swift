// SPDX-License-Identifier: Apache-2.0

extension PackedPointTreeView {
    /// Calls `visit` with ranges of rows whose points are all in the disc; false stops, and is returned. Exact.
    ///
    /// O(log points + hits); a subtree inside the disc is one range and costs nothing per point.
    @inlinable
    @discardableResult
    public func searchCircle(_ circle: GridCircle, _ visit: (_ first: Int, _ end: Int) -> Bool) -> Bool {
        searchRegion(
            { circle.relation(to: $0) }, contained: visit,
            rim: { row in circle.contains(points[row]) ? visit(row, row &+ 1) : true })
    }

    /// The number of points in the disc. Exact; touches only the leaves on the rim.
    public func count(in circle: GridCircle) -> Int {
        var total = 0
        searchCircle(circle) { first, end in
            total &+= end &- first
            return true
        }
        return total
    }

    /// Appends the rows in the disc to a buffer of the caller's. Exact; in row order.
    public func collect(_ circle: GridCircle, into buffer: inout RowBuffer) {
        searchCircle(circle) { first, end in
            buffer.append(first..<end)
            return true
        }
    }

    /// Appends `payload[row]` of the rows in the disc to a buffer of the caller's. Exact; in row order.
    ///
    /// - Parameter payload: one value for each row, for example ``PackedPointTree/order`` or identifiers.
    public func collect(_ circle: GridCircle, payload: Span<UInt32>, into buffer: inout RowBuffer) {
        precondition(payload.count == points.count, "a payload has one value for each point of the tree")
        searchCircle(circle) { first, end in
            buffer.append(first..<end, of: payload)
            return true
        }
    }
}
