// SPDX-License-Identifier: Apache-2.0
internal import Glibc

/// Compass bearings.
enum Bearing {
    /// Whole degrees clockwise from north, 0..<360.
    static func degrees(_ direction: PlanPoint) -> Int {
        let angle = Int((atan2(direction.x, direction.y) * 180 / .pi).rounded())
        return (angle + 360) % 360
    }
}
