// SPDX-License-Identifier: Apache-2.0
import Spatial
import Tiles

/// One layer of a tile as ``TileComposer`` remembers it: in pieces, or as a whole where they are not worth it.
struct ComposedLayer: Sendable {
    private(set) var view: LayerView
    private var request: TileRequest
    /// With the rules of the layer, not coarsened.
    private let asked: TileRequest
    private let columns: [Int]
    /// The rows and the limit that decides over them.
    private var rows: TileRows
    /// Of the snapshot's rows, then of the changed features in the order in which they are drawn.
    private var pieces: [ComposedPiece] = []
    private var snapshotPieces = 0
    private var states = 0
    /// The keys and the snapshot's values, where these are few: they are compressed together.
    private var tables: (plain: [UInt8], run: PackedRun)?
    /// Instead of pieces: the whole layer, and its compressed form.
    private var whole: [UInt8]?
    private var wholeRun: PackedRun?

    init(_ view: LayerView, _ area: GridBox, _ request: TileRequest, _ tools: TileTools) throws {
        self.view = view
        asked = request
        self.request = request
        columns = view.columns(request)
        rows = view.tileRows(area)
        let canSplit =
            LayerTileEncoder.hasPieces(view.definition.geometry, request.rules, zoom: request.tile.z)
            && view.definition.tileFilter(zoom: request.tile.z) == nil
        guard canSplit, view.mostBytes(rows, columns.count) >= TileComposer.smallestTile else {
            try makeWhole(area, tools)
            return
        }
        var hasLadder = false
        coarsen(&hasLadder, tools)
        try makePieces(of: TileComposer.pieceSize, hasLadder: hasLadder, tools)
        // Little is drawn of many rows: smaller pieces, so that an edit looks at few of them again.
        if isWorthKeeping, size < TileComposer.smallestTile {
            try makePieces(of: TileComposer.pieceSize / 8, hasLadder: hasLadder, tools)
        }
        if size > request.rules.maximumBytes ?? .max { try makeWhole(area, tools) }
    }

    /// The layer's bytes.
    var size: Int {
        if let whole { return whole.count }
        let rest = restSize
        return rest == 0 ? 0 : LayerPiece.head(view.definition.id, rest: rest).count + rest
    }

    /// Whether making it takes long though it is small.
    var isWorthKeeping: Bool { whole == nil && rows.count >= TileComposer.manyRows }

    /// Bytes that remembering it takes.
    var cost: Int {
        var packed = 0
        for index in pieces.indices { packed += pieces[index].cost }
        return size + (wholeRun?.packed.count ?? 0) + packed + 1024
    }

    // MARK: Making

    private mutating func makeWhole(_ area: GridBox, _ tools: TileTools) throws {
        pieces = []
        tools.encoder.begin(asked.tile)
        var none: RowFilter?
        var own = try view.ownFilter(zoom: asked.tile.z, masked: asked.masked)
        _ = try view.encode(area, asked, filter: &none, own: &own, scratch: &tools.scratch, into: &tools.encoder)
        whole = tools.encoder.finish()
    }

    /// Decides how large the squares are.
    private mutating func coarsen(_ hasLadder: inout Bool, _ tools: TileTools) {
        var ladder: SquareLadder?
        view.coarsen(
            &rows, &request, attributes: columns.count, ladder: &ladder, passes: { _ in true }, scratch: &tools.scratch)
        hasLadder = ladder != nil
    }

    private func begin(_ tools: TileTools) -> TileFields {
        tools.encoder.begin(request.tile)
        tools.encoder.beginLayer(view.definition.id, kind: view.definition.geometry, rules: request.rules)
        return TileFields(columns, view, &tools.encoder)
    }

