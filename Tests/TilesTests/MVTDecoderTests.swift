// SPDX-License-Identifier: Apache-2.0
import Spatial
import Testing
import Tiles

/// Each test writes a tile by hand; the message must name the clause that it violates.
@Suite struct MVTDecoderTests {
    static func field(_ number: UInt8, _ bytes: [UInt8]) -> [UInt8] { [number << 3 | 2, UInt8(bytes.count)] + bytes }
    static func number(_ number: UInt8, _ value: UInt8) -> [UInt8] { [number << 3, value] }

    static func feature(type: UInt8, _ geometry: [UInt8], tags: [UInt8] = []) -> [UInt8] {
        field(2, (tags.isEmpty ? [] : field(2, tags)) + number(3, type) + field(4, geometry))
    }

    static func layer(_ body: [UInt8], name: String = "a") -> [UInt8] {
        field(3, number(15, 2) + field(1, Array(name.utf8)) + body)
    }

    func expectMalformed(_ bytes: [UInt8], _ text: String, _ location: SourceLocation = #_sourceLocation) {
        do {
            _ = try MVTDecoder.decode(bytes)
            Issue.record("accepted, but must be refused: \(text)", sourceLocation: location)
        } catch {
            #expect(error.code == .malformed, sourceLocation: location)
            #expect(error.message.contains(text), "\(error.message)", sourceLocation: location)
        }
    }

    /// The examples of clauses 4.3.5.1 to 4.3.5.6.
    @Test(
        arguments: [
            (1, [9, 50, 34], [25, 17], [1]),
            (1, [17, 10, 14, 3, 9], [5, 7, 3, 2], [2]),
            (2, [9, 4, 4, 18, 0, 16, 16, 0], [2, 2, 2, 10, 10, 10], [3]),
            (2, [9, 4, 4, 18, 0, 16, 16, 0, 9, 17, 17, 10, 4, 8], [2, 2, 2, 10, 10, 10, 1, 1, 3, 5], [3, 5]),
            (3, [9, 6, 12, 18, 10, 12, 24, 44, 15], [3, 6, 8, 12, 20, 34], [3]),
        ] as [(UInt8, [UInt8], [Int32], [UInt32])])
    func specificationExamples(type: UInt8, geometry: [UInt8], xy: [Int32], ends: [UInt32]) throws {
        let layers = try MVTDecoder.decode(Self.layer(Self.feature(type: type, geometry)))
        let feature = try #require(layers.first?.features.first)
        #expect(feature.kind?.rawValue == type)
        #expect(feature.xy == xy)
        #expect(feature.ringEnds == ends.map { $0 | ringStartsPart })
    }

    /// The example of clause 4.3.5.6: two parts, the second with a hole.
    @Test func multiPolygonExample() throws {
        let geometry: [UInt8] = [
            9, 0, 0, 26, 20, 0, 0, 20, 19, 0, 15, 9, 22, 2, 26, 18, 0, 0, 18, 17, 0, 15,
            9, 4, 13, 26, 0, 8, 8, 0, 0, 7, 15,
        ]
        let layers = try MVTDecoder.decode(Self.layer(Self.feature(type: 3, geometry)))
        let feature = try #require(layers.first?.features.first)
        #expect(feature.ringEnds == [4 | ringStartsPart, 8 | ringStartsPart, 12])
        #expect(feature.xy.suffix(8) == [13, 13, 13, 17, 17, 17, 17, 13])
    }

    @Test func geometryViolations() {
        let cases: [(UInt8, [UInt8], String)] = [
            (1, [], "4.3.4.2"), (1, [1], "4.3.4.2"), (1, [10, 2, 2], "4.3.4.2"), (1, [9, 2, 2, 9, 2, 2], "4.3.4.2"),
            (1, [17, 2, 2], "4.3.1"), (1, [9, 2], "4.3.1"),
            (2, [9, 2, 2], "4.3.4.3"), (2, [17, 2, 2, 2, 2], "4.3.4.3"), (2, [9, 2, 2, 2], "4.3.4.3"),
            (2, [9, 2, 2, 10, 0, 0], "4.3.3.2"),
            (3, [15], "4.3.4.4"), (3, [9, 0, 0, 10, 2, 2, 15], "4.3.4.4"), (3, [9, 0, 0, 18, 2, 0, 0, 2], "4.3.4.4"),
            (3, [9, 0, 0, 18, 2, 0, 0, 2, 23], "4.3.3.3"), (3, [9, 0, 0, 18, 0, 2, 2, 0, 15], "interior"),
            (3, [9, 0, 0, 26, 2, 0, 0, 2, 1, 1, 15], "repeats its first point"),
        ]
        for (type, geometry, text) in cases { expectMalformed(Self.layer(Self.feature(type: type, geometry)), text) }
    }

