// SPDX-License-Identifier: Apache-2.0

/// Distributes shapes over the tiles of a 3D tileset and writes its JSON documents.
///
/// A quadtree over the centres of the boxes. Each inner tile holds its largest shapes and is refined by adding, so a
/// city shows its landmarks from afar and every shape near by; each shape is in exactly one tile. Boxes are those of
/// the shapes and not of the grid. A tile's path is `r` for the root and one digit 0 to 3 more for each level; its
/// content is `t/{path}.glb` beside `tileset.json`. Documents of more than `maximumTilesPerDocument` tiles continue in
/// `t/{path}.json`. A tile with shapes of several forms has a chain of contents that replace each other:
/// `t/{path}-0.glb` is the coarsest, `t/{path}.glb` the finest; the implicit form has the finest alone. The same items
/// give the same plan. Complexity: O(n log n) time, O(n) memory. Thread use: immutable.
/// Source: OGC 3D Tiles 1.1, "Tileset and Tile Specification".
public struct TilesetPlan: Sendable {
    public static let maximumTilesPerDocument = 300
    /// Metres added around the boxes of tiles, for positions rounded to Float32.
    static let margin = 0.05
    static let maximumDepth = 24

    struct Tile {
        var path: String
        var box: Box3D
        /// The tile's own items in `order`.
        var items: Range<Int>
        /// The four quadrants' tiles, without the empty ones.
        var children: [Int] = []
        var geometricError = 0.0
        /// The errors of the coarser contents that the finest replaces, the coarsest first.
        var levelErrors: [Double] = []
        var parentError: Double?
    }

    private(set) var tiles: [Tile] = []
    private(set) var order: [Int] = []
    private(set) var tileOfPath: [String: Int] = [:]
    /// Tiles that begin a document of their own.
    private(set) var documents: Set<Int> = []
    public let itemCount: Int
    /// Items left out because their box is empty or not finite.
    public let rejected: [Int]
    let errorScale: Double

    /// - Parameters:
    ///   - items: Their positions in this array are the numbers that `items(content:)` returns.
    ///   - maxItems: How many items a leaf holds at most.
    ///   - largestPerTile: How many of its largest items each inner tile shows by itself.
    ///   - errorScale: Geometric error in metres per metre of the largest shape that a tile does not show: with 3, at
    ///     16 pixels of allowed error, a shape appears when it is about 5 pixels high.
    public init(items: [TileItem], maxItems: Int = 500, largestPerTile: Int = 200, errorScale: Double = 3) {
        itemCount = items.count
        self.errorScale = errorScale
        var rejected: [Int] = []
        for (index, item) in items.enumerated() {
            if item.box.isEmpty || !item.box.min.isFinite || !item.box.max.isFinite || !item.weight.isFinite {
                rejected.append(index)
            } else {
                order.append(index)
            }
        }
        self.rejected = rejected
        // Once sorted by size, stable partitions keep every quadrant sorted.
        order.sort { (items[$0].weight, $1) > (items[$1].weight, $0) }
        guard !order.isEmpty else { return }
        var square = Box3D.empty
        for index in order { square.include(items[index].box.center) }
        var scratch: [Int] = []
        let limits = Limits(maxItems: max(1, maxItems), largest: max(0, largestPerTile))
        _ = grow("r", order.indices, (square.min, square.max), items, limits, &scratch)
        for index in tiles.indices.reversed() {
            tileOfPath[tiles[index].path] = index
            // Errors fall from parents to children, chains included. Children come after their parents.
            for child in tiles[index].children {
                tiles[index].geometricError = max(
                    tiles[index].geometricError, tiles[child].geometricError, tiles[child].levelErrors.first ?? 0)
            }
            for child in tiles[index].children { tiles[child].parentError = tiles[index].geometricError }
        }
        cutDocuments()
    }

    private struct Limits {
        let maxItems: Int
        let largest: Int
    }

    /// Makes the tile of `range` and its descendants; returns its number.
    private mutating func grow(
        _ path: String, _ range: Range<Int>, _ square: (min: SIMD3<Double>, max: SIMD3<Double>), _ items: [TileItem],
        _ limits: Limits, _ scratch: inout [Int]
    ) -> Int {
        let number = tiles.count
        if range.count <= limits.maxItems {
            var box = Box3D.empty
            for index in order[range] { box.include(items[index].box) }
            tiles.append(Tile(path: path, box: box, items: range, levelErrors: levelErrors(range, items)))
            return number
        }
        let own = range.lowerBound..<(range.lowerBound + min(limits.largest, range.count - 1))
        var box = Box3D.empty
        for index in order[own] { box.include(items[index].box) }
        tiles.append(Tile(path: path, box: box, items: own, levelErrors: levelErrors(own, items)))
        let rest = own.upperBound..<range.upperBound
        tiles[number].geometricError = order[rest].reduce(0) {
            max($0, items[$1].error ?? items[$1].weight * errorScale)
        }
        let middle = (square.min + square.max) * 0.5
        let isDeep = path.utf8.count > Self.maximumDepth
        let ends = isDeep ? divideEvenly(rest) : divide(rest, middle, items, &scratch)
        var start = rest.lowerBound
        for (quadrant, end) in ends.enumerated() {
            defer { start = end }
            guard end > start else { continue }
            var (low, high) = square
            if quadrant & 1 == 0 { high.x = middle.x } else { low.x = middle.x }
            if quadrant & 2 == 0 { high.y = middle.y } else { low.y = middle.y }
            let child = grow(path + String(quadrant), start..<end, (low, high), items, limits, &scratch)
            tiles[number].children.append(child)
            tiles[number].box.include(tiles[child].box)
        }
        return number
    }

