// SPDX-License-Identifier: Apache-2.0

/// A shape to be shown in a 3D tileset, known to the plan by its box and size only.
public struct TileItem: Sendable {
    /// Metres in the tileset's local east-north-up frame.
    public var box: Box3D
    /// How large the shape looks, metres: larger ones are shown from farther away.
    public var weight: Double

    /// - Parameter weight: Metres; the diagonal of the box if it is not given.
    public init(box: Box3D, weight: Double? = nil) {
        self.box = box
        self.weight = weight ?? box.diagonal
    }
}
