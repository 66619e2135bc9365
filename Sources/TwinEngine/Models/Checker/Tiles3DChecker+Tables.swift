// SPDX-License-Identifier: Apache-2.0

extension Tiles3DChecker {
    /// Property tables of a model or a subtree: what they declare, then every value.
    ///
    /// - Parameters:
    ///   - view: The bytes of a buffer view.
    ///   - start: Where a view begins in its buffer; nil where alignment does not matter.
    /// - Returns: The tables' rows.
    mutating func checkTables(
        _ value: Any?, _ schema: MetadataSchema?, _ path: String, start: (Int) -> Int?, _ view: MetadataColumn.View
    ) -> [Int] {
        guard let value else { return [] }
        guard let tables = value as? [Any], !tables.isEmpty else {
            add("metadata", path, "propertyTables is no list (EXT_structural_metadata, \"Property Tables\")")
            return []
        }
        return tables.enumerated().map { number, value in
            guard let table = value as? [String: Any] else {
                add("metadata", path, "property table \(number) is no object")
                return 0
            }
            let count = table["count"] as? Int ?? 0
            if count < 1 { add("metadata", path, "property table \(number) has no count of 1 or more") }
            guard let name = table["class"] as? String else {
                add("metadata", path, "property table \(number) names no class")
                return count
            }
            guard let known = schema?.classes[name] else {
                add("metadata", path, "the schema has no class \(name)")
                return count
            }
            let columns = MetadataSchema.members(
                table["properties"], "properties of the table of \(name)", "Properties"
            ) {
                add("metadata", path, $0.message)
            }
            for (id, property) in known.properties.sorted(by: { $0.key < $1.key }) where property.isRequired {
                if !columns.contains(where: { $0.key == id }) {
                    add("metadata", path, "\(name).\(id) is required (3D Metadata, \"Required Properties\")")
                }
            }
            for (id, stored) in columns where count > 0 {
                guard let property = known.properties[id] else {
                    add("metadata", path, "\(name) has no property \(id) (3D Metadata, \"Property\")")
                    continue
                }
                checkColumn(stored, property, rows: count, "\(path) \(name).\(id)", start: start, view)
            }
            return count
        }
    }

    private mutating func checkColumn(
        _ stored: [String: Any], _ property: MetadataSchema.Property, rows: Int, _ place: String,
        start: (Int) -> Int?, _ view: MetadataColumn.View
    ) {
        property.checkValues(stored, "the column") { add("metadata", place, $0.message) }
        let size = property.component?.size ?? 1
        if let index = stored["values"] as? Int, let begin = start(index), begin % size != 0 {
            add(
                "metadata", place,
                "values begin at \(begin), no multiple of \(size) (3D Metadata, \"Binary Table Format\")")
        }
        do {
            let column = try MetadataColumn(stored, property, rows: rows, view)
            var range = MetadataRange(property, stored)
            try range.take(column)
            try range.judge(stored)
        } catch let mistake as MetadataSchema.Mistake {
            add("metadata", place, mistake.message)
        } catch let damage as GLTFModel.Damage {
            add("metadata", place, damage.message)
        } catch {
            add("metadata", place, "\(error)")
        }
    }
}
