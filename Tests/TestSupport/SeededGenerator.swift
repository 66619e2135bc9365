// SPDX-License-Identifier: Apache-2.0
import Foundation

/// SplitMix64: a repeatable generator for randomised tests.
///
/// The seed is printed, and `TWIN_TEST_SEED` sets it, so that a failure can be replayed.
/// Source: Steele, Lea, Flood, "Fast splittable pseudorandom number generators", OOPSLA 2014.
public struct SeededGenerator: RandomNumberGenerator, Sendable {
    private var state: UInt64
    public let seed: UInt64

    public init(seed: UInt64) {
        self.seed = seed
        state = seed
    }

    /// A generator whose seed is printed with the test's name.
    public static func printed(_ test: String = #function, seed: UInt64 = 20_261_121) -> SeededGenerator {
        let chosen = ProcessInfo.processInfo.environment["TWIN_TEST_SEED"].flatMap { UInt64($0) } ?? seed
        print("\(test): TWIN_TEST_SEED=\(chosen)")
        return SeededGenerator(seed: chosen)
    }

    public mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}
