// SPDX-License-Identifier: Apache-2.0
import Spatial
import TestSupport
import Testing

/// Shared areas of polygons against GEOS alone.
@Suite struct PolygonOverlayTests {
    /// A star-shaped ring around a centre, or a rectangle on a coarse grid so that edges coincide.
    private static func polygon(_ random: inout SeededGenerator) -> FlatGeometry {
        var geometry = FlatGeometry(kind: .polygon)
        if Bool.random(using: &random) {
            let x = Int32.random(in: -4...4, using: &random) * 5000
            let y = Int32.random(in: -4...4, using: &random) * 5000
            let width = Int32.random(in: 1...4, using: &random) * 5000
            let height = Int32.random(in: 1...4, using: &random) * 5000
            geometry.xy = [x, y, x + width, y, x + width, y + height, x, y + height]
            geometry.ringEnds = [4 | ringStartsPart]
            if Bool.random(using: &random), width > 5000, height > 5000 {
                geometry.xy += [x + 1000, y + 1000, x + 1000, y + 4000, x + 4000, y + 4000, x + 4000, y + 1000]
                geometry.ringEnds.append(8)
            }
            return geometry
        }
        let corners = Int.random(in: 3...40, using: &random)
        let centreX = Double.random(in: -20_000...20_000, using: &random)
        let centreY = Double.random(in: -20_000...20_000, using: &random)
        let size = Double.random(in: 500...20_000, using: &random)
        var angle = 0.0
        for corner in 0..<corners {
            angle = (Double(corner) + Double.random(in: 0..<0.9, using: &random)) / Double(corners) * 6.283
            let radius = size * Double.random(in: 0.3...1, using: &random)
            geometry.xy.append(Int32((centreX + radius * cosine(angle)).rounded()))
            geometry.xy.append(Int32((centreY + radius * cosine(angle - 1.570_796)).rounded()))
        }
        geometry.ringEnds = [UInt32(corners) | ringStartsPart]
        return geometry
    }

    /// Cosine by its series, so that the test needs no mathematics library.
    private static func cosine(_ angle: Double) -> Double {
        var x = angle
        while x > 3.141_592_653_589_793 { x -= 6.283_185_307_179_586 }
        var term = 1.0
        var sum = 1.0
        for step in 1...12 {
            term *= -x * x / Double((2 * step - 1) * (2 * step))
            sum += term
        }
        return sum
    }

    private func flat(_ geometry: FlatGeometry) -> FlatCoordinates {
        FlatCoordinates(kind: .polygon, xy: geometry.xy.map(Double.init), ringEnds: geometry.ringEnds)
    }