    /// The error of each coarser content of a tile, falling.
    private func levelErrors(_ range: Range<Int>, _ items: [TileItem]) -> [Double] {
        let count = order[range].reduce(0) { max($0, items[$1].levelErrors.count) }
        var errors = [Double](repeating: 0, count: count)
        for index in order[range] {
            let own = items[index].levelErrors
            for level in 0..<count where Self.form(of: own.count + 1, at: level, of: count + 1) < own.count {
                errors[level] = max(errors[level], own[Self.form(of: own.count + 1, at: level, of: count + 1)])
            }
        }
        for level in stride(from: count - 2, through: 0, by: -1) {
            errors[level] = max(errors[level], errors[level + 1])
        }
        return errors
    }

    /// Which of a shape's `forms` a content shows: the last contents show the last forms.
    ///
    /// - Parameters:
    ///   - level: The content's place in its tile's chain, 0 for the coarsest.
    ///   - levels: The number of contents in the chain.
    public static func form(of forms: Int, at level: Int, of levels: Int) -> Int {
        max(0, min(forms - 1, forms - levels + level))
    }

    /// Sorts a range into quadrants (east is bit 0, north bit 1) and keeps the order within each; their ends.
    private mutating func divide(
        _ range: Range<Int>, _ middle: SIMD3<Double>, _ items: [TileItem], _ scratch: inout [Int]
    ) -> [Int] {
        func quadrant(_ index: Int) -> Int {
            let center = items[index].box.center
            return (center.x >= middle.x ? 1 : 0) | (center.y >= middle.y ? 2 : 0)
        }
        var counts = [0, 0, 0, 0]
        for index in order[range] { counts[quadrant(index)] += 1 }
        var next = [range.lowerBound, 0, 0, 0]
        for i in 1..<4 { next[i] = next[i - 1] + counts[i - 1] }
        scratch.removeAll(keepingCapacity: true)
        scratch.append(contentsOf: order[range])
        for index in scratch {
            let q = quadrant(index)
            order[next[q]] = index
            next[q] += 1
        }
        return next
    }

    /// Many items in one place: four parts by size.
    private func divideEvenly(_ range: Range<Int>) -> [Int] {
        (1...4).map { range.lowerBound + range.count * $0 / 4 }
    }

    /// Starts a new document wherever one would grow beyond its limit, level by level.
    private mutating func cutDocuments() {
        var roots = [0]
        while let root = roots.popLast() {
            documents.insert(root)
            var level = [root]
            var count = 1
            while !level.isEmpty {
                let below = level.flatMap { tiles[$0].children }
                guard count + below.count <= Self.maximumTilesPerDocument || count == 1 else {
                    roots.append(contentsOf: level.filter { !tiles[$0].children.isEmpty })
                    break
                }
                count += below.count
                level = below
            }
        }
    }

    /// The items that the content of a tile shows, largest first; nil if there is no such content.
    ///
    /// - Parameter path: The tile's path, such as `r02`: the part of the content's address between `t/` and `.glb`.
    public func items(content path: String) -> [Int]? {
        guard let number = tileOfPath[path], !tiles[number].items.isEmpty else { return nil }
        return Array(order[tiles[number].items])
    }

    /// What a content's name stands for: the tile's path and its place in the tile's chain, such as `r02-0`; nil if there
    /// is no such content.
    public func content(name: String) -> (path: String, level: Int, levels: Int)? {
        let parts = name.split(separator: "-", omittingEmptySubsequences: false)
        let path = String(parts[0])
        guard let number = tileOfPath[path], !tiles[number].items.isEmpty else { return nil }
        let coarser = tiles[number].levelErrors.count
        if parts.count == 1 { return (path, coarser, coarser + 1) }
        guard parts.count == 2, let level = Int(parts[1]), String(level) == parts[1], (0..<coarser).contains(level)
        else { return nil }
        return (path, level, coarser + 1)
    }

    /// The names of all contents: a tile's finest one after its coarser ones, parents before children.
    public var contentNames: [String] {
        tiles.filter { !$0.items.isEmpty }.flatMap { tile in
            tile.levelErrors.indices.map { "\(tile.path)-\($0)" } + [tile.path]
        }
    }

    /// The paths of all tiles with content, parents before children.
    public var contentPaths: [String] { tiles.filter { !$0.items.isEmpty }.map(\.path) }

    /// The paths of the documents below the main one.
    public var subtreePaths: [String] { documents.sorted().filter { $0 != 0 }.map { tiles[$0].path } }

    /// The box of all items, metres in the local frame; nil without items.
    public var bounds: Box3D? { tiles.first?.box }

    /// The box that a tile declares, with its margin; nil if there is no such tile.
    public func declaredBox(tile path: String) -> Box3D? {
        guard let number = tileOfPath[path] else { return nil }
        return Self.declared(tiles[number].box)
    }

    static func declared(_ box: Box3D) -> Box3D {
        // Float32 positions are relative to the tile's centre, so their error grows with its size.
        let room = margin + (box.max - box.min).max() * 1e-6
        return Box3D(min: box.min - room, max: box.max + room)
    }
}
