// SPDX-License-Identifier: Apache-2.0
import Spatial

/// Polygons of a layer as one thread of an analysis keeps them, up to a number of vertices.
final class OverlayCache {
    /// Vertices kept; some 60 bytes each with their geometry of GEOS and index. A polygon by itself counts as many.
    private static let limit = 400_000
    private static let verticesOfPolygon = 24

    private let view: LayerView
    private var polygons: [Int: OverlayPolygon] = [:]
    private var vertices = 0

    init(_ view: LayerView) { self.view = view }

    func polygon(_ row: Int) -> OverlayPolygon {
        if let known = polygons[row] { return known }
        let made = view.withGeometry(row: row) { OverlayPolygon($0) }
        let weight = made.vertexCount + Self.verticesOfPolygon
        if vertices + weight > Self.limit {
            polygons.removeAll(keepingCapacity: true)
            vertices = 0
        }
        vertices += weight
        polygons[row] = made
        return made
    }
}

/// Compares polygons of the first plan with all of the second that they share area with. One thread.
final class ConflictWorker {
    private let job: ConflictJob
    private let overlay: PolygonOverlay
    private let second: OverlayCache
    private let districts: OverlayCache?
    private var part = ConflictPart()
    /// Polygons of the second plan that may share area with the present one of the first.
    private var partners: [OverlayPolygon] = []
    private var candidates: [Int] = []

    init(_ job: ConflictJob) throws {
        self.job = job
        overlay = try PolygonOverlay()
        second = OverlayCache(job.second.layer.view)
        districts = job.districts.map { OverlayCache($0.layer.view) }
    }

    /// Some rows of the first plan, by their places in its list.
    func work(_ places: Range<Int>) throws -> ConflictPart {
        part = ConflictPart()
        let before = overlay.statistics
        for place in places {
            let row = job.first.rows[place]
            do {
                try compare(row)
            } catch let error as SpatialError {
                throw TwinError(
                    .source,
                    "the polygon \(job.first.layer.view.id(row: row)) of layer \(job.first.layer.id) cannot be compared; "
                        + "mend it in the source: \(error.message)")
            }
        }
        part.statistics = overlay.statistics
        part.statistics.subtract(before)
        return part
    }

    private func compare(_ row: Int) throws {
        guard let firstClass = job.first.classIndex(row) else { return }
        let polygon = job.first.layer.view.withGeometry(row: row) { OverlayPolygon($0) }
        guard !polygon.box.isEmpty else { return }
        part.area += polygon.area
        partners.removeAll(keepingCapacity: true)
        candidates.removeAll(keepingCapacity: true)
        job.second.layer.view.searchRows(polygon.box) { other in
            candidates.append(other)
            return true
        }
        let verdicts = job.verdicts[firstClass]
        for other in candidates {
            guard let secondClass = job.second.classIndex(other), !job.isSelf || isLater(other, row) else { continue }
            let conflicts = verdicts[secondClass]
            guard conflicts || job.reconciles else { continue }
            let partner = second.polygon(other)
            if job.reconciles { partners.append(partner) }
            let pair = ClassPair(first: firstClass, second: secondClass)
            let least = job.tolerance.area * 1e6 * (1 - 1e-6)
            let shared = try overlay.shared(polygon, partner) { parts in
                !conflicts || parts.allSatisfy { $0 <= least }
            }
            switch shared {
            case .sizes(let parts):
                note(parts, pair, conflicts)
            case .area(.none): continue
            case .area(.wholeFirst):
                try add(FlatCoordinates(grid: polygon.geometry), pair, conflicts, (row, polygon), (other, partner))
            case .area(.wholeSecond):
                try add(FlatCoordinates(grid: partner.geometry), pair, conflicts, (row, polygon), (other, partner))
            case .area(.part(let flat)):
                try add(flat, pair, conflicts, (row, polygon), (other, partner))
            }
        }
        guard job.reconciles, !partners.isEmpty else { return }
        let (once, all) = overlay.covered(polygon, by: partners)
        part.covered += once / 1e6
        part.multiple += (all - once) / 1e6
    }

    /// Adds shared parts of which only the sizes are known: they agree, or are all tolerated.
    private func note(_ sizes: [Double], _ pair: ClassPair, _ conflicts: Bool) {
        let area = sizes.reduce(0, +) / 1e6
        if conflicts {
            part.sums[pair, default: ClassPairSum()].toleratedParts += sizes.count
            part.sums[pair, default: ClassPairSum()].tolerated += area
        } else {
            part.sums[pair, default: ClassPairSum()].agreeing += 1
            part.sums[pair, default: ClassPairSum()].agreed += area
        }
    }

    private func add(
        _ shared: FlatCoordinates, _ pair: ClassPair, _ conflicts: Bool, _ first: (row: Int, polygon: OverlayPolygon),
        _ second: (row: Int, polygon: OverlayPolygon)
    ) throws {
        if conflicts { return try split(shared, pair, first, second) }
        note([shared.planarArea], pair, false)
    }

    private func isLater(_ other: Int, _ row: Int) -> Bool {
        job.second.layer.view.id(row: other) > job.first.layer.view.id(row: row)
    }

    /// Splits a shared area into what is tolerated and what conflicts.
    private func split(
        _ shared: FlatCoordinates, _ pair: ClassPair, _ first: (row: Int, polygon: OverlayPolygon),
        _ second: (row: Int, polygon: OverlayPolygon)
    ) throws {
        var sum = part.sums[pair] ?? ClassPairSum()
        defer { part.sums[pair] = sum }
        var kept = FlatCoordinates(kind: .polygon)
        var area = 0.0
        for piece in shared.parts {
            let size = piece.planarArea / 1e6
            let isNarrow =
                try size <= job.tolerance.area
                || job.tolerance.width > 0 && overlay.isNarrow(piece, width: job.tolerance.width * 1000)
            if isNarrow {
                sum.toleratedParts += 1
                sum.tolerated += size
                continue
            }
            area += size
            let base = UInt32(kept.vertexCount)
            kept.xy += piece.xy
            kept.ringEnds += piece.ringEnds.map { $0 + base }
        }
        guard !kept.isEmpty else { return }
        let ellipsoidal = try job.coordinates.ellipsoidalArea(ofMillimetres: kept)
        sum.conflicts += 1
        sum.area += area
        sum.ellipsoidal += ellipsoidal
        part.conflicts.append(
            Conflict(
                firstRow: first.row, secondRow: second.row, firstClass: pair.first, secondClass: pair.second,
                area: area, ellipsoidal: ellipsoidal, firstArea: first.polygon.area, secondArea: second.polygon.area,
                districts: try districtAreas(kept, area), geometry: kept))
    }

    /// How much of a conflict lies in each district.
    private func districtAreas(_ geometry: FlatCoordinates, _ area: Double) throws -> [(district: Int, area: Double)] {
        guard let districts, let plan = job.districts, let box = geometry.gridBox else { return [] }
        var areas: [Int: Double] = [:]
        var rows: [Int] = []
        plan.layer.view.searchRows(box) { row in
            rows.append(row)
            return true
        }
        for row in rows {
            guard let district = plan.classIndex(row) else { continue }
            let polygon = districts.polygon(row)
            switch try polygon.relation(to: box) {
            case .outside: continue
            case .inside: areas[district, default: 0] += area
            case .rim:
                let inside = try overlay.result(.intersection, geometry, polygon).planarArea
                if inside > PolygonOverlay.leastArea { areas[district, default: 0] += inside / 1e6 }
            }
        }
        return areas.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
    }
}
