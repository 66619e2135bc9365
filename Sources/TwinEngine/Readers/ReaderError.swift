// SPDX-License-Identifier: Apache-2.0

/// A source that cannot be read. The message names the file and says what to change.
package struct ReaderError: Error, CustomStringConvertible, Sendable {
    /// Why, in a form that a program can switch over; cases may be added.
    package struct Code: Hashable, Sendable, CustomStringConvertible {
        package let name: String
        init(_ name: String) { self.name = name }

        /// The file is missing, unreadable or empty.
        package static let unreadable = Code("unreadable")
        /// The bytes are not the format that was asked for.
        package static let wrongFormat = Code("wrong-format")
        /// The syntax breaks off; the message gives the byte or line.
        package static let syntax = Code("syntax")
        /// The format is right, its version is not one that can be read.
        package static let version = Code("version")
        /// A column, member or section that the reader needs is not there.
        package static let missing = Code("missing")
        /// The project file asks for something that the source does not have.
        package static let configuration = Code("configuration")
        /// The bytes are not text in the encoding that was asked for.
        package static let encoding = Code("encoding")

        package var description: String { name }
    }

    package var code: Code
    package var message: String
    package var cause: (any Error)?

    package init(_ code: Code, _ message: String, cause: (any Error)? = nil) {
        self.code = code
        self.message = message
        self.cause = cause
    }

    package var description: String { cause.map { "\(message): \($0)" } ?? message }
}
