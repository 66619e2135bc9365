// SPDX-License-Identifier: Apache-2.0
import Spatial

/// Checks polygons for validity (OGC 06-103r4 §6.1.11) and repairs them, calling GEOS only for the doubtful ones.
///
/// Thread use: one thread; it owns a GEOS context.
struct PolygonCheck: ~Copyable {
    enum Outcome {
        case valid
        /// Changed; what was wrong and what the repair cost.
        case repaired(String)
        /// Wrong and not to be repaired, or nothing left after the repair.
        case unusable(String)
    }

    private let geos: GEOSContext

    init() throws(SpatialError) {
        geos = try GEOSContext()
    }

    /// O(vertices) for small simple polygons, GEOS's O(n log n) otherwise.
    borrowing func check(_ geometry: inout FlatCoordinates, repairs: Bool) throws(SpatialError) -> Outcome {
        guard !geometry.isObviouslyValid, let reason = try geos.validityReason(geometry) else { return .valid }
        guard repairs else { return .unusable(reason) }
        let made = try geos.makeValid(geometry)
        guard !made.geometry.isEmpty else { return .unusable("\(reason); nothing of its area is left after a repair") }
        geometry = made.geometry
        let lost = made.droppedArea
        guard lost >= 0.01 else { return .repaired(reason) }
        return .repaired("\(reason); the repair changed its area by \(fixed(lost, 2)) m²")
    }
}
