// SPDX-License-Identifier: Apache-2.0

/// A building as the survey department records it.
struct PlannedBuilding: Sendable {
    /// Counter-clockwise outline, and a courtyard if there is one (clockwise).
    var rings: [[PlanPoint]]
    var floors: Int
    /// Metres from the ground to the eaves.
    var height: Double
    var year: Int
    var use: LandUse
    var structure: String
    var name: String
    /// Ground height at the outline's first corner, metres.
    var ground: Double = 0
}

/// A lot inside a block, with what stands on it.
struct PlannedParcel: Sendable {
    var ring: [PlanPoint]
    var use: LandUse
    var name: String
    var buildings: [PlannedBuilding]
    /// Running tracks and courts.
    var fields: [[PlanPoint]] = []
    var area: Double
}

/// A block between streets.
struct PlannedBlock: Sendable {
    var ring: [PlanPoint]
    var use: LandUse
    var name: String
    var parcels: [PlannedParcel]
    var area: Double
    var center: PlanPoint
    /// Storey area over land area (容积率).
    var floorAreaRatio: Double {
        let floors = parcels.reduce(0.0) { sum, parcel in
            sum + parcel.buildings.reduce(0) { $0 + abs(ringArea($1.rings[0])) * Double($1.floors) }
        }
        return area > 0 ? floors / area : 0
    }
    /// Covered share of the land (建筑密度), percent.
    var density: Double {
        let covered = parcels.reduce(0.0) { sum, parcel in
            sum + parcel.buildings.reduce(0) { $0 + abs(ringArea($1.rings[0])) }
        }
        return area > 0 ? covered / area * 100 : 0
    }
    var tallest: Double {
        parcels.reduce(0) { max($0, $1.buildings.reduce(0) { max($0, $1.height) }) }
    }
}

/// Twice-signed-halved shoelace area, square metres.
func ringArea(_ ring: [PlanPoint]) -> Double {
    var sum = 0.0
    for index in ring.indices { sum += ring[index].cross(ring[(index + 1) % ring.count]) }
    return sum / 2
}
