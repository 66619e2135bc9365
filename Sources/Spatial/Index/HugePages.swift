// SPDX-License-Identifier: Apache-2.0
#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

/// Large memory on large pages, where the system offers them to those who ask.
///
/// A tree of a million points is built through 28 MB and then searched at random in 13 MB: with pages of 4 KiB that costs
/// 7,000 faults for the one, and a walk through the page tables for nearly every leaf of the other. Measured side by side
/// at a million points: 5-20 % more searches a second, builds 3-4 % faster on memory that was touched before.
///
/// Tried without gain: points, nodes and order in memory of their own that begins on a cache line and a large page. Rates
/// stayed within the noise, and builds took 13 % longer, since such memory is not used again by the next one.
enum HugePages {
    /// Asks for large pages under memory that was allocated and not touched yet. Only a hint: it never fails, and does
    /// nothing for memory without a whole large page, or on systems without such a hint.
    static func advise<Element: BitwiseCopyable>(_ base: UnsafeMutablePointer<Element>, count: Int) {
        #if os(Linux)
            let size = UInt(2 << 20)
            let start = UInt(bitPattern: base)
            let first = (start + size - 1) & ~(size - 1)
            let last = (start + UInt(count * MemoryLayout<Element>.stride)) & ~(size - 1)
            guard first < last else { return }
            // Safe: whole pages inside memory of the caller's; the hint changes none of its bytes.
            _ = unsafe madvise(UnsafeMutableRawPointer(bitPattern: first), Int(last - first), MADV_HUGEPAGE)
        #endif
    }
}