    @Test func layerAndFeatureViolations() {
        let point = Self.feature(type: 1, [9, 2, 2])
        let name = Self.field(1, [97])
        expectMalformed(Self.field(3, name + point), "no version (spec 4.1)")
        expectMalformed(Self.field(3, Self.number(15, 3) + name), "version 3")
        expectMalformed(Self.field(3, Self.number(15, 2) + point), "no name (spec 4.1)")
        expectMalformed(Self.layer(point) + Self.layer(point), "two layers")
        expectMalformed(Self.layer(Self.number(5, 0)), "extent of 0")
        expectMalformed(Self.layer(Self.field(2, Self.field(4, [9, 2, 2]))), "no type (spec 4.2)")
        expectMalformed(Self.layer(Self.field(2, Self.number(3, 1))), "no geometry (spec 4.2)")
        expectMalformed(Self.layer(Self.feature(type: 4, [9, 2, 2])), "type 4 (spec 4.3.4)")
        expectMalformed(Self.layer(Self.field(1, [0xFF])), "not UTF-8")
        expectMalformed([3 << 3 | 2], "end inside a varint")
        expectMalformed([3 << 3, 1], "wire type varint, not bytes")
        expectMalformed([3 << 3 | 2, 200, 1], "end inside a field of 200 bytes")
        expectMalformed([3 << 3 | 3, 0], "no protocol buffer field")
    }

    @Test func tagViolations() {
        let table = Self.field(3, [107]) + Self.field(4, Self.number(7, 1))
        func tile(_ tags: [UInt8]) -> [UInt8] { Self.layer(Self.feature(type: 1, [9, 2, 2], tags: tags) + table) }
        expectMalformed(tile([0]), "odd number of tags (spec 4.4)")
        expectMalformed(tile([1, 0]), "key index 1 of 1")
        expectMalformed(tile([0, 1]), "value index 1 of 1")
        expectMalformed(tile([0, 0, 0, 0]), "twice (spec 4.4)")
        expectMalformed(Self.layer(Self.field(4, [])), "no content of a known type (spec 4.1)")
        #expect(throws: Never.self) { try MVTDecoder.decode(tile([0, 0])) }
    }

    /// No prefix and no single changed byte of a tile may trap; most are refused.
    @Test func damagedTilesDoNotTrap() throws {
        var builder = TestTileBuilder(tile: try TileID(z: 0, x: 0, y: 0))
        builder.beginLayer("a")
        let key = builder.intern(key: "k")
        let ends: [UInt32] = [4 | ringStartsPart]
        let xy: [UInt32] = [0, 0, 1 << 30, 0, 1 << 30, 1 << 30, 5 << 27, 5 << 28]
        for (index, kind) in GeometryKind.allCases.enumerated() {
            let kept = builder.beginFeature(id: UInt64(index), kind: kind, xy: xy.span, ringEnds: ends.span)
            #expect(kept)
            builder.add(key: key, .double(Double(index)))
            builder.endFeature()
        }
        builder.endLayer()
        let bytes = builder.finish()
        var refused = 0
        func attempt(_ bytes: [UInt8]) {
            do { _ = try MVTDecoder.decode(bytes) } catch { refused += 1 }
        }
        for count in 1..<bytes.count { attempt(Array(bytes.prefix(count))) }
        #expect(refused == bytes.count - 1)
        for index in bytes.indices {
            for value in UInt8.min...UInt8.max {
                var damaged = bytes
                damaged[index] = value
                attempt(damaged)
            }
        }
    }
}
