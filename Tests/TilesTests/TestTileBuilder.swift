// SPDX-License-Identifier: Apache-2.0
import Spatial

@testable import Tiles

/// Builds one tile of whatever features a test has, of any kind in a layer, by ``LayerTileEncoder``.
struct TestTileBuilder {
    private var encoder = LayerTileEncoder()
    private let rules: TileRules
    /// What became of the features of the layers that ended.
    private(set) var account = TileAccount()

    init(tile: TileID, rules: TileRules = .lossless) {
        self.rules = rules
        encoder.begin(tile)
    }

    mutating func beginLayer(_ name: String) { encoder.beginLayer(name, kind: .point, rules: rules) }

    mutating func intern(key: String) -> Int { encoder.intern(key: key) }

    mutating func beginFeature(
        id: UInt64, kind: GeometryKind, xy: borrowing Span<UInt32>, ringEnds: borrowing Span<UInt32>
    ) -> Bool {
        let none: [UInt8] = []
        return beginFeature(id: id, kind: kind, xy: xy, ringEnds: ringEnds, vertexZooms: none.span)
    }

    mutating func beginFeature(
        id: UInt64, kind: GeometryKind, xy: borrowing Span<UInt32>, ringEnds: borrowing Span<UInt32>,
        vertexZooms: borrowing Span<UInt8>
    ) -> Bool {
        encoder.begin(id, kind, xy, ringEnds, vertexZooms, 0)
    }

    mutating func add(key: Int, _ value: MVTValue) { encoder.tag(key, value) }

    mutating func add(key: Int, code: Int, text: (Int) -> String) { encoder.tag(key, code, text: text) }

    mutating func endFeature() { encoder.endFeature() }

    mutating func endLayer() { account += encoder.writeLayer() }

    mutating func finish() -> [UInt8] { encoder.finish() }
}
