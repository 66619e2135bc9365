// SPDX-License-Identifier: Apache-2.0
import Foundation
import TestSupport
import Testing
import Tiles

@testable import TwinEngine

@Suite struct SolidFaultTests {
    /// A solid of val3dity's `.poly` files: vertices with numbers, then faces of rings.
    static func solid(poly path: String) throws -> SolidBlob {
        let words = try String(contentsOfFile: path, encoding: .utf8).split { $0.isWhitespace }.map(String.init)
        var at = 0
        func number() throws -> Double {
            defer { at += 1 }
            return try #require(Double(words[at]))
        }
        let count = Int(try number())
        at += 3
        var vertices: [Int: [Double]] = [:]
        var order: [Int] = []
        for _ in 0..<count {
            let name = Int(try number())
            order.append(name)
            vertices[name] = [try number(), try number(), try number()]
        }
        let faces = Int(try number())
        at += 1
        var solid = SolidBlob()
        for _ in 0..<faces {
            let rings = Int(try number())
            let holes = Int(try number())
            for _ in 0..<rings {
                let size = Int(try number())
                solid.ringSizes.append(size)
                for _ in 0..<size { solid.coordinates += vertices[Int(try number())] ?? [] }
            }
            // A point inside each hole follows.
            for _ in 0..<holes { at += 4 }
            solid.surfaces.append(SolidBlob.Surface(semantic: .unknown, ringCount: rings))
        }
        return solid
    }

    /// The file's name says the ISO 19107 error that val3dity names first.
    @Test(
        .enabled(if: SharedData.isAvailable),
        arguments: [
            ("101", SolidFault.fewPoints), ("102", .fewPoints), ("104", .selfTouching), ("203", .nonPlanar),
            ("203_1", .nonPlanar), ("203_2", .nonPlanar), ("206", .badHole), ("208", .badHole), ("301", .fewSurfaces),
            ("302", .open), ("302_1", .open), ("305", .severalPieces),
            ("307", .turnedSurface), ("405", .insideOut),
        ])
    func whatVal3dityNames(file: String, fault: SolidFault) throws {
        let path = try #require(SharedData.path("nasty/val3dity/test_geometry_generic/\(file).poly"))
        let faults = SolidExaminer.faults(of: try Self.solid(poly: path))
        #expect(faults.contains(fault), "\(file): \(faults)")
    }

    @Test(.enabled(if: SharedData.isAvailable), arguments: ["basecube", "basecube_large_coords", "closed_top"])
    func soundSolidsHaveNoFault(file: String) throws {
        let path = try #require(SharedData.path("nasty/val3dity/test_valid/\(file).poly"))
        #expect(SolidExaminer.faults(of: try Self.solid(poly: path)) == [])
    }

    @Test func zeroHeightAndDuplicatesAreNamed() {
        var flat = SolidBlob()
        for _ in 0..<2 {
            flat.surfaces.append(SolidBlob.Surface(semantic: .roof, ringCount: 1))
            flat.ringSizes.append(3)
            flat.coordinates += [0, 0, 5, 1, 0, 5, 0, 1, 5]
        }
        let faults = SolidExaminer.faults(of: flat)
        #expect(faults.contains(.zeroHeight) && faults.contains(.duplicateSurface) && faults.contains(.fewSurfaces))
        // Surfaces that claim no solid are judged each by itself.
        #expect(SolidLevels([SolidLevels.Level(lod: "2", solid: flat)]).faults == [])
        #expect(SolidLevels([SolidLevels.Level(lod: "2", solid: flat, isSolid: true)]).faults.contains(.zeroHeight))
    }
}
