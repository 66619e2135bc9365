// SPDX-License-Identifier: Apache-2.0
import Spatial
import Synchronization
import Tiles

/// A 3D model of a city as 3D Tiles 1.1: a plan of tiles, whose contents are meshed when they are asked for.
///
/// One feature id runs through: the metadata of each feature holds its layer and its record id.
/// Thread use: any; immutable.
public final class CityModel: Sendable {
    public let definition: ModelDefinition
    let layers: [LayerView]
    let items: [ModelItem]
    private let plan: TilesetPlan
    let frame: ModelFrame
    private let masked: [String: Set<String>]
    private let profiles: ProfileSet
    /// Which pipes meet, for each layer; empty for other models.
    private let joints: [PipeJoints]
    private let parts: BuildingParts
    /// The files of the images that lie on surfaces, by number: `i/NUMBER.jpg` or `.png` of the tileset.
    let images: [String]
    private let imageNumbers: [String: Int]
    /// Their names, as in `i/NAME`.
    let imageNames: [String]
    /// Images that the record names and that are no longer there; their surfaces are drawn in their colours.
    public let missingImages: [String]
    /// Features left out because they have no usable height, depth or shape.
    public var skipped: Int { problems.reduce(0) { $0 + $1.count } }
    /// Why they were left out, with the ids of the first of each reason.
    public let problems: [ModelProblem]
    /// Outlines of buildings that are left out, or drawn in part, because building parts stand in their place.
    public var outlines: (covered: Int, cut: Int) { (parts.covered, parts.cut) }

    /// One feature in the plan.
    struct ModelItem: Sendable {
        var layer: UInt32
        var row: Int32
    }

    public var count: Int { items.count }

    init(
        definition: ModelDefinition, layers: [LayerView], masked: [String: Set<String>], project: CityProject,
        profiles: ProfileSet, coordinates: CityCoordinates, ground: ModelGround, terrain: GroundHeights? = nil
    ) {
        self.definition = definition
        self.masked = masked
        self.layers = layers
        self.profiles = profiles
        joints = definition.kind == .pipes ? layers.map { PipeJoints($0) } : []
        let frame = ModelFrame(coordinates: coordinates, project: project, ground: ground, terrain: terrain)
        self.frame = frame
        var items: [ModelItem] = []
        var tileItems: [TileItem] = []
        var problems: [String: ModelProblem] = [:]
        var images: Set<String> = []
        let parts = definition.kind == .buildings ? BuildingParts(definition, layers) : BuildingParts()
        self.parts = parts
        for (index, layer) in layers.enumerated() {
            let shape: any PlannedShape =
                switch definition.kind {
                case .buildings: BuildingShape(layer, definition, frame, parts)
                case .pipes: PipeShape(layer, definition, frame, profiles.pipes, joints: nil)
                case .parts: PartShape(layer, definition, frame, profiles.parts)
                }
            layer.forEachRow { row in
                guard let heights = shape.heights(row) else {
                    if parts.isCovered(layer.definition.id, row) { return }
                    let reason = shape.problem(row)
                    problems[reason, default: ModelProblem(reason: reason)].add(
                        "\(layer.definition.id)/\(layer.id(row: row))")
                    return
                }
                images.formUnion(shape.images(row))
                items.append(ModelItem(layer: UInt32(index), row: Int32(row)))
                let reach = shape.reach(row)
                let grid = layer.box(row: row).inflated(by: reach)
                let error = shape.error(row, heights)
                tileItems.append(
                    TileItem(
                        box: frame.box(grid, heights.lowerBound, heights.upperBound), weight: error, error: error,
                        levelErrors: shape.levelErrors(row)))
            }
        }
        self.items = items
        self.problems = problems.values.sorted { $0.reason < $1.reason }
        let present = images.sorted().filter { ModelImage.isPresent($0) }
        self.images = present
        imageNames = present.enumerated().map { "\($0).\(ModelImage.fileExtension($1))" }
        imageNumbers = Dictionary(uniqueKeysWithValues: present.enumerated().map { ($1, $0) })
        missingImages = images.subtracting(present).sorted()
        // Blocks are small: more of them in a tile share its head. Images are large: few buildings with them make a tile.
        plan =
            switch (definition.kind, present.isEmpty) {
            case (.buildings, true): TilesetPlan(items: tileItems, maxItems: 1000, largestPerTile: 500)
            case (.buildings, false): TilesetPlan(items: tileItems, maxItems: 100, largestPerTile: 50)
            default: TilesetPlan(items: tileItems)
            }
    }