    @Test func sharedAreasAreThoseOfGEOS() throws {
        var random = SeededGenerator.printed()
        let overlay = try PolygonOverlay()
        var areas = 0
        for _ in 0..<20_000 {
            let first = Self.polygon(&random)
            let second = Self.polygon(&random)
            let isValid = try withGEOS { context throws(SpatialError) in
                let reasons = [try context.validityReason(flat(first)), try context.validityReason(flat(second))]
                return reasons == [nil, nil]
            }
            guard isValid else { continue }
            let truth = try withGEOS { context throws(SpatialError) in
                try context.area(context.overlay(.intersection, flat(first), flat(second), kind: .polygon))
            }
            let area: Double
            let shared = try overlay.shared(OverlayPolygon(first), OverlayPolygon(second))
            switch shared {
            case .none: area = 0
            case .wholeFirst: area = first.view.area * 1e6
            case .wholeSecond: area = second.view.area * 1e6
            case .part(let part):
                area = part.planarArea
                let reason = try withGEOS { context throws(SpatialError) in try context.validityReason(part) }
                #expect(reason == nil)
            }
            // Square millimetres of 10⁹: rounding of crossings, and what counts as none.
            #expect(abs(area - truth) <= max(PolygonOverlay.leastArea, 1e-9 * truth), "\(first) \(second)")
            if area > 0 { areas += 1 }
        }
        #expect(areas > 500)
        let statistics = overlay.statistics
        #expect(statistics.convex > 100 && statistics.overlaid > 100 && statistics.whole > 10)
        #expect(
            statistics.pairs
                == statistics.convex + statistics.whole + statistics.apart + statistics.overlaid)
    }

    @Test func stripsMeasureWhatGEOSBuilds() throws {
        var random = SeededGenerator.printed()
        let overlay = try PolygonOverlay()
        var measured = 0
        var several = 0
        for _ in 0..<20_000 {
            let first = Self.polygon(&random)
            let second = Self.polygon(&random)
            let truth = try withGEOS { context throws(SpatialError) -> [Double]? in
                guard try context.validityReason(flat(first)) == nil, try context.validityReason(flat(second)) == nil
                else { return nil }
                return try context.overlay(.intersection, flat(first), flat(second), kind: .polygon).parts
                    .map(\.planarArea)
            }
            guard let truth else { continue }
            let shared = try overlay.shared(OverlayPolygon(first), OverlayPolygon(second)) { _ in true }
            guard case .sizes(let sizes) = shared else { continue }
            measured += 1
            // Slivers of rounding are parts of one and not of the other.
            let found = sizes.filter { $0 > 0.1 }.sorted()
            let wanted = truth.filter { $0 > 0.1 }.sorted()
            if found.count > 1 { several += 1 }
            #expect(found.count == wanted.count, "\(first) \(second)")
            for (a, b) in zip(found, wanted) { #expect(abs(a - b) <= 1e-3 + 1e-11 * b, "\(first) \(second)") }
        }
        #expect(measured > 2000 && several > 100)
    }

    @Test func coverIsThatOfTheUnion() throws {
        var random = SeededGenerator.printed()
        let overlay = try PolygonOverlay()
        for _ in 0..<1000 {
            let polygons = (0..<Int.random(in: 2...9, using: &random)).map { _ in Self.polygon(&random) }
            let truth = try withGEOS { context throws(SpatialError) -> (once: Double, all: Double)? in
                var shared = FlatCoordinates(kind: .polygon)
                var all = 0.0
                for polygon in polygons where try context.validityReason(flat(polygon)) != nil { return nil }
                for other in polygons.dropFirst() {
                    let part = try context.overlay(.intersection, flat(polygons[0]), flat(other), kind: .polygon)
                    all += part.planarArea
                    let base = UInt32(shared.vertexCount)
                    shared.xy += part.xy
                    shared.ringEnds += part.ringEnds.map { $0 + base }
                }
                guard !shared.isEmpty else { return (0, 0) }
                var union = FlatCoordinates(kind: .polygon)
                try context.geometry(shared).unaryUnion().appendPolygons(to: &union)
                return (union.planarArea, all)
            }
            guard let truth else { continue }
            let covered = overlay.covered(
                OverlayPolygon(polygons[0]), by: polygons.dropFirst().map { OverlayPolygon($0) })
            #expect(abs(covered.once - truth.once) <= 1e-2 + 1e-11 * truth.once, "\(polygons)")
            #expect(abs(covered.all - truth.all) <= 1e-2 + 1e-11 * truth.all, "\(polygons)")
        }
    }

    @Test func neighboursShareNoArea() throws {
        let overlay = try PolygonOverlay()
        func square(_ x: Int32, _ y: Int32, _ size: Int32) -> OverlayPolygon {
            OverlayPolygon(
                FlatGeometry(
                    kind: .polygon, xy: [x, y, x + size, y, x + size, y + size, x, y + size],
                    ringEnds: [4 | ringStartsPart]))
        }
        for (x, y) in [(1000, 0), (0, 1000), (1000, 1000), (-1000, 500), (1001, 3)] as [(Int32, Int32)] {
            guard case .none = try overlay.shared(square(0, 0, 1000), square(x, y, 1000)) else {
                Issue.record("\(x) \(y) share an area")
                continue
            }
        }
        guard case .part(let part) = try overlay.shared(square(0, 0, 1000), square(999, 0, 1000)) else {
            Issue.record("one millimetre of overlap is an area")
            return
        }
        #expect(part.planarArea == 1000)
    }

    @Test func narrownessIsThatOfTheLargestCircle() throws {
        let overlay = try PolygonOverlay()
        func strip(_ width: Double) -> FlatCoordinates {
            FlatCoordinates(
                kind: .polygon, xy: [0, 0, 10_000, 0, 10_000, width, 0, width], ringEnds: [4 | ringStartsPart])
        }
        #expect(try overlay.isNarrow(strip(499), width: 500))
        #expect(try !overlay.isNarrow(strip(501), width: 500))
        // A long strip that widens to a square of 800 mm.
        let club = FlatCoordinates(
            kind: .polygon, xy: [0, 0, 9200, 0, 9200, -400, 10_000, -400, 10_000, 400, 9200, 400, 9200, 100, 0, 100],
            ringEnds: [8 | ringStartsPart])
        #expect(try !overlay.isNarrow(club, width: 700))
        #expect(try overlay.isNarrow(club, width: 900))
    }

    @Test func selfTouchingPolygonsAreRepaired() throws {
        // A bow tie: GEOS refuses it, its valid form has two triangles.
        let bow = FlatGeometry(
            kind: .polygon, xy: [0, 0, 10_000, 10_000, 10_000, 0, 0, 10_000], ringEnds: [4 | ringStartsPart])
        let lower = FlatGeometry(
            kind: .polygon, xy: [-1000, -1000, 20_000, -1000, 20_000, 5000, 5000, 4000, -1000, 5000],
            ringEnds: [5 | ringStartsPart])
        let overlay = try PolygonOverlay()
        let shared = try overlay.shared(OverlayPolygon(bow), OverlayPolygon(lower))
        guard case .part(let part) = shared else {
            Issue.record("no shared area: \(shared)")
            return
        }
        #expect(part.planarArea > 1e6)
    }
}
