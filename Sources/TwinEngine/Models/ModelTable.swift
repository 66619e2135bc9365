// SPDX-License-Identifier: Apache-2.0
import Tiles

/// The property table of one tile.
struct ModelTable {
    private let definition: ModelDefinition
    private var ids: [Int64] = []
    private var layerIDs: [String] = []
    private var codes: [String] = []
    private var names: [String] = []
    private var numbers: [[Double]]
    private let nameFields: [String: Int]
    /// Which of the model's own columns are masked, by layer id.
    private let maskedColumns: [String: [Bool]]

    init(definition: ModelDefinition, layers: [LayerView], masked: [String: Set<String>]) {
        self.definition = definition
        maskedColumns = masked.mapValues { names in
            Self.sourceFields(definition).map { $0.map(names.contains) ?? false }
        }
        numbers = Self.modelColumns(definition.kind).map { _ in [] }
        nameFields = Dictionary(
            layers.compactMap { layer in
                let name = layer.definition.fieldIndex("name") == nil ? layer.definition.style.label : "name"
                guard let name, masked[layer.definition.id]?.contains(name) != true,
                    let field = layer.definition.fieldIndex(name)
                else { return nil }
                return (layer.definition.id, field)
            }, uniquingKeysWith: { $1 })
    }

    var count: Int { ids.count }

    /// Ids and Chinese names of the columns that each kind of model adds.
    static func modelColumns(_ kind: ModelKind) -> [(id: String, title: String)] {
        switch kind {
        case .buildings: [("height", "高度 (m)"), ("floors", "层数"), ("ground", "地面高程 (m)")]
        case .pipes: [("diameter_mm", "管径 (mm)"), ("depth_from", "起点埋深 (m)"), ("depth_to", "终点埋深 (m)")]
        case .parts: [("size", "宽度 (m)"), ("height", "高度 (m)"), ("ground", "地面高程 (m)")]
        }
    }

    /// The layers' fields that those columns show.
    private static func sourceFields(_ definition: ModelDefinition) -> [String?] {
        switch definition.kind {
        case .buildings: [definition.height, definition.floors, definition.ground]
        case .pipes: [definition.diameter, definition.depthFrom, definition.depthTo]
        case .parts: [definition.parts.size, definition.height, definition.ground]
        }
    }

    mutating func append(_ layer: LayerView, _ row: Int, _ properties: [Double]) {
        ids.append(layer.id(row: row))
        layerIDs.append(layer.definition.id)
        codes.append(layer.value(row: row, column: layer.codeColumn).text ?? "")
        let name = nameFields[layer.definition.id].flatMap { layer.value(row: row, column: $0).text }
        names.append(name ?? layer.definition.title.zh)
        let isMasked = maskedColumns[layer.definition.id]
        for (index, value) in properties.enumerated() { numbers[index].append(isMasked?[index] == true ? 0 : value) }
    }

    /// In 32 bits where all fit.
    private static func identifiers(_ ids: [Int64]) -> PropertyColumn.Values {
        let short = ids.compactMap { UInt32(exactly: $0) }
        return short.count == ids.count ? .uint32(short) : .int64(ids)
    }

    func columns() -> [PropertyColumn] {
        var columns = [
            PropertyColumn(id: "id", displayName: "标识", values: Self.identifiers(ids)),
            PropertyColumn(id: "layer", displayName: "图层", values: .string(layerIDs)),
            // The semantic wants texts that tell all entities apart.
            PropertyColumn(
                id: "code", displayName: "编码", semantic: codes.contains("") ? nil : .id, values: .string(codes)),
            PropertyColumn(id: "name", displayName: "名称", semantic: .name, values: .string(names)),
        ]
        for (column, values) in zip(Self.modelColumns(definition.kind), numbers) {
            columns.append(
                PropertyColumn(id: column.id, displayName: column.title, values: .float32(values.map { Float($0) })))
        }
        return columns
    }
}
