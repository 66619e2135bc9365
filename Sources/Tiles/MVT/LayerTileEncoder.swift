// SPDX-License-Identifier: Apache-2.0
public import Spatial

/// Encodes tiles layer by layer under ``TileRules``: the one encoder for tiles made on request and in bulk, so that the
/// same features in the same order give the same bytes.
///
/// ```swift
/// var encoder = LayerTileEncoder()
/// encoder.begin(tile)
/// encoder.beginLayer("roads", kind: .line, rules: rules)
/// let name = encoder.intern(key: "name")
/// for row in rowsTouchingTheTileAndItsBuffer {
///     if try encoder.beginFeature(id: id, xy: world, ringEnds: ends, vertexZooms: levels) {
///         try encoder.add(key: name, code: code) { texts[$0] }
///         encoder.endFeature()
///     }
/// }
/// let account = try encoder.endLayer()
/// let bytes = encoder.finish()
/// ```
///
/// A value for one thread: keep one per worker, then features allocate nothing.
/// Source: Mapbox Vector Tile Specification 2.1.
public struct LayerTileEncoder: Sendable {
    /// One feature that is to be written.
    struct Record {
        var id: UInt64?
        var kind: GeometryKind
        /// The geometry field's content in ``MVTGeometryEncoder/bytes``.
        var geometry: Range<Int>
        /// Pairs of key and value in ``tags``.
        var tags: Range<Int>
        var importance: Double
        var vertices: Int
        var isDropped = false
    }

    var tile = TileID.world
    var rules = TileRules()
    /// The account of the layer so far.
    public internal(set) var account = TileAccount()
    var geometry = MVTGeometryEncoder()
    var table = MVTValueTable()
    var records: [Record] = []
    var tags: [UInt32] = []
    var points = PointCells()
    var labels: [(record: Int, x: Double, y: Double)] = []
    var writer = LayerWriter()
    private var layerName = ""
    private var layerKind = GeometryKind.point
    /// Square world units below which a polygon is tiny.
    private var tinyLimit = 0.0
    private var tagStart = 0
    private var pendingLabel: (x: Double, y: Double)?
    var output: [UInt8] = []

    public init() {}

    /// Starts a tile, with whatever was not finished before thrown away.
    public mutating func begin(_ tile: TileID) {
        self.tile = tile
        output.removeAll(keepingCapacity: true)
    }

    /// Starts a layer. Names must be unique in a tile (spec 4.1), also those that labels add; the rules must be valid
    /// (``TileRules/validate()``). Outside ``TileRules/zooms`` every feature is left out.
    public mutating func beginLayer(_ name: String, kind: GeometryKind, rules: TileRules) {
        layerName = name
        layerKind = kind
        self.rules = rules
        account = TileAccount()
        table.removeAll()
        writer.begin()
        records.removeAll(keepingCapacity: true)
        tags.removeAll(keepingCapacity: true)
        labels.removeAll(keepingCapacity: true)
        geometry.reset(tile: tile, buffer: rules.buffer)
        geometry.bytes.removeAll(keepingCapacity: true)
        points.reset(cell: rules.pointCell)
        tinyLimit = rules.tinyLimit(zoom: tile.z) * unit * unit
    }

    /// Counts features that the caller left out because none of them is drawn: tiny polygons that the tile decides on.
    public mutating func skipTiny(_ count: Int) {
        account.offered += count
        account.tiny += count
    }

    /// Counts a feature that the caller left out by its attributes.
    public mutating func skipFiltered() {
        account.offered += 1
        account.filtered += 1
    }

    /// The layer's number for an attribute name. Only names that a feature uses are written.
    public mutating func intern(key: String) -> Int { table.intern(key: key) }

    /// Offers a feature. Rows must come in the same order whenever the tile is made.
    ///
    /// - Parameters:
    ///   - xy: interleaved world coordinates (2^32 around the Earth, y south) of all vertices.
    ///   - ringEnds: end vertices with ``ringStartsPart``; rings have no closing vertex.
    ///   - vertexZooms: the vertices' levels by ``TopologySimplifier``, or an empty span to keep all.
    ///   - importance: for ``TileRules/Order/attribute(_:)``; otherwise ignored.
    /// - Returns: whether to add the feature's attributes and call ``endFeature()``. If not, the account says why.
    /// - Throws: `argument` if the arrays do not fit each other.
    /// - Complexity: O(vertices).
    public mutating func beginFeature(
        id: UInt64, xy: borrowing Span<UInt32>, ringEnds: borrowing Span<UInt32>,
        vertexZooms: borrowing Span<UInt8>, importance: Double = 0
    ) throws(TileError) -> Bool {
        guard xy.count & 1 == 0, vertexZooms.isEmpty || vertexZooms.count * 2 == xy.count else {
            throw TileError(
                .argument, "feature \(id) has \(xy.count) coordinates and \(vertexZooms.count) levels: give two and one"
            )
        }
        guard ringEnds.isEmpty == xy.isEmpty,
            ringEnds.isEmpty || Int(ringEnds[ringEnds.count - 1] & ringEndMask) * 2 == xy.count
        else { throw TileError(.argument, "the rings of feature \(id) do not end with its \(xy.count / 2) vertices") }
        guard rules.simplifies, !vertexZooms.isEmpty else {
            let none: [UInt8] = []
            return begin(id, layerKind, xy, ringEnds, none.span, importance)
        }
        return begin(id, layerKind, xy, ringEnds, vertexZooms, importance)
    }

