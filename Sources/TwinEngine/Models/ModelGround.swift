// SPDX-License-Identifier: Apache-2.0

/// What the heights of a model are measured from.
public enum ModelGround: String, Sendable, Hashable, CaseIterable {
    /// True ellipsoidal heights: the vertical datum's heights plus its geoid separation.
    case ellipsoid
    /// The ground as a flat sheet on the ellipsoid: buildings stand on 0, a pipe's depth is below 0. For viewers without
    /// terrain, whose globe is the ellipsoid itself.
    case flat
}
