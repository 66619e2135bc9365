// SPDX-License-Identifier: Apache-2.0
import Foundation
import Glibc

/// Reads each snapshot of an open city once, slowly and in the background, and compares the checksums.
///
/// Opening reads no section, so bit rot would go unseen until somebody looks there. This finds it, marks the snapshot,
/// and has the city build a new one. It runs at the lowest priority, through a buffer of one mebibyte, so that neither
/// the processor, the disk nor resident memory is taken from requests; short commands end before it begins.
///
/// Thread use: any; one thread of its own, which ends with the city.
enum SnapshotVerifier {
    /// Starts the thread. It holds the snapshots of the moment, and the city only weakly.
    ///
    /// - Parameters:
    ///   - delay: seconds after the call.
    ///   - rate: bytes a second.
    static func watch(_ city: City, delay: Double = 3, rate: Double = 64 * 1024 * 1024) {
        let target = WeakCity(city)
        let thread = Thread {
            // Idle priority; without the right to it the thread keeps its priority, and the rate still bounds it.
            _ = setpriority(__priority_which_t(PRIO_PROCESS.rawValue), 0, 19)
            Thread.sleep(forTimeInterval: delay)
            for snapshot in target.city?.view().layers.map(\.snapshot) ?? [] {
                verify(snapshot, for: target, rate)
            }
        }
        thread.name = "snapshot-verifier"
        thread.stackSize = 8 << 20
        thread.start()
    }

    private static func verify(_ snapshot: Snapshot, for target: WeakCity, _ rate: Double) {
        guard target.city != nil else { return }
        let damage = snapshot.verify { bytes in
            Thread.sleep(forTimeInterval: Double(bytes) / rate)
            return target.city != nil
        }
        guard damage != nil else { return }
        // The next refresh replaces it too, should this one fail: the mark stays until it is replaced.
        _ = try? target.city?.refresh()  // safe: see above
    }
}

/// @unchecked Sendable because the reference is set once, before the thread starts, and weak references are atomic.
private final class WeakCity: @unchecked Sendable {
    private(set) weak var city: City?
    init(_ city: City) { self.city = city }
}