    mutating func begin(
        _ id: UInt64, _ kind: GeometryKind, _ xy: borrowing Span<UInt32>, _ ringEnds: borrowing Span<UInt32>,
        _ levels: borrowing Span<UInt8>, _ importance: Double
    ) -> Bool {
        account.offered += 1
        tagStart = tags.count
        pendingLabel = nil
        guard let box = WorldBox(xy) else {
            account.empty += 1
            return false
        }
        guard rules.zooms.contains(tile.z) else {
            account.outside += 1
            return false
        }
        var importance = importance
        if case .attribute = rules.order {} else { importance = 0 }
        let start = geometry.bytes.count
        switch kind {
        case .point:
            if rules.points != .all, tile.z < rules.pointsBelowZoom { return beginOwned(id, xy, importance) }
        case .line:
            if needsLength {
                let length = WorldShape.length(xy, ringEnds) / unit
                if rules.order == .size { importance = length }
                if length < rules.minimumLineLength, tile.z < rules.joinsBelowZoom {
                    // Counted once, by the tile that holds its beginning.
                    if owns(Double(xy[0]), Double(xy[1])) { account.shortLines += 1 } else { account.outside += 1 }
                    return false
                }
            }
        case .polygon:
            if let answer = beginTiny(id, xy, ringEnds, box) { return answer }
            if needsSize { importance = WorldShape.area(xy, ringEnds) / (unit * unit) }
        }
        switch geometry.encode(kind: kind, xy: xy, ringEnds: ringEnds, levels: levels, box: box) {
        case .outside:
            account.outside += 1
            return false
        case .collapsed:
            account.collapsed += 1
            return false
        case .kept: break
        }
        if kind == .polygon, rules.labelsPolygons, mayHold(box) { pendingLabel = WorldShape.labelPoint(xy, ringEnds) }
        if geometry.isRepaired { account.repaired += 1 }
        account.droppedRings += geometry.droppedRings
        append(id, kind, start, importance)
        return true
    }

    private mutating func append(_ id: UInt64, _ kind: GeometryKind, _ start: Int, _ importance: Double) {
        records.append(
            Record(
                id: id, kind: kind, geometry: start..<geometry.bytes.count, tags: tagStart..<tagStart,
                importance: importance, vertices: geometry.vertexCount))
    }

    /// World units of one tile unit.
    var unit: Double { Double(tile.worldSize) / 4096 }

    private var needsSize: Bool {
        rules.order == .size && (rules.maximumFeatures != nil || rules.maximumBytes != nil)
    }

    private var needsLength: Bool { rules.minimumLineLength > 0 || needsSize }

    /// Whether a place in world units is in the tile's own area, which no other tile of the zoom shares.
    func owns(_ x: Double, _ y: Double) -> Bool {
        let left = Double(tile.worldMinX), top = Double(tile.worldMinY), size = Double(tile.worldSize)
        return x >= left && x < left + size && y >= top && y < top + size
    }

    private func mayHold(_ box: WorldBox) -> Bool {
        Int(box.maxX) >= tile.worldMinX && Int(box.minX) < tile.worldMinX + tile.worldSize
            && Int(box.maxY) >= tile.worldMinY && Int(box.minY) < tile.worldMinY + tile.worldSize
    }

    // MARK: Tiny polygons

    /// Leaves a tiny polygon out, or draws a square for it; see ``TinyPolygons``. Nil if the polygon is not tiny, which
    /// is decided on the whole of it.
    private mutating func beginTiny(
        _ id: UInt64, _ xy: borrowing Span<UInt32>, _ ringEnds: borrowing Span<UInt32>, _ box: WorldBox
    ) -> Bool? {
        guard tinyLimit > 0 else { return nil }
        // No polygon is larger than its box.
        guard box.area < TinyPolygons.boxShare * tinyLimit else { return nil }
        let extent = TinyPolygons.Extent(id: id, area: WorldShape.area(xy, ringEnds), box: box.area)
        guard extent.size < Float(tinyLimit) else { return nil }
        let middle = box.centre
        guard owns(Double(middle.x), Double(middle.y)) else {
            account.outside += 1
            return false
        }
        account.tiny += 1
        guard rules.tinyPolygons == .square, extent.reach >= Float(tinyLimit) else { return false }
        let side = Int64(rules.squareSide)
        let start = geometry.bytes.count
        let centre = geometry.snapped(geometry.local(middle.x, middle.y))
        // In the tile's own area, since the neighbour does not draw it.
        let limit = 4096 - side
        geometry.encodeSquare(
            TilePoint(x: min(max(centre.x - side / 2, 0), limit), y: min(max(centre.y - side / 2, 0), limit)),
            side: side)
        account.squares += 1
        append(id, .polygon, start, Double(side * side))
        return true
    }

