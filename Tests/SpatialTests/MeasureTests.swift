// SPDX-License-Identifier: Apache-2.0
import Spatial
import TestSupport
import Testing

/// Own measures against GEOS.
@Suite struct MeasureTests {
    @Test func polygonsWithHolesAgreeWithGEOS() throws {
        var random = SeededGenerator.printed()
        let geos = try GEOSContext()
        for round in 0..<300 {
            let radius = [1_000.0, 5_000, 200_000, 90_000_000][round % 4]
            let shape = RandomShapes.polygon(1_000_000, -2_000_000, radius: radius, holes: round % 3, &random)
            let exact = shape.doubles
            #expect(try geos.validityReason(exact) == nil)
            let area = try geos.area(exact) / 1e6
            #expect(abs(shape.area - area) <= 1e-9 * area + 1e-9)
            let length = try geos.length(exact) / 1000
            #expect(abs(shape.length - length) <= 1e-9 * length)
            let label = try #require(shape.labelPoint)
            #expect(try geos.intersects(label.geometry, exact) == true)
            for _ in 0..<20 {
                let reach = Int32(radius * 1.3)
                let point = GridPoint(
                    x: 1_000_000 + .random(in: -reach...reach, using: &random),
                    y: -2_000_000 + .random(in: -reach...reach, using: &random))
                #expect(try shape.contains(point) == geos.intersects(point.geometry, exact))
                let distance = try geos.distance(point.geometry, exact) / 1000
                #expect(abs(shape.distance(to: point) - distance) < 1e-6)
            }
            // Every vertex and every integer midpoint is on the boundary, which is inside.
            for index in 0..<shape.vertexCount {
                #expect(shape.contains(GridPoint(x: shape.xy[2 * index], y: shape.xy[2 * index + 1])))
            }
        }
    }

    @Test func degenerateContactsAgreeWithGEOS() throws {
        var random = SeededGenerator.printed()
        let geos = try GEOSContext()
        for _ in 0..<6000 {
            let first = RandomShapes.any(0...9, &random)
            let second = RandomShapes.any(0...9, &random)
            let expected = try geos.intersects(first.doubles, second.doubles)
            #expect(first.intersects(second) == expected, "\(first) \(second)")
            #expect(second.intersects(first) == expected, "\(first) \(second)")

            let x = Int32.random(in: 0...9, using: &random)
            let y = Int32.random(in: 0...9, using: &random)
            let window = GridBox(minX: x, minY: y, maxX: x + 1 + x % 3, maxY: y + 1 + y % 4)
            #expect(try first.intersects(window) == geos.intersects(first.doubles, window.geometry))

            let point = GridPoint(x: x, y: y)
            #expect(try first.contains(point) == geos.intersects(point.geometry, first.doubles))
            let distance = try geos.distance(point.geometry, first.doubles) / 1000
            #expect(abs(first.distance(to: point) - distance) < 1e-9)
        }
    }

    @Test func holesAndPartsIntersectAsTheyShould() {
        let ring: [Int32] = [0, 0, 100, 0, 100, 100, 0, 100, 20, 20, 80, 20, 80, 80, 20, 80]
        let frame = FlatGeometry(kind: .polygon, xy: ring, ringEnds: [4 | ringStartsPart, 8])
        #expect(!frame.intersects(GridBox(minX: 30, minY: 30, maxX: 70, maxY: 70)))
        #expect(frame.intersects(GridBox(minX: 30, minY: 30, maxX: 80, maxY: 70)))
        #expect(frame.intersects(GridBox(minX: 5, minY: 5, maxX: 6, maxY: 6)))
        #expect(frame.intersects(GridBox(minX: -5, minY: -5, maxX: 600, maxY: 600)))
        #expect(!frame.contains(GridPoint(x: 50, y: 50)))
        #expect(frame.distance(to: GridPoint(x: 50, y: 50)) == 0.030)
        #expect(frame.area == 0.0064)
        #expect(frame.labelPoint.map { frame.contains($0) } == true)
        // As two parts the inner ring is solid, and overlapping parts do not cancel.
        let solid = FlatGeometry(kind: .polygon, xy: ring, ringEnds: [4 | ringStartsPart, 8 | ringStartsPart])
        #expect(solid.contains(GridPoint(x: 50, y: 50)))
        let inside = FlatGeometry(kind: .line, xy: [40, 40, 60, 60], ringEnds: [2 | ringStartsPart])
        #expect(!frame.intersects(inside))
        #expect(solid.intersects(inside))
    }

    @Test func orientationIsExactAtTheEdgesOfTheGrid() {
        let low = GridPoint(x: .min, y: .min)
        let high = GridPoint(x: .max, y: .max)
        #expect(ExactPredicates.orientation(low, high, GridPoint(x: 0, y: 0)) == 0)
        #expect(ExactPredicates.orientation(low, high, GridPoint(x: 0, y: 1)) == 1)
        #expect(ExactPredicates.orientation(low, high, GridPoint(x: 1, y: 0)) == -1)
        #expect(ExactPredicates.orientation(high, low, GridPoint(x: 1, y: 0)) == 1)
        #expect(
            ExactPredicates.orientation(
                GridPoint(x: .max, y: .min), GridPoint(x: .min, y: .max), GridPoint(x: .max, y: .max)) == -1)
    }

    @Test func emptyGeometriesMeetNothing() {
        for kind in GeometryKind.allCases {
            let empty = FlatGeometry(kind: kind)
            #expect(!empty.intersects(GridBox(minX: .min, minY: .min, maxX: .max, maxY: .max)))
            #expect(empty.distance(to: GridPoint(x: 0, y: 0)) == .infinity)
            #expect(empty.labelPoint == nil && empty.area == 0 && empty.length == 0)
        }
    }

    @Test func crossedRingsAreMeasuredWithoutATrap() {
        // Bow ties whose halves nearly cancel: the centroid lies far beyond the grid, the label does not.
        var random = SeededGenerator.printed()
        for _ in 0..<2000 {
            let reach = Int32.max - 10
            let slip = Int32.random(in: -3...3, using: &random)
            let xy: [Int32] = [-reach, -reach, reach, reach + slip, reach, -reach, -reach, reach - slip]
            let bowTie = FlatGeometry(kind: .polygon, xy: xy, ringEnds: [4 | ringStartsPart])
            let label = bowTie.labelPoint
            #expect(label.map { bowTie.contains($0) } == true)
            #expect(bowTie.area.isFinite && bowTie.length.isFinite)
        }
        let same = FlatGeometry(kind: .polygon, xy: [7, 7, 7, 7, 7, 7], ringEnds: [3 | ringStartsPart])
        #expect(same.area == 0 && same.labelPoint == GridPoint(x: 7, y: 7) && same.contains(GridPoint(x: 7, y: 7)))
    }
}
