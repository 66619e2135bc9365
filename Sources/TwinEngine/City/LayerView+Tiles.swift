// SPDX-License-Identifier: Apache-2.0
import Spatial
public import Tiles

extension City {
    /// A vector tile (MVT 2.1) of some layers, not compressed; empty where none has a feature there.
    ///
    /// The bulk builder makes its tiles with the same ``TileMaker``: equal data gives equal bytes.
    /// - Parameters:
    ///   - maskedFields: names of fields that are left out, by layer id.
    ///   - filters: which features are offered to the tile's rules, by layer id; all of a layer that is not named.
    /// - Throws: `TwinError.argument` for a filter that does not fit its layer or looks at a masked field.
    /// - Complexity: O(log features + features in the tile).
    public func tile(
        _ id: TileID, layers: [LayerView], maskedFields: [String: Set<String>] = [:],
        filters: [String: ColumnFilter] = [:]
    ) throws -> [UInt8] {
        var maker = try TileMaker(
            grid: TileGrid(coordinates: coordinates, extent: project.extent), layers: layers,
            maskedFields: maskedFields, filters: filters)
        return try maker.tile(id)
    }

    /// Where tiles lie on the city's grid.
    var tileGrid: TileGrid { TileGrid(coordinates: coordinates, extent: project.extent) }
}

/// Where tiles lie on a city's grid. Immutable; any thread.
struct TileGrid: Sendable {
    /// Of what a ``TileID`` is an address.
    enum Plane: Sendable {
        case webMercator
        /// The square of ``PlateCarree``.
        case degrees
    }

    let coordinates: CityCoordinates
    let extent: LonLatBox
    var plane = Plane.webMercator

    /// The buffer of 64/4096 around a tile, and a quarter of it for the bend of the tile's edges between the points that
    /// are transformed.
    private static let margin = 5.0 / 256

    /// The grid box around a tile and its buffer; empty where the city's grid does not reach. 32 transformations.
    func box(of id: TileID) throws(SpatialError) -> GridBox {
        let box = surroundings(of: id)
        // A tile larger than the city holds all of it, and its corners may be beyond the projection.
        let reach = coordinates.reach
        let clipped = LonLatBox(
            west: max(box.west, reach.west), south: max(box.south, reach.south), east: min(box.east, reach.east),
            north: min(box.north, reach.north))
        guard clipped.west < clipped.east, clipped.south < clipped.north else { return .empty }
        if box.west <= extent.west, box.east >= extent.east, box.south <= extent.south, box.north >= extent.north {
            return GridBox(minX: -.max, minY: -.max, maxX: .max, maxY: .max)
        }
        return try coordinates.gridBox(clipped)
    }

    /// The tile and its buffer, in degrees.
    private func surroundings(of id: TileID) -> LonLatBox {
        guard plane == .webMercator else { return PlateCarree.bounds(id) }
        let bounds = WebMercator.tileBounds(z: id.z, x: UInt32(id.x), y: UInt32(id.y))
        let marginX = bounds.width * Self.margin
        let marginY = bounds.height * Self.margin
        return LonLatBox(
            west: max(-180, bounds.minX - marginX), south: max(-89, bounds.minY - marginY),
            east: min(180, bounds.maxX + marginX), north: min(89, bounds.maxY + marginY))
    }
}

/// Encodes tiles of some layers one after another and keeps its scratch space between them. For one thread.
struct TileMaker {
    let grid: TileGrid
    let layers: [LayerView]
    private let rules: [TileRules]
    private let masked: [Set<String>]
    private var filters: [RowFilter?]
    /// The layers' own filters of the zoom of the last tile.
    private var own: [RowFilter?] = []
    private var ownZoom = -1
    private var encoder = LayerTileEncoder()
    private var scratch: [UInt32] = []
    /// Whether accounts count tiny polygons that need not be looked at; finding them is O(features) at each zoom.
    var countsAll = false
    /// What became of the features of the last tile, for each layer.
    private(set) var accounts: [TileAccount]

