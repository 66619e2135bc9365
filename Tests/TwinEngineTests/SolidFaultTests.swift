// SPDX-License-Identifier: Apache-2.0
import Foundation
import TestSupport
import Testing
import Tiles

@testable import TwinEngine

@Suite struct SolidFaultTests {
    /// A solid of val3dity's `.poly` files: vertices with numbers, then faces of rings; a line each.
    static func solid(poly path: String) throws -> SolidBlob {
        var lines = try String(contentsOfFile: path, encoding: .utf8).split(whereSeparator: \.isNewline)
            .map { $0.split { $0.isWhitespace }.compactMap { Double($0) } }.filter { !$0.isEmpty }.makeIterator()
        func next() throws -> [Double] {
            let line = lines.next()
            return try #require(line)
        }
        var vertices: [Double: [Double]] = [:]
        for _ in 0..<Int(try next()[0]) {
            let line = try next()
            vertices[line[0]] = Array(line[1...3])
        }
        var solid = SolidBlob()
        for _ in 0..<Int(try next()[0]) {
            let face = try next()
            for _ in 0..<Int(face[0]) {
                let ring = try next()
                solid.ringSizes.append(Int(ring[0]))
                for number in ring.dropFirst().prefix(Int(ring[0])) { solid.coordinates += vertices[number] ?? [] }
            }
            // A point inside each hole follows.
            for _ in 0..<Int(face.count > 1 ? face[1] : 0) { _ = try next() }
            solid.surfaces.append(SolidBlob.Surface(semantic: .unknown, ringCount: Int(face[0])))
        }
        return solid
    }

    /// The file's name says the ISO 19107 error that val3dity names first; 104_4 is a ring that steps up at once.
    @Test(
        .enabled(if: SharedData.isAvailable),
        arguments: [
            ("101", SolidFault.fewPoints), ("102", .fewPoints), ("104", .selfTouching), ("104_1", .selfTouching),
            ("104_2", .selfTouching), ("104_3", .selfTouching), ("104_4", .nonPlanar), ("201", .crossingRings),
            ("201_1", .crossingRings), ("202", .crossingRings), ("203", .nonPlanar), ("203_1", .nonPlanar),
            ("203_2", .nonPlanar), ("204_1", .nonPlanar), ("205", .dividedSurface), ("206", .badHole),
            ("206_1", .badHole), ("207", .badHole), ("207_1", .badHole), ("207_2", .badHole),
            ("208", .badHole),
            ("301", .fewSurfaces), ("301_1", .fewSurfaces), ("302", .open), ("302_1", .open), ("303", .nonManifold),
            ("303_1", .nonManifold), ("303_2", .nonManifold), ("303_cs", .open), ("304_1", .nonManifold),
            ("305", .severalPieces), ("305_1", .severalPieces), ("306", .crossingSurfaces),
            ("306_1", .crossingSurfaces), ("307", .turnedSurface), ("307_1", .turnedSurface), ("405", .insideOut),
        ])
    func whatVal3dityNames(file: String, fault: SolidFault) throws {
        let faults = try SolidExaminer.faults(of: try Self.generic(file))
        #expect(faults.contains(fault), "\(file): \(faults)")
    }

    private static func generic(_ file: String) throws -> SolidBlob {
        try solid(poly: try #require(SharedData.path("nasty/val3dity/test_geometry_generic/\(file).poly")))
    }

    private static func valid(_ file: String) throws -> SolidBlob {
        try solid(poly: try #require(SharedData.path("nasty/val3dity/test_valid/\(file).poly")))
    }

    /// The cube with cavities, whose surfaces face away from what is solid.
    private static func cube(with cavities: [SolidBlob]) throws -> SolidBlob {
        var cube = try valid("basecube")
        for cavity in cavities {
            cube.ringSizes += cavity.ringSizes
            cube.coordinates += cavity.coordinates
            cube.surfaces += cavity.surfaces
        }
        return cube
    }

    /// Cavities that val3dity refuses. 401 and 401_1 pierce the cube by a hundredth of a millimetre, which is below what
    /// is judged, and 401_6 and 404 divide the inside.
    @Test(
        .enabled(if: SharedData.isAvailable),
        arguments: [
            (["inner_shell", "401_2"], SolidFault.nonManifold), (["inner_shell", "401_3"], .nonManifold),
            (["401_4"], .crossingSurfaces), (["inner_shell", "402_in_1"], .duplicateSurface), (["403"], .badCavity),
        ])
    func badCavitiesAreNamed(files: [String], fault: SolidFault) throws {
        let faults = try SolidExaminer.faults(of: try Self.cube(with: try files.map(Self.generic)))
        #expect(faults.contains(fault), "\(files): \(faults)")
    }

    @Test(.enabled(if: SharedData.isAvailable), arguments: ["basecube", "basecube_large_coords", "closed_top"])
    func soundSolidsHaveNoFault(file: String) throws {
        #expect(try SolidExaminer.faults(of: try Self.valid(file)) == [])
    }

    /// Folds of 1° and cavities that touch nothing.
    @Test(.enabled(if: SharedData.isAvailable)) func soundFoldsAndCavitiesHaveNoFault() throws {
        for file in ["204_valid_1", "204_valid_2"] {
            #expect(try SolidExaminer.faults(of: try Self.generic(file)) == [], "\(file)")
        }
        #expect(try SolidExaminer.faults(of: try Self.cube(with: [try Self.valid("inner_shell")])) == [])
    }

    /// Five real buildings of The Hague. Two have vertices 3 and 5 cm beside their surface's plane; val3dity's description
    /// calls a third one invalid without saying why, and nothing is found in it here.
    @Test(.enabled(if: SharedData.isAvailable)) func realBuildingsAreJudged() throws {
        let path = try #require(SharedData.path("nasty/val3dity/test_cjseq/denhaag_random_5.city.jsonl"))
        var reader = try CityJSONReader(path: path)
        var faults: [[SolidFault]] = []
        while let batch = try reader.next() {
            for (field, column) in zip(reader.description.fields, batch.columns) where field.name == "solid" {
                guard case .binary(let values) = column.values else { continue }
                for row in 0..<batch.count where !column.isNull(row) {
                    faults.append(try SolidLevels(decoding: values[row]).faults())
                }
            }
        }
        #expect(faults == [[.nonPlanar], [], [], [], [.nonPlanar]])
    }

    @Test func zeroHeightAndDuplicatesAreNamed() throws {
        var flat = SolidBlob()
        for _ in 0..<2 {
            flat.surfaces.append(SolidBlob.Surface(semantic: .roof, ringCount: 1))
            flat.ringSizes.append(3)
            flat.coordinates += [0, 0, 5, 1, 0, 5, 0, 1, 5]
        }
        let faults = try SolidExaminer.faults(of: flat)
        #expect(faults.contains(.zeroHeight) && faults.contains(.duplicateSurface) && faults.contains(.fewSurfaces))
        // Surfaces that claim no solid are judged each by itself.
        #expect(try SolidLevels([SolidLevels.Level(lod: "2", solid: flat)]).faults() == [])
        #expect(
            try SolidLevels([SolidLevels.Level(lod: "2", solid: flat, isSolid: true)]).faults().contains(.zeroHeight))
    }
}
