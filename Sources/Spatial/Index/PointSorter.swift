// SPDX-License-Identifier: Apache-2.0

/// Sorts points along the Hilbert curve, with the work shared among threads and the same result for any number of them.
///
/// The most significant eleven bits of the key scatter records (key, number, point) into 2,048 buckets; each bucket then
/// fits the first-level cache and is sorted there by as many further bits as it has points for. Points of one cell of
/// the curve, if more than a leaf holds, are sorted again along a curve of their own: fifty thousand devices in one
/// building order as well as a million in a city. Equal points keep the order of the input.
///
/// Tried and lost: three stable passes of eleven bits over (key, number) and a gather at the end, which all go through
/// the whole memory (build of a million points 32 ms against 18, side by side).
@safe
struct PointSorter: ~Copyable {
    /// What is moved while sorting: 16 bytes.
    struct Record: BitwiseCopyable {
        var key: UInt32
        var number: UInt32
        var point: GridPoint
    }

    private static let digitBits: UInt32 = 11
    private static let buckets = 1 << 11
    /// Runs up to this long are sorted by insertion.
    private static let shortRun = 24

    private let source: UnsafeBufferPointer<GridPoint>
    private let points: UnsafeMutablePointer<GridPoint>
    /// Keys first, the order at the end.
    private let order: UnsafeMutablePointer<UInt32>
    private let records: UnsafeMutablePointer<Record>
    private let threads: Int

    /// Sorts `source` into `points`, and the numbers of the points into `order`; both have room for as many.
    static func sort(
        _ source: UnsafeBufferPointer<GridPoint>, into points: UnsafeMutablePointer<GridPoint>,
        order: UnsafeMutablePointer<UInt32>, threads: Int
    ) {
        if source.isEmpty { return }
        let sorter = unsafe PointSorter(source, points, order, threads)
        sorter.sort()
    }

    private init(
        _ source: UnsafeBufferPointer<GridPoint>, _ points: UnsafeMutablePointer<GridPoint>,
        _ order: UnsafeMutablePointer<UInt32>, _ threads: Int
    ) {
        unsafe self.source = source
        unsafe self.points = points
        unsafe self.order = order
        // A thread is worth its start from some ten thousand points on.
        self.threads = max(1, min(threads, source.count / 16_384, 64))
        unsafe records = .allocate(capacity: source.count)
        // Safe: just allocated, with room for as many.
        unsafe HugePages.advise(records, count: source.count)
    }

    // Safe: allocated in the initialiser, of a trivial type.
    deinit { unsafe records.deallocate() }

    private func sort() {
        // Safe: the number of elements of the source.
        let count = unsafe source.count
        let threads = threads
        var extents = [GridBox](repeating: .empty, count: threads)
        unsafe extents.withUnsafeMutableBufferPointer { extents in
            WorkerThreads.run(threads) { share in
                // Safe: each share writes its own element.
                unsafe extents[share] = self.extent(of: WorkerThreads.part(share, of: threads, count))
            }
        }
        let extent = extents.reduce(into: GridBox.empty) { $0.formUnion($1) }
        let cells = HilbertCells(extent)
        // The number of records in each bucket, by share; then the place of the next one.
        var places = [UInt32](repeating: 0, count: threads * Self.buckets)
        var starts = [Int](repeating: 0, count: Self.buckets + 1)
        unsafe places.withUnsafeMutableBufferPointer { places in
            WorkerThreads.run(threads) { share in
                // Safe: each share has its own rows of the keys and its own part of the places.
                let own = unsafe places.baseAddress! + share * Self.buckets
                unsafe makeKeys(WorkerThreads.part(share, of: threads, count), cells, own)
            }
            var total: UInt32 = 0
            for bucket in 0..<Self.buckets {
                starts[bucket] = Int(total)
                for share in 0..<threads {
                    // Safe: share and bucket are in range.
                    let size = unsafe places[share * Self.buckets + bucket]
                    unsafe places[share * Self.buckets + bucket] = total
                    total &+= size
                }
            }
            starts[Self.buckets] = count
            WorkerThreads.run(threads) { share in
                // Safe: the places of the shares are apart from each other, and there are as many as records.
                let own = unsafe places.baseAddress! + share * Self.buckets
                unsafe scatter(WorkerThreads.part(share, of: threads, count), own)
            }
        }
        let bounds = starts
        WorkerThreads.run(threads) { share in
            let rows = WorkerThreads.part(share, of: threads, count)
            finish(bounds.span, rows, cells)
        }
    }

