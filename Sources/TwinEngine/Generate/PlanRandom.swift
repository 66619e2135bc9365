// SPDX-License-Identifier: Apache-2.0

/// SplitMix64 keyed by place, so that a quarter of the city looks the same in whatever order it is built.
/// Source: Steele, Lea, Flood, "Fast splittable pseudorandom number generators", OOPSLA 2014.
struct PlanRandom {
    private var state: UInt64

    init(_ seed: UInt64, _ keys: Int...) {
        var mixed = Self.mix(seed &+ 0x9E37_79B9_7F4A_7C15)
        for key in keys {
            mixed = Self.mix(mixed ^ Self.mix(UInt64(bitPattern: Int64(key)) &+ 0x9E37_79B9_7F4A_7C15))
        }
        state = mixed
    }

    private static func mix(_ value: UInt64) -> UInt64 {
        var mixed = value
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        return Self.mix(state)
    }

    /// Uniform in [0, 1).
    mutating func unit() -> Double { Double(next() >> 11) * 0x1p-53 }
    mutating func real(_ low: Double, _ high: Double) -> Double { low + (high - low) * unit() }
    mutating func integer(_ range: ClosedRange<Int>) -> Int {
        range.lowerBound + Int(next() % UInt64(range.upperBound - range.lowerBound + 1))
    }
    mutating func chance(_ share: Double) -> Bool { unit() < share }
    mutating func pick<T>(_ list: [T]) -> T { list[Int(next() % UInt64(list.count))] }

    /// One of the keys, in proportion to its weight.
    mutating func weighted<T>(_ list: [(T, Double)]) -> T {
        var rest = unit() * list.reduce(0) { $0 + $1.1 }
        for (value, weight) in list {
            rest -= weight
            if rest < 0 { return value }
        }
        return list[list.count - 1].0
    }
}
