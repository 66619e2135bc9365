// SPDX-License-Identifier: Apache-2.0
/// What is wrong with the surfaces of a solid. It is drawn all the same, but for what has no area.
///
/// Names stand beside the codes of ISO 19107 errors that val3dity uses. Not judged: whether cavities divide the inside
/// (404), and what is smaller than a millimetre.
package enum SolidFault: String, Sendable, Hashable, CaseIterable {
    /// A ring of fewer than three different vertices (101, 102).
    case fewPoints = "few-points"
    /// A ring that meets or crosses itself (104).
    case selfTouching = "self-touching"
    /// Vertices farther than a centimetre from their surface's plane (203), or a fold of more than 20° in it (204).
    case nonPlanar = "non-planar"
    /// A hole outside its outer ring (206), inside another hole (207), or turning the same way as the ring (208).
    case badHole = "bad-hole"
    /// Rings of a surface that cross each other (201), or are there twice (202).
    case crossingRings = "crossing-rings"
    /// A surface whose inside is cut in two by holes that touch (205).
    case dividedSurface = "divided-surface"
    /// Two surfaces with the same vertices (402).
    case duplicateSurface = "duplicate-surface"
    /// Fewer than four surfaces (301).
    case fewSurfaces = "few-surfaces"
    /// An edge with a surface on one side only (302).
    case open
    /// An edge of more than two surfaces (304), or a vertex at which surfaces meet that share no edge there (303).
    case nonManifold = "non-manifold"
    /// Surfaces that do not hang together (305).
    case severalPieces = "several-pieces"
    /// Neighbours that face different ways (307).
    case turnedSurface = "turned-surface"
    /// All surfaces face inward (405).
    case insideOut = "inside-out"
    /// Surfaces that run through each other, or a corner that touches another surface's inside (306, 401).
    case crossingSurfaces = "crossing-surfaces"
    /// A cavity outside of the solid (403).
    case badCavity = "bad-cavity"
    /// No extent upward.
    case zeroHeight = "zero-height"

    package var words: String {
        switch self {
        case .fewPoints: "a ring of fewer than three different vertices"
        case .selfTouching: "a ring meets or crosses itself"
        case .nonPlanar: "a surface is not planar within 1 cm, or folded"
        case .badHole: "a hole lies outside its surface or in another hole, or turns the same way as the surface"
        case .crossingRings: "rings of a surface cross each other or are there twice"
        case .dividedSurface: "holes that touch cut a surface in two"
        case .duplicateSurface: "a surface is there twice"
        case .fewSurfaces: "fewer than four surfaces"
        case .open: "not closed: an edge has a surface on one side only"
        case .nonManifold: "an edge has more than two surfaces, or surfaces meet in a vertex alone"
        case .severalPieces: "its surfaces do not hang together"
        case .turnedSurface: "neighbouring surfaces face different ways"
        case .insideOut: "its surfaces face inward"
        case .crossingSurfaces: "surfaces run through each other or touch"
        case .badCavity: "a cavity lies outside of the solid"
        case .zeroHeight: "no height"
        }
    }
}

extension SolidFault {
    /// Whether a surface by itself has it.
    var concernsSurfaces: Bool {
        switch self {
        case .fewPoints, .selfTouching, .nonPlanar, .badHole, .crossingRings, .dividedSurface: true
        default: false
        }
    }
}
