// SPDX-License-Identifier: Apache-2.0

extension ColumnFilter {
    /// Whether one feature matches, by its values: for the few features that changed since the snapshot.
    ///
    /// The filter must have been resolved and compiled for the layer, which checks names and types.
    /// - Returns: nil for unknown.
    func holds<Row: FilterRow>(_ layer: LayerDefinition, _ row: Row) -> Bool? {
        func field(_ name: String) -> FieldValue {
            let found = row.value(layer.fieldIndex(name) ?? layer.fields.count)
            if case .real(let number) = found, number.isNaN { return .null }
            return found
        }
        switch self {
        case .constant(let truth): return truth
        case .condition(let condition): return condition.bound?.holds(row)
        case .not(let part): return part.holds(layer, row).map { !$0 }
        case .and(let parts):
            var isUnknown = false
            for part in parts {
                switch part.holds(layer, row) {
                case false?: return false
                case nil: isUnknown = true
                case true?: continue
                }
            }
            return isUnknown ? nil : true
        case .or(let parts):
            var isUnknown = false
            for part in parts {
                switch part.holds(layer, row) {
                case true?: return true
                case nil: isUnknown = true
                case false?: continue
                }
            }
            return isUnknown ? nil : false
        case .isNull(let name): return field(name) == .null
        case .compare(let name, let comparison, let literal): return comparison.holds(field(name), literal)
        case .between(let name, let lower, let upper):
            let found = field(name)
            guard let isAbove = FilterComparison.greaterOrEqual.holds(found, lower),
                let isBelow = FilterComparison.lessOrEqual.holds(found, upper)
            else { return nil }
            return isAbove && isBelow
        case .isIn(let name, let values):
            if values.isEmpty { return false }
            let found = field(name)
            if found == .null { return nil }
            return values.contains { FilterComparison.equal.holds(found, $0) == true }
        case .like(let name, let pattern):
            guard case .string(let text) = field(name) else { return nil }
            // safe: compiling the filter refused a bad pattern
            return (try? TextTest(like: pattern, field: name))?.matches(text)
        case .compareFields(let left, let comparison, let right): return comparison.holds(field(left), field(right))
        }
    }
}

extension FilterComparison {
    /// Whether a value compares so with a literal; nil for null.
    func holds(_ value: FieldValue, _ literal: FilterValue) -> Bool? {
        switch (value, literal) {
        case (.null, _), (.binary, _): nil
        case (.integer(let number), .integer(let other)): holds(number, other)
        case (.integer(let number), .real(let other)): holds(number, exactly: other)
        case (.real(let number), .integer(let other)): holds(number, Double(other))
        case (.real(let number), .real(let other)): holds(number, other)
        case (.string, .text(let other)): holds(value, FieldValue.string(other))
        case (.boolean, .boolean(let other)): holds(value, FieldValue.boolean(other))
        default: nil
        }
    }

    /// An integer against a real without rounding the integer.
    private func holds(_ number: Int64, exactly other: Double) -> Bool {
        // -1, 0 or 1 as the integer is below, equal to or above the real.
        let order: Int
        if other >= 0x1p63 {
            order = -1
        } else if other < -0x1p63 {
            order = 1
        } else {
            let whole = Int64(other.rounded(.down))
            order = number < whole ? -1 : number > whole ? 1 : Double(whole) == other ? 0 : -1
        }
        return holds(order, 0)
    }
}
