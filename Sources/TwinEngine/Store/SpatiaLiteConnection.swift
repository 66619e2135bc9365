// SPDX-License-Identifier: Apache-2.0
import CSpatiaLite
import GRDB

/// Opens SQLite connections with SpatiaLite initialised on them.
enum SpatiaLiteConnection {
    /// A configuration whose connections know SpatiaLite's functions.
    ///
    /// The SpatiaLite cache belongs to its connection and lives as long as the process: SQLite has no hook that runs
    /// after a connection's last statement, and a store opens a handful of connections in its life.
    static func configuration(readonly: Bool) -> Configuration {
        var configuration = Configuration()
        configuration.readonly = readonly
        configuration.busyMode = .timeout(5)
        configuration.foreignKeysEnabled = false
        configuration.prepareDatabase { database in
            guard let handle = unsafe database.sqliteConnection else { return }
            let cache = unsafe spatialite_alloc_connection()
            unsafe spatialite_init_ex(handle, cache, 0)
            try database.execute(sql: "PRAGMA cache_size = -65536")
        }
        return configuration
    }
}

/// A prepared statement on SQLite's C interface, for loops in which each value is bound without boxing.
///
/// Thread use: only on the queue of the connection that made it. Finalised, or given back, when it leaves scope.
@safe struct RawStatement: ~Copyable {
    private let handle: OpaquePointer
    private let connection: OpaquePointer
    /// The connection's own statement, which outlives this one.
    private let cached: Statement?

    /// A statement that the connection keeps compiled, for what is asked again and again.
    init(cachedOn database: Database, _ sql: String) throws {
        guard let connection = unsafe database.sqliteConnection else {
            throw TwinError(.store, "the store's connection is closed")
        }
        let statement = try database.cachedStatement(sql: sql)
        // Safe: the statement is kept, and with it its handle.
        unsafe handle = statement.sqliteStatement
        unsafe self.connection = connection
        cached = statement
    }

    init(_ database: Database, _ sql: String) throws {
        guard let connection = unsafe database.sqliteConnection else {
            throw TwinError(.store, "the store's connection is closed")
        }
        var statement: OpaquePointer?
        guard unsafe sqlite3_prepare_v2(connection, sql, -1, &statement, nil) == SQLITE_OK,
            let statement = unsafe statement
        else {
            throw unsafe Self.failure(connection, sql)
        }
        unsafe handle = statement
        unsafe self.connection = connection
        cached = nil
    }

    deinit {
        if cached == nil {
            _ = unsafe sqlite3_finalize(handle)
        } else {
            unsafe sqlite3_reset(handle)
        }
    }

    private static func failure(_ connection: OpaquePointer, _ doing: String) -> TwinError {
        let code = unsafe sqlite3_errcode(connection)
        let text = unsafe String(cString: sqlite3_errmsg(connection))
        let systemError = unsafe sqlite3_system_errno(connection)
        if code == SQLITE_FULL || systemError == 28 {
            return TwinError(
                .system, "the disk of the store is full; free space and import again, the old layer is still whole",
                cause: text)
        }
        return TwinError(.store, "SQLite refused: \(text)", cause: "\(doing), code \(code)")
    }

    borrowing func bindNull(_ index: Int) { unsafe sqlite3_bind_null(handle, Int32(index)) }
    borrowing func bind(_ index: Int, _ value: Int64) { unsafe sqlite3_bind_int64(handle, Int32(index), value) }
    borrowing func bind(_ index: Int, _ value: Double) { unsafe sqlite3_bind_double(handle, Int32(index), value) }

    /// Binds text that SQLite copies.
    borrowing func bind(_ index: Int, text: String) {
        var text = text
        text.withUTF8 { bytes in
            // Safe: SQLITE_TRANSIENT makes SQLite copy before this call returns.
            let start = unsafe UnsafeRawPointer(bytes.baseAddress)?.assumingMemoryBound(to: CChar.self)
            unsafe sqlite3_bind_text(handle, Int32(index), start ?? emptyText, Int32(bytes.count), transient)
        }
    }

    /// Binds UTF-8 bytes as text, copied.
    borrowing func bind(_ index: Int, utf8: ArraySlice<UInt8>) {
        unsafe utf8.withUnsafeBytes { bytes in
            let start = unsafe bytes.baseAddress?.assumingMemoryBound(to: CChar.self)
            unsafe sqlite3_bind_text(handle, Int32(index), start ?? emptyText, Int32(bytes.count), transient)
        }
    }

    borrowing func bind(_ index: Int, blob: ArraySlice<UInt8>) {
        unsafe blob.withUnsafeBytes { bytes in
            _ = unsafe sqlite3_bind_blob64(handle, Int32(index), bytes.baseAddress, UInt64(bytes.count), transient)
        }
    }

    /// Runs the statement to its next row. True for a row, false at the end.
    borrowing func step() throws -> Bool {
        let status = unsafe sqlite3_step(handle)
        if status == SQLITE_ROW { return true }
        guard status == SQLITE_DONE else { throw unsafe Self.failure(connection, "step") }
        return false
    }

    /// Runs a statement that returns nothing and makes it ready for the next values.
    borrowing func run() throws {
        let status = unsafe sqlite3_step(handle)
        guard status == SQLITE_DONE else {
            let error = unsafe Self.failure(connection, "insert")
            unsafe sqlite3_reset(handle)
            throw error
        }
        unsafe sqlite3_reset(handle)
    }

    borrowing func reset() { unsafe sqlite3_reset(handle) }
    borrowing func isNull(_ column: Int) -> Bool { unsafe sqlite3_column_type(handle, Int32(column)) == SQLITE_NULL }
    borrowing func int64(_ column: Int) -> Int64 { unsafe sqlite3_column_int64(handle, Int32(column)) }
    borrowing func double(_ column: Int) -> Double { unsafe sqlite3_column_double(handle, Int32(column)) }

    /// Hands a column's bytes to a body; they die with the next step.
    borrowing func withBytes<R>(_ column: Int, _ body: (RawSpan) throws -> R) rethrows -> R {
        let start = unsafe sqlite3_column_blob(handle, Int32(column))
        let count = unsafe Int(sqlite3_column_bytes(handle, Int32(column)))
        // Safe: the pointer is valid until the next step, which the body cannot make.
        let bytes = unsafe UnsafeRawBufferPointer(start: start, count: start == nil ? 0 : count)
        return try body(unsafe bytes.bytes)
    }

    borrowing func string(_ column: Int) -> String {
        guard let text = unsafe sqlite3_column_text(handle, Int32(column)) else { return "" }
        return unsafe String(cString: text)
    }
}

/// SQLITE_TRANSIENT, a macro that Swift does not import: SQLite copies the bytes.
private nonisolated(unsafe) let transient = unsafe unsafeBitCast(-1, to: sqlite3_destructor_type.self)
// because: a constant pointer to a string literal's static storage, never written.
private nonisolated(unsafe) let emptyText: UnsafePointer<CChar> = {
    let pointer = UnsafeMutablePointer<CChar>.allocate(capacity: 1)
    unsafe pointer.initialize(to: 0)
    return unsafe UnsafePointer(pointer)
}()
