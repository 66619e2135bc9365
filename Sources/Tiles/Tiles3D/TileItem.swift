// SPDX-License-Identifier: Apache-2.0

/// A shape to be shown in a 3D tileset, known to the plan by its box, its size and its errors only.
public struct TileItem: Sendable {
    /// Metres in the tileset's local east-north-up frame.
    public var box: Box3D
    /// How large the shape looks, metres: larger ones are shown from farther away.
    public var weight: Double
    /// Metres by which the picture is wrong without the shape: the one-sided Hausdorff distance from the shape to what is
    /// shown in its place, the ground if there is nothing else. Nil takes the plan's `errorScale` times the weight.
    public var error: Double?
    /// Metres by which each coarser form of the shape differs from its finest one, the coarsest first; empty for a shape
    /// of one form.
    public var levelErrors: [Double]

    /// - Parameter weight: Metres; the diagonal of the box if it is not given.
    public init(box: Box3D, weight: Double? = nil, error: Double? = nil, levelErrors: [Double] = []) {
        self.box = box
        self.weight = weight ?? box.diagonal
        self.error = error
        self.levelErrors = levelErrors
    }
}
