// SPDX-License-Identifier: Apache-2.0
import Spatial
import Tiles

/// One layer of a tile as ``TileComposer`` remembers it: in pieces, or as a whole where they are not worth it.
struct ComposedLayer: Sendable {
    /// A run of the snapshot's rows, or the changed features.
    fileprivate struct Piece: Sendable {
        var ranges: [Range<Int>] = []
        /// Rows of it that changes hide. They only become more while the snapshot is the same.
        var hidden = 0
        var content = LayerPiece()
        /// Names of the states of keys and values before and after it: equal names, equal states.
        var before = 0
        var after = 0
        var ladder: SquareLadder?
        var features: [UInt8]?
        var values: [UInt8]?

        var rows: Range<Int> { (ranges.first?.lowerBound ?? 0)..<(ranges.last?.upperBound ?? 0) }
    }

    private(set) var view: LayerView
    private var request: TileRequest
    /// With the rules of the layer, not coarsened.
    private let asked: TileRequest
    private let columns: [Int]
    /// The rows and the limit that decides over them.
    private var rows: TileRows
    fileprivate var pieces: [Piece] = []
    fileprivate var changed = Piece()
    private var states = 0
    /// Instead of pieces: the whole layer, and its compressed form.
    private var whole: [UInt8]?
    private var wholePacked: [UInt8]?

    init(_ view: LayerView, _ area: GridBox, _ request: TileRequest, _ tools: TileTools) throws {
        self.view = view
        asked = request
        self.request = request
        columns = view.columns(request)
        rows = view.tileRows(area)
        let canSplit = LayerTileEncoder.hasPieces(view.definition.geometry, request.rules, zoom: request.tile.z)
        guard canSplit, rows.count >= 256 else {
            try makeWhole(area, tools)
            return
        }
        var ladder: SquareLadder?
        coarsen(&ladder, tools)
        try makePieces(hasLadder: ladder != nil, tools)
        if size < TileComposer.smallestTile / 2 || size > request.rules.maximumBytes ?? .max {
            try makeWhole(area, tools)
        }
    }

    /// The layer's bytes.
    var size: Int {
        if let whole { return whole.count }
        let rest = restSize
        return rest == 0 ? 0 : LayerPiece.head(view.definition.id, rest: rest).count + rest
    }

    /// Bytes that remembering it takes.
    var cost: Int {
        let packed = pieces.reduce(0) { $0 + ($1.features?.count ?? 0) + ($1.values?.count ?? 0) + 256 }
        return size + (wholePacked?.count ?? 0) + packed + (pieces.first?.ladder == nil ? 0 : pieces.count * 600) + 1024
    }

    // MARK: Making

    private mutating func makeWhole(_ area: GridBox, _ tools: TileTools) throws {
        pieces = []
        changed = Piece()
        tools.encoder.begin(asked.tile)
        var none: RowFilter?
        _ = try view.encode(area, asked, filter: &none, scratch: &tools.scratch, into: &tools.encoder)
        whole = tools.encoder.finish()
    }

    /// Decides how large the squares are.
    private mutating func coarsen(_ ladder: inout SquareLadder?, _ tools: TileTools) {
        request = asked
        rows.extents = nil
        rows.limit = 0
        view.coarsen(
            &rows, &request, attributes: columns.count, ladder: &ladder, passes: { _ in true }, scratch: &tools.scratch)
    }

    private func begin(_ tools: TileTools) -> TileFields {
        tools.encoder.begin(request.tile)
        tools.encoder.beginLayer(view.definition.id, kind: view.definition.geometry, rules: request.rules)
        return TileFields(columns, view, &tools.encoder)
    }

