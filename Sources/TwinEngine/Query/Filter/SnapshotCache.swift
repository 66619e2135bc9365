// SPDX-License-Identifier: Apache-2.0
import Spatial
import Synchronization

/// What queries learn about a snapshot and keep in memory: computed on first use, held and dropped by the snapshot.
///
/// Thread use: any. Two first uses at the same time may both compute; the results are the same.
final class SnapshotCache: Sendable {
    /// What a set of running sums is of; nil for no class, and no value.
    struct ClassSumKey: Hashable {
        enum Value: Hashable { case none, area, column(Int) }
        var column: Int?
        var value: Value
    }

    private struct State {
        var columns: [Int: ColumnFacts] = [:]
        var areas: RowValues?
        var classSums: [ClassSumKey: ClassColumn] = [:]
    }

    private let state = Mutex(State())

    /// What is known of a column; O(rows) on first use.
    func column(_ index: Int, _ snapshot: Snapshot) -> ColumnFacts {
        if let known = state.withLock({ $0.columns[index] }) { return known }
        let made = ColumnFacts(snapshot, index)
        state.withLock { $0.columns[index] = made }
        return made
    }

    /// Square metres of every row of a polygon layer; O(vertices) on first use.
    func areas(_ snapshot: Snapshot) -> RowValues {
        if let known = state.withLock({ $0.areas }) { return known }
        let made = RowValues(areasOf: snapshot)
        state.withLock { $0.areas = made }
        return made
    }

    /// A column as classes with running sums; O(rows) on first use.
    func classes(_ key: ClassSumKey, _ make: () throws -> ClassColumn) rethrows -> ClassColumn {
        if let known = state.withLock({ $0.classSums[key] }) { return known }
        let made = try make()
        state.withLock { $0.classSums[key] = made }
        return made
    }
}

/// One number for each row of a snapshot. Immutable.
final class RowValues: Sendable {
    let values: [Double]

    /// Square metres; 0 for rows that are not polygons.
    init(areasOf snapshot: Snapshot) {
        values = (0..<snapshot.count).map { snapshot.geometry($0).area }
    }
}
