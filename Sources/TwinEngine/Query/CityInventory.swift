// SPDX-License-Identifier: Apache-2.0
import Foundation
import Spatial

/// What a store holds, for `twin info`.
public struct CityInventory {
    private let city: City
    private let view: CityView
    private let reports: [String: [[String: Any]]]
    private let storeBytes: Int
    private let snapshotBytes: Int

    public init(city: City) throws {
        self.city = city
        view = city.view()
        var reports: [String: [[String: Any]]] = [:]
        for layer in try city.store.layers() {
            let object = try JSONSerialization.jsonObject(with: Data(layer.report.utf8)) as? [String: Any]
            reports[layer.id] = object?["sources"] as? [[String: Any]] ?? []
        }
        self.reports = reports
        let attributes = try FileManager.default.attributesOfItem(atPath: city.store.databasePath)
        storeBytes = (attributes[.size] as? NSNumber)?.intValue ?? 0
        snapshotBytes = view.layers.reduce(0) { $0 + $1.snapshot.byteCount }
    }

    private func layerObject(_ layer: LayerView) -> [String: Any] {
        let definition = layer.definition
        let sources = reports[definition.id] ?? []
        func sum(_ key: String) -> Int { sources.reduce(0) { $0 + (($1[key] as? NSNumber)?.intValue ?? 0) } }
        let rejected = sources.flatMap { $0["rejected"] as? [[String: Any]] ?? [] }
        var object: [String: Any] = [
            "id": definition.id, "title": ["zh": definition.title.zh, "en": definition.title.en],
            "theme": definition.theme, "department": definition.department,
            "classification": definition.classification.rawValue, "geometry": "\(definition.geometry)",
            "count": layer.count, "version": layer.version, "base": definition.isBase,
            "read": sum("read"), "kept": sum("kept"), "outside": sum("outside"), "rejected": rejected,
            "sources": sources.map { source in
                [
                    "id": source["source"] ?? "", "driver": source["driver"] ?? "", "crs": source["crs"] ?? "",
                    "encoding": source["encoding"] ?? "",
                ]
            },
        ]
        if let box = layer.extent { object["extent"] = [box.west, box.south, box.east, box.north] }
        return object
    }

    public func json() throws -> String {
        let project = city.project
        let object: [String: Any] = [
            "id": project.id, "name": ["zh": project.name.zh, "en": project.name.en], "crs": project.crs,
            "crsName": city.coordinates.system.name,
            "vertical": project.vertical.datum,
            "extent": [project.extent.west, project.extent.south, project.extent.east, project.extent.north],
            "version": view.version, "storeVersion": CityStore.formatVersion, "twin": TwinVersion.current,
            "features": view.layers.reduce(0) { $0 + $1.count },
            "bytes": ["store": storeBytes, "snapshots": snapshotBytes],
            "layers": view.layers.map(layerObject), "models": project.models.map(\.id),
            "scenarios": project.scenarios.map(\.id),
            "cim": try JSONSerialization.jsonObject(with: Data(CIMInventory(city: city, layers: view.layers).json())),
        ]
        return try encodeJSON(object)
    }

    public func table() -> String {
        let project = city.project
        var rows = [["layer", "title", "theme", "department", "class", "geometry", "features", "rejected", "version"]]
        for layer in view.layers {
            let definition = layer.definition
            let rejected = (reports[definition.id] ?? []).reduce(0) { sum, source in
                sum
                    + (source["rejected"] as? [[String: Any]] ?? []).reduce(0) {
                        $0 + (($1["count"] as? NSNumber)?.intValue ?? 0)
                    }
            }
            rows.append([
                definition.id, definition.title.zh, definition.theme, definition.department,
                definition.classification.rawValue, "\(definition.geometry)", String(layer.count), String(rejected),
                String(layer.version),
            ])
        }
        let box = project.extent
        return """
            \(project.name.zh) (\(project.name.en)), \(project.id)
            CRS \(project.crs) \(city.coordinates.system.name); heights \(project.vertical.datum)
            extent \(box.west) \(box.south) \(box.east) \(box.north)
            \(view.layers.count) layers, \(view.layers.reduce(0) { $0 + $1.count }) features, version \(view.version); \
            store \(storeBytes / 1_000_000) MB, snapshots \(snapshotBytes / 1_000_000) MB

            \(textTable(rows))

            \(CIMInventory(city: city, layers: view.layers).table())
            """
    }
}
