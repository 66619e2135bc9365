// SPDX-License-Identifier: Apache-2.0
import Foundation
import TestSupport
import Testing

@testable import TwinEngine

/// The checker against the named good and bad cases of the 3D Tiles validator's own tests.
@Suite(.enabled(if: SharedData.isAvailable)) struct Tiles3DFixtureTests {
    private static func unpacked() throws -> (TemporaryFolder, String) {
        let folder = try TemporaryFolder()
        let archive = try #require(SharedData.path("fixtures/3d-tiles-validator.tar.gz"))
        try ExternalTool("tar").run(["-xzf", archive, "-C", folder.path])
        return (folder, folder.file("3d-tiles-validator"))
    }

    /// Parts of other cases, and one whose files are not in the archive.
    private static func isCase(_ name: String) -> Bool {
        name.hasSuffix(".json") && !name.hasSuffix("Schema.json") && !name.hasPrefix("external")
            && name != "implicitTilingValid.json" && !name.hasPrefix("tilesetWithMultipleExternal")
    }

    @Test func tilesets() async throws {
        let (folder, root) = try Self.unpacked()
        _ = folder
        var (found, missed, passed, blamed) = (0, [String](), 0, [String]())
        for name in try FileManager.default.contentsOfDirectory(atPath: root + "/tilesets").sorted()
        where Self.isCase(name) {
            let isGood = try await Tiles3DChecker.run(root + "/tilesets/" + name).isGood
            switch (name.hasPrefix("valid"), isGood) {
            case (false, false): found += 1
            case (false, true): missed.append(name)
            case (true, true): passed += 1
            case (true, false): blamed.append(name)
            }
        }
        print("bad tilesets found \(found), missed \(missed); good ones passed \(passed), blamed \(blamed)")
        #expect(found >= 98 && missed.count <= 17)
        #expect(passed >= 19 && blamed.count <= 4)
    }

    /// glTF files with feature ids and metadata, each as the content of a tileset.
    @Test func glTFExtensions() async throws {
        let (folder, root) = try Self.unpacked()
        var counts: [String: (found: Int, missed: [String], passed: Int, blamed: [String])] = [:]
        for group in ["meshFeatures", "structuralMetadata"] {
            let place = root + "/gltfExtensions/" + group
            for name in try FileManager.default.contentsOfDirectory(atPath: place).sorted()
            where name.hasSuffix(".gltf") || name.hasSuffix(".glb") {
                let document = """
                    {"asset":{"version":"1.1"},"geometricError":2,"root":{"boundingVolume":{"sphere":[0,0,0,1000000]},
                     "geometricError":1,"refine":"ADD","content":{"uri":"\(name)"}}}
                    """
                try document.write(toFile: place + "/case.json", atomically: true, encoding: .utf8)
                let isGood = try await Tiles3DChecker.run(place + "/case.json").isGood
                var count = counts[group] ?? (0, [], 0, [])
                switch (name.hasPrefix("Valid") || name.hasSuffix("Default.gltf"), isGood) {
                case (false, false): count.found += 1
                case (false, true): count.missed.append(name)
                case (true, true): count.passed += 1
                case (true, false): count.blamed.append(name)
                }
                counts[group] = count
            }
        }
        _ = folder
        print(counts)
        let features = try #require(counts["meshFeatures"])
        let metadata = try #require(counts["structuralMetadata"])
        #expect(features.blamed.isEmpty && metadata.blamed.isEmpty)
        #expect(features.found >= 13 && metadata.found >= 2)
    }
}