    private mutating func makePieces(hasLadder: Bool, _ tools: TileTools) throws {
        let fields = begin(tools)
        let (view, rows) = (view, rows)
        var made: [Piece] = []
        var piece = Piece()
        func finish() {
            piece.content = tools.encoder.takePiece()
            (piece.before, piece.after) = (made.count, made.count + 1)
            made.append(piece)
            piece = Piece()
        }
        for range in rows.ranges {
            var start = range.lowerBound
            try view.forEachRow(in: range, rows) { row in
                try view.offer(row, fields, nil, .webMercator, scratch: &tools.scratch, to: &tools.encoder)
                guard tools.encoder.pieceBytes >= TileComposer.pieceSize else { return }
                piece.ranges.append(start..<row + 1)
                start = row + 1
                finish()
            }
            if start < range.upperBound { piece.ranges.append(start..<range.upperBound) }
        }
        finish()
        try addChanged(fields, tools)
        finish()
        changed = made.removeLast()
        pieces = made
        states = made.count + 1
        countHidden(view.delta.hiddenRows)
        guard hasLadder else { return }
        for index in pieces.indices { pieces[index].ladder = ladder(of: pieces[index], tools) }
        changed.ladder = ladder(of: changed, tools)
    }

    private func addChanged(_ fields: TileFields, _ tools: TileTools) throws {
        for row in rows.changed {
            try view.offer(row, fields, nil, .webMercator, scratch: &tools.scratch, to: &tools.encoder)
        }
    }

    /// Counts the hidden rows of each piece; returns those of which there are more now.
    @discardableResult
    private mutating func countHidden(_ hidden: Set<Int>) -> [Int] {
        var counts = Array(repeating: 0, count: pieces.count)
        for row in hidden {
            // The last piece that begins at the row or before.
            var low = 0, high = pieces.count
            while low < high {
                let middle = (low + high) / 2
                if pieces[middle].rows.lowerBound <= row { low = middle + 1 } else { high = middle }
            }
            if low > 0, pieces[low - 1].rows.contains(row) { counts[low - 1] += 1 }
        }
        var touched: [Int] = []
        for index in pieces.indices where pieces[index].hidden != counts[index] {
            pieces[index].hidden = counts[index]
            touched.append(index)
        }
        return touched
    }

    /// What a piece adds to the estimate of the layer's size.
    private func ladder(of piece: Piece, _ tools: TileTools) -> SquareLadder {
        var ladder = SquareLadder(asked.rules, tile: asked.tile, attributes: columns.count)
        var all = rows
        all.limit = view.limit(asked)
        let add = { (row: Int) in
            ladder.add(view.extent(of: row, all, .webMercator, &tools.scratch), vertices: view.vertexCount(row: row))
            return true
        }
        for range in piece.ranges { _ = all.forEach(in: range, hidden: view.delta.hiddenRows, add) }
        if piece.ranges.isEmpty { _ = rows.changed.allSatisfy(add) }
        return ladder
    }

    // MARK: Remaking

    /// Takes in what changed up to a newer view. False where the layer must be made from the beginning.
    mutating func update(to next: LayerView, _ area: GridBox, _ tools: TileTools) throws -> Bool {
        if next === view { return true }
        guard next.definition == view.definition, next.coordinates.grid == view.coordinates.grid else { return false }
        guard whole == nil, next.snapshot === view.snapshot else { return false }
        view = next
        let touched = Set(countHidden(next.delta.hiddenRows))
        rows.changed = next.changedRows(area)
        guard hasSameSquares(touched, tools) else { return false }
        let fields = begin(tools)
        var adopted = 0, state = 0
        for index in pieces.indices {
            guard touched.contains(index) || pieces[index].before != state else {
                state = pieces[index].after
                continue
            }
            for earlier in adopted..<index { tools.encoder.adopt(pieces[earlier].content) }
            adopted = index + 1
            for range in pieces[index].ranges {
                try view.forEachRow(in: range, rows) { row in
                    try next.offer(row, fields, nil, .webMercator, scratch: &tools.scratch, to: &tools.encoder)
                }
            }
            pieces[index].replace(with: tools.encoder.takePiece(), state, &states)
            state = pieces[index].after
        }
        if !rows.changed.isEmpty || !changed.content.features.isEmpty {
            for earlier in adopted..<pieces.count { tools.encoder.adopt(pieces[earlier].content) }
            try addChanged(fields, tools)
            changed.replace(with: tools.encoder.takePiece(), state, &states)
        }
        return size <= request.rules.maximumBytes ?? .max
    }

