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

    /// The error of showing nothing of a document: more than any tile's in it, and enough to load it at city scale.
    private func documentError(_ root: Int) -> Double {
        max(tiles[root].box.diagonal, tiles[root].geometricError * 2)
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
            item.field("geometricError", tile.geometricError)
            item.field("refine", "ADD")
            if isReference {
                item.objectField("content") { $0.field("uri", "\(prefix)\(tile.path).json") }
                return
            }
            if !tile.items.isEmpty {
                item.objectField("content") { $0.field("uri", "\(prefix)\(tile.path).glb") }
            }
            guard !tile.children.isEmpty else { return }
            item.arrayField("children") { list in
                for child in tile.children { write(child, transform: nil, in: document, into: &list) }
            }
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
