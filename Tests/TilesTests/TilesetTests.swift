// SPDX-License-Identifier: Apache-2.0
import Foundation
import TestSupport
import Testing
@testable import Tiles

@Suite struct TilesetTests {
    static let transform: [Double] = [1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 6_378_137, 0.25, -1e-9, 1]

    static func items(_ random: inout SeededGenerator, count: Int, clustered: Bool) -> [TileItem] {
        (0..<count).map { _ in
            let spread = clustered && Bool.random(using: &random) ? 5.0 : 8000
            let x = Double.random(in: -spread...spread, using: &random)
            let y = Double.random(in: -spread...spread, using: &random)
            let size = Double.random(in: 2...60, using: &random)
            let height = Double.random(in: 3...120, using: &random)
            return TileItem(box: Box3D(min: SIMD3(x, y, -2), max: SIMD3(x + size, y + size / 2, height)))
        }
    }

    /// All tiles of a document and of those below it, with checks of what each tile promises.
    private func walk(
        _ plan: TilesetPlan, _ subtree: String?, _ visit: (_ path: String, _ box: Box3D, _ error: Double) -> Void
    ) throws {
        let bytes = try #require(plan.json(root: Self.transform, subtree: subtree))
        let document = try #require(JSONSerialization.jsonObject(with: Data(bytes)) as? [String: Any])
        #expect((document["asset"] as? [String: Any])?["version"] as? String == "1.1")
        let root = try #require(document["root"] as? [String: Any])
        #expect((root["transform"] as? [Double]) == (subtree == nil && plan.bounds != nil ? Self.transform : nil))
        #expect(root["refine"] as? String == "ADD")
        let top = try #require(document["geometricError"] as? Double)
        #expect(top >= (try #require(root["geometricError"] as? Double)))
        var count = 0
        try walk(tile: root, in: subtree, plan, outer: nil, error: top, &count, visit)
        #expect(count <= TilesetPlan.maximumTilesPerDocument)
    }

    private func walk(
        tile: [String: Any], in document: String?, _ plan: TilesetPlan, outer: Box3D?, error: Double,
        _ count: inout Int,
        _ visit: (_ path: String, _ box: Box3D, _ error: Double) -> Void
    ) throws {
        count += 1
        let numbers = try #require((tile["boundingVolume"] as? [String: Any])?["box"] as? [Double])
        let center = SIMD3(numbers[0], numbers[1], numbers[2])
        let half = SIMD3(numbers[3], numbers[7], numbers[11])
        let box = Box3D(min: center - half, max: center + half)
        if let outer {
            for axis in 0..<3 {
                #expect(box.min[axis] >= outer.min[axis] - 1e-6 && box.max[axis] <= outer.max[axis] + 1e-6)
            }
        }
        let own = try #require(tile["geometricError"] as? Double)
        #expect(own <= error)
        if let uri = (tile["content"] as? [String: Any])?["uri"] as? String {
            #expect(uri.hasPrefix("t/") == (document == nil))
            let name = uri.split(separator: "/").last.map(String.init) ?? ""
            let path = String(name.split(separator: ".")[0])
            if name.hasSuffix(".json") {
                #expect(tile["children"] == nil)
                try walk(plan, path, visit)
            } else {
                visit(path, box, own)
            }
        }
        for child in tile["children"] as? [[String: Any]] ?? [] {
            try walk(tile: child, in: document, plan, outer: box, error: own, &count, visit)
        }
    }

