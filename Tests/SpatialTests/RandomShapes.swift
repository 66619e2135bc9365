// SPDX-License-Identifier: Apache-2.0
import Foundation
import Spatial
import TestSupport

/// Valid random geometries on the grid, and their double form for GEOS.
enum RandomShapes {
    /// A star-shaped polygon around a centre, with up to two star-shaped holes in disjoint sectors of its inner disc.
    static func polygon(
        _ centreX: Int32, _ centreY: Int32, radius: Double, holes: Int, _ random: inout SeededGenerator
    ) -> FlatGeometry {
        var geometry = FlatGeometry(kind: .polygon)
        appendStar(&geometry, centreX, centreY, radius * 0.5, radius, &random)
        geometry.ringEnds = [UInt32(geometry.vertexCount) | ringStartsPart]
        for hole in 0..<holes {
            // On a circle of 0.2 r, 0.12 r wide: opposite holes cannot meet.
            let shift = Int32(radius * 0.2) * (hole == 0 ? 1 : -1)
            appendStar(&geometry, centreX + shift, centreY, radius * 0.05, radius * 0.12, &random)
            geometry.ringEnds.append(UInt32(geometry.vertexCount))
        }
        return geometry
    }

    private static func appendStar(
        _ geometry: inout FlatGeometry, _ x: Int32, _ y: Int32, _ inner: Double, _ outer: Double,
        _ random: inout SeededGenerator
    ) {
        let corners = Int.random(in: 5...24, using: &random)
        for corner in 0..<corners {
            let angle = 2 * Double.pi * Double(corner) / Double(corners)
            let reach = Double.random(in: inner...outer, using: &random)
            geometry.xy.append(x + Int32(reach * cos(angle)))
            geometry.xy.append(y + Int32(reach * sin(angle)))
        }
    }

    /// A walk on a small lattice, so that points coincide, lines overlap and vertices touch.
    static func line(_ range: ClosedRange<Int32>, _ random: inout SeededGenerator) -> FlatGeometry {
        var geometry = FlatGeometry(kind: .line)
        let count = Int.random(in: 2...6, using: &random)
        for _ in 0..<count {
            geometry.xy.append(.random(in: range, using: &random))
            geometry.xy.append(.random(in: range, using: &random))
        }
        if geometry.box.minX == geometry.box.maxX && geometry.box.minY == geometry.box.maxY { geometry.xy[0] += 1 }
        geometry.ringEnds = [UInt32(count) | ringStartsPart]
        return geometry
    }

    /// A lattice polygon: a rectangle, a triangle or an L, so that degenerate contacts are common.
    static func lattice(_ range: ClosedRange<Int32>, _ random: inout SeededGenerator) -> FlatGeometry {
        let x = Int32.random(in: range, using: &random)
        let y = Int32.random(in: range, using: &random)
        let w = Int32.random(in: 2...5, using: &random)
        let h = Int32.random(in: 2...5, using: &random)
        let shapes: [[Int32]] = [
            [x, y, x + w, y, x + w, y + h, x, y + h],
            [x, y, x + w, y, x, y + h],
            [x, y, x + w, y, x + w, y + 1, x + 1, y + 1, x + 1, y + h, x, y + h],
            [x, y, x + w, y + 1, x + 1, y + h],
        ]
        let xy = shapes.randomElement(using: &random) ?? shapes[0]
        return FlatGeometry(kind: .polygon, xy: xy, ringEnds: [UInt32(xy.count / 2) | ringStartsPart])
    }

    static func points(_ range: ClosedRange<Int32>, _ random: inout SeededGenerator) -> FlatGeometry {
        let count = Int.random(in: 1...3, using: &random)
        let xy = (0..<(2 * count)).map { _ in Int32.random(in: range, using: &random) }
        return FlatGeometry(kind: .point, xy: xy, ringEnds: [UInt32(count) | ringStartsPart])
    }

    static func any(_ range: ClosedRange<Int32>, _ random: inout SeededGenerator) -> FlatGeometry {
        switch Int.random(in: 0..<4, using: &random) {
        case 0: points(range, &random)
        case 1: line(range, &random)
        default: lattice(range, &random)
        }
    }
}

extension FlatGeometry {
    var doubles: FlatCoordinates {
        FlatCoordinates(kind: kind, xy: xy.map(Double.init), ringEnds: ringEnds)
    }
}

extension GridPoint {
    var geometry: FlatCoordinates {
        FlatCoordinates(kind: .point, xy: [Double(x), Double(y)], ringEnds: [1 | ringStartsPart])
    }
}

extension GridBox {
    var geometry: FlatCoordinates {
        let corners = [minX, minY, maxX, minY, maxX, maxY, minX, maxY].map(Double.init)
        return FlatCoordinates(kind: .polygon, xy: corners, ringEnds: [4 | ringStartsPart])
    }
}
