// SPDX-License-Identifier: Apache-2.0
import Spatial
import TestSupport
import Testing

@Suite struct WKBTests {
    static let samples: [FlatCoordinates] = [
        FlatCoordinates(kind: .point, xy: [1, 2], ringEnds: [1 | ringStartsPart]),
        FlatCoordinates(kind: .point, xy: [1, 2, 3, 4], z: [5, 6], ringEnds: [2 | ringStartsPart]),
        FlatCoordinates(kind: .line, xy: [0, 0, 1, 1, 2, 0], ringEnds: [3 | ringStartsPart]),
        FlatCoordinates(
            kind: .line, xy: [0, 0, 1, 1, 5, 5, 6, 6], z: [1, 2, 3, 4],
            ringEnds: [2 | ringStartsPart, 4 | ringStartsPart]),
        FlatCoordinates(
            kind: .polygon, xy: [0, 0, 9, 0, 9, 9, 0, 9, 2, 2, 3, 2, 3, 3], ringEnds: [4 | ringStartsPart, 7]),
        FlatCoordinates(
            kind: .polygon, xy: [0, 0, 9, 0, 9, 9, 20, 20, 30, 20, 30, 30],
            ringEnds: [3 | ringStartsPart, 6 | ringStartsPart]),
    ]

    @Test(arguments: samples) func roundTrip(_ sample: FlatCoordinates) throws {
        #expect(try WKBReader().decode(WKBWriter().encode(sample)) == sample)
        #expect(try WKBReader().decode(WKBWriter(form: .multi).encode(sample)) == sample)
    }

    @Test(arguments: samples) func truncationIsAnErrorAtEveryByte(_ sample: FlatCoordinates) throws {
        let bytes = try WKBWriter().encode(sample)
        for length in 0..<bytes.count {
            #expect(throws: SpatialError.self) { try WKBReader(rings: .repair).decode(Array(bytes[..<length])) }
        }
        #expect(throws: SpatialError.self) { try WKBReader().decode(bytes + [0]) }
    }

    @Test func damagedBytesNeverCrash() throws {
        var random = SeededGenerator.printed()
        var geometry = FlatCoordinates()
        var decoded = 0
        for _ in 0..<20_000 {
            var bytes = try WKBWriter().encode(Self.samples.randomElement(using: &random)!)
            for _ in 0..<Int.random(in: 1...4, using: &random) {
                bytes[Int.random(in: 0..<bytes.count, using: &random)] = UInt8.random(in: 0...255, using: &random)
            }
            do {
                try WKBReader(rings: Bool.random(using: &random) ? .repair : .strict).decode(bytes, into: &geometry)
                decoded += 1
                #expect(!geometry.xy.contains { !$0.isFinite })
                #expect(geometry.isEmpty || Int(geometry.ringEnds.last! & ringEndMask) == geometry.vertexCount)
            } catch {
                #expect(!error.message.isEmpty)
            }
        }
        for _ in 0..<20_000 {
            let count = Int.random(in: 0...80, using: &random)
            let bytes = (0..<count).map { _ in UInt8.random(in: 0...20, using: &random) }
            do { try WKBReader(rings: .repair).decode(bytes, into: &geometry) } catch {
                #expect(!error.message.isEmpty)
            }
        }
        #expect(decoded > 0)
    }

    /// Writes numbers in the byte order and dimension under test.
    struct Builder {
        var bytes: [UInt8] = []
        var isLittle = true
        mutating func byte(_ value: UInt8) { bytes.append(value) }
        mutating func word(_ value: UInt32) {
            let parts = (0..<4).map { UInt8(truncatingIfNeeded: value >> (8 * UInt32($0))) }
            bytes += isLittle ? parts : parts.reversed()
        }
        mutating func number(_ value: Double) {
            let parts = (0..<8).map { UInt8(truncatingIfNeeded: value.bitPattern >> (8 * UInt64($0))) }
            bytes += isLittle ? parts : parts.reversed()
        }
        mutating func header(_ type: UInt32) {
            byte(isLittle ? 1 : 0)
            word(type)
        }
    }