    private mutating func makePieces(of pieceSize: Int, hasLadder: Bool, _ tools: TileTools) throws {
        let fields = begin(tools)
        let (view, rows) = (view, rows)
        var (made, states, state) = ([ComposedPiece](), 0, 0)
        var piece = ComposedPiece()
        func finish() {
            piece.replace(with: tools.encoder.takePiece(), after: state, &states)
            state = piece.after
            made.append(piece)
            piece = ComposedPiece()
        }
        for range in rows.ranges {
            var start = range.lowerBound
            try view.forEachRow(in: range, rows) { row in
                try view.offer(row, fields, nil, .webMercator, scratch: &tools.scratch, to: &tools.encoder)
                guard tools.encoder.pieceBytes >= pieceSize else { return }
                piece.ranges.append(start..<row + 1)
                start = row + 1
                finish()
            }
            if start < range.upperBound { piece.ranges.append(start..<range.upperBound) }
        }
        finish()
        snapshotPieces = made.count
        var changed = rows.changed[...]
        for new in ComposedPiece.split(members, known: []) {
            piece = new
            for row in changed.prefix(new.members.count) {
                try view.offer(row, fields, nil, .webMercator, scratch: &tools.scratch, to: &tools.encoder)
            }
            changed = changed.dropFirst(new.members.count)
            finish()
        }
        pieces = made
        self.states = states
        countHidden(view.delta.hiddenRows)
        guard hasLadder else { return }
        for index in pieces.indices { pieces[index].ladder = ladder(of: pieces[index], tools) }
    }

    /// The changed features of the tile, in their order.
    private var members: [ComposedPiece.Member] {
        rows.changed.map { row in
            let feature = view.delta.features[-1 - row]
            return ComposedPiece.Member(id: feature.id, changed: feature.changed)
        }
    }

    /// Counts the hidden rows of each piece; returns those of which there are more now.
    @discardableResult
    private mutating func countHidden(_ hidden: Set<Int>) -> Set<Int> {
        var counts = Array(repeating: 0, count: snapshotPieces)
        for row in hidden {
            // The last piece that begins at the row or before.
            var low = 0, high = snapshotPieces
            while low < high {
                let middle = (low + high) / 2
                if pieces[middle].rows.lowerBound <= row { low = middle + 1 } else { high = middle }
            }
            if low > 0, pieces[low - 1].rows.contains(row) { counts[low - 1] += 1 }
        }
        var touched: Set<Int> = []
        for index in 0..<snapshotPieces where pieces[index].hidden != counts[index] {
            pieces[index].hidden = counts[index]
            touched.insert(index)
        }
        return touched
    }

    /// What a piece adds to the estimate of the layer's size.
    private func ladder(of piece: ComposedPiece, _ tools: TileTools) -> SquareLadder {
        var ladder = SquareLadder(asked.rules, tile: asked.tile, attributes: columns.count)
        var all = rows
        all.limit = view.limit(asked)
        let add = { (row: Int) in
            ladder.add(view.extent(of: row, all, .webMercator, &tools.scratch), vertices: view.vertexCount(row: row))
            return true
        }
        for range in piece.ranges { _ = all.forEach(in: range, hidden: view.delta.hiddenRows, add) }
        for member in piece.members { _ = row(of: member).map(add) }
        return ladder
    }

    private func row(of member: ComposedPiece.Member) -> Int? { view.delta.index[member.id].map { -1 - $0 } }

    // MARK: Remaking

    /// Takes in what changed up to a newer view. False where the layer must be made from the beginning.
    mutating func update(to next: LayerView, _ area: GridBox, _ tools: TileTools) throws -> Bool {
        if next === view { return true }
        guard next.definition == view.definition, next.coordinates.grid == view.coordinates.grid else { return false }
        guard whole == nil, next.snapshot === view.snapshot else { return false }
        view = next
        var stale = countHidden(next.delta.hiddenRows)
        rows.changed = next.changedRows(area)
        let changed = ComposedPiece.split(members, known: pieces[snapshotPieces...])
        pieces.replaceSubrange(snapshotPieces..., with: changed)
        for index in snapshotPieces..<pieces.count where pieces[index].before < 0 { stale.insert(index) }
        guard hasSameSquares(stale, tools) else { return false }
        let fields = begin(tools)
        var adopted = 0, state = 0
        for index in pieces.indices {
            guard stale.contains(index) || pieces[index].before != state else {
                state = pieces[index].after
                continue
            }
            for earlier in adopted..<index
            where !pieces[earlier].content.keys.isEmpty || !pieces[earlier].content.values.isEmpty {
                tools.encoder.adopt(pieces[earlier].content)
            }
            adopted = index + 1
            try offer(pieces[index], fields, tools)
            pieces[index].replace(with: tools.encoder.takePiece(), after: state, &states)
            state = pieces[index].after
        }
        return size <= request.rules.maximumBytes ?? .max
    }

