// SPDX-License-Identifier: Apache-2.0
import Spatial
import TestSupport
import Testing
import Tiles

@Suite struct TileRulesTests {
    typealias Part = [(x: Int, y: Int)]
    let tile: TileID
    let east: TileID

    init() throws {
        tile = try TileID(z: 12, x: 3413, y: 1590)
        east = try TileID(z: 12, x: 3414, y: 1590)
    }

    /// A feature in tile units of `tile`.
    struct Input {
        var parts: [Part]
        var name = ""
        var importance = 0.0
    }

    func encode(
        _ features: [Input], _ kind: GeometryKind, _ rules: TileRules, in other: TileID? = nil
    ) throws -> (layers: [DecodedLayer], account: TileAccount) {
        try rules.validate()
        var encoder = LayerTileEncoder()
        encoder.begin(other ?? tile)
        encoder.beginLayer("a", kind: kind, rules: rules)
        let key = encoder.intern(key: "name")
        for (index, feature) in features.enumerated() {
            let xy = feature.parts.joined().flatMap {
                [UInt32(tile.worldMinX + $0.x * 256), UInt32(tile.worldMinY + $0.y * 256)]
            }
            var end = 0
            let ends = feature.parts.map { part in
                end += part.count
                return UInt32(end) | ringStartsPart
            }
            let none: [UInt8] = []
            if try encoder.beginFeature(
                id: UInt64(index), xy: xy.span, ringEnds: ends.span, vertexZooms: none.span,
                importance: feature.importance)
            {
                if !feature.name.isEmpty { try encoder.add(key: key, .string(feature.name)) }
                encoder.endFeature()
            }
        }
        let account = try encoder.endLayer()
        let bytes = encoder.finish()
        #expect(account.bytes == bytes.count)
        #expect(account.offered == features.count)
        let layers = try MVTDecoder.decode(bytes)
        #expect(account.written == (layers.first?.features.count ?? 0))
        return (layers, account)
    }

    func square(_ x: Int, _ y: Int, _ side: Int) -> Part {
        [(x, y), (x + side, y), (x + side, y + side), (x, y + side)]
    }

    @Test func linesJoinWhereTwoOfTheirLikeMeet() throws {
        var rules = TileRules()
        rules.joinsLines = true
        let features = [
            Input(parts: [[(0, 0), (10, 3)]], name: "a"),
            Input(parts: [[(30, 0), (20, 1)]], name: "a"),
            Input(parts: [[(10, 3), (20, 1)]], name: "a"),
            // Another name ends there too, and a place where three meet.
            Input(parts: [[(10, 3), (10, 90)]], name: "b"),
            Input(parts: [[(10, 90), (50, 90)]], name: "b"),
            Input(parts: [[(10, 90), (10, 200)]], name: "b"),
            // A ring of two lines.
            Input(parts: [[(100, 100), (110, 100), (110, 110)]], name: "c"),
            Input(parts: [[(100, 100), (100, 110), (110, 110)]], name: "c"),
        ]
        let (layers, account) = try encode(features, .line, rules)
        let found = layers[0].features
        #expect(account.joined == 3)
        #expect(found.map(\.id) == [0, 3, 4, 5, 6])
        #expect(found[0].xy == [30, 0, 20, 1, 10, 3, 0, 0] || found[0].xy == [0, 0, 10, 3, 20, 1, 30, 0])
        #expect(found[4].xy.count == 10)
        rules.joinsBelowZoom = 12
        #expect(try encode(features, .line, rules).layers[0].features.count == 8)
    }

