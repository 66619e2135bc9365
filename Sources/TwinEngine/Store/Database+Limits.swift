// SPDX-License-Identifier: Apache-2.0
import CSpatiaLite
import GRDB

/// Bounds for connections to files that somebody else made.
extension Database {
    /// Refuses values of more bytes: SQLite answers SQLITE_TOOBIG.
    func limitValueLength(_ bytes: Int32) {
        guard let handle = unsafe sqliteConnection else { return }
        // Safe: the connection is open while GRDB lends it.
        _ = unsafe sqlite3_limit(handle, SQLITE_LIMIT_LENGTH, bytes)
    }

    /// Runs queries that SQLite interrupts after a number of steps of its virtual machine, for views that never end.
    func interrupted<T>(after steps: Int32, _ query: () throws -> T) throws -> T {
        guard let handle = unsafe sqliteConnection else { return try query() }
        // Safe: the handler has no state and is taken away before the connection is used again.
        unsafe sqlite3_progress_handler(handle, steps, { _ in 1 }, nil)
        defer { unsafe sqlite3_progress_handler(handle, 0, nil, nil) }
        return try query()
    }
}
