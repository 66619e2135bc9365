// SPDX-License-Identifier: Apache-2.0
import Tiles

extension RouteRequest {
    /// The tile that the path names by z, x and y, counted from the north-west.
    ///
    /// - Parameters:
    ///   - deepest: the largest zoom that is served here.
    ///   - row: y without what may follow it in the path, such as an ending.
    /// - Throws: 400 with the part that is wrong.
    func tile(deepest: Int = TileID.maximumZoom, row: String? = nil) throws(Problem) -> TileID {
        let zoom = path("z")
        guard let z = Self.wholeNumber(zoom), z <= deepest else {
            throw .parameter("z", "'\(zoom.prefix(20))' is no zoom here; write 0 to \(deepest)")
        }
        let last = (1 << z) - 1
        guard let x = Self.wholeNumber(path("x")), x <= last else {
            throw .parameter("x", "at zoom \(z) columns run from 0 to \(last)")
        }
        guard let y = Self.wholeNumber(row ?? path("y")), y <= last else {
            throw .parameter("y", "at zoom \(z) rows run from 0 to \(last)")
        }
        do throws(TileError) {
            return try TileID(z: z, x: x, y: y)
        } catch {
            throw .parameter("z", error.message)
        }
    }

    /// A number in digits alone: one tile has one address.
    private static func wholeNumber(_ text: String) -> Int? {
        text.utf8.allSatisfy { $0 >= UInt8(ascii: "0") && $0 <= UInt8(ascii: "9") } ? Int(text) : nil
    }
}
