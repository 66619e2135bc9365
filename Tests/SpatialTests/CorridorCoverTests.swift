// SPDX-License-Identifier: Apache-2.0
import Foundation
import Testing
import TestSupport

@testable import Spatial

/// Boxes in a corridor count as inside also where no single segment reaches all of them.
@Suite struct CorridorCoverTests {
    /// A street of short segments, as surveys and OSM have them.
    static func street(_ corners: Int, step: Double, wiggle: Double, _ random: inout SeededGenerator) -> FlatGeometry {
        var line = FlatGeometry(kind: .line)
        for corner in 0..<corners {
            line.xy.append(Int32(Double(corner) * step))
            line.xy.append(Int32(Double.random(in: -wiggle...wiggle, using: &random)))
        }
        line.ringEnds = [UInt32(corners) | ringStartsPart]
        return line
    }

    @Test func boxesOfSeveralSegmentsAreInside() throws {
        var random = SeededGenerator.printed()
        // A metre to a segment, 50 m to each side; boxes of 30 m around the line.
        let region = try PreparedRegion(
            corridor: Self.street(1000, step: 1000, wiggle: 200, &random), millimetres: 50_000)
        var inside = 0
        for _ in 0..<200 {
            let x = Int32.random(in: 50_000...900_000, using: &random)
            let y = Int32.random(in: -30_000...0, using: &random)
            inside += region.classify(GridBox(minX: x, minY: y, maxX: x + 30_000, maxY: y + 30_000)) == .inside ? 1 : 0
        }
        #expect(inside == 200)
        // Long and low: only halving tells.
        #expect(region.classify(GridBox(minX: 100_000, minY: -40_000, maxX: 900_000, maxY: 40_000)) == .inside)
        #expect(region.classify(GridBox(minX: 100_000, minY: -40_000, maxX: 900_000, maxY: 50_500)) == .rim)
        #expect(region.classify(GridBox(minX: 100_000, minY: 51_000, maxX: 900_000, maxY: 60_000)) == .outside)
    }

    /// What is said to be inside or outside is so for every grid point and for points between them.
    @Test func answersAreTrueForAllPointsOfTheBox() throws {
        var random = SeededGenerator.printed()
        var kinds: [BoxClass: Int] = [:]
        for round in 0..<300 {
            let isArea = round % 3 == 0
            let shape =
                isArea
                ? RandomShapes.polygon(0, 0, radius: 60, holes: round % 2, &random)
                : Self.street(Int.random(in: 2...40, using: &random), step: 3, wiggle: 9, &random)
            let reach = Int64.random(in: 1...30, using: &random)
            let region = try PreparedRegion(around: shape, millimetres: reach)
            let limit = Double(reach)
            for _ in 0..<30 {
                let x = Int32.random(in: -80...130, using: &random)
                let y = Int32.random(in: -80...80, using: &random)
                let box = GridBox(
                    minX: x, minY: y, maxX: x + .random(in: 0...40, using: &random),
                    maxY: y + .random(in: 0...20, using: &random))
                let kind = region.classify(box)
                kinds[kind, default: 0] += 1
                if kind == .rim { continue }
                for _ in 0..<40 {
                    let px = Double.random(in: Double(box.minX)...Double(box.maxX), using: &random)
                    let py = Double.random(in: Double(box.minY)...Double(box.maxY), using: &random)
                    let distance = Self.distance(px, py, shape)
                    #expect(
                        kind == .inside ? distance <= limit + 1e-6 : distance > limit - 1e-6,
                        "round \(round): \(box) is \(kind), \(px) \(py) is \(distance) of \(reach) away")
                }
            }
        }
        print("answersAreTrueForAllPointsOfTheBox: \(kinds)")
        #expect(kinds[.inside, default: 0] > 300 && kinds[.outside, default: 0] > 300)
    }

    /// A boundary of a million vertices, of ten million if `TWIN_FUZZ` is set: linear to prepare, quick to ask.
    @Test func hugeBoundariesArePreparedAndAsked() throws {
        let isLong = ProcessInfo.processInfo.environment["TWIN_FUZZ"] != nil
        let count = isLong ? 10_000_000 : 1_000_000
        var polygon = FlatGeometry(kind: .polygon)
        polygon.xy.reserveCapacity(2 * count)
        for index in 0..<count {
            let angle = 2 * Double.pi * Double(index) / Double(count)
            let reach = index % 2 == 0 ? 1e9 : 0.999e9
            polygon.xy.append(Int32(reach * cos(angle)))
            polygon.xy.append(Int32(reach * sin(angle)))
        }
        polygon.ringEnds = [UInt32(count) | ringStartsPart]
        let region = try PreparedRegion(polygon: polygon)
        var random = SeededGenerator.printed()
        for _ in 0..<1000 {
            let angle = Double.random(in: 0...(2 * .pi), using: &random)
            let reach = Double.random(in: 0...1.2e9, using: &random)
            let point = GridPoint(x: Int32(reach * cos(angle)), y: Int32(reach * sin(angle)))
            if reach < 0.998e9 { #expect(region.contains(point)) }
            if reach > 1.001e9 { #expect(!region.contains(point)) }
            let box = GridBox(minX: point.x, minY: point.y, maxX: point.x + 100_000, maxY: point.y + 100_000)
            if reach < 0.99e9 { #expect(region.classify(box) == .inside) }
            if reach > 1.01e9 { #expect(region.classify(box) == .outside) }
        }
    }

    /// From a point that need not lie on the grid; 0 inside a polygon (even-odd).
    private static func distance(_ x: Double, _ y: Double, _ shape: FlatGeometry) -> Double {
        var best = Double.infinity
        var isInside = false
        var first = 0
        for end in shape.ringEnds {
            let last = Int(end & ringEndMask)
            let isRing = shape.kind == .polygon
            for index in (isRing ? first : first + 1)..<last {
                let before = index == first ? last - 1 : index - 1
                let (ax, ay) = (Double(shape.xy[2 * before]), Double(shape.xy[2 * before + 1]))
                let (bx, by) = (Double(shape.xy[2 * index]), Double(shape.xy[2 * index + 1]))
                let length = (bx - ax) * (bx - ax) + (by - ay) * (by - ay)
                let share = length == 0 ? 0 : min(1, max(0, ((x - ax) * (bx - ax) + (y - ay) * (by - ay)) / length))
                best = min(best, hypot(ax + share * (bx - ax) - x, ay + share * (by - ay) - y))
                if isRing, (ay > y) != (by > y), x < ax + (y - ay) / (by - ay) * (bx - ax) { isInside.toggle() }
            }
            first = last
        }
        return isInside ? 0 : best
    }
}
