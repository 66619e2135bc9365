// SPDX-License-Identifier: Apache-2.0
import Spatial
import Tiles

/// Buildings: blocks on their footprints (LoD1), or the surfaces of a city model where the record has them.
///
/// The height is the height field, else storeys times storey height, else one storey: the smallest claim that still shows.
struct BuildingShape: ModelShape {
    private let layer: LayerView
    private let frame: ModelFrame
    private let storeyHeight: Double
    private let heightField: Int?
    private let floorsField: Int?
    private let groundField: Int?
    private let categoryField: Int?
    private let colours: [String: VertexColour]
    private let other: VertexColour
    private var blocks = BuildingMesher(drawsFloor: true)
    private var surfaces = SurfaceMesher()

    private static let roof = VertexColour(red: 178, green: 92, blue: 70)
    private static let wall = VertexColour(red: 226, green: 214, blue: 196)

    init(_ layer: LayerView, _ definition: ModelDefinition, _ frame: ModelFrame) {
        self.layer = layer
        self.frame = frame
        storeyHeight = definition.storeyHeight
        heightField = definition.height.flatMap(layer.definition.fieldIndex)
        floorsField = definition.floors.flatMap(layer.definition.fieldIndex)
        groundField = definition.ground.flatMap(layer.definition.fieldIndex)
        let style = layer.definition.style
        let by = style.category
        categoryField = by.flatMap { layer.definition.fieldIndex($0.field) }
        colours = Dictionary(
            (by?.values ?? []).compactMap { entry in VertexColour(hex: entry.color).map { (entry.value, $0) } },
            uniquingKeysWith: { $1 })
        other = VertexColour(hex: by?.other ?? style.color) ?? .white
    }

    private func height(_ row: Int) -> Double {
        if let height = layer.number(row, heightField), height > 0 { return height }
        if let floors = layer.number(row, floorsField), floors > 0 { return floors * storeyHeight }
        return storeyHeight
    }

    /// The ground: the record's, else the lowest of the terrain under the footprint's corners, so that no wall hangs.
    private func base(_ row: Int) -> Double {
        guard frame.ground != .flat else { return 0 }
        if let known = layer.number(row, groundField) { return known }
        guard let terrain = frame.terrain else { return 0 }
        return layer.withGeometry(row: row) { geometry in
            var lowest = Double.infinity
            for index in 0..<geometry.vertexCount {
                let point = geometry.vertex(index)
                if let height = terrain.height(gridX: Double(point.x) / 1000, gridY: Double(point.y) / 1000) {
                    lowest = min(lowest, height)
                }
            }
            return lowest.isFinite ? lowest : 0
        }
    }

    private func solid(_ row: Int) -> SolidBlob? {
        guard let bytes = Feature(view: layer, row: row).solid else { return nil }
        return try? SolidBlob(decoding: bytes)  // safe: the importer wrote it; a damaged one is drawn as a block
    }

    /// Lowest and highest vertex of the surfaces, after the ground was taken out where it is flat.
    private func range(_ solid: SolidBlob) -> ClosedRange<Double>? {
        var low = Double.infinity
        var high = -Double.infinity
        for index in stride(from: 2, to: solid.coordinates.count, by: 3) {
            low = min(low, solid.coordinates[index])
            high = max(high, solid.coordinates[index])
        }
        guard low <= high else { return nil }
        return frame.ground == .flat ? 0...(high - low) : low...high
    }

    func heights(_ row: Int) -> ClosedRange<Double>? {
        if layer.hasSolids, let solid = solid(row), let range = range(solid) { return range }
        let base = base(row)
        return base...(base + height(row))
    }

    /// Roofs overhang their footprints.
    func reach(_ row: Int) -> Double { layer.hasSolids ? 3 : 0 }

    mutating func append(_ row: Int, feature: UInt32, to mesh: inout TriangleMesh) {
        if layer.hasSolids, let solid = solid(row), let range = range(solid) {
            append(solid, range, feature, &mesh)
            return
        }
        let base = base(row)
        let top = base + height(row)
        let colour = layer.colour(row, category: categoryField, colours, other)
        let (xy, ends) = layer.withGeometry(row: row) { geometry in
            (
                (0..<geometry.xy.count).map { Double(geometry.xy[$0]) / 1000 },
                (0..<geometry.ringEnds.count).map { geometry.ringEnds[$0] }
            )
        }
        blocks.extrude(xy: xy, ringEnds: ends, baseZ: base, topZ: top, feature: feature, colour: colour, into: &mesh)
    }

    private mutating func append(
        _ solid: SolidBlob, _ range: ClosedRange<Double>, _ feature: UInt32, _ mesh: inout TriangleMesh
    ) {
        let origin = frame.coordinates.grid
        var lowest = Double.infinity
        for index in stride(from: 2, to: solid.coordinates.count, by: 3) {
            lowest = min(lowest, solid.coordinates[index])
        }
        let lift = range.lowerBound - lowest
        var mesher = surfaces
        solid.forEachSurface { semantic, rings in
            var xyz: [Double] = []
            var ends: [UInt32] = []
            for ring in rings {
                var index = ring.startIndex
                while index + 2 < ring.endIndex {
                    xyz += [ring[index] - origin.originX, ring[index + 1] - origin.originY, ring[index + 2] + lift]
                    index += 3
                }
                ends.append(UInt32(xyz.count / 3))
            }
            let colour = semantic == .roof ? Self.roof : Self.wall
            mesher.add(xyz: xyz, ringEnds: ends, feature: feature, colour: colour, into: &mesh)
        }
        surfaces = mesher
    }

    func properties(_ row: Int) -> [Double] {
        let range = heights(row) ?? 0...0
        return [range.upperBound - range.lowerBound, layer.number(row, floorsField) ?? 0, base(row)]
    }
}
