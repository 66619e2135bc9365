// SPDX-License-Identifier: Apache-2.0

extension LayerTileEncoder {
    /// Written records, the most important first; of equals the first row.
    private func byImportance() -> [Int] {
        records.indices.filter { !records[$0].isDropped }.sorted {
            (-records[$0].importance, $0) < (-records[$1].importance, $1)
        }
    }

    /// Drops the least important records until as many are left as allowed.
    mutating func limitFeatures(_ most: Int) {
        let order = byImportance()
        guard order.count > most else { return }
        for index in order[most...] {
            records[index].isDropped = true
            account.overFeatureLimit += 1
        }
    }

    /// Drops the least important records of a layer that was written and is too large, until it is within a number of
    /// bytes. Sizes are upper bounds: numbers of keys and values can only become shorter when records go.
    mutating func limitBytes(_ most: Int, _ name: String) {
        let order = byImportance()
        // Layer tag and length, version, name, extent.
        var sum = 11 + 2 + 6 + name.utf8.count + 3
        var usedKeys = Set<UInt32>(), usedValues = Set<UInt32>()
        var kept = 0
        for index in order {
            sum += Self.size(records[index], tags, table, &usedKeys, &usedValues)
            if sum > most { break }
            kept += 1
        }
        for index in order[kept...] {
            records[index].isDropped = true
            account.overByteLimit += 1
        }
    }

    /// Bytes that a record adds to the layer, with the table entries that it is the first to use.
    ///
    /// Static, since a method would copy the encoder for each record (14 % of the time of low zooms).
    private static func size(
        _ record: Record, _ tags: [UInt32], _ table: borrowing MVTValueTable, _ usedKeys: inout Set<UInt32>,
        _ usedValues: inout Set<UInt32>
    ) -> Int {
        var tagSize = 0, tableSize = 0
        for index in stride(from: record.tags.lowerBound, to: record.tags.upperBound, by: 2) {
            let (key, value) = (tags[index], tags[index + 1])
            tagSize += LayerWriter.size(of: Int(key)) + LayerWriter.size(of: Int(value))
            if usedKeys.insert(key).inserted { tableSize += 6 + table.names[Int(key)].utf8.count }
            if usedValues.insert(value).inserted {
                tableSize += table.valueEnds[Int(value)] - (value == 0 ? 0 : table.valueEnds[Int(value) - 1])
            }
        }
        let body = LayerWriter.bodySize(record, tags: tagSize)
        return 1 + LayerWriter.size(of: body) + body + tableSize
    }
}