    private func extent(of rows: Range<Int>) -> GridBox {
        var low = SIMD4<Int32>(repeating: .max)
        var high = SIMD4<Int32>(repeating: .min)
        var row = rows.lowerBound
        // Safe: rows are in range of the source; two points are 16 bytes without padding.
        let base = unsafe UnsafeRawPointer(source.baseAddress!)
        while row + 2 <= rows.upperBound {
            let two = unsafe base.loadUnaligned(fromByteOffset: row * 8, as: SIMD4<Int32>.self)
            low.replace(with: two, where: two .< low)
            high.replace(with: two, where: two .> high)
            row += 2
        }
        var box = GridBox(
            minX: min(low[0], low[2]), minY: min(low[1], low[3]), maxX: max(high[0], high[2]),
            maxY: max(high[1], high[3]))
        // Safe: row is in range.
        if row < rows.upperBound { box.formUnion(x: unsafe source[row].x, y: unsafe source[row].y) }
        return box
    }

    @unsafe
    private func makeKeys(_ rows: Range<Int>, _ cells: HilbertCells, _ sizes: UnsafeMutablePointer<UInt32>) {
        let digit = 32 - Self.digitBits
        // Safe: rows are in range of source and order, digits in range of sizes.
        let base = unsafe UnsafeRawPointer(source.baseAddress!)
        var row = rows.lowerBound
        while row + 4 <= rows.upperBound {
            let four = unsafe base.loadUnaligned(fromByteOffset: row &* 8, as: SIMD8<Int32>.self)
            let keys = cells.keys(x: four.evenHalf, y: four.oddHalf)
            unsafe UnsafeMutableRawPointer(order + row).storeBytes(of: keys, as: SIMD4<UInt32>.self)
            let digits = keys &>> SIMD4(repeating: digit)
            unsafe sizes[Int(digits.x)] &+= 1
            unsafe sizes[Int(digits.y)] &+= 1
            unsafe sizes[Int(digits.z)] &+= 1
            unsafe sizes[Int(digits.w)] &+= 1
            row &+= 4
        }
        while row < rows.upperBound {
            let point = unsafe source[row]
            let key = cells.keys(x: SIMD4(repeating: point.x), y: SIMD4(repeating: point.y)).x
            unsafe order[row] = key
            unsafe sizes[Int(key >> digit)] &+= 1
            row &+= 1
        }
    }

    @unsafe
    private func scatter(_ rows: Range<Int>, _ places: UnsafeMutablePointer<UInt32>) {
        for row in rows {
            // Safe: the places were counted from these very keys, so each stays below the number of records.
            let key = unsafe order[row]
            let bucket = Int(key >> (32 - Self.digitBits))
            let place = unsafe places[bucket]
            unsafe places[bucket] = place &+ 1
            unsafe records[Int(place)] = Record(key: key, number: UInt32(truncatingIfNeeded: row), point: source[row])
        }
    }

    /// Sorts the buckets that begin in a range of rows, and writes them out.
    private func finish(_ starts: Span<Int>, _ rows: Range<Int>, _ cells: HilbertCells) {
        var largest = 0
        for bucket in 0..<Self.buckets where rows.contains(starts[bucket]) {
            largest = max(largest, starts[bucket + 1] - starts[bucket])
        }
        // Safe: of a trivial type, freed below, as large as the largest bucket of this share.
        let scratch = UnsafeMutablePointer<Record>.allocate(capacity: largest)
        var digits = [UInt32](repeating: 0, count: Self.buckets + 1)
        for bucket in 0..<Self.buckets where rows.contains(starts[bucket]) {
            let first = starts[bucket]
            let count = starts[bucket + 1] - first
            // Safe: buckets are apart from each other, and scratch has room for one.
            unsafe Self.sort(records + first, scratch, count, bits: 32 - Self.digitBits, cells, &digits)
            for place in first..<(first + count) {
                // Safe: place is in range of points, order and records.
                unsafe points[place] = records[place].point
                unsafe order[place] = records[place].number
            }
        }
        unsafe scratch.deallocate()
    }

