// SPDX-License-Identifier: Apache-2.0
import Foundation
import TestSupport
import Testing
@testable import Tiles

@Suite struct RoofTests {
    /// A rectangle with its corner somewhere, turned by an angle.
    static func rectangle(_ length: Double, _ width: Double, turned degrees: Double) -> [Double] {
        let (c, s) = (cos(degrees * .pi / 180), sin(degrees * .pi / 180))
        let corners: [SIMD2<Double>] = [SIMD2(0, 0), SIMD2(length, 0), SIMD2(length, width), SIMD2(0, width)]
        return corners.flatMap { corner -> [Double] in
            [1000 + corner.x * c - corner.y * s, -500 + corner.x * s + corner.y * c]
        }
    }

    static func build(_ xy: [Double], _ ends: [UInt32], _ roof: Roof, base: Double = 0, top: Double = 12)
        -> (mesh: TriangleMesh, counts: RoofCounts)
    {
        var mesher = BuildingMesher()
        var mesh = TriangleMesh(hasColours: true, hasSurfaces: true)
        mesher.extrude(xy: xy, ringEnds: ends, baseZ: base, topZ: top, feature: 0, roof: roof, into: &mesh)
        return (mesh, mesher.roofs)
    }

    /// The share of area × height below a roof on a 20 × 10 rectangle, by hand.
    static let shares: [(RoofShape, Double)] = [
        (.skillion, 0.5), (.gabled, 0.5), (.saltbox, 0.5),
        // Two triangles of 0.2 and a trapezium of 0.6 across.
        (.gambrel, 0.625),
        // A prism of 10 m below the ridge (1/4), both hips together a pyramid on 10 × 10 m (1/6).
        (.hipped, 5.0 / 12), (.pyramidal, 1.0 / 3),
        // A gable without a tetrahedron at each end: base 5 × 2 / 2 m², 2.5 m long.
        (.halfHipped, 0.5 - 2 * 5 * 2.5 / 3 / 800),
    ]

    @Test(arguments: [0.0, 30, 90, 147])
    func volumesAreThoseOfTheBooks(turned: Double) {
        let xy = Self.rectangle(20, 10, turned: turned)
        for (shape, share) in Self.shares {
            let (mesh, counts) = Self.build(xy, [4], Roof(shape, height: 4))
            let facts = MeshFacts(mesh)
            #expect(facts.openEdges == 0 && facts.flippedTriangles == 0, "\(shape)")
            let expected = 200 * 8 + 200 * 4 * share
            #expect(abs(facts.volume - expected) < 1e-6 * expected, "\(shape): \(facts.volume), not \(expected)")
            #expect(counts.shaped == 1 && counts.fitted == 0, "\(shape)")
        }
    }

    @Test func curvedRoofsAreTheSumOfTheirRings() {
        let xy = Self.rectangle(20, 10, turned: 20)
        var (dome, arch) = (0.0, 0.0)
        for step in 0..<6 {
            let (low, high) = (Double(step) * .pi / 12, Double(step + 1) * .pi / 12)
            let (a, b): (Double, Double) = (cos(low), cos(high))
            let rise: Double = sin(high) - sin(low)
            dome += rise * (a * a + a * b + b * b) / 3
            arch += rise * (a + b) / 2
        }
        for (shape, share) in [(RoofShape.dome, abs(dome)), (.round, abs(arch))] {
            let facts = MeshFacts(Self.build(xy, [4], Roof(shape, height: 4)).mesh)
            #expect(facts.openEdges == 0 && facts.flippedTriangles == 0)
            let expected = 1600 + 800 * share
            #expect(abs(facts.volume - expected) < 1e-6 * expected, "\(shape): \(facts.volume) \(expected)")
        }
    }

    @Test func everyShapeClosesOnEveryFootprint() {
        var random = SeededGenerator.printed()
        for round in 0..<60 {
            let outer = MeshTests.star(&random, center: SIMD2(500, -40), radius: 6...20, count: 5 + round % 12)
            let hole = MeshTests.star(&random, center: SIMD2(500, -40), radius: 1...2, count: 5)
            for shape in RoofShape.allCases {
                for (xy, ends) in [
                    (outer, [UInt32(outer.count / 2)]),
                    (outer + hole, [UInt32(outer.count / 2), UInt32((outer.count + hole.count) / 2)]),
                ] {
                    let lie: Roof.Lie = [.along, .across, .facing(Double(round * 31 % 360))][round % 3]
                    let (mesh, _) = Self.build(xy, ends, Roof(shape, height: 5, lie: lie), base: 3, top: 9)
                    let facts = MeshFacts(mesh)
                    #expect(facts.openEdges == 0, "\(shape) of round \(round)")
                    #expect(facts.flippedTriangles == 0, "\(shape) of round \(round)")
                    let area = abs(MeshTests.area(outer)) - (ends.count > 1 ? abs(MeshTests.area(hole)) : 0)
                    #expect(facts.volume > area * 1 && facts.volume < area * 6 + 1e-6, "\(shape) of round \(round)")
                }
            }
        }
    }

    @Test func aLeanToFallsTheWayItFaces() {
        let xy = Self.rectangle(20, 10, turned: 0)
        let mesh = Self.build(xy, [4], Roof(.skillion, height: 4, lie: .facing(90))).mesh
        for i in stride(from: 0, to: mesh.positions.count, by: 3) where mesh.positions[i + 2] > 1 {
            // East is down: 8 m at the east end, 12 m at the west end.
            #expect(abs(mesh.positions[i + 2] - (mesh.positions[i] > 1010 ? 8 : 12)) < 1e-9)
        }
    }

    @Test func facesSayWhatTheyAre() {
        let mesh = Self.build(Self.rectangle(20, 10, turned: 0), [4], Roof(.hipped, height: 4)).mesh
        #expect(mesh.surfaces.count == mesh.vertexCount)
        #expect(Set(mesh.surfaces) == [.wall, .roof, .ground])
        for (at, kind) in mesh.surfaces.enumerated() {
            let up = mesh.normals[3 * at + 2]
            #expect(kind == .wall ? abs(up) < 1e-6 : kind == .roof ? up > 0.1 : up < -0.9)
        }
    }

    @Test func tagsAreReadAsTheyAreWritten() {
        #expect(RoofShape(tag: "Half_Hipped") == .halfHipped && RoofShape(tag: "half-hipped") == .halfHipped)
        #expect(RoofShape(tag: "cone") == .pyramidal && RoofShape(tag: "lean_to") == .skillion)
        #expect(RoofShape(tag: "many") == nil && RoofShape(tag: "") == nil)
    }
}
