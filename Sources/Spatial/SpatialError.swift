// SPDX-License-Identifier: Apache-2.0

/// What went wrong in the spatial core, with a message that says what to change.
public struct SpatialError: Error, Sendable, CustomStringConvertible {
    public enum Code: String, Sendable {
        /// A coordinate system that PROJ does not know or that cannot be used here.
        case coordinateSystem
        /// A point that cannot be transformed, or that lies outside the range of a grid.
        case coordinates
        /// Bytes that are not the geometry they claim to be.
        case malformedGeometry
        /// A geometry that is well formed but unusable: open ring, too few points, not a number.
        case invalidGeometry
        /// A failure that GEOS reported.
        case geos
        /// An index or buffer whose bytes break its invariants.
        case corrupted
        /// An argument outside its allowed range.
        case argument
    }

    public var code: Code
    public var message: String

    public init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    public var description: String { message }
}
