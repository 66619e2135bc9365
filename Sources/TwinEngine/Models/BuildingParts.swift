// SPDX-License-Identifier: Apache-2.0
import Spatial

/// What building parts leave of the outlines that they belong to.
///
/// Where a model's layers have parts (OSM's `building:part`), an outline is drawn only where no part is: it is left out if
/// a fiftieth or less of it remains. Immutable.
struct BuildingParts: Sendable {
    /// What is left of an outline, in metres from the grid's origin; empty for nothing.
    private(set) var remainders: [Key: FlatCoordinates] = [:]
    /// Outlines left out.
    private(set) var covered = 0
    /// Outlines drawn in part.
    private(set) var cut = 0
    /// Outlines that could not be cut by their parts and are drawn whole.
    private(set) var failed = 0

    struct Key: Hashable {
        var layer: String
        var row: Int
    }

    private static let smallestShare = 0.02

    init() {}

    /// O(parts × outlines around each).
    init(_ definition: ModelDefinition, _ layers: [LayerView]) {
        guard let name = definition.building.part else { return }
        var parts: [(layer: LayerView, row: Int)] = []
        for layer in layers {
            guard let field = layer.definition.fieldIndex(name) else { continue }
            layer.forEachRow { row in if Self.isPart(layer, row, field) { parts.append((layer, row)) } }
        }
        // The parts of each outline, in the order in which they were found.
        var members: [Key: (layer: LayerView, parts: [Int])] = [:]
        for (number, part) in parts.enumerated() {
            let box = part.layer.box(row: part.row)
            for layer in layers {
                let field = layer.definition.fieldIndex(name)
                layer.searchRows(box) { row in
                    if field.map({ Self.isPart(layer, row, $0) }) != true {
                        let key = Key(layer: layer.definition.id, row: row)
                        members[key, default: (layer, [])].parts.append(number)
                    }
                    return true
                }
            }
        }
        for (key, member) in members { cut(key, member.layer, member.parts.map { parts[$0] }) }
    }

    /// Whether parts stand in the place of all of an outline.
    func isCovered(_ layer: String, _ row: Int) -> Bool {
        remainders[Key(layer: layer, row: row)]?.isEmpty == true
    }

    static func isPart(_ layer: LayerView, _ row: Int, _ field: Int) -> Bool {
        guard let text = layer.value(row: row, column: field).text else { return false }
        return !["", "no", "false", "0"].contains(text)
    }

    private mutating func cut(_ key: Key, _ layer: LayerView, _ parts: [(layer: LayerView, row: Int)]) {
        let outline = layer.footprint(key.row)
        do {
            let (left, share) = try withGEOS { context throws(SpatialError) in
                var rest = try context.geometry(outline)
                let whole = try rest.area
                for part in parts {
                    rest = try rest.overlay(.difference, context.geometry(part.layer.footprint(part.row)))
                }
                return (try rest.value(ofKind: .polygon), whole > 0 ? try rest.area / whole : 0)
            }
            // Parts that only touch the outline take nothing from it.
            if share > 1 - 1e-9 { return }
            if share <= Self.smallestShare {
                remainders[key] = FlatCoordinates(kind: .polygon)
                covered += 1
            } else {
                remainders[key] = left
                cut += 1
            }
        } catch {
            failed += 1
        }
    }
}

extension LayerView {
    /// A row's polygons in metres from the grid's origin.
    func footprint(_ row: Int) -> FlatCoordinates {
        withGeometry(row: row) { geometry in
            FlatCoordinates(
                kind: .polygon, xy: (0..<geometry.xy.count).map { Double(geometry.xy[$0]) / 1000 },
                ringEnds: (0..<geometry.ringEnds.count).map { geometry.ringEnds[$0] })
        }
    }
}
