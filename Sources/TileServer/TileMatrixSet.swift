// SPDX-License-Identifier: Apache-2.0
import Spatial
import Tiles
import TwinEngine

/// A tile matrix set: a grid of tiles at each level, on one coordinate system.
///
/// Source: OGC 17-083r4, "Two Dimensional Tile Matrix Set and Tile Set Metadata" 2.0, clause 6 and annex D.
struct TileMatrixSet: Sendable {
    enum Grid: Sendable {
        /// Square in EPSG:3857; level 0 is one tile.
        case webMercator
        /// Degrees of longitude and latitude; `first` is the level of the two tiles of 180°.
        case geographic(first: Int, latitudeFirst: Bool)
    }

    /// Metres of a degree of longitude at the equator, on an ellipsoid with the semi-major axis 6,378,137 m.
    private static let metresPerDegree = 6_378_137.0 * .pi / 180
    /// The pixel of a scale denominator: 0.28 mm (OGC 17-083r4 §6.2).
    private static let pixel = 0.000_28

    let id: String
    let title: String
    /// Where the set is registered; nil for one of our own.
    let uri: String?
    let crs: String
    let axes: [String]
    let wellKnownScaleSet: String?
    let grid: Grid
    let levels: ClosedRange<Int>

    static let webMercatorQuad = TileMatrixSet(
        id: "WebMercatorQuad", title: "Google Maps Compatible for the World",
        uri: "http://www.opengis.net/def/tilematrixset/OGC/1.0/WebMercatorQuad",
        crs: "http://www.opengis.net/def/crs/EPSG/0/3857", axes: ["X", "Y"],
        wellKnownScaleSet: "http://www.opengis.net/def/wkss/OGC/1.0/GoogleMapsCompatible", grid: .webMercator,
        levels: 0...20)
    static let worldCRS84Quad = TileMatrixSet(
        id: "WorldCRS84Quad", title: "CRS84 for the World",
        uri: "http://www.opengis.net/def/tilematrixset/OGC/1.0/WorldCRS84Quad",
        crs: "http://www.opengis.net/def/crs/OGC/1.3/CRS84", axes: ["Lon", "Lat"],
        wellKnownScaleSet: "http://www.opengis.net/def/wkss/OGC/1.0/GoogleCRS84Quad",
        grid: .geographic(first: 0, latitudeFirst: false), levels: 0...19)
    /// The `c` matrix set of Tianditu (天地图) and of CH/Z 9011: level 1 is two tiles of 180°, latitude comes first.
    static let cgcs2000Quad = TileMatrixSet(
        id: "CGCS2000Quad", title: "CGCS2000 geographic grid, as Tianditu's matrix set c",
        uri: nil, crs: "http://www.opengis.net/def/crs/EPSG/0/4490", axes: ["Lat", "Lon"],
        wellKnownScaleSet: nil, grid: .geographic(first: 1, latitudeFirst: true), levels: 1...20)

    static let all = [webMercatorQuad, worldCRS84Quad, cgcs2000Quad]

    static func named(_ id: String) -> TileMatrixSet? { all.first { $0.id == id } }

    /// Whether rows and columns are those of ``TileID`` on Web Mercator.
    var isWebMercator: Bool {
        if case .webMercator = grid { true } else { false }
    }

    /// The tile of a level as an address: on Web Mercator, or on the square of 360° whose upper half is the Earth in
    /// degrees, where a tile of 180° has zoom 1.
    func tile(level: Int, row: Int, column: Int) throws(Problem) -> TileID {
        guard levels.contains(level) else {
            throw .notFound("\(id) has the tile matrices \(levels.lowerBound) to \(levels.upperBound)")
        }
        let (columns, rows) = size(level)
        guard (0..<columns).contains(column), (0..<rows).contains(row) else {
            throw .notFound("matrix \(level) of \(id) has rows 0 to \(rows - 1) and columns 0 to \(columns - 1)")
        }
        do {
            return try TileID(z: zoom(level), x: column, y: row)
        } catch {
            throw .notFound(error.message)
        }
    }

    /// The Web Mercator zoom whose tiles span as many degrees of longitude.
    func zoom(_ level: Int) -> Int {
        switch grid {
        case .webMercator: level
        case .geographic(let first, _): level - first + 1
        }
    }

    /// Columns and rows of a level.
    func size(_ level: Int) -> (columns: Int, rows: Int) {
        let columns = 1 << zoom(level)
        return (columns, isWebMercator ? columns : columns / 2)
    }

    /// The first and last row and column that a box in degrees touches.
    func limits(_ box: LonLatBox, level: Int) -> (rows: ClosedRange<Int>, columns: ClosedRange<Int>) {
        let (columns, rows) = size(level)
        func row(_ latitude: Double) -> Int {
            let down =
                isWebMercator
                ? WebMercator.world(longitude: 0, latitude: latitude).y / WebMercator.worldSize
                : (90 - latitude) / 180
            return min(max(Int(down * Double(rows)), 0), rows - 1)
        }
        func column(_ longitude: Double) -> Int {
            min(max(Int((longitude + 180) / 360 * Double(columns)), 0), columns - 1)
        }
        return (row(box.north)...row(box.south), column(box.west)...column(box.east))
    }

    /// The definition in JSON (OGC 17-083r4 §8.3).
    func append(to out: inout JSONBytes) {
        out.raw("{\"id\":")
        out.string(id)
        out.raw(",\"title\":")
        out.string(title)
        if let uri {
            out.raw(",\"uri\":")
            out.string(uri)
        }
        out.raw(",\"crs\":")
        out.string(crs)
        out.raw(",\"orderedAxes\":")
        out.list(axes) { $0.string($1) }
        if let wellKnownScaleSet {
            out.raw(",\"wellKnownScaleSet\":")
            out.string(wellKnownScaleSet)
        }
        out.raw(",\"tileMatrices\":")
        out.list(Array(levels)) { append(level: $1, to: &$0) }
        out.raw("}")
    }

    private func append(level: Int, to out: inout JSONBytes) {
        let (columns, rows) = size(level)
        let cell: Double
        let metres: Double
        let origin: (Double, Double)
        switch grid {
        case .webMercator:
            cell = WebMercator.circumference / 256 / Double(columns)
            metres = cell
            origin = (-WebMercator.circumference / 2, WebMercator.circumference / 2)
        case .geographic(_, let latitudeFirst):
            cell = 360.0 / 256 / Double(columns)
            metres = cell * Self.metresPerDegree
            origin = latitudeFirst ? (90, -180) : (-180, 90)
        }
        out.raw("{\"id\":\"")
        out.integer(level)
        out.raw("\",\"scaleDenominator\":")
        out.real(metres / Self.pixel)
        out.raw(",\"cellSize\":")
        out.real(cell)
        out.raw(",\"cornerOfOrigin\":\"topLeft\",\"pointOfOrigin\":[")
        out.real(origin.0)
        out.raw(",")
        out.real(origin.1)
        out.raw("],\"tileWidth\":256,\"tileHeight\":256,\"matrixWidth\":")
        out.integer(columns)
        out.raw(",\"matrixHeight\":")
        out.integer(rows)
        out.raw("}")
    }
}