    @Test(arguments: [0, 1, 10, 499, 5_000, 60_000], [false, true])
    func everyItemIsInExactlyOneTileAndInItsBox(count: Int, clustered: Bool) throws {
        var random = SeededGenerator.printed()
        let items = Self.items(&random, count: count, clustered: clustered)
        let plan = TilesetPlan(items: items, maxItems: 60, largestPerTile: 25)
        var owner = [Int](repeating: 0, count: count)
        var paths: [String] = []
        try walk(plan, nil) { path, box, error in
            paths.append(path)
            let own = plan.items(content: path) ?? []
            #expect(!own.isEmpty && own.count <= 60)
            for item in own {
                owner[item] += 1
                let inside = (0..<3).allSatisfy {
                    items[item].box.min[$0] > box.min[$0] && items[item].box.max[$0] < box.max[$0]
                }
                #expect(inside)
                // The error of every tile above was at least this large, or the item would have come sooner.
                #expect(items[item].weight * plan.errorScale >= error)
            }
        }
        #expect(owner.allSatisfy { $0 == 1 })
        #expect(Set(paths).count == paths.count)
        #expect(Set(paths) == Set(plan.contentPaths))
        #expect(plan.rejected.isEmpty)
        if count == 60_000 { #expect(!plan.subtreePaths.isEmpty) }
    }

    @Test func theSameItemsGiveTheSameDocuments() {
        var random = SeededGenerator.printed()
        let items = Self.items(&random, count: 3000, clustered: true)
        let first = TilesetPlan(items: items, maxItems: 50)
        let second = TilesetPlan(items: items, maxItems: 50)
        #expect(first.json(root: Self.transform) == second.json(root: Self.transform))
        #expect(first.contentPaths == second.contentPaths)
    }

    @Test func itemsInOnePlaceStillDivide() throws {
        let box = Box3D(min: SIMD3(5, 5, 0), max: SIMD3(6, 6, 3))
        let items = [TileItem](repeating: TileItem(box: box), count: 3000)
        let plan = TilesetPlan(items: items, maxItems: 100, largestPerTile: 10)
        var seen = 0
        try walk(plan, nil) { path, _, _ in seen += plan.items(content: path)?.count ?? 0 }
        #expect(seen == 3000)
    }

    @Test func unknownPathsAndBadBoxesAreAnswered() {
        let good = TileItem(box: Box3D(min: .zero, max: SIMD3(1, 1, 1)))
        let bad = TileItem(box: Box3D(min: SIMD3(.nan, 0, 0), max: SIMD3(1, 1, 1)))
        let plan = TilesetPlan(items: [bad, good, TileItem(box: .empty)])
        #expect(plan.rejected == [0, 2])
        #expect(plan.items(content: "r") == [1])
        #expect(plan.items(content: "r0") == nil)
        #expect(plan.items(content: "") == nil)
        #expect(plan.json(root: Self.transform, subtree: "r") == nil)
        #expect(plan.json(root: Self.transform, subtree: "../x") == nil)
    }

    /// From footprints to files: every vertex of every content lies in the box that its tile declares.
    @Test func contentsStayInsideTheirBoxes() throws {
        var random = SeededGenerator.printed()
        let rings = (0..<2000).map { _ in
            MeshTests.star(
                &random,
                center: SIMD2(
                    Double.random(in: -9000...9000, using: &random), Double.random(in: -9000...9000, using: &random)),
                radius: 3...40, count: 6)
        }
        let items = rings.map { ring -> TileItem in
            var box = Box3D.empty
            for i in stride(from: 0, to: ring.count, by: 2) { box.include(SIMD3(ring[i], ring[i + 1], 3.3)) }
            box.max.z = 17.7
            return TileItem(box: box)
        }
        let plan = TilesetPlan(items: items, maxItems: 100, largestPerTile: 30)
        var mesher = BuildingMesher()
        for path in plan.contentPaths {
            var mesh = TriangleMesh()
            for (row, item) in try #require(plan.items(content: path)).enumerated() {
                mesher.extrude(
                    xy: rings[item], ringEnds: [6], baseZ: 3.3, topZ: 17.7, feature: UInt32(row), into: &mesh)
            }
            var builder = GLBBuilder()
            builder.add(mesh)
            let box = try #require(plan.declaredBox(tile: path))
            let points = try GLBParser(try builder.encode()).positions(0)
            let inside = points.allSatisfy { p in
                (0..<3).allSatisfy { p[$0] >= box.min[$0] && p[$0] <= box.max[$0] }
            }
            #expect(inside, "\(path)")
        }
    }
}