    /// `tileset.json`.
    public func tilesetJSON() throws -> [UInt8] {
        guard let json = plan.json(root: frame.frame.toGeocentric) else {
            throw TwinError(.model, "the model '\(definition.id)' has no feature with a shape")
        }
        return json
    }

    /// The bytes behind an address of the tileset: `t/PATH.glb` or `t/PATH.json`, or `implicit/` and what the same
    /// tiles are as an implicit tileset; nil if there is no such thing.
    ///
    /// O(features of the tile); a tile has at most 1000.
    public func content(path: String) throws -> [UInt8]? {
        if path.hasPrefix("i/") || path.hasPrefix("implicit/i/") {
            let name = path.dropFirst(path.hasPrefix("i/") ? 2 : 11)
            guard let number = Int(name.prefix { $0 != "." }), images.indices.contains(number),
                imageNames[number] == name
            else { return nil }
            return ModelImage.bytes(images[number])
        }
        if path.hasPrefix("implicit/") { return try implicit(path.dropFirst(9)) }
        guard path.hasPrefix("t/") else { return nil }
        if path.hasSuffix(".json") {
            return plan.json(root: frame.frame.toGeocentric, subtree: String(path.dropFirst(2).dropLast(5)))
        }
        guard path.hasSuffix(".glb") else { return nil }
        return try content(name: String(path.dropFirst(2).dropLast(4)))
    }

    /// The box that the root declares, in the local frame, and the error of not showing it.
    var planHead: (box: Box3D, error: Double)? { plan.head }

    /// The names of all contents, as in `t/NAME.glb`.
    var contentNames: [String] { plan.contentNames }
    /// The paths of the documents below the main one, as in `t/PATH.json`.
    var documentPaths: [String] { plan.subtreePaths }

    /// The addresses of the implicit form's subtrees and contents, below `implicit/`.
    var implicitNames: [String] { plan.implicitNames }

    /// - Parameter depth: how many folders lead from the tileset's document to the content.
    func content(name: String, depth: Int = 1) throws -> [UInt8]? {
        guard let content = plan.content(name: name), let numbers = plan.items(content: content.path) else {
            return nil
        }
        return try mesh(numbers, level: content.level, of: content.levels, depth: depth)
    }

    /// `tileset.json`, `s/LEVEL/X/Y.subtree` or `c/LEVEL/X/Y.glb` of the implicit form.
    private func implicit(_ path: Substring) throws -> [UInt8]? {
        if path == "tileset.json" { return plan.implicitJSON(root: frame.frame.toGeocentric) }
        let parts = path.split(separator: "/", omittingEmptySubsequences: false)
        let name = parts.last?.split(separator: ".", omittingEmptySubsequences: false) ?? []
        guard parts.count == 4, name.count == 2, let level = Int(parts[1]), let x = Int(parts[2]), let y = Int(name[0])
        else { return nil }
        switch (parts[0], name[1]) {
        case ("s", "subtree"): return plan.subtree(level: level, x: x, y: y)
        case ("c", "glb"):
            return try TilesetPlan.path(level: level, x: x, y: y).flatMap { try content(name: $0, depth: 3) }
        default: return nil
        }
    }