    /// Sorts records by the low `bits` of their keys, stable, and by curves of their own where those are equal.
    @unsafe
    private static func sort(
        _ records: UnsafeMutablePointer<Record>, _ scratch: UnsafeMutablePointer<Record>, _ count: Int, bits: UInt32,
        _ cells: HilbertCells, _ digits: inout [UInt32]
    ) {
        if count <= shortRun { return unsafe insert(records, count, into: records) }
        if bits == 0 { return unsafe refine(records, scratch, count, cells, &digits) }
        let width = min(bits, digitBits, UInt32(max(4, Int.bitWidth - count.leadingZeroBitCount)))
        let shift = bits - width
        let size = 1 << Int(width)
        let mask = UInt32(size - 1)
        var longest: UInt32 = 0
        // Safe: digits are below size, which is at most the number of buckets; the counts lead to places below count.
        unsafe digits.withUnsafeMutableBufferPointer { places in
            for digit in 0..<size { unsafe places[digit] = 0 }
            for index in 0..<count { unsafe places[Int(records[index].key >> shift & mask)] &+= 1 }
            var total: UInt32 = 0
            for digit in 0..<size {
                let number = unsafe places[digit]
                unsafe places[digit] = total
                total &+= number
                longest = max(longest, number)
            }
            for index in 0..<count {
                let digit = unsafe Int(records[index].key >> shift & mask)
                unsafe scratch[Int(places[digit])] = records[index]
                unsafe places[digit] &+= 1
            }
        }
        if Int(longest) > shortRun {
            // Safe: both have room for count records.
            unsafe records.update(from: scratch, count: count)
            unsafe sortRuns(records, scratch, count, shift: shift, mask, cells, &digits)
        } else {
            unsafe insert(scratch, count, into: records)
        }
    }

    /// Sorts the runs of records with one digit by their further bits.
    @unsafe
    private static func sortRuns(
        _ records: UnsafeMutablePointer<Record>, _ scratch: UnsafeMutablePointer<Record>, _ count: Int, shift: UInt32,
        _ mask: UInt32, _ cells: HilbertCells, _ digits: inout [UInt32]
    ) {
        var first = 0
        while first < count {
            // Safe: first and end are at most count.
            let digit = unsafe records[first].key >> shift & mask
            var end = first + 1
            while end < count, unsafe records[end].key >> shift & mask == digit { end += 1 }
            unsafe sort(records + first, scratch + first, end - first, bits: shift, cells, &digits)
            first = end
        }
    }

    /// Sorts records of one cell along a curve through their own extent.
    @unsafe
    private static func refine(
        _ records: UnsafeMutablePointer<Record>, _ scratch: UnsafeMutablePointer<Record>, _ count: Int,
        _ cells: HilbertCells, _ digits: inout [UInt32]
    ) {
        if cells.shift == 0 { return }
        var extent = GridBox.empty
        // Safe: index is below count.
        for index in 0..<count { unsafe extent.formUnion(x: records[index].point.x, y: records[index].point.y) }
        let finer = HilbertCells(extent)
        if extent.minX == extent.maxX && extent.minY == extent.maxY { return }
        for index in 0..<count {
            let point = unsafe records[index].point
            unsafe records[index].key = finer.keys(x: SIMD4(repeating: point.x), y: SIMD4(repeating: point.y)).x
        }
        unsafe sort(records, scratch, count, bits: 32, finer, &digits)
    }

    /// Moves records to where they are sorted by the whole key, stable. For records that are nearly so.
    @unsafe
    private static func insert(
        _ records: UnsafeMutablePointer<Record>, _ count: Int, into sorted: UnsafeMutablePointer<Record>
    ) {
        for index in 0..<count {
            // Safe: index and place are below count; in place, records before index are sorted and moved by one.
            let record = unsafe records[index]
            var place = index
            while place > 0, unsafe sorted[place - 1].key > record.key {
                unsafe sorted[place] = sorted[place - 1]
                place -= 1
            }
            unsafe sorted[place] = record
        }
    }
}
