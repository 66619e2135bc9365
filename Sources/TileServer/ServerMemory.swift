// SPDX-License-Identifier: Apache-2.0
import Glibc

/// How the server's memory comes from the system.
enum ServerMemory {
    /// Blocks below this size come from memory that is kept: tiles are up to a megabyte.
    private static let keptBlock: Int32 = 32 << 20
    /// Free memory at the end of an arena beyond this goes back to the system.
    private static let keptFree: Int32 = 64 << 20

    /// Keeps memory for the next tile instead of giving it back after each.
    ///
    /// glibc maps each block of 128 kB and more by itself: all pages of a large tile are then fetched from the kernel
    /// and cleared, and given back when the tile is dropped, which was a quarter of the work of an edit. Call it once,
    /// before the server's threads start.
    ///
    /// Does nothing where the C library is another one: Swift's module of glibc has no `malloc.h`, so the function is
    /// looked up by its name.
    static func keep() {
        typealias Setter = @convention(c) (Int32, Int32) -> Int32
        guard let address = unsafe dlsym(nil, "mallopt") else { return }
        // Safe: glibc's mallopt has this type, and no other library has a function of that name.
        let set = unsafe unsafeBitCast(address, to: Setter.self)
        _ = set(mmapThreshold, keptBlock)
        _ = set(trimThreshold, keptFree)
    }

    /// `M_MMAP_THRESHOLD` and `M_TRIM_THRESHOLD` of glibc's malloc.h.
    private static let mmapThreshold: Int32 = -3
    private static let trimThreshold: Int32 = -1
}
