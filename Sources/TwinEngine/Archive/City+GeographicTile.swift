// SPDX-License-Identifier: Apache-2.0
import Glibc
import Spatial
public import Tiles

/// The Earth in degrees as a square of 2³² units: x is 0 at 180° W and grows east, y is 0 at 90° N and 2³¹ at 90° S.
///
/// The encoder of Web Mercator tiles works on it as it is: a ``TileID`` of zoom z is then 360° / 2^z wide and high.
enum PlateCarree {
    /// Web Mercator world rows to rows of this square. A function of the row alone, so that equal vertices stay equal.
    static func row(worldY: UInt32) -> UInt32 {
        // The inverse of `WebMercator.world`: latitude is gd(π (1 - 2 y / 2³²)), and y grows from 90° N.
        let mercator = Double.pi * (1 - Double(worldY) * 0x1p-31)
        let latitude = atan(sinh(mercator))
        return UInt32(((0.5 - latitude / .pi) * 0x1p31).rounded())
    }

    /// West, south, east and north of a tile, with a sixteenth of its width around it, in degrees.
    static func bounds(_ tile: TileID) -> LonLatBox {
        let width = 360.0 / Double(1 << tile.z)
        let (west, north) = (-180 + Double(tile.x) * width, 90 - Double(tile.y) * width)
        let margin = width / 16
        return LonLatBox(
            west: max(-180, west - margin), south: max(-89, north - width - margin),
            east: min(180, west + width + margin),
            north: min(89, north + margin))
    }
}

extension City {
    /// A vector tile of a grid in degrees of longitude and latitude, not compressed; empty where nothing is.
    ///
    /// - Parameters:
    ///   - id: the tile of the square of ``PlateCarree``: zoom 1 is 180° wide. Its lower half is empty.
    ///   - maskedFields: names of fields that are left out, by layer id.
    /// - Note: degrees are the city's, of WGS 84 or CGCS2000; nothing is shifted between the two, which lie within
    ///   decimetres of each other.
    /// - Complexity: O(log features + vertices in the tile); a few tens of nanoseconds a vertex for the latitude.
    public func geographicTile(
        _ id: TileID, layers: [LayerView], maskedFields: [String: Set<String>] = [:]
    ) throws -> [UInt8] {
        var builder = MVTTileBuilder(tile: id, options: .standard(zoom: id.z))
        let area = try gridBox(around: PlateCarree.bounds(id))
        var scratch: [UInt32] = []
        for layer in layers where id.z >= layer.definition.zoom.lowerBound {
            layer.encodeGeographic(
                area, masked: maskedFields[layer.definition.id] ?? [], scratch: &scratch, into: &builder)
        }
        return builder.finish()
    }

    /// The grid box that covers a box in degrees; everything where the box holds the city, nothing beyond its reach.
    private func gridBox(around box: LonLatBox) throws -> GridBox {
        let extent = project.extent
        if box.west <= extent.west, box.east >= extent.east, box.south <= extent.south, box.north >= extent.north {
            return GridBox(minX: -.max, minY: -.max, maxX: .max, maxY: .max)
        }
        let reach = coordinates.reach
        let clipped = LonLatBox(
            west: max(box.west, reach.west), south: max(box.south, reach.south), east: min(box.east, reach.east),
            north: min(box.north, reach.north))
        guard clipped.west < clipped.east, clipped.south < clipped.north else { return .empty }
        return try coordinates.gridBox(clipped)
    }
}

extension LayerView {
    fileprivate func encodeGeographic(
        _ area: GridBox, masked: Set<String>, scratch: inout [UInt32], into builder: inout MVTTileBuilder
    ) {
        builder.beginLayer(definition.id)
        let columns = definition.fields.indices.filter { !masked.contains(definition.fields[$0].name) }
        let keys = columns.map { builder.intern(key: definition.fields[$0].name) }
        searchRows(area) { row in
            let isInside = withWorld(row: row) { world, ends in
                scratch.removeAll(keepingCapacity: true)
                for index in 0..<world.count {
                    scratch.append(index & 1 == 0 ? world[index] : PlateCarree.row(worldY: world[index]))
                }
                return builder.beginFeature(
                    id: UInt64(bitPattern: id(row: row)), kind: definition.geometry, xy: scratch.span, ringEnds: ends)
            }
            guard isInside else { return true }
            for (column, key) in zip(columns, keys) {
                switch value(row: row, column: column) {
                case .null, .binary: continue
                case .string(let text): builder.add(key: key, .string(text))
                case .integer(let number): builder.add(key: key, .int(number))
                case .real(let number): builder.add(key: key, .double(number))
                case .boolean(let truth): builder.add(key: key, .bool(truth))
                }
            }
            builder.endFeature()
            return true
        }
        builder.endLayer()
    }
}