    private func offer(_ piece: ComposedPiece, _ fields: TileFields, _ tools: TileTools) throws {
        for range in piece.ranges {
            try view.forEachRow(in: range, rows) { row in
                try view.offer(row, fields, nil, .webMercator, scratch: &tools.scratch, to: &tools.encoder)
            }
        }
        for member in piece.members {
            guard let row = row(of: member) else { continue }
            try view.offer(row, fields, nil, .webMercator, scratch: &tools.scratch, to: &tools.encoder)
        }
    }

    /// Whether the squares would come out as large as they are, after a change of some pieces.
    private mutating func hasSameSquares(_ stale: Set<Int>, _ tools: TileTools) -> Bool {
        guard let most = request.rules.maximumBytes, view.definition.geometry == .polygon else { return true }
        guard pieces.first?.ladder != nil else {
            // It was small enough without an estimate, and is still unless the changed features are too many.
            return view.mostBytes(rows, columns.count) <= most
        }
        for index in stale { pieces[index].ladder = ladder(of: pieces[index], tools) }
        var sum = SquareLadder(asked.rules, tile: asked.tile, attributes: columns.count)
        for index in pieces.indices { if let ladder = pieces[index].ladder { sum += ladder } }
        return sum.side(within: most) == request.rules.squareSide
    }

    // MARK: Writing

    // Pieces are reached by their places below: a copy of one counts references to all that it holds.

    /// Bytes after the layer's head; 0 for a layer without features.
    private var restSize: Int {
        var features = 0, rest = LayerPiece.tail.count
        for index in pieces.indices {
            features += pieces[index].content.features.count
            rest += pieces[index].content.values.count
        }
        return features == 0 ? 0 : features + rest + keyFields.count
    }

    /// The `keys` fields of all pieces.
    private var keyFields: [UInt8] {
        var fields: [UInt8] = []
        for index in pieces.indices where !pieces[index].content.keys.isEmpty {
            for key in pieces[index].content.keys {
                fields += LayerPiece.key(view.definition.fields[columns[key]].name)
            }
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
        for index in pieces.indices { plain += pieces[index].content.features }
        plain += keyFields
        for index in pieces.indices { plain += pieces[index].content.values }
        plain += LayerPiece.tail
    }

    /// Appends the same as deflate blocks; what is compressed for it is kept.
    mutating func appendRuns(to runs: inout [PackedRun], _ tools: TileTools) {
        if let whole {
            let run = wholeRun ?? tools.packed(whole)
            wholeRun = run
            runs.append(run)
            return
        }
        let rest = restSize
        guard rest > 0 else { return }
        runs.append(tools.stored(LayerPiece.head(view.definition.id, rest: rest)))
        for index in pieces.indices { runs.append(pieces[index].packedFeatures(tools)) }
        var values = 0
        for index in 0..<snapshotPieces { values += pieces[index].content.values.count }
        if values <= TileComposer.pieceSize {
            var plain = keyFields
            for index in 0..<snapshotPieces { plain += pieces[index].content.values }
            if tables?.plain != plain { tables = (plain, tools.packed(plain)) }
            if let tables { runs.append(tables.run) }
        } else {
            runs.append(tools.stored(keyFields))
            for index in 0..<snapshotPieces { appendValues(index, to: &runs, tools) }
        }
        for index in snapshotPieces..<pieces.count { appendValues(index, to: &runs, tools) }
        runs.append(tools.stored(LayerPiece.tail))
    }

    private mutating func appendValues(_ index: Int, to runs: inout [PackedRun], _ tools: TileTools) {
        guard !pieces[index].content.values.isEmpty else { return }
        runs.append(pieces[index].packedValues(tools))
    }
}