    @Test func shortLinesGo() throws {
        var rules = TileRules()
        rules.minimumLineLength = 16
        let features = [
            Input(parts: [[(0, 0), (15, 0)]]), Input(parts: [[(0, 0), (16, 0)]]),
            Input(parts: [[(0, 9), (8, 9)], [(20, 9), (29, 9)]]),
            // Long as a whole, short in this tile.
            Input(parts: [[(-200, 50), (-60, 50)]]),
        ]
        let (layers, account) = try encode(features, .line, rules)
        #expect(account.shortLines == 1)
        #expect(layers[0].features.map(\.id) == [1, 2, 3])
        // From the zoom on at which lines stay as they are, short ones stay, too.
        rules.joinsBelowZoom = 0
        #expect(try encode(features, .line, rules).layers[0].features.count == 4)
    }

    /// Two tiles beside each other count each tiny polygon once and draw each square once.
    @Test func squaresBelongToOneTile() throws {
        var random = SeededGenerator.printed()
        var features: [Input] = []
        for _ in 0..<3000 {
            let x = Int.random(in: 3900..<4290, using: &random), y = Int.random(in: 0..<4090, using: &random)
            features.append(Input(parts: [square(x, y, Int.random(in: 1...3, using: &random))]))
        }
        let (west, first) = try encode(features, .polygon, TileRules())
        let (right, second) = try encode(features, .polygon, TileRules(), in: east)
        #expect(first.tiny + second.tiny == 3000)
        #expect(first.outside + second.outside == 3000)
        for (layers, account) in [(west, first), (right, second)] {
            #expect(account.squares == account.written)
            for feature in layers[0].features {
                #expect(feature.area == 16)
                #expect(feature.xy.allSatisfy { (0...4096).contains($0) })
            }
        }
        var area = 0.0
        for feature in features {
            let side = feature.parts[0][1].x - feature.parts[0][0].x
            area += Double(side * side)
        }
        #expect(abs(Double(first.squares + second.squares) * 16 - area) < 32)
        var rules = TileRules()
        rules.tinyPolygons = .drop
        let (_, dropped) = try encode(features, .polygon, rules)
        #expect(dropped.written == 0 && dropped.tiny == first.tiny)
    }

    @Test func clustersCountEveryPointOnce() throws {
        var random = SeededGenerator.printed()
        let features = (0..<2000).map { _ in
            Input(
                parts: [[(Int.random(in: -100..<4300, using: &random), Int.random(in: 0..<4096, using: &random))]],
                name: "x")
        }
        var rules = TileRules()
        rules.points = .cluster
        rules.pointCell = 300  // 256
        var sum = 0, outside = 0
        for tile in [tile, east] {
            let (layers, account) = try encode(features, .point, rules, in: tile)
            for feature in layers[0].features {
                if case .int(let count)? = feature.attributes["point_count"] {
                    #expect(count > 1 && feature.id == nil && feature.attributes.count == 1)
                    sum += Int(count)
                } else {
                    #expect(feature.attributes == ["name": .string("x")] && feature.id != nil)
                    sum += 1
                }
            }
            #expect(layers[0].features.count <= 256)
            let whole = account.clustered + account.written - account.clusters
            #expect(whole + account.outside == 2000)
            outside += account.outside
        }
        #expect(sum == 2000 - features.filter { $0.parts[0][0].x < 0 }.count)
        #expect(outside == 2000 + 2000 - sum)
    }

    @Test func thinningKeepsTheMostImportantOfACell() throws {
        var rules = TileRules()
        rules.points = .thin
        rules.pointCell = 64
        rules.order = .attribute("rank")
        let features = [
            Input(parts: [[(1, 1)]], importance: 1), Input(parts: [[(2, 2)]], importance: 5),
            Input(parts: [[(3, 3)]], importance: 5), Input(parts: [[(64, 3)]], importance: 0),
            Input(parts: [[(-1, 3)]], importance: 9),
        ]
        let (layers, account) = try encode(features, .point, rules)
        #expect(layers[0].features.map(\.id) == [1, 3])
        #expect(account.thinned == 2 && account.outside == 1)
        rules.order = .row
        #expect(try encode(features, .point, rules).layers[0].features.map(\.id) == [0, 3])
        rules.pointsBelowZoom = 12
        #expect(try encode(features, .point, rules).layers[0].features.count == 5)
    }

