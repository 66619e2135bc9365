// SPDX-License-Identifier: Apache-2.0

/// How the values of a numeric field are divided into classes.
enum ClassMethod: String, Sendable, CaseIterable {
    /// As many features in each class, as far as equal values allow.
    case quantile
    /// Classes of equal width.
    case equal
    /// Natural breaks: the least sum of squared distances from the classes' means (Fisher 1958; Jenks 1967), exactly.
    case jenks
}

/// Divides counted values into classes.
struct StyleClasses {
    /// Different values, ascending, with the number of features that have them.
    let values: [(value: Double, count: Int)]

    /// More different values are rounded to this many steps of their range before natural breaks are looked for.
    static let exactValues = 20_000

    /// Whether natural breaks are found on rounded values.
    var isRounded: Bool { values.count > Self.exactValues }

    /// Lower bounds of all classes but the first, ascending and different. Fewer than asked where values are few.
    func breaks(_ classes: Int, _ method: ClassMethod) -> [Double] {
        guard classes > 1, values.count > 1 else { return [] }
        switch method {
        case .equal: return equal(classes)
        case .quantile: return quantile(classes)
        case .jenks: return NaturalBreaks(isRounded ? rounded() : values).breaks(classes)
        }
    }

    /// Features in each class.
    func counts(_ breaks: [Double]) -> [Int] {
        var counts = Array(repeating: 0, count: breaks.count + 1)
        var index = 0
        for (value, count) in values {
            while index < breaks.count, value >= breaks[index] { index += 1 }
            counts[index] += count
        }
        return counts
    }

    private func equal(_ classes: Int) -> [Double] {
        let (low, high) = (values[0].value, values[values.count - 1].value)
        var breaks: [Double] = []
        for index in 1..<classes {
            let share = Double(index) / Double(classes)
            // As weights, not as a difference: the range of two finite numbers may be infinite.
            let bound = low * (1 - share) + high * share
            if bound > breaks.last ?? low { breaks.append(bound) }
        }
        return breaks
    }

    private func quantile(_ classes: Int) -> [Double] {
        let total = values.reduce(0) { $0 + $1.count }
        var breaks: [Double] = []
        var (below, index) = (0, 1)
        for (value, count) in values {
            defer { below += count }
            guard below > 0, index < classes, below * classes >= total * index else { continue }
            breaks.append(value)
            while index < classes, below * classes >= total * index { index += 1 }
        }
        return breaks
    }

    private func rounded() -> [(value: Double, count: Int)] {
        let low = values[0].value
        let step = (values[values.count - 1].value / 2 - low / 2) / Double(Self.exactValues - 1) * 2
        var result: [(value: Double, count: Int)] = []
        var last = -1.0
        for (value, count) in values {
            let number = ((value / 2 - low / 2) / step * 2).rounded()
            if number == last {
                result[result.count - 1].count += count
            } else {
                result.append((value, count))
                last = number
            }
        }
        return result
    }
}

/// Optimal classes of a sorted list by dynamic programming with divide and conquer: the best start of the last class
/// never moves left as the list grows. O(classes × values × log values) time, O(classes × values) memory.
///
/// Source: W. D. Fisher, "On Grouping for Maximum Homogeneity", JASA 53 (1958); the speed-up as in A. Grønlund and
/// others, "Fast Exact k-Means, k-Medians and Bregman Divergence Clustering in 1D" (2017), section 2.
struct NaturalBreaks {
    private let values: [(value: Double, count: Int)]
    /// Sums of counts, of values and of squares before each value; values relative to their mean, scaled to 1.
    private var weights: [Double] = [0]
    private var sums: [Double] = [0]
    private var squares: [Double] = [0]

    init(_ values: [(value: Double, count: Int)]) {
        self.values = values
        let (low, high) = (values[0].value, values[values.count - 1].value)
        let middle = low / 2 + high / 2
        let scale = max(high / 2 - low / 2, .leastNormalMagnitude)
        for (value, count) in values {
            let offset = (value - middle) / scale
            weights.append(weights[weights.count - 1] + Double(count))
            sums.append(sums[sums.count - 1] + Double(count) * offset)
            squares.append(squares[squares.count - 1] + Double(count) * offset * offset)
        }
    }

    /// Squared distances from the mean within `first..<end`.
    private func cost(_ first: Int, _ end: Int) -> Double {
        let weight = weights[end] - weights[first]
        let sum = sums[end] - sums[first]
        return max(0, squares[end] - squares[first] - sum * sum / weight)
    }

    func breaks(_ classes: Int) -> [Double] {
        let count = values.count
        let classes = min(classes, count)
        // best[end]: least cost of the first `end` values in the classes so far.
        var best = (0...count).map { $0 == 0 ? 0 : cost(0, $0) }
        var starts: [[Int32]] = []
        for used in 1..<max(classes, 1) {
            var next = Array(repeating: Double.infinity, count: count + 1)
            var start = Array(repeating: Int32(0), count: count + 1)
            fill(used + 1...count, used...count - 1, best, &next, &start)
            best = next
            starts.append(start)
        }
        var breaks: [Double] = []
        var end = count
        for start in starts.reversed() {
            end = Int(start[end])
            breaks.append(values[end].value)
        }
        return breaks.reversed()
    }

    /// The best last class of lists that end in `ends`, which starts somewhere in `choices`.
    private func fill(
        _ ends: ClosedRange<Int>, _ choices: ClosedRange<Int>, _ before: [Double], _ next: inout [Double],
        _ start: inout [Int32]
    ) {
        let end = (ends.lowerBound + ends.upperBound) / 2
        var (least, at) = (Double.infinity, choices.lowerBound)
        for first in choices.lowerBound...min(choices.upperBound, end - 1) {
            let total = before[first] + cost(first, end)
            if total < least { (least, at) = (total, first) }
        }
        next[end] = least
        start[end] = Int32(at)
        if ends.lowerBound < end { fill(ends.lowerBound...end - 1, choices.lowerBound...at, before, &next, &start) }
        if end < ends.upperBound { fill(end + 1...ends.upperBound, at...choices.upperBound, before, &next, &start) }
    }
}
