// SPDX-License-Identifier: Apache-2.0
import Foundation
import TestSupport
import Testing
@testable import Tiles

@Suite struct ImplicitTests {
    /// A subtree read back by plain means.
    private struct Subtree {
        var tiles: [Bool]
        var contents: [Bool]
        var children: [Bool]
        var boxes: [[Double]]
        var errors: [Double]

        init(_ bytes: [UInt8]) throws {
            func number(_ offset: Int, _ size: Int) -> Int {
                (0..<size).reduce(0) { $0 | Int(bytes[offset + $1]) << (8 * $1) }
            }
            try #require(bytes.count >= 24 && Array(bytes[0..<4]) == Array("subt".utf8) && number(4, 4) == 1)
            let (length, size) = (number(8, 8), number(16, 8))
            #expect(length % 8 == 0 && size % 8 == 0 && 24 + length + size == bytes.count)
            let json = try #require(
                JSONSerialization.jsonObject(with: Data(bytes[24..<24 + length])) as? [String: Any])
            let views = try #require(json["bufferViews"] as? [[String: Int]])
            let binary = Array(bytes[(24 + length)...])
            func view(_ index: Int) throws -> [UInt8] {
                let offset = try #require(views[index]["byteOffset"])
                #expect(offset % 8 == 0)
                return Array(binary[offset..<offset + (try #require(views[index]["byteLength"]))])
            }
            func bits(_ item: Any?, _ count: Int) throws -> [Bool] {
                let item = try #require(item as? [String: Int])
                var bits = [Bool](repeating: item["constant"] == 1, count: count)
                if let stream = item["bitstream"] {
                    let bytes = try view(stream)
                    #expect(bytes.count == (count + 7) / 8)
                    for index in 0..<count { bits[index] = bytes[index / 8] >> UInt8(index % 8) & 1 == 1 }
                }
                #expect(item["availableCount"] == bits.count { $0 })
                return bits
            }
            func doubles(_ index: Int) throws -> [Double] {
                let bytes = try view(index)
                return stride(from: 0, to: bytes.count, by: 8).map { start in
                    Double(bitPattern: (0..<8).reduce(UInt64(0)) { $0 | UInt64(bytes[start + $1]) << UInt64(8 * $1) })
                }
            }
            tiles = try bits(json["tileAvailability"], 85)
            contents = try bits((json["contentAvailability"] as? [Any])?.first, 85)
            children = try bits(json["childSubtreeAvailability"], 256)
            let table = try #require((json["propertyTables"] as? [[String: Any]])?.first)
            let properties = try #require(table["properties"] as? [String: [String: Int]])
            let flat = try doubles(try #require(properties["boundingBox"]?["values"]))
            boxes = stride(from: 0, to: flat.count, by: 12).map { Array(flat[$0..<$0 + 12]) }
            errors = try doubles(try #require(properties["geometricError"]?["values"]))
            #expect(table["count"] as? Int == errors.count && boxes.count == errors.count)
            #expect(tiles.count { $0 } == errors.count)
        }
    }

    /// x from the even bits, y from the odd ones.
    private static func coordinates(morton: Int, level: Int) -> (x: Int, y: Int) {
        var (x, y) = (0, 0)
        for bit in 0..<level {
            x |= (morton >> (2 * bit) & 1) << bit
            y |= (morton >> (2 * bit + 1) & 1) << bit
        }
        return (x, y)
    }

    private struct Seen {
        var items: [Int] = []
        var tiles = 0
        var subtrees = 0
    }

    private func walk(
        _ plan: TilesetPlan, _ all: [TileItem], level: Int, x: Int, y: Int, parent: Double, _ seen: inout Seen
    ) throws {
        let subtree = try Subtree(try #require(plan.subtree(level: level, x: x, y: y)))
        seen.subtrees += 1
        var row = 0
        var errors: [Int: Double] = [:]
        for local in 0..<4 {
            for morton in 0..<(1 << (2 * local)) {
                let bit = ((1 << (2 * local)) - 1) / 3 + morton
                guard subtree.tiles[bit] else {
                    #expect(!subtree.contents[bit])
                    continue
                }
                let own = Self.coordinates(morton: morton, level: local)
                let path = try #require(
                    TilesetPlan.path(level: level + local, x: x << local | own.x, y: y << local | own.y))
                let (box, error) = (subtree.boxes[row], subtree.errors[row])
                row += 1
                seen.tiles += 1
                #expect(local == 0 || subtree.tiles[((1 << (2 * max(0, local - 1))) - 1) / 3 + morton >> 2])
                #expect(error <= (local == 0 ? parent : errors[(local - 1) << 20 | morton >> 2] ?? -1))
                errors[local << 20 | morton] = error
                let items = plan.items(content: path) ?? []
                #expect(subtree.contents[bit] == !items.isEmpty)
                seen.items += items
                for item in items {
                    for axis in 0..<3 {
                        #expect(all[item].box.min[axis] >= box[axis] - box[3 + 4 * axis])
                        #expect(all[item].box.max[axis] <= box[axis] + box[3 + 4 * axis])
                    }
                }
            }
        }
        for morton in 0..<256 where subtree.children[morton] {
            let own = Self.coordinates(morton: morton, level: 4)
            try walk(
                plan, all, level: level + 4, x: x << 4 | own.x, y: y << 4 | own.y,
                parent: errors[3 << 20 | morton >> 2] ?? -1, &seen)
        }
    }

    @Test(arguments: [1, 10, 499, 5_000, 30_000], [false, true])
    func everyItemIsOnceInTheSubtreesAndInItsBox(count: Int, clustered: Bool) throws {
        var random = SeededGenerator.printed()
        let items = TilesetTests.items(&random, count: count, clustered: clustered)
        let plan = TilesetPlan(items: items, maxItems: 20, largestPerTile: 8)
        let bytes = try #require(plan.implicitJSON(root: TilesetTests.transform))
        let document = try #require(JSONSerialization.jsonObject(with: Data(bytes)) as? [String: Any])
        let root = try #require(document["root"] as? [String: Any])
        #expect(root["children"] == nil && root["metadata"] == nil && root["transform"] as? [Double] != nil)
        let tiling = try #require(root["implicitTiling"] as? [String: Any])
        #expect(tiling["availableLevels"] as? Int == plan.levelCount)
        var seen = Seen()
        try walk(plan, items, level: 0, x: 0, y: 0, parent: .infinity, &seen)
        #expect(seen.items.sorted() == Array(0..<count))
        #expect(seen.tiles == plan.tiles.count)
        #expect(count < 5000 || seen.subtrees > 1)
    }

    @Test func thereAreNoSubtreesElsewhere() {
        var random = SeededGenerator.printed()
        let plan = TilesetPlan(items: TilesetTests.items(&random, count: 900, clustered: false), maxItems: 20)
        #expect(plan.subtree(level: 1, x: 0, y: 0) == nil)
        #expect(plan.subtree(level: 0, x: 1, y: 0) == nil)
        #expect(plan.subtree(level: -4, x: 0, y: 0) == nil)
        #expect(plan.subtree(level: 4, x: -1, y: 0) == nil)
        #expect(plan.subtree(level: 60, x: 0, y: 0) == nil)
        #expect(TilesetPlan.path(level: 3, x: 5, y: 2) == "r121")
        #expect(TilesetPlan(items: []).implicitJSON(root: TilesetTests.transform) == nil)
    }
}
