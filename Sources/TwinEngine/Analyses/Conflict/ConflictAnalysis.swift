// SPDX-License-Identifier: Apache-2.0
import Spatial

/// Where plans contradict each other (多规合一 差异图斑): the polygons that two layers share and whose classes conflict.
struct ConflictAnalysis: Sendable {
    /// One of the plans.
    struct Plan: Sendable {
        var layer: AnalysisLayer
        var field: String?
        var filter: ColumnFilter?
    }

    /// Below these a part of a shared area is tolerated.
    struct Tolerance: Sendable {
        /// Square metres.
        var area = 1.0
        /// Metres: parts into which no circle of this diameter fits.
        var width = 0.0
    }

    var plans: [Plan]
    var table = ConflictTable()
    var tolerance = Tolerance()
    var districts: Plan?
    var region: PreparedRegion?
    /// Also measures what agrees and what is covered by one plan only, so that the parts sum to the whole.
    var reconciles = true
    var coordinates: CityCoordinates

    /// Compares every pair of plans.
    ///
    /// Thread use: any; works on all cores. Memory: the conflicts, and some megabytes a core.
    func run(_ progress: AnalysisProgress) throws -> ConflictResult {
        let rows = try plans.map { try PlanRows($0.layer, field: $0.field, filter: $0.filter, region: region) }
        let districts = try districts.map {
            try PlanRows($0.layer, field: $0.field, filter: $0.filter, region: nil)
        }
        var result = ConflictResult(districts: districts?.classes ?? [])
        for first in rows.indices {
            for second in rows.indices where second > first {
                result.comparisons.append(
                    try compare(rows[first], rows[second], districts, progress))
            }
        }
        if rows.count == 1 { result.comparisons = [try compare(rows[0], rows[0], districts, progress)] }
        return result
    }

    private func compare(
        _ first: PlanRows, _ second: PlanRows, _ districts: PlanRows?, _ progress: AnalysisProgress
    ) throws -> PlanComparison {
        let verdicts = first.classes.map { a in second.classes.map { b in table.conflict(a, b) } }
        let job = ConflictJob(
            first: first, second: second, districts: districts, verdicts: verdicts, tolerance: tolerance,
            reconciles: reconciles, isSelf: rows(first, areThoseOf: second), coordinates: coordinates)
        let size = 64
        let chunks = (first.rows.count + size - 1) / size
        let parts = try ParallelWork.map(chunks, progress, makeState: { try ConflictWorker(job) }) { worker, index in
            try worker.work(index * size..<min((index + 1) * size, first.rows.count))
        }
        return PlanComparison(
            first: first, second: second, isReconciled: reconciles && !job.isSelf, parts: parts)
    }

    private func rows(_ first: PlanRows, areThoseOf second: PlanRows) -> Bool { first.layer.id == second.layer.id }
}

/// What all workers of one comparison share.
struct ConflictJob: Sendable {
    let first: PlanRows
    let second: PlanRows
    let districts: PlanRows?
    let verdicts: [[Bool]]
    let tolerance: ConflictAnalysis.Tolerance
    let reconciles: Bool
    /// Each pair of one layer once, no polygon with itself.
    let isSelf: Bool
    let coordinates: CityCoordinates
}

/// One shared area that conflicts.
struct Conflict: Sendable {
    var firstRow: Int
    var secondRow: Int
    var firstClass: Int
    var secondClass: Int
    /// Square metres on the map, and on the ellipsoid.
    var area: Double
    var ellipsoidal: Double
    /// Of the two polygons.
    var firstArea: Double
    var secondArea: Double
    /// Square metres by district; what is in none is left out.
    var districts: [(district: Int, area: Double)]
    /// Grid millimetres.
    var geometry: FlatCoordinates
}

/// Sums of a pair of classes. Square metres.
struct ClassPairSum: Sendable {
    var conflicts = 0
    var area = 0.0
    var ellipsoidal = 0.0
    var toleratedParts = 0
    var tolerated = 0.0
    var agreeing = 0
    var agreed = 0.0

    static func += (left: inout ClassPairSum, right: ClassPairSum) {
        left.conflicts += right.conflicts
        left.area += right.area
        left.ellipsoidal += right.ellipsoidal
        left.toleratedParts += right.toleratedParts
        left.tolerated += right.tolerated
        left.agreeing += right.agreeing
        left.agreed += right.agreed
    }
}

struct ClassPair: Hashable, Sendable {
    var first: Int
    var second: Int
}

/// What became of some polygons of the first plan.
struct ConflictPart: Sendable {
    var conflicts: [Conflict] = []
    var sums: [ClassPair: ClassPairSum] = [:]
    /// Area of the polygons of the first plan, of that what the second covers, and what it covers more than once.
    var area = 0.0
    var covered = 0.0
    var multiple = 0.0
    var statistics = PolygonOverlay.Statistics()
}

/// Two plans compared.
struct PlanComparison: Sendable {
    let first: PlanRows
    let second: PlanRows
    /// Whether what agrees and what is covered was measured too.
    let isReconciled: Bool
    var conflicts: [Conflict] = []
    var sums: [ClassPair: ClassPairSum] = [:]
    var area = 0.0
    var covered = 0.0
    var multiple = 0.0
    var statistics = PolygonOverlay.Statistics()

    init(first: PlanRows, second: PlanRows, isReconciled: Bool, parts: [ConflictPart]) {
        self.first = first
        self.second = second
        self.isReconciled = isReconciled
        conflicts.reserveCapacity(parts.reduce(0) { $0 + $1.conflicts.count })
        for part in parts {
            conflicts += part.conflicts
            for (pair, sum) in part.sums { sums[pair, default: ClassPairSum()] += sum }
            area += part.area
            covered += part.covered
            multiple += part.multiple
            statistics += part.statistics
        }
    }

    var total: ClassPairSum { sums.values.reduce(into: ClassPairSum()) { $0 += $1 } }
}

struct ConflictResult: Sendable {
    /// Names of the districts.
    var districts: [String]
    var comparisons: [PlanComparison] = []
}