    /// Whether the squares would come out as large as they are, after a change of some pieces and of the changed features.
    private mutating func hasSameSquares(_ touched: Set<Int>, _ tools: TileTools) -> Bool {
        guard let most = request.rules.maximumBytes, view.definition.geometry == .polygon else { return true }
        guard changed.ladder != nil else {
            // It was small enough without an estimate, and is still unless the changed features are too many.
            return view.mostBytes(rows, columns.count) <= most
        }
        for index in touched { pieces[index].ladder = ladder(of: pieces[index], tools) }
        changed.ladder = ladder(of: changed, tools)
        var sum = SquareLadder(asked.rules, tile: asked.tile, attributes: columns.count)
        for piece in pieces { if let ladder = piece.ladder { sum += ladder } }
        if let ladder = changed.ladder { sum += ladder }
        return sum.side(within: most) == request.rules.squareSide
    }

    // MARK: Writing

    /// Bytes after the layer's head; 0 for a layer without features.
    private var restSize: Int {
        let features = pieces.reduce(changed.content.features.count) { $0 + $1.content.features.count }
        guard features > 0 else { return 0 }
        let values = pieces.reduce(changed.content.values.count) { $0 + $1.content.values.count }
        return features + keyFields.count + values + LayerPiece.tail.count
    }

    private var keyFields: [UInt8] {
        var fields: [UInt8] = []
        for piece in pieces + [changed] {
            for key in piece.content.keys { fields += LayerPiece.key(view.definition.fields[columns[key]].name) }
        }
        return fields
    }

    /// Appends the layer as it is in the tile.
    func append(to plain: inout [UInt8]) {
        if let whole {
            plain += whole
            return
        }
        let rest = restSize
        guard rest > 0 else { return }
        plain += LayerPiece.head(view.definition.id, rest: rest)
        for piece in pieces { plain += piece.content.features }
        plain += changed.content.features
        plain += keyFields
        for piece in pieces { plain += piece.content.values }
        plain += changed.content.values
        plain += LayerPiece.tail
    }

    /// Appends the same as deflate blocks; what is compressed for it is kept.
    mutating func appendPacked(to packed: inout [UInt8], _ tools: TileTools) {
        if let whole {
            let blocks = wholePacked ?? tools.pieces.blocks(whole)
            wholePacked = blocks
            packed += blocks
            return
        }
        let rest = restSize
        guard rest > 0 else { return }
        PieceCompressor.appendStored(LayerPiece.head(view.definition.id, rest: rest), &packed)
        for index in pieces.indices { pieces[index].appendFeatures(to: &packed, tools) }
        changed.appendFeatures(to: &packed, tools)
        let values = pieces.reduce(changed.content.values.count) { $0 + $1.content.values.count }
        if values <= TileComposer.pieceSize {
            var tables = keyFields
            for piece in pieces { tables += piece.content.values }
            packed += tools.pieces.blocks(tables + changed.content.values + LayerPiece.tail)
            return
        }
        PieceCompressor.appendStored(keyFields, &packed)
        for index in pieces.indices { pieces[index].appendValues(to: &packed, tools) }
        changed.appendValues(to: &packed, tools)
        PieceCompressor.appendStored(LayerPiece.tail, &packed)
    }
}

extension ComposedLayer.Piece {
    /// Takes new content after a state of keys and values; forgets what was compressed of what is not the same.
    fileprivate mutating func replace(with new: LayerPiece, _ state: Int, _ states: inout Int) {
        if before != state || content.keys != new.keys || content.values != new.values {
            states += 1
            after = states
        }
        if content.values != new.values { values = nil }
        if content.features != new.features { features = nil }
        before = state
        content = new
    }

    fileprivate mutating func appendFeatures(to packed: inout [UInt8], _ tools: TileTools) {
        if features == nil { features = tools.pieces.blocks(content.features) }
        if let features { packed += features }
    }

    fileprivate mutating func appendValues(to packed: inout [UInt8], _ tools: TileTools) {
        if values == nil { values = tools.pieces.blocks(content.values) }
        if let values { packed += values }
    }
}