    @Test(
        arguments: [
            (1002, 3), (2002, 3), (3002, 4), (0x8000_0002, 3), (0x4000_0002, 3), (0xC000_0002, 4), (0xE000_0002, 4),
        ] as [(UInt32, Int)], [true, false])
    func dimensionsAndByteOrders(_ code: (type: UInt32, dimensions: Int), _ isLittle: Bool) throws {
        var builder = Builder(isLittle: isLittle)
        builder.header(code.type)
        if code.type & 0x2000_0000 != 0 { builder.word(4549) }
        builder.word(2)
        for vertex in 0..<2 {
            for axis in 0..<code.dimensions { builder.number(Double(10 * vertex + axis)) }
        }
        let geometry = try WKBReader().decode(builder.bytes)
        #expect(geometry.xy == [0, 1, 10, 11])
        let hasZ = code.type & 0x8000_0000 != 0 || (code.type / 1000) % 2 == 1 && code.type < 4000
        #expect(geometry.z == (hasZ ? [2, 12] : []))
    }

    private func polygon(_ rings: [[Double]], type: UInt32 = 3) -> [UInt8] {
        var builder = Builder()
        builder.header(type)
        builder.word(UInt32(rings.count))
        for ring in rings {
            builder.word(UInt32(ring.count / 2))
            for value in ring { builder.number(value) }
        }
        return builder.bytes
    }

    @Test func openRingsAreReportedOrClosed() throws {
        let open = polygon([[0, 0, 9, 0, 9, 9, 0, 9]])
        let error = #expect(throws: SpatialError.self) { try WKBReader().decode(open) }
        #expect(error?.code == .invalidGeometry)
        #expect(error?.message.contains("not closed") == true)
        var geometry = FlatCoordinates()
        #expect(try WKBReader(rings: .repair).decode(open, into: &geometry) == 1)
        #expect(geometry.vertexCount == 4)
    }

    @Test func degenerateRingsAreReportedOrDropped() throws {
        let spike: [Double] = [2, 2, 3, 3, 2, 2]
        let bytes = polygon([[0, 0, 9, 0, 9, 9, 0, 0], spike])
        #expect(throws: SpatialError.self) { try WKBReader().decode(bytes) }
        var geometry = FlatCoordinates()
        #expect(try WKBReader(rings: .repair).decode(bytes, into: &geometry) == 1)
        #expect(geometry.ringEnds == [3 | ringStartsPart])
        let error = #expect(throws: SpatialError.self) { try WKBReader(rings: .repair).decode(polygon([spike])) }
        #expect(error?.code == .invalidGeometry)
    }

    @Test func numbersMustBeFinite() {
        for bad in [Double.nan, .infinity, -.infinity] {
            let error = #expect(throws: SpatialError.self) {
                try WKBReader(rings: .repair).decode(polygon([[0, 0, 9, 0, 9, bad, 0, 0]]))
            }
            #expect(error?.code == .invalidGeometry)
        }
    }

    @Test func hugeCountsReserveNothing() {
        var builder = Builder()
        builder.header(2)
        builder.word(.max)
        builder.number(1)
        let error = #expect(throws: SpatialError.self) { try WKBReader().decode(builder.bytes) }
        #expect(error?.code == .malformedGeometry)
    }

    @Test func curvesAndMixedCollectionsAreNamed() throws {
        var builder = Builder()
        builder.header(10)
        builder.word(0)
        let curve = #expect(throws: SpatialError.self) { try WKBReader().decode(builder.bytes) }
        #expect(curve?.message.contains("CurvePolygon") == true)

        let point = try WKBWriter().encode(Self.samples[0])
        let line = try WKBWriter().encode(Self.samples[2])
        var mixed = Builder()
        mixed.header(7)
        mixed.word(2)
        let error = #expect(throws: SpatialError.self) { try WKBReader().decode(mixed.bytes + point + line) }
        #expect(error?.message.contains("mixes") == true)
        let lines = try WKBReader().decode(mixed.bytes + line + line)
        #expect(lines.kind == .line && lines.partCount == 2)
    }

    @Test func surfacesBecomePolygonParts() throws {
        for (outer, inner) in [(15, 3), (16, 17)] as [(UInt32, UInt32)] {
            var builder = Builder()
            builder.header(outer)
            builder.word(2)
            let face = polygon([[0, 0, 9, 0, 9, 9, 0, 0]], type: inner)
            let geometry = try WKBReader().decode(builder.bytes + face + face)
            #expect(geometry.kind == .polygon && geometry.partCount == 2)
        }
    }

    @Test func emptyGeometriesAreEmpty() throws {
        for kind in GeometryKind.allCases {
            let empty = FlatCoordinates(kind: kind)
            #expect(try WKBReader().decode(WKBWriter().encode(empty)) == empty)
            #expect(try WKBReader().decode(WKBWriter(form: .multi).encode(empty)) == empty)
        }
    }
}
