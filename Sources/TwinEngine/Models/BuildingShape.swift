// SPDX-License-Identifier: Apache-2.0
import Spatial
import Tiles

/// Buildings: blocks on their footprints with the roofs that their fields say, or the surfaces of a city model where the
/// record has them, at each of its levels of detail.
struct BuildingShape: ModelShape {
    private let layer: LayerView
    private let frame: ModelFrame
    private let fields: BuildingFields
    private let parts: BuildingParts
    private let categoryField: Int?
    private let colours: [String: VertexColour]
    private let other: VertexColour
    private(set) var blocks = BuildingMesher(drawsFloor: true)
    private(set) var surfaces = SurfaceMesher()
    /// The images that surfaces are drawn with; others are drawn in their colours.
    private let drawnImages: Set<String>
    private(set) var textured: [String: TriangleMesh] = [:]
    private let last = LastSolid()

    /// The solid that was decoded last: a plan asks for several things of each row in turn.
    private final class LastSolid {
        var row: Int?
        var solid: SolidLevels?
    }

    private static let roof = VertexColour(red: 178, green: 92, blue: 70)
    private static let wall = VertexColour(red: 226, green: 214, blue: 196)
    private static let glass = VertexColour(red: 150, green: 180, blue: 200)

    init(
        _ layer: LayerView, _ definition: ModelDefinition, _ frame: ModelFrame, _ parts: BuildingParts,
        images: Set<String> = []
    ) {
        self.layer = layer
        drawnImages = images
        self.frame = frame
        self.parts = parts
        fields = BuildingFields(layer, definition)
        let style = layer.definition.style
        let by = style.category
        categoryField = by.flatMap { layer.definition.fieldIndex($0.field) }
        colours = Dictionary(
            (by?.values ?? []).compactMap { entry in VertexColour(hex: entry.color).map { (entry.value, $0) } },
            uniquingKeysWith: { $1 })
        other = VertexColour(hex: by?.other ?? style.color) ?? .white
    }

    private func form(_ row: Int) -> BuildingFields.Form { fields.form(row, ground: base(row)) }

    func unknownRoof(_ row: Int) -> String? { fields.unknownShape(row) }
    func roof(_ row: Int) -> RoofShape { form(row).roof?.shape ?? .flat }

    func solid(_ row: Int) -> SolidLevels? {
        guard layer.hasSolids else { return nil }
        if last.row == row { return last.solid }
        // Safe: the importer wrote it; a damaged one is drawn as a block.
        last.solid = Feature(view: layer, row: row).solid.flatMap { try? SolidLevels(decoding: $0) }
        last.row = row
        return last.solid
    }

    func images(_ row: Int) -> Set<String> { solid(row)?.images ?? [] }

    /// The ground: the record's, else the lowest of the terrain under the footprint's corners, so that no wall hangs.
    private func base(_ row: Int) -> Double {
        guard frame.ground != .flat else { return 0 }
        if let known = fields.ground(row) { return known }
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

    private func remainder(_ row: Int) -> FlatCoordinates? {
        parts.remainders[BuildingParts.Key(layer: layer.definition.id, row: row)]
    }

    func heights(_ row: Int) -> ClosedRange<Double>? {
        if let solid = solid(row) {
            let ranges = solid.shown.compactMap { $0.solid.heightRange }
            if let low = ranges.map(\.lowerBound).min(), let high = ranges.map(\.upperBound).max() {
                return frame.ground == .flat ? 0...(high - low) : low...high
            }
        }
        if remainder(row)?.isEmpty == true { return nil }
        let form = form(row)
        return form.base...form.top
    }

    /// Roofs overhang their footprints.
    func reach(_ row: Int) -> Double { layer.hasSolids ? 3 : 0 }

    /// How far the building stands out of the ground that is seen without it.
    func error(_ row: Int, _ heights: ClosedRange<Double>) -> Double? {
        let ground = frame.ground == .flat ? 0 : layer.hasSolids ? heights.lowerBound : base(row)
        return max(heights.upperBound - min(ground, heights.lowerBound), 0)
    }

    func levelErrors(_ row: Int) -> [Double] {
        guard let shown = solid(row)?.shown, shown.count > 1 else { return [] }
        let meshes = shown.indices.map { level in
            var mesh = TriangleMesh()
            // A plan draws no images: all faces are in one mesh.
            var copy = self
            copy.append(row, level: level, of: shown.count, feature: 0, to: &mesh)
            return mesh
        }
        return meshes.dropLast().map { meshes[meshes.count - 1].distance(to: $0) }
    }

    mutating func append(_ row: Int, feature: UInt32, to mesh: inout TriangleMesh) {
        append(row, level: 0, of: 1, feature: feature, to: &mesh)
    }

    mutating func append(_ row: Int, level: Int, of levels: Int, feature: UInt32, to mesh: inout TriangleMesh) {
        if let solid = solid(row), let range = heights(row) {
            let shown = solid.shown
            let lowest = shown.compactMap { $0.solid.heightRange?.lowerBound }.min() ?? 0
            let form = TilesetPlan.form(of: shown.count, at: level, of: levels)
            append(shown[form].solid, lift: range.lowerBound - lowest, row, feature, &mesh)
            return
        }
        let form = form(row)
        let colour = paint(row, fields.colour) ?? layer.colour(row, category: categoryField, colours, other)
        let roofColour = paint(row, fields.roofColour) ?? (form.roof == nil ? colour : Self.roof)
        let footprint = remainder(row) ?? layer.footprint(row)
        blocks.extrude(
            xy: footprint.xy, ringEnds: footprint.ringEnds, baseZ: form.base, topZ: form.top, feature: feature,
            colour: colour, roof: form.roof, roofColour: roofColour, into: &mesh)
    }

    private func paint(_ row: Int, _ field: Int?) -> VertexColour? {
        field.flatMap { layer.value(row: row, column: $0).text }.flatMap { VertexColour(hex: $0) }
    }

    private mutating func append(
        _ solid: SolidBlob, lift: Double, _ row: Int, _ feature: UInt32, _ mesh: inout TriangleMesh
    ) {
        let origin = frame.coordinates.grid
        let wall = paint(row, fields.colour) ?? Self.wall
        let roof = paint(row, fields.roofColour) ?? Self.roof
        var mesher = surfaces
        var meshes = textured
        var place = 0
        solid.forEach { surface, rings in
            let first = place
            place += rings.reduce(0) { $0 + $1.count } / 3 * 2
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
            let standard =
                switch surface.semantic {
                case .roof: roof
                case .window, .door: Self.glass
                default: wall
                }
            if let image = surface.texture.map({ solid.images[$0] }), drawnImages.contains(image) {
                mesher.add(
                    xyz: xyz, ringEnds: ends, feature: feature, surface: surface.semantic,
                    uv: Array(solid.textureCoordinates[first..<place]),
                    into: &meshes[image, default: TriangleMesh(hasSurfaces: mesh.hasSurfaces)])
                return
            }
            mesher.add(
                xyz: xyz, ringEnds: ends, feature: feature, colour: surface.colour ?? standard,
                surface: surface.semantic, into: &mesh)
        }
        (surfaces, textured) = (mesher, meshes)
    }

    func properties(_ row: Int) -> [Double] {
        let range = heights(row) ?? 0...0
        return [range.upperBound - range.lowerBound, fields.floors(row), base(row)]
    }
}