    /// - Throws: `TwinError.argument` for a filter that does not fit its layer or looks at a masked field.
    init(
        grid: TileGrid, layers: [LayerView], maskedFields: [String: Set<String>], filters: [String: ColumnFilter]
    ) throws {
        self.init(grid: grid, layers: layers, maskedFields: maskedFields)
        for (index, layer) in layers.enumerated() {
            guard let filter = filters[layer.definition.id] else { continue }
            self.filters[index] = try RowFilter(filter, layer, masked: masked[index])
        }
    }

    init(grid: TileGrid, layers: [LayerView], maskedFields: [String: Set<String>] = [:]) {
        self.grid = grid
        self.layers = layers
        rules = layers.map(\.definition.tileRules)
        masked = layers.map { maskedFields[$0.definition.id] ?? [] }
        accounts = layers.map { _ in TileAccount() }
        filters = layers.map { _ in nil }
    }

    /// The tile's bytes, not compressed; empty where no layer has a feature. O(log features + features in the tile).
    ///
    /// - Throws: `TileError.tooLarge` for a text or a layer that no tile can hold.
    mutating func tile(_ id: TileID) throws -> [UInt8] {
        encoder.begin(id)
        let area = try grid.box(of: id)
        if ownZoom != id.z {
            own = try layers.indices.map { try layers[$0].ownFilter(zoom: id.z, masked: masked[$0]) }
            ownZoom = id.z
        }
        for (index, layer) in layers.enumerated() {
            accounts[index] = TileAccount()
            guard rules[index].zooms.contains(id.z), !area.isEmpty else { continue }
            accounts[index] = try layer.encode(
                area,
                TileRequest(
                    tile: id, plane: grid.plane, rules: rules[index], masked: masked[index], countsAll: countsAll),
                filter: &filters[index], own: &own[index], scratch: &scratch, into: &encoder)
        }
        return encoder.finish()
    }
}

/// What a tile wants of one layer.
struct TileRequest {
    var tile: TileID
    var plane: TileGrid.Plane
    var rules: TileRules
    var masked: Set<String>
    /// Whether the account counts polygons that need not be looked at.
    var countsAll = false
}

extension LayerView {
    /// The filter of the layer's tile rules at a zoom; nil where there is none, and for those who may not see a field
    /// that it looks at: what passes would tell.
    func ownFilter(zoom: Int, masked: Set<String>) throws -> RowFilter? {
        guard let filter = definition.tileFilter(zoom: zoom), filter.fields.isDisjoint(with: masked) else { return nil }
        return try RowFilter(filter, self, masked: masked)
    }

    /// Adds the layer's features in a grid box to a tile.
    ///
    /// - Parameters:
    ///   - rows: those in the box, where they are known.
    ///   - filter: of the request: what does not pass is not there.
    ///   - own: of the layer's rules: what does not pass is counted.
    func encode(
        _ area: GridBox, _ request: TileRequest, rows known: TileRows? = nil, filter: inout RowFilter?,
        own: inout RowFilter?, scratch: inout [UInt32], into encoder: inout LayerTileEncoder
    ) throws -> TileAccount {
        var request = request
        var rows = known ?? tileRows(area)
        let columns = self.columns(request)
        var ladder: SquareLadder?
        coarsen(
            &rows, &request, attributes: columns.count, ladder: &ladder,
            passes: { filter?.passes($0) != false && own?.passes($0) != false }, scratch: &scratch)
        // The account is to say of each row what became of it.
        if request.countsAll, own != nil { rows.extents = nil }
        encoder.beginLayer(definition.id, kind: definition.geometry, rules: request.rules)
        if request.countsAll, filter == nil {
            encoder.skipTiny(rows.skipped(in: request.tile, hidden: delta.hiddenRows))
        }
        let fields = TileFields(columns, self, &encoder)
        // A masked field does not say what is important either: its order would tell.
        var rank: Int?
        if case .attribute(let name) = request.rules.order, !request.masked.contains(name) {
            rank = definition.fieldIndex(name)
        }
        var failure: (any Error)?
        rows.forEach(hidden: delta.hiddenRows) { row in
            do {
                if filter?.passes(row) == false { return true }
                guard own?.passes(row) != false else {
                    encoder.skipFiltered()
                    return true
                }
                try offer(row, fields, rank, request.plane, scratch: &scratch, to: &encoder)
                return true
            } catch {
                failure = error
                return false
            }
        }
        if let failure { throw failure }
        return try encoder.endLayer()
    }