    /// One feature's finest form, in metres from the grid's origin.
    func shape(of item: ModelItem) -> TriangleMesh {
        var mesh = TriangleMesh(hasColours: true, hasSurfaces: hasSurfaces)
        var shape = meshShape(Int(item.layer))
        shape.append(Int(item.row), level: 0, of: 1, feature: 0, to: &mesh)
        return mesh
    }

    func buildingShape(_ index: Int) -> BuildingShape { BuildingShape(layers[index], definition, frame, parts) }

    private func meshShape(_ index: Int, images: Set<String> = []) -> any ModelShape {
        definition.kind == .buildings
            ? BuildingShape(layers[index], definition, frame, parts, images: images)
            : PipeShape(layers[index], definition, frame, profiles.pipes, joints: joints[index])
    }

    /// Whether faces say what they are: only where it is more than walls and a flat roof.
    private var hasSurfaces: Bool {
        definition.kind == .buildings && (definition.building.roof.shape != nil || layers.contains(where: \.hasSolids))
    }

    private func mesh(_ numbers: [Int], level: Int, of levels: Int, depth: Int) throws -> [UInt8] {
        if definition.kind == .parts { return try parts(numbers) }
        var mesh = TriangleMesh(hasColours: true, hasSurfaces: hasSurfaces)
        var textured: [(image: String, mesh: TriangleMesh)] = []
        var table = ModelTable(definition: definition, layers: layers, masked: masked)
        for (index, layer) in layers.enumerated() {
            // In the layer's order, which is one of neighbourhood: it compresses better than the plan's.
            let rows = numbers.filter { items[$0].layer == UInt32(index) }.sorted().map { Int(items[$0].row) }
            guard !rows.isEmpty else { continue }
            var shape = meshShape(index, images: Set(images))
            for row in rows {
                shape.append(row, level: level, of: levels, feature: UInt32(table.count), to: &mesh)
                table.append(layer, row, shape.properties(row))
            }
            textured += shape.textured.sorted { $0.key < $1.key }.map { (image: $0.key, mesh: $0.value) }
        }
        frame.place(&mesh)
        let isBuilding = definition.kind == .buildings
        var builder = GLBBuilder(
            className: isBuilding ? "building" : "pipe", compression: isBuilding && !hasSurfaces ? .blocks : .city)
        builder.sharesCorners = isBuilding
        builder.add(mesh, material: GLBMaterial(name: definition.id, isDoubleSided: definition.kind == .pipes))
        for (image, faces) in textured {
            var mesh = faces
            frame.place(&mesh)
            let uri = String(repeating: "../", count: depth) + "i/" + imageNames[imageNumbers[image] ?? 0]
            builder.add(mesh, material: GLBMaterial(name: definition.id, image: uri))
        }
        for column in table.columns() { builder.add(column) }
        return try encode(builder)
    }

    /// A tile of street assets: copies of few shapes.
    private func parts(_ numbers: [Int]) throws -> [UInt8] {
        var table = ModelTable(definition: definition, layers: layers, masked: masked)
        var sets: [PartPrototype: GLBInstances] = [:]
        for (index, layer) in layers.enumerated() {
            let rows = numbers.filter { items[$0].layer == UInt32(index) }.sorted().map { Int(items[$0].row) }
            guard !rows.isEmpty else { continue }
            let shape = PartShape(layer, definition, frame, profiles.parts)
            for row in rows {
                shape.append(row, feature: UInt32(table.count), to: &sets)
                table.append(layer, row, shape.properties(row))
            }
        }
        var builder = GLBBuilder(className: "part")
        for (_, set) in sets.sorted(by: { $0.key < $1.key }) { builder.add(set) }
        for column in table.columns() { builder.add(column) }
        return try encode(builder)
    }

    private func encode(_ builder: GLBBuilder) throws -> [UInt8] {
        do {
            return try builder.encode()
        } catch {
            throw TwinError(.model, "a tile of the model '\(definition.id)' cannot be written", cause: error.message)
        }
    }
}

