// SPDX-License-Identifier: Apache-2.0

/// The plan as an implicit quadtree: one small document, and availability and bounds in binary subtrees.
///
/// A tile's level, x (east) and y (north) are the digits of its path. Every tile has its own tight box and geometric
/// error in its subtree's property table, as the shapes of a tile may reach beyond its square.
/// Source: OGC 3D Tiles 1.1, "Implicit Tiling"; 3D Metadata Semantic Reference, TILE_BOUNDING_BOX.
extension TilesetPlan {
    /// Levels of a subtree: at most 85 tiles and 256 subtrees below.
    public static let subtreeLevels = 4

    /// The number of levels that hold tiles.
    var levelCount: Int { (tiles.map(\.path.utf8.count).max() ?? 1) }

    /// The path of a tile of the quadtree; nil for coordinates outside their level.
    public static func path(level: Int, x: Int, y: Int) -> String? {
        guard (0...maximumDepth + 1).contains(level), x >= 0, y >= 0, x >> level == 0, y >> level == 0 else {
            return nil
        }
        var path = "r"
        for bit in stride(from: level - 1, through: 0, by: -1) {
            path += String(x >> bit & 1 | (y >> bit & 1) << 1)
        }
        return path
    }

    /// The addresses of all subtrees and contents, beside `tileset.json` of the implicit form.
    public var implicitNames: [String] {
        tiles.flatMap { tile -> [String] in
            let digits = tile.path.utf8.dropFirst().map { Int($0) - 0x30 }
            let x = digits.reduce(0) { $0 << 1 | $1 & 1 }
            let y = digits.reduce(0) { $0 << 1 | $1 >> 1 }
            let place = "\(digits.count)/\(x)/\(y)"
            return (digits.count % Self.subtreeLevels == 0 ? ["s/\(place).subtree"] : [])
                + (tile.items.isEmpty ? [] : ["c/\(place).glb"])
        }
    }

    /// `tileset.json` of the implicit form; nil without items. Content is at `c/{level}/{x}/{y}.glb` beside it and
    /// subtrees at `s/{level}/{x}/{y}.subtree`.
    ///
    /// - Parameter transform: 16 numbers, column-major: from the local frame to Earth-centred coordinates, metres.
    public func implicitJSON(root transform: [Double]) -> [UInt8]? {
        guard let root = tiles.first else { return nil }
        var json = JSONText()
        json.object { document in
            document.objectField("asset") { asset in
                asset.field("version", "1.1")
                asset.field("generator", "TwinEngine")
            }
            Self.writeSchema(into: &document)
            document.field("geometricError", max(root.box.diagonal, root.geometricError * 2))
            document.objectField("root") { tile in
                if transform.count == 16 { tile.field("transform", transform) }
                tile.objectField("boundingVolume") { $0.field("box", Self.boxNumbers(Self.declared(root.box))) }
                tile.field("geometricError", root.geometricError)
                tile.field("refine", "ADD")
                tile.objectField("content") { $0.field("uri", "c/{level}/{x}/{y}.glb") }
                tile.objectField("implicitTiling") { tiling in
                    tiling.field("subdivisionScheme", "QUADTREE")
                    tiling.field("subtreeLevels", Self.subtreeLevels)
                    tiling.field("availableLevels", levelCount)
                    tiling.objectField("subtrees") { $0.field("uri", "s/{level}/{x}/{y}.subtree") }
                }
            }
        }
        return json.bytes
    }

    private static func writeSchema(into document: inout JSONText) {
        document.objectField("schema") { schema in
            schema.field("id", "tiles")
            schema.objectField("classes") { classes in
                classes.objectField("tile") { item in
                    item.objectField("properties") { properties in
                        properties.objectField("boundingBox") { property in
                            property.field("type", "SCALAR")
                            property.field("componentType", "FLOAT64")
                            property.field("array", true)
                            property.field("count", 12)
                            property.field("required", true)
                            property.field("semantic", "TILE_BOUNDING_BOX")
                        }
                        properties.objectField("geometricError") { property in
                            property.field("type", "SCALAR")
                            property.field("componentType", "FLOAT64")
                            property.field("required", true)
                            property.field("semantic", "TILE_GEOMETRIC_ERROR")
                        }
                    }
                }
            }
        }
    }