    @Test func labelsLieInsideAndInOneTile() throws {
        var rules = TileRules()
        rules.labelsPolygons = true
        // A square over the tiles' border, and a letter U whose centroid is outside it.
        let letter: Part = [
            (500, 500), (600, 500), (600, 900), (900, 900), (900, 500), (1000, 500), (1000, 1000), (500, 1000),
        ]
        let features = [
            Input(parts: [square(4000, 100, 150)], name: "border"), Input(parts: [letter], name: "U"),
            Input(parts: [square(10, 10, 20), square(100, 100, 300)], name: "two"),
        ]
        let (layers, account) = try encode(features, .polygon, rules)
        #expect(layers.map(\.name) == ["a", "a_label"])
        #expect(account.labels == 3)
        let labels = layers[1].features
        #expect(labels.map(\.id) == [0, 1, 2])
        #expect(labels.map { $0.attributes["name"] } == [.string("border"), .string("U"), .string("two")])
        #expect(labels[0].xy == [4075, 175])
        #expect(labels[1].xy[1] == 750 && [550, 950].contains(labels[1].xy[0]))
        #expect(labels[2].xy == [250, 250])
        let (right, other) = try encode(features, .polygon, rules, in: east)
        #expect(right.map(\.name) == ["a"] && other.labels == 0)
    }

    @Test func limitsDropTheLeastImportant() throws {
        var rules = TileRules()
        rules.maximumFeatures = 3
        rules.labelsPolygons = true
        let features = (0..<10).map { (index: Int) -> Input in
            Input(parts: [square(index * 300, 0, 20 + index * 7 % 10 * 10)], name: "n\(index)")
        }
        let (layers, account) = try encode(features, .polygon, rules)
        // The largest have (7 i) mod 10 of 9, 8 and 7.
        #expect(layers[0].features.map(\.id) == [1, 4, 7])
        #expect(account.overFeatureLimit == 7)
        // Tables and labels hold what is left only.
        #expect(layers[0].valueCount == 3 && layers[1].valueCount == 3 && account.labels == 3)
        rules.order = .row
        #expect(try encode(features, .polygon, rules).layers[0].features.map(\.id) == [0, 1, 2])

        var small = TileRules()
        small.maximumBytes = 2000
        let many = (0..<400).map { (index: Int) -> Input in
            Input(parts: [square(index % 20 * 200, index / 20 * 200, 5 + index % 100)], name: "name \(index)")
        }
        let (kept, limited) = try encode(many, .polygon, small)
        #expect(limited.bytes <= 2000 && limited.bytes > 1200)
        #expect(limited.overByteLimit == 400 - kept[0].features.count)
        let least = kept[0].features.map { $0.area }.min() ?? 0
        let ids = Set(kept[0].features.compactMap(\.id))
        for id in 0..<400 where !ids.contains(UInt64(id)) {
            let side = Double(5 + id % 100)
            #expect(side * side <= least)
        }
    }

