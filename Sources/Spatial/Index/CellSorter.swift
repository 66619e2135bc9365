// SPDX-License-Identifier: Apache-2.0

/// Sorts the points of one cell along the Hilbert curve, in memory that it uses for one cell after the other.
///
/// A cell is cut into up to 32 × 32, about as many as it has points, and the points are put in the order of those by
/// counting; one that holds more than a few is cut again. So fifty thousand devices in one building are ordered as well
/// as a million in a city. Points of one place keep their order.
@safe
struct CellSorter: ~Copyable {
    /// Cells of up to so many points are left as they are: half a leaf.
    private static let few = 8

    private let points: UnsafeMutablePointer<GridPoint>
    private let numbers: UnsafeMutablePointer<UInt32>
    private let places: UnsafeMutablePointer<UInt16>
    private var sizes = [UInt32](repeating: 0, count: 1 << (2 * HilbertOrder.tableLevels))
    private let tables = HilbertOrder.ranks
    private let turns = HilbertOrder.turns
    private let corner: GridPoint

    /// - Parameters:
    ///   - capacity: the most points that are sorted at once.
    ///   - corner: the least coordinates of all points.
    init(capacity: Int, corner: GridPoint) {
        unsafe points = .allocate(capacity: capacity)
        unsafe numbers = .allocate(capacity: capacity)
        unsafe places = .allocate(capacity: capacity)
        self.corner = corner
    }

    // Safe: allocated in the initialiser, of trivial types.
    deinit {
        unsafe points.deallocate()
        unsafe numbers.deallocate()
        unsafe places.deallocate()
    }

    /// Sorts points and their numbers.
    ///
    /// - Parameters:
    ///   - bits: the points lie in a square cell whose side has so many bits.
    ///   - turn: of the curve in that cell.
    @unsafe
    mutating func sort(
        _ rows: UnsafeMutablePointer<GridPoint>, _ order: UnsafeMutablePointer<UInt32>, _ count: Int, bits: Int,
        turn: HilbertTurn
    ) {
        if count <= Self.few || bits == 0 { return }
        // As many cells as points, or up to four times as many.
        let level = min(HilbertOrder.tableLevels, bits, (Int.bitWidth - (count - 1).leadingZeroBitCount + 1) / 2)
        let table = HilbertOrder.tableStart(level, turn)
        // Safe: the caller vouches for rows and order; the memory has room for as many.
        let most = unsafe rank(rows, count, level: level, shift: UInt32(bits - level), table)
        if most < count {
            unsafe scatter(rows, order, count, level: level)
            unsafe rows.update(from: points, count: count)
            unsafe order.update(from: numbers, count: count)
        }
        if most <= Self.few { return }
        // The sizes are used again below.
        var crowds: [(first: Int, count: Int, turn: HilbertTurn)] = []
        var first = 0
        for place in 0..<(1 << (2 * level)) {
            let end = most < count ? Int(sizes[place]) : first + Int(sizes[place])
            if end - first > Self.few {
                crowds.append((first, end - first, HilbertTurn(bits: turns[table + place])))
            }
            first = end
        }
        for crowd in crowds {
            unsafe sort(rows + crowd.first, order + crowd.first, crowd.count, bits: bits - level, turn: crowd.turn)
        }
    }

    /// Finds the place of each point's cell, and counts the points of each; gives the largest count.
    @unsafe
    private mutating func rank(
        _ rows: UnsafeMutablePointer<GridPoint>, _ count: Int, level: Int, shift: UInt32, _ table: Int
    ) -> Int {
        let cells = 1 << (2 * level)
        let mask = UInt32(1 << level - 1)
        var most: UInt32 = 0
        unsafe sizes.withUnsafeMutableBufferPointer { sizes in
            unsafe tables.withUnsafeBufferPointer { tables in
                // Safe: places are below cells, whose number is at most that of sizes; tables hold as many from table on.
                for place in 0..<cells { unsafe sizes[place] = 0 }
                let ranks = unsafe tables.baseAddress! + table
                for row in 0..<count {
                    let x = unsafe UInt32(bitPattern: rows[row].x &- corner.x) &>> shift & mask
                    let y = unsafe UInt32(bitPattern: rows[row].y &- corner.y) &>> shift & mask
                    let place = unsafe ranks[Int(y &<< UInt32(level) | x)]
                    unsafe places[row] = place
                    unsafe sizes[Int(place)] &+= 1
                }
                for place in 0..<cells { most = unsafe max(most, sizes[place]) }
            }
        }
        return Int(most)
    }

    /// Puts points and numbers into this sorter's memory in the order of their places. Leaves the ends in the sizes.
    @unsafe
    private mutating func scatter(
        _ rows: UnsafeMutablePointer<GridPoint>, _ order: UnsafeMutablePointer<UInt32>, _ count: Int, level: Int
    ) {
        unsafe sizes.withUnsafeMutableBufferPointer { sizes in
            // Safe: the sizes were counted from these very places, so each row stays below count.
            var total: UInt32 = 0
            for place in 0..<(1 << (2 * level)) {
                let size = unsafe sizes[place]
                unsafe sizes[place] = total
                total &+= size
            }
            for row in 0..<count {
                let place = unsafe Int(places[row])
                let target = unsafe Int(sizes[place])
                unsafe sizes[place] = UInt32(truncatingIfNeeded: target &+ 1)
                unsafe points[target] = rows[row]
                unsafe numbers[target] = order[row]
            }
        }
    }
}
