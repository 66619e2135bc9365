// SPDX-License-Identifier: Apache-2.0

extension TilesetPlan {
    /// A document of the tileset as UTF-8.
    ///
    /// - Parameters:
    ///   - transform: 16 numbers, column-major: from the local frame to Earth-centred coordinates, metres. Only the
    ///     main document holds it; documents below inherit it.
    ///   - subtree: The path of a document below the main one, as in `t/{path}.json`; nil for `tileset.json`.
    /// - Returns: Nil if there is no such document.
    public func json(root transform: [Double], subtree: String? = nil) -> [UInt8]? {
        var root = 0
        if let subtree {
            guard let number = tileOfPath[subtree], number != 0, documents.contains(number) else { return nil }
            root = number
        }
        var json = JSONText()
        json.object { document in
            document.objectField("asset") { asset in
                asset.field("version", "1.1")
                asset.field("generator", "TwinEngine")
            }
            guard tiles.indices.contains(root) else {
                Self.writeEmpty(into: &document)
                return
            }
            document.field("geometricError", documentError(root))
            document.key("root")
            let matrix = root == 0 && transform.count == 16 ? transform : nil
            write(root, transform: matrix, in: root, into: &document)
        }
        return json.bytes
    }

    /// The box that the root declares and the error of showing nothing; nil without items.
    public var head: (box: Box3D, error: Double)? {
        tiles.first.map { (Self.declared($0.box), documentError(0)) }
    }

    /// The error of showing nothing of a document: more than any tile's in it, and enough to load it at city scale.
    private func documentError(_ root: Int) -> Double {
        max(tiles[root].box.diagonal, tiles[root].geometricError * 2, tiles[root].levelErrors.first ?? 0)
    }

    private func write(_ number: Int, transform: [Double]?, in document: Int, into json: inout JSONText) {
        let tile = tiles[number]
        let isReference = number != document && documents.contains(number)
        let prefix = document == 0 ? "t/" : ""
        json.object { item in
            if let transform { item.field("transform", transform) }
            item.objectField("boundingVolume") { volume in
                volume.field("box", Self.boxNumbers(Self.declared(tile.box)))
            }
            item.field("geometricError", rootError(number))
            item.field("refine", "ADD")
            if isReference {
                item.objectField("content") { $0.field("uri", "\(prefix)\(tile.path).json") }
            } else if !tile.levelErrors.isEmpty {
                item.arrayField("children") { writeChain(number, in: document, into: &$0) }
            } else {
                if !tile.items.isEmpty {
                    item.objectField("content") { $0.field("uri", "\(prefix)\(tile.path).glb") }
                }
                writeChildren(number, in: document, into: &item)
            }
        }
    }

    private func writeChildren(_ number: Int, in document: Int, into item: inout JSONText) {
        guard !tiles[number].children.isEmpty else { return }
        item.arrayField("children") { list in
            for child in tiles[number].children { write(child, transform: nil, in: document, into: &list) }
        }
    }

    /// The error that a tile declares. A tile with a chain shows nothing by itself, so that it is always gone through: its
    /// error is that of showing none of its shapes.
    private func rootError(_ number: Int) -> Double {
        let tile = tiles[number]
        guard let first = tile.levelErrors.first else { return tile.geometricError }
        return max(first, tile.geometricError, tile.parentError ?? documentError(number))
    }

    /// A tile's contents from coarse to fine, and its children beside them.
    private func writeChain(_ number: Int, in document: Int, into list: inout JSONText) {
        let tile = tiles[number]
        let box = Self.boxNumbers(Self.declared(tile.box))
        let prefix = document == 0 ? "t/" : ""
        func link(_ level: Int, _ list: inout JSONText) {
            list.object { item in
                let isFinest = level == tile.levelErrors.count
                item.objectField("boundingVolume") { $0.field("box", box) }
                item.field("geometricError", isFinest ? 0 : tile.levelErrors[level])
                item.field("refine", "REPLACE")
                let name = isFinest ? tile.path : "\(tile.path)-\(level)"
                item.objectField("content") { $0.field("uri", "\(prefix)\(name).glb") }
                if !isFinest { item.arrayField("children") { link(level + 1, &$0) } }
            }
        }
        link(0, &list)
        guard !tile.children.isEmpty else { return }
        list.object { item in
            item.objectField("boundingVolume") { $0.field("box", box) }
            item.field("geometricError", tile.geometricError)
            item.field("refine", "ADD")
            writeChildren(number, in: document, into: &item)
        }
    }

    /// A tileset without items is a valid one: a root without content.
    private static func writeEmpty(into document: inout JSONText) {
        document.field("geometricError", 0.0)
        document.objectField("root") { root in
            root.objectField("boundingVolume") { volume in
                volume.field("box", [0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1])
            }
            root.field("geometricError", 0.0)
            root.field("refine", "ADD")
        }
    }

    /// Centre and half axes.
    static func boxNumbers(_ box: Box3D) -> [Double] {
        let (center, half) = (box.center, (box.max - box.min) * 0.5)
        return [center.x, center.y, center.z, half.x, 0, 0, 0, half.y, 0, 0, 0, half.z]
    }
}
