// SPDX-License-Identifier: Apache-2.0

/// What went wrong while a tile was made or read, with a message that says what to change.
public struct TileError: Error, Sendable, CustomStringConvertible {
    public enum Code: String, Sendable {
        /// A tile address outside its zoom level, or a text that is not an address.
        case address
        /// Bytes that are not the tile or archive they claim to be; the message cites the clause of the specification.
        case malformed
        /// An output larger than the caller allowed.
        case tooLarge
        /// A failure that libdeflate reported.
        case compression
        /// Input that the format cannot hold: too many vertices, arrays of unequal length.
        case argument
        /// The operating system refused (disk full, permission, no such file).
        case system
    }

    public var code: Code
    public var message: String

    public init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    public var description: String { message }
}
