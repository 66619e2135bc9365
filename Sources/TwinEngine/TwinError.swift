// SPDX-License-Identifier: Apache-2.0

/// What went wrong in the engine, with a message that says what to change.
public struct TwinError: Error, Sendable, CustomStringConvertible {
    public enum Code: String, Sendable {
        /// The project file `city.yaml` has a mistake.
        case project
        /// A source could not be opened or read to its end.
        case source
        /// The store is missing, of another version, locked, or damaged.
        case store
        /// A snapshot file is missing, damaged or of another version.
        case snapshot
        /// An argument outside its allowed range.
        case argument
        /// Something that was asked for does not exist.
        case notFound
        /// A 3D model cannot be built as declared.
        case model
        /// The operating system refused (disk full, permission, no such file).
        case system
    }

    public var code: Code
    public var message: String
    /// What a lower layer reported, kept for the log.
    public var cause: String?

    public init(_ code: Code, _ message: String, cause: String? = nil) {
        self.code = code
        self.message = message
        self.cause = cause
    }

    public var description: String {
        cause.map { "\(message) (\($0))" } ?? message
    }
}
