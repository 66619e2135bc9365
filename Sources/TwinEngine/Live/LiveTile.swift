// SPDX-License-Identifier: Apache-2.0
import Spatial
public import Tiles

/// Vector tiles of the terminals that a snapshot holds.
///
/// Below zoom 17 terminals that are close to each other become one point with `point_count`, in cells of 64 pixels up
/// to zoom 14 and of 16 pixels above (512 pixels to a tile); from zoom 17 on every terminal is there. Nothing is left
/// out: the counts of a zoom's tiles add up to the terminals.
public enum LiveTile {
    /// The name of the one layer.
    public static let layer = "live"
    /// From this zoom on every terminal is a point of its own.
    public static let firstFullZoom = 17

    /// The rules of one zoom.
    public static func rules(zoom: Int) -> TileRules {
        var rules = TileRules()
        rules.points = .cluster
        rules.pointCell = zoom < 15 ? 512 : 128
        rules.pointsBelowZoom = firstFullZoom
        return rules
    }

    /// The id of a terminal's feature: 53 bits, exact in JavaScript, the same in every tile and after a restart.
    ///
    /// FNV-1a (Fowler, Noll, Vo) of the code. Two codes may share an id once in some 10^8 terminals; the attribute `id`
    /// holds the code itself.
    public static func featureID(code: String) -> UInt64 {
        var hash: UInt64 = 0xCBF2_9CE4_8422_2325
        for byte in code.utf8 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3 }
        return (hash >> 53 ^ hash) & (1 << 53 - 1)
    }
}

extension City {
    /// A vector tile (MVT 2.1) of live terminals, not compressed; empty where there is none.
    ///
    /// Attributes: `id` (the permanent code), `name`, `kind`, `t` (milliseconds since 1970), `simulated` where true;
    /// clusters have `point_count` alone. Any thread; nothing waits for writers.
    /// - Complexity: O(log terminals + terminals in the tile).
    public func liveTile(_ id: TileID, _ snapshot: LiveSnapshot) throws -> [UInt8] {
        let area = try tileGrid.box(of: id)
        guard !area.isEmpty else { return [] }
        let slots = snapshot.slots(in: area)
        var (grid, world): ([Int32], [UInt32]) = ([], [])
        grid.reserveCapacity(slots.count * 2)
        for slot in slots {
            let point = snapshot.fix(slot).point
            grid.append(point.x)
            grid.append(point.y)
        }
        coordinates.worldUnits(grid.span, into: &world)
        let units = world.span
        let (ring, none): ([UInt32], [UInt8]) = ([1 | ringStartsPart], [])
        var encoder = LayerTileEncoder()
        encoder.begin(id)
        encoder.beginLayer(LiveTile.layer, kind: .point, rules: LiveTile.rules(zoom: id.z))
        let keys = ["id", "name", "kind", "t", "simulated"].map { encoder.intern(key: $0) }
        for (index, slot) in slots.enumerated() {
            let fix = snapshot.fix(slot)
            let record = snapshot.facts.records[slot]
            let isFeature = try encoder.beginFeature(
                id: LiveTile.featureID(code: record.identity.code), xy: units.extracting(index * 2..<index * 2 + 2),
                ringEnds: ring.span, vertexZooms: none.span)
            guard isFeature else { continue }
            try encoder.add(key: keys[0], .string(record.identity.code))
            if let name = record.identity.name { try encoder.add(key: keys[1], .string(name)) }
            if let kind = record.identity.kind { try encoder.add(key: keys[2], .string(kind)) }
            if let time = fix.reportTime { try encoder.add(key: keys[3], .int(time)) }
            if record.isSimulated { try encoder.add(key: keys[4], .bool(true)) }
            encoder.endFeature()
        }
        _ = try encoder.endLayer()
        return encoder.finish()
    }
}
