// SPDX-License-Identifier: Apache-2.0
import Testing
@testable import TileServer

@Suite struct StyleClassesTests {
    private static func counted(_ numbers: [Double]) -> StyleClasses {
        var values: [(value: Double, count: Int)] = []
        for number in numbers.sorted() {
            if values.last?.value == number { values[values.count - 1].count += 1 } else { values.append((number, 1)) }
        }
        return StyleClasses(values: values)
    }

    /// The sum of squared distances from the means of the classes that some breaks make.
    private static func cost(_ numbers: [Double], _ breaks: [Double]) -> Double {
        let bounds = [-Double.infinity] + breaks + [.infinity]
        return zip(bounds, bounds.dropFirst()).reduce(0) { sum, bound in
            let part = numbers.filter { $0 >= bound.0 && $0 < bound.1 }
            let mean = part.reduce(0, +) / Double(max(part.count, 1))
            return sum + part.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
        }
    }

    /// The least cost over all ways to choose breaks among the different values.
    private static func least(_ numbers: [Double], _ classes: Int) -> Double {
        let values = Array(Set(numbers)).sorted()
        func search(_ from: Int, _ breaks: [Double]) -> Double {
            if breaks.count == min(classes, values.count) - 1 { return cost(numbers, breaks) }
            return (from..<max(from, values.count)).reduce(Double.infinity) {
                min($0, search($1 + 1, breaks + [values[$1]]))
            }
        }
        return search(1, [])
    }

    @Test(arguments: 0..<60)
    func naturalBreaksAreTheBest(seed: Int) {
        var random = SplitMix(state: UInt64(seed))
        let numbers = (0..<Int.random(in: 1...14, using: &random)).map { _ in
            (Double.random(in: -50...50, using: &random) * 2).rounded() / 2
        }
        for classes in 2...4 {
            let breaks = Self.counted(numbers).breaks(classes, .jenks)
            #expect(breaks.count == min(classes, Set(numbers).count) - 1)
            #expect(breaks == breaks.sorted())
            #expect(abs(Self.cost(numbers, breaks) - Self.least(numbers, classes)) < 1e-6, "seed \(seed)")
        }
    }

    @Test func quantilesHaveEqualCounts() {
        let classes = Self.counted((0..<100).map(Double.init))
        let breaks = classes.breaks(4, .quantile)
        #expect(breaks == [25, 50, 75])
        #expect(classes.counts(breaks) == [25, 25, 25, 25])
    }

    @Test func manyEqualValuesMakeFewerQuantiles() {
        let classes = Self.counted(Array(repeating: 0, count: 90) + (1...10).map(Double.init))
        let breaks = classes.breaks(5, .quantile)
        #expect(breaks == [1])
        #expect(classes.counts(breaks) == [90, 10])
    }

    @Test func equalStepsDivideTheRange() {
        let classes = Self.counted([0, 1, 9, 10])
        #expect(classes.breaks(5, .equal) == [2, 4, 6, 8])
        #expect(classes.counts([2, 4, 6, 8]) == [2, 0, 0, 0, 2])
    }

    @Test(arguments: ClassMethod.allCases)
    func oddValuesAreDivided(method: ClassMethod) {
        #expect(Self.counted([7]).breaks(5, method).isEmpty)
        let wide = Self.counted([-.greatestFiniteMagnitude, 0, .greatestFiniteMagnitude]).breaks(3, method)
        #expect(wide.allSatisfy(\.isFinite) && wide == wide.sorted())
        let many = Self.counted((0..<50_000).map { Double($0 * $0) })
        let breaks = many.breaks(6, method)
        #expect(breaks.count == 5 && many.counts(breaks).reduce(0, +) == 50_000)
    }

    private struct SplitMix: RandomNumberGenerator {
        var state: UInt64

        mutating func next() -> UInt64 {
            state &+= 0x9E37_79B9_7F4A_7C15
            var mixed = (state ^ (state >> 30)) &* 0xBF58_476D_1CE4_E5B9
            mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
            return mixed ^ (mixed >> 31)
        }
    }
}