    /// The binary subtree whose root is a tile; nil if no subtree begins there. O(tiles of the subtree).
    public func subtree(level: Int, x: Int, y: Int) -> [UInt8]? {
        guard level % Self.subtreeLevels == 0, let path = Self.path(level: level, x: x, y: y),
            let root = tileOfPath[path]
        else { return nil }
        let levels = Self.subtreeLevels
        var tileBits = [Bool](repeating: false, count: Self.tileCount(levels))
        var contentBits = tileBits
        var childBits = [Bool](repeating: false, count: 1 << (2 * levels))
        var boxes: [Double] = []
        var errors: [Double] = []
        // Children are in the order of their quadrants, so each level is in Morton order.
        var row: [(tile: Int, morton: Int)] = [(root, 0)]
        for level in 0..<levels {
            var below: [(tile: Int, morton: Int)] = []
            for (number, morton) in row {
                let tile = tiles[number]
                let bit = Self.tileCount(level) + morton
                tileBits[bit] = true
                contentBits[bit] = !tile.items.isEmpty
                boxes += Self.boxNumbers(Self.declared(tile.box))
                errors.append(tile.geometricError)
                for child in tile.children {
                    let quadrant = Int(tiles[child].path.utf8.last ?? 0x30) - 0x30
                    below.append((child, morton << 2 | quadrant))
                }
            }
            row = below
        }
        for (_, morton) in row { childBits[morton] = true }
        return Self.subtreeBytes(tileBits, contentBits, childBits, boxes, errors)
    }

    /// How many tiles the first levels of a quadtree have.
    private static func tileCount(_ levels: Int) -> Int { ((1 << (2 * levels)) - 1) / 3 }

    private static func subtreeBytes(
        _ tileBits: [Bool], _ contentBits: [Bool], _ childBits: [Bool], _ boxes: [Double], _ errors: [Double]
    ) -> [UInt8] {
        var buffer = GLBBuffer()
        let tileView = bitstream(tileBits, &buffer)
        let contentView = bitstream(contentBits, &buffer)
        let childView = bitstream(childBits, &buffer)
        let boxView = buffer.addView(boxes, alignment: 8)
        let errorView = buffer.addView(errors, alignment: 8)
        buffer.align(8)
        var json = JSONText()
        json.object { document in
            buffer.write(into: &document)
            document.arrayField("propertyTables") { list in
                list.object { table in
                    table.field("class", "tile")
                    table.field("count", errors.count)
                    table.objectField("properties") { properties in
                        properties.objectField("boundingBox") { $0.field("values", boxView) }
                        properties.objectField("geometricError") { $0.field("values", errorView) }
                    }
                }
            }
            document.field("tileMetadata", 0)
            document.objectField("tileAvailability") { write(tileBits, tileView, into: &$0) }
            document.arrayField("contentAvailability") { $0.object { write(contentBits, contentView, into: &$0) } }
            document.objectField("childSubtreeAvailability") { write(childBits, childView, into: &$0) }
        }
        return assemble(json.bytes, buffer.bytes)
    }

    /// The bits as bytes, the lowest bit first; nil where they are all equal and a constant says it.
    private static func bitstream(_ bits: [Bool], _ buffer: inout GLBBuffer) -> Int? {
        guard bits.contains(true), bits.contains(false) else { return nil }
        var bytes = [UInt8](repeating: 0, count: (bits.count + 7) / 8)
        for (index, bit) in bits.enumerated() where bit { bytes[index >> 3] |= 1 << UInt8(index & 7) }
        return buffer.addView(bytes, alignment: 8)
    }

    private static func write(_ bits: [Bool], _ view: Int?, into item: inout JSONText) {
        if let view { item.field("bitstream", view) } else { item.field("constant", bits.first == true ? 1 : 0) }
        item.field("availableCount", bits.count { $0 })
    }

    private static func assemble(_ document: [UInt8], _ binary: [UInt8]) -> [UInt8] {
        let padding = (8 - document.count % 8) % 8
        var bytes = Array("subt".utf8)
        bytes.reserveCapacity(24 + document.count + padding + binary.count)
        func append(_ value: Int, _ size: Int) {
            for index in 0..<size { bytes.append(UInt8(truncatingIfNeeded: value >> (8 * index))) }
        }
        append(1, 4)
        append(document.count + padding, 8)
        append(binary.count, 8)
        bytes += document
        bytes += [UInt8](repeating: 0x20, count: padding)
        bytes += binary
        return bytes
    }
}
