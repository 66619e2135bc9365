// SPDX-License-Identifier: Apache-2.0
import Spatial

extension Snapshot {
    /// The first broken invariant in words, or nil. O(file).
    ///
    /// Offsets ascend and end at their arrays' ends, ring ends ascend within their feature, each box is that of its
    /// feature's vertices, ids are unique and their order sorts them, the index is a tight tree, dictionaries ascend,
    /// zone maps are those of their columns.
    func checkInvariants() -> String? {
        let wasSuspect = isSuspect
        let broken = checkFeatures() ?? checkIDs() ?? checkIndex() ?? checkColumns()
        if let broken { return broken }
        return isSuspect && !wasSuspect ? "an offset lies outside its section" : nil
    }

    private func checkFeatures() -> String? {
        var vertex = 0
        var ring = 0
        for row in 0..<count {
            let vertices = vertices(row)
            guard vertices.lowerBound == vertex, !vertices.isEmpty else {
                return "the vertices of row \(row) are not its own"
            }
            vertex = vertices.upperBound
            guard !isPointLayer else { continue }
            let rings = rings(row)
            guard rings.lowerBound == ring, !rings.isEmpty else { return "the rings of row \(row) are not its own" }
            ring = rings.upperBound
            let geometry = geometry(row)
            guard !geometry.isEmpty else { return "the rings of row \(row) do not end with its vertices" }
            guard geometry.box == box(row: row) else { return "the box of row \(row) is not that of its vertices" }
        }
        guard vertex == vertexCount, ring == ringCount else {
            return "the offsets do not end where the coordinates end"
        }
        return nil
    }

    private func checkIDs() -> String? {
        let ids = ids
        guard let range = geometrySections.idOrder else {
            for row in 1..<max(1, count) where ids[row - 1] >= ids[row] {
                return "the id \(ids[row]) is out of order or twice there"
            }
            return nil
        }
        let order = span(range, of: UInt32.self)
        for index in 0..<count {
            guard Int(order[index]) < count else { return "the order of ids names row \(order[index]) of \(count)" }
            if index > 0, ids[Int(order[index - 1])] >= ids[Int(order[index])] {
                return "the id \(ids[Int(order[index])]) is out of order or twice there"
            }
        }
        return nil
    }

    private func checkIndex() -> String? {
        do {
            if isPointLayer { return try PackedPointTreeView(points: points, nodes: boxes).checkInvariants() }
            return try PackedRTreeView(boxes, count: count).checkInvariants()
        } catch {
            return error.message
        }
    }

    private func checkColumns() -> String? {
        for (index, column) in metadata.columns.enumerated() {
            if column.type == .text, let broken = checkDictionary(index) { return "column \(column.name): \(broken)" }
            guard let zones = zoneMap(index) else { continue }
            for zone in zones.indices where zones[zone] != makeZone(zone, index) {
                return "column \(column.name): zone \(zone) is not that of its rows"
            }
        }
        return nil
    }

    private func checkDictionary(_ column: Int) -> String? {
        let texts = dictionaryCount(column)
        let codes = textCodes(column)
        for row in 0..<count where Int(codes[row]) > texts { return "row \(row) has code \(codes[row]) of \(texts)" }
        for code in 2..<max(2, UInt32(texts) + 1)
        where !Self.isLess(text(code: code - 1, column: column), text(code: code, column: column)) {
            return "text \(code) is not above the one before"
        }
        return nil
    }

    private func makeZone(_ zone: Int, _ column: Int) -> SnapshotZone {
        let first = zone * SnapshotFormat.zoneRows
        let rows = first..<min(count, first + SnapshotFormat.zoneRows)
        switch metadata.columns[column].type {
        case .integer:
            let values = integers(column)
            return .integers(rows) { isValid($0, column: column) ? values[$0] : nil }
        case .real:
            let values = reals(column)
            return .reals(rows) { isValid($0, column: column) ? values[$0] : nil }
        case .boolean:
            let values = booleans(column)
            return .integers(rows) { isValid($0, column: column) ? Int64(values[$0]) : nil }
        case .text, .binary:
            let values = textCodes(column)
            return .integers(rows) { values[$0] == 0 ? nil : Int64(values[$0]) }
        }
    }
}
