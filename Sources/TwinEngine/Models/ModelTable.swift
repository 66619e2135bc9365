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

    init(definition: ModelDefinition, layers: [LayerView]) {
        self.definition = definition
        numbers = Self.modelColumns(definition.kind).map { _ in [] }
        nameFields = Dictionary(
            layers.compactMap { layer in
                let field = layer.definition.fieldIndex("name") ?? layer.definition.style.label.flatMap {
                    layer.definition.fieldIndex($0)
                }
                return field.map { (layer.definition.id, $0) }
            }, uniquingKeysWith: { $1 })
    }

    var count: Int { ids.count }

    /// Ids and Chinese names of the columns that each kind of model adds.
    static func modelColumns(_ kind: ModelKind) -> [(id: String, title: String)] {
        switch kind {
        case .buildings: [("height", "高度 (m)"), ("floors", "层数"), ("ground", "地面高程 (m)")]
        case .pipes: [("diameter_mm", "管径 (mm)"), ("depth_from", "起点埋深 (m)"), ("depth_to", "终点埋深 (m)")]
        }
    }

    mutating func append(_ layer: LayerView, _ row: Int, _ properties: [Double]) {
        ids.append(layer.id(row: row))
        layerIDs.append(layer.definition.id)
        codes.append(layer.value(row: row, column: layer.codeColumn).text ?? "")
        let name = nameFields[layer.definition.id].flatMap { layer.value(row: row, column: $0).text }
        names.append(name ?? layer.definition.title.zh)
        for (index, value) in properties.enumerated() { numbers[index].append(value) }
    }

    func columns() -> [PropertyColumn] {
        var columns = [
            PropertyColumn(id: "id", displayName: "标识", semantic: .id, values: .int64(ids)),
            PropertyColumn(id: "layer", displayName: "图层", values: .string(layerIDs)),
            PropertyColumn(id: "code", displayName: "编码", values: .string(codes)),
            PropertyColumn(id: "name", displayName: "名称", semantic: .name, values: .string(names)),
        ]
        for (column, values) in zip(Self.modelColumns(definition.kind), numbers) {
            columns.append(
                PropertyColumn(id: column.id, displayName: column.title, values: .float32(values.map { Float($0) })))
        }
        return columns
    }
}
