// SPDX-License-Identifier: Apache-2.0

/// A filter made ready for the rows of one view, which are asked one by one: 64 neighbours cost one evaluation.
///
/// For one thread; rows in ascending order are cheapest.
struct RowFilter {
    private let filter: ColumnFilter
    private let view: LayerView
    private let isNever: Bool
    /// Nil where every row of the snapshot passes.
    private var window: FilterWindow?

    /// - Throws: `TwinError.argument` for a filter that does not fit the layer or looks at a masked field.
    init(_ filter: ColumnFilter, _ view: LayerView, masked: Set<String>) throws {
        let filter = try filter.resolved(view, masked: masked)
        // Few rows of a layer are asked: large dictionaries are not worth reading as a whole.
        let program = try FilterCompiler.compile(filter, view, masked: masked, rows: ColumnProgram.blockRows)
        self.filter = filter
        self.view = view
        isNever = program.isNever
        window = program.isAlways ? nil : FilterWindow(program)
    }

    /// Whether a row passes; rows below zero are of the delta.
    mutating func passes(_ row: Int) -> Bool {
        guard row >= 0 else {
            return filter.holds(view.definition, view.delta.features[-1 - row]) == true
        }
        if isNever { return false }
        guard let mask = window?.mask(word: row >> 6) else { return true }
        return mask >> UInt64(row & 63) & 1 == 1
    }
}

extension LayerView {
    /// Refuses a filter that does not fit the layer or looks at a masked field.
    ///
    /// - Throws: `TwinError.argument`, naming the field.
    public func check(_ filter: ColumnFilter, masked: Set<String>) throws {
        _ = try FilterCompiler.compile(
            filter.resolved(self, masked: masked), self, masked: masked, rows: ColumnProgram.blockRows)
    }
}