    // MARK: Points

    /// A point of a layer whose points are thinned or clustered: it belongs to the tile that holds its first vertex.
    private mutating func beginOwned(_ id: UInt64, _ xy: borrowing Span<UInt32>, _ importance: Double) -> Bool {
        guard owns(Double(xy[0]), Double(xy[1])) else {
            account.outside += 1
            return false
        }
        let point = geometry.local(xy[0], xy[1])
        let cell = points.cell(point, shift: geometry.shift)
        if let known = points.record(of: cell) {
            if rules.points == .cluster {
                points.add(cell, point)
                return false
            }
            account.thinned += 1
            guard importance > records[known].importance else { return false }
            records[known].isDropped = true
        }
        let start = geometry.bytes.count
        geometry.encodePoint(geometry.snapped(point))
        append(id, .point, start, importance)
        points.begin(cell, record: records.count - 1, point)
        return true
    }

    // MARK: Attributes

    /// Adds an attribute to the feature that was begun. Throws `.tooLarge` for a text that the rules do not allow.
    public mutating func add(key: Int, _ value: MVTValue) throws(TileError) {
        if case .string(let text) = value { try check(text.utf8.count, key) }
        tag(key, value)
    }

    /// Adds a text that a column stores as a dictionary code: `text` is asked once for each code in a layer.
    public mutating func add(key: Int, code: Int, text: (Int) -> String) throws(TileError) {
        if let known = table.known(key: key, code: code) {
            tags.append(UInt32(truncatingIfNeeded: key))
            tags.append(UInt32(truncatingIfNeeded: known))
            return
        }
        let content = text(code)
        try check(content.utf8.count, key)
        tag(key, code) { _ in content }
    }

    /// The same with the text's bytes, which must be UTF-8: a mapped dictionary needs no String.
    public mutating func add(key: Int, code: Int, utf8: borrowing Span<UInt8>) throws(TileError) {
        try check(utf8.count, key)
        tags.append(UInt32(truncatingIfNeeded: key))
        tags.append(UInt32(truncatingIfNeeded: table.index(key: key, code: code, utf8: utf8)))
    }

    private func check(_ count: Int, _ key: Int) throws(TileError) {
        guard count <= rules.maximumTextBytes else {
            throw TileError(
                .tooLarge,
                "field '\(table.names[key])' of feature \(records.last?.id ?? 0) in layer '\(layerName)' has a text of "
                    + "\(count) bytes, more than the \(rules.maximumTextBytes) that a tile takes: "
                    + "leave the field out of the layer's tiles or shorten the text")
        }
    }

    mutating func tag(_ key: Int, _ value: MVTValue) {
        tags.append(UInt32(truncatingIfNeeded: key))
        tags.append(UInt32(truncatingIfNeeded: table.index(of: value)))
    }

    mutating func tag(_ key: Int, _ code: Int, text: (Int) -> String) {
        tags.append(UInt32(truncatingIfNeeded: key))
        tags.append(UInt32(truncatingIfNeeded: table.index(key: key, code: code, text: text)))
    }

    /// Ends the feature that was begun.
    public mutating func endFeature() {
        guard !records.isEmpty else { return }
        records[records.count - 1].tags = tagStart..<tags.count
        guard let label = pendingLabel else { return }
        pendingLabel = nil
        if owns(label.x, label.y) { labels.append((records.count - 1, label.x, label.y)) }
    }

    /// Ends the layer: joins, clusters and limits are decided now. A layer without features is not written (spec 4.1).
    ///
    /// - Returns: what became of the features offered.
    /// - Throws: `tooLarge` if the layer would take more than 2 GB.
    public mutating func endLayer() throws(TileError) -> TileAccount {
        let account = writeLayer()
        guard account.bytes < Int(Int32.max) else {
            throw TileError(
                .tooLarge, "layer '\(layerName)' takes \(account.bytes) bytes in tile \(tile): set maximumBytes")
        }
        return account
    }

    mutating func writeLayer() -> TileAccount {
        if rules.points == .cluster { writeClusters() }
        if rules.joinsLines, tile.z < rules.joinsBelowZoom { joinLines() }
        if let most = rules.maximumFeatures { limitFeatures(most) }
        let before = output.count
        writer.write(layerName, records, tags, table, geometry.bytes, &output)
        if let most = rules.maximumBytes, output.count - before > most {
            // Mostly far below: only then are records ordered and looked at.
            limitBytes(most, layerName)
            output.removeLast(output.count - before)
            writer.write(layerName, records, tags, table, geometry.bytes, &output)
        }
        for record in records where !record.isDropped {
            account.written += 1
            account.vertices += record.vertices
        }
        if !labels.isEmpty { writeLabels(layerName + "_label") }
        account.bytes = output.count - before
        return account
    }

    /// The tile's bytes, not compressed; empty if no layer has a feature.
    public mutating func finish() -> [UInt8] {
        let bytes = output
        output = []
        return bytes
    }
}

extension TileID {
    /// The one tile of zoom 0.
    static let world = TileID(containingWorldX: 0, y: 0, zoom: 0)
}