/// How features of one layer take their place in a plan.
protocol PlannedShape {
    /// Lowest and highest point in the frame's heights; nil for a feature without a shape.
    func heights(_ row: Int) -> ClosedRange<Double>?
    /// Metres by which the shape reaches beyond the feature's box.
    func reach(_ row: Int) -> Double
    /// Why a feature has no shape.
    func problem(_ row: Int) -> String
    /// Metres by which the picture is wrong without the shape; nil where it is not known.
    func error(_ row: Int, _ heights: ClosedRange<Double>) -> Double?
    /// Metres by which each coarser form differs from the finest, the coarsest first.
    func levelErrors(_ row: Int) -> [Double]
    /// The images on a feature's surfaces.
    func images(_ row: Int) -> Set<String>
    /// The model's own properties, in the order of ``ModelTable/modelColumns(_:)``.
    func properties(_ row: Int) -> [Double]
}

/// How features of one layer become meshes.
protocol ModelShape: PlannedShape {
    /// Adds the shape, in metres from the grid's origin.
    mutating func append(_ row: Int, feature: UInt32, to mesh: inout TriangleMesh)
    /// Adds the shape as a content of its tile's chain shows it: `level` of `levels`, 0 the coarsest.
    mutating func append(_ row: Int, level: Int, of levels: Int, feature: UInt32, to mesh: inout TriangleMesh)
    /// What was added with an image on it instead, by the image's file.
    var textured: [String: TriangleMesh] { get }
}

extension PlannedShape {
    func problem(_ row: Int) -> String { "no-shape" }
    func error(_ row: Int, _ heights: ClosedRange<Double>) -> Double? { nil }
    func levelErrors(_ row: Int) -> [Double] { [] }
    func images(_ row: Int) -> Set<String> { [] }
}

extension ModelShape {
    var textured: [String: TriangleMesh] { [:] }

    mutating func append(_ row: Int, level: Int, of levels: Int, feature: UInt32, to mesh: inout TriangleMesh) {
        append(row, feature: feature, to: &mesh)
    }
}

/// Features that a model leaves out for one reason.
public struct ModelProblem: Sendable {
    /// Lower-case words joined by hyphens.
    public let reason: String
    public private(set) var count = 0
    /// `layer/id` of the first ten.
    public private(set) var examples: [String] = []

    init(reason: String) { self.reason = reason }

    mutating func add(_ id: @autoclosure () -> String) {
        count += 1
        if examples.count < 10 { examples.append(id()) }
    }
}

extension GridBox {
    /// The box with a margin in metres, clipped to the grid.
    func inflated(by metres: Double) -> GridBox {
        let margin = Int64((metres * 1000).rounded(.up))
        func clamped(_ value: Int64) -> Int32 { Int32(max(-2_147_483_647, min(2_147_483_647, value))) }
        return GridBox(
            minX: clamped(Int64(minX) - margin), minY: clamped(Int64(minY) - margin),
            maxX: clamped(Int64(maxX) + margin), maxY: clamped(Int64(maxY) + margin))
    }
}

extension LayerView {
    /// Calls `body` with every row. O(features).
    func forEachRow(_ body: (Int) -> Void) {
        for row in 0..<snapshot.count where delta.hiddenRows.isEmpty || !delta.hiddenRows.contains(row) { body(row) }
        for index in delta.features.indices { body(-1 - index) }
    }

    /// A field of a row as a number; nil where there is no such field or value.
    func number(_ row: Int, _ field: Int?) -> Double? {
        field.flatMap { value(row: row, column: $0).number }
    }

    /// The colour of a row by the layer's style.
    func colour(_ row: Int, category field: Int?, _ colours: [String: VertexColour], _ other: VertexColour)
        -> VertexColour
    {
        guard let field, let text = value(row: row, column: field).text else { return other }
        return colours[text] ?? other
    }
}