    /// The columns that a tile shows.
    func columns(_ request: TileRequest) -> [Int] {
        definition.fields.indices.filter {
            let name = definition.fields[$0].name
            return !request.masked.contains(name) && request.rules.keepsField(name, zoom: request.tile.z)
        }
    }

    /// Offers a row with its attributes to the encoder.
    func offer(
        _ row: Int, _ fields: TileFields, _ rank: Int?, _ plane: TileGrid.Plane, scratch: inout [UInt32],
        to encoder: inout LayerTileEncoder
    ) throws {
        let importance = rank.map { self.importance(row, column: $0) } ?? 0
        let isInside = try withWorld(row: row, on: plane, scratch: &scratch) { world, ends in
            try withVertexZoom(row: row) { zooms in
                try encoder.beginFeature(
                    id: UInt64(bitPattern: id(row: row)), xy: world, ringEnds: ends, vertexZooms: zooms,
                    importance: importance)
            }
        }
        guard isInside else { return }
        for field in fields.fields { try addTag(row, field, &encoder) }
        encoder.endFeature()
    }

    /// A row's vertices in the units of a plane.
    func withWorld<R>(
        row: Int, on plane: TileGrid.Plane, scratch: inout [UInt32], _ body: (Span<UInt32>, Span<UInt32>) throws -> R
    ) rethrows -> R {
        guard plane == .degrees else { return try withWorld(row: row, scratch: &scratch, body) }
        var degrees: [UInt32] = []
        return try withWorld(row: row, scratch: &scratch) { world, ends in
            degrees.reserveCapacity(world.count)
            for index in 0..<world.count {
                degrees.append(index & 1 == 0 ? world[index] : PlateCarree.row(worldY: world[index]))
            }
            return try body(degrees.span, ends)
        }
    }

    private func importance(_ row: Int, column: Int) -> Double {
        switch value(row: row, column: column) {
        case .integer(let number): Double(number)
        case .real(let number): number
        case .boolean(let truth): truth ? 1 : 0
        case .null, .string, .binary: 0
        }
    }

    private func addTag(_ row: Int, _ field: TileFields.Field, _ encoder: inout LayerTileEncoder) throws {
        let (column, key) = (field.column, field.key)
        if row >= 0, field.isText {
            let snapshot = snapshot
            let code = Int(snapshot.textCodes(column)[row])
            if code != 0 { try encoder.add(key: key, code: code) { dictionaryText(column, $0) } }
            return
        }
        switch value(row: row, column: column) {
        case .null, .binary: return
        case .string(let text): try encoder.add(key: key, .string(text))
        case .integer(let number): try encoder.add(key: key, .int(number))
        case .real(let number): try encoder.add(key: key, .double(number))
        case .boolean(let truth): try encoder.add(key: key, .bool(truth))
        }
    }
}

/// The columns of a layer that a tile shows, with their keys in it.
struct TileFields {
    struct Field {
        var column: Int
        var key: Int
        var isText: Bool
    }
    let fields: [Field]

    init(_ columns: [Int], _ layer: LayerView, _ encoder: inout LayerTileEncoder) {
        var fields: [Field] = []
        for column in columns {
            fields.append(
                Field(
                    column: column, key: encoder.intern(key: layer.definition.fields[column].name),
                    isText: layer.snapshot.metadata.columns[column].type == .text))
        }
        self.fields = fields
    }
}