    /// The same features give the same bytes, also from an encoder that made other tiles before.
    @Test func bytesDependOnTheFeaturesOnly() throws {
        var random = SeededGenerator.printed()
        let features = (0..<500).map { index in
            Input(
                parts: [
                    square(
                        Int.random(in: -100..<4200, using: &random), Int.random(in: -100..<4200, using: &random),
                        Int.random(in: 1...90, using: &random))
                ], name: "n\(index % 37)")
        }
        var encoder = LayerTileEncoder()
        var first: [UInt8] = []
        for round in 0..<3 {
            encoder.begin(tile)
            encoder.beginLayer("other", kind: .polygon, rules: .lossless)
            _ = encoder.intern(key: "else")
            _ = try encoder.endLayer()
            encoder.beginLayer("a", kind: .polygon, rules: TileRules())
            let key = encoder.intern(key: "name")
            for (index, feature) in features.enumerated() {
                let xy = feature.parts[0].flatMap {
                    [UInt32(tile.worldMinX + $0.x * 256), UInt32(tile.worldMinY + $0.y * 256)]
                }
                let ends: [UInt32] = [4 | ringStartsPart], none: [UInt8] = []
                guard
                    try encoder.beginFeature(
                        id: UInt64(index), xy: xy.span, ringEnds: ends.span, vertexZooms: none.span)
                else { continue }
                // A text reads the same by code, by bytes and as it is.
                switch round {
                case 0: try encoder.add(key: key, .string(feature.name))
                case 1: try encoder.add(key: key, code: index % 37) { _ in feature.name }
                default: try encoder.add(key: key, code: index % 37, utf8: Array(feature.name.utf8).span)
                }
                encoder.endFeature()
            }
            _ = try encoder.endLayer()
            let bytes = encoder.finish()
            if round == 0 { first = bytes }
            #expect(bytes == first && !bytes.isEmpty)
        }
    }

    @Test func badInputIsRefused() throws {
        var encoder = LayerTileEncoder()
        encoder.begin(tile)
        encoder.beginLayer("a", kind: .polygon, rules: TileRules())
        let key = encoder.intern(key: "remark")
        let empty: [UInt32] = [], none: [UInt8] = [], one: [UInt8] = [0]
        let xy = square(0, 0, 100).flatMap {
            [UInt32(tile.worldMinX + $0.x * 256), UInt32(tile.worldMinY + $0.y * 256)]
        }
        let ends: [UInt32] = [4 | ringStartsPart], short: [UInt32] = [3 | ringStartsPart]
        let isEmpty = try encoder.beginFeature(id: 1, xy: empty.span, ringEnds: empty.span, vertexZooms: none.span)
        #expect(!isEmpty && encoder.account.empty == 1)
        #expect(throws: TileError.self) {
            try encoder.beginFeature(id: 2, xy: xy.span, ringEnds: ends.span, vertexZooms: one.span)
        }
        #expect(throws: TileError.self) {
            try encoder.beginFeature(id: 3, xy: xy.span, ringEnds: short.span, vertexZooms: none.span)
        }
        #expect(throws: TileError.self) {
            try encoder.beginFeature(id: 4, xy: xy.span, ringEnds: empty.span, vertexZooms: none.span)
        }
        let isKept = try encoder.beginFeature(id: 5, xy: xy.span, ringEnds: ends.span, vertexZooms: none.span)
        #expect(isKept)
        let error = #expect(throws: TileError.self) {
            try encoder.add(key: key, .string(String(repeating: "水", count: 400_000)))
        }
        #expect(error?.message.contains("'remark' of feature 5") == true)
        let changes: [(inout TileRules) -> Void] = [
            { $0.zooms = 3...30 }, { $0.buffer = -1 }, { $0.tinyArea = .nan }, { $0.pointCell = 3 },
            { $0.maximumFeatures = 0 }, { $0.maximumBytes = 10 }, { $0.minimumLineLength = -1 },
        ]
        for change in changes {
            var rules = TileRules()
            change(&rules)
            #expect(throws: TileError.self) { try rules.validate() }
        }
    }

    @Test func fieldsAndZooms() throws {
        var rules = TileRules()
        #expect(rules.keepsField("height", zoom: 0))
        rules.fields = [.init(name: "class"), .init(name: "height", fromZoom: 14)]
        #expect(rules.keepsField("class", zoom: 3) && !rules.keepsField("height", zoom: 13))
        #expect(rules.keepsField("height", zoom: 14) && !rules.keepsField("owner", zoom: 16))
        rules.zooms = 13...15
        let (layers, account) = try encode([Input(parts: [square(0, 0, 900)])], .polygon, rules)
        #expect(layers.isEmpty && account.outside == 1)
    }
}
