// SPDX-License-Identifier: Apache-2.0
import CGDAL

/// Process-wide set-up of GDAL. Re-entrant: the first caller registers the drivers.
enum GDALLibrary {
    /// Registers the drivers once. Thread-safe by Swift's lazy statics.
    static let ready: Bool = {
        GDALAllRegister()
        unsafe CPLSetConfigOption("OGR_GEOJSON_MAX_OBJ_SIZE", "0")
        // Strings arrive as stored bytes where no recoding is known; the importer checks UTF-8 itself.
        unsafe CPLSetConfigOption("GDAL_NUM_THREADS", "1")
        return true
    }()
}

/// Collects GDAL's errors and warnings of one thread while it is in force, instead of letting them go to stderr.
///
/// Thread use: install and remove on the same thread, without suspension between.
final class GDALMessages {
    private(set) var warnings: [String] = []
    private(set) var errors: [String] = []
    private(set) var suppressed = 0
    private static let limit = 50

    /// Runs a body with GDAL's messages of this thread collected here.
    func collecting<Result, Failure: Error>(_ body: () throws(Failure) -> Result) throws(Failure) -> Result {
        let context = unsafe Unmanaged.passUnretained(self).toOpaque()
        unsafe CPLPushErrorHandlerEx(
            { kind, _, message in
                guard let context = unsafe CPLGetErrorHandlerUserData(), let message = unsafe message else { return }
                let messages = unsafe Unmanaged<GDALMessages>.fromOpaque(context).takeUnretainedValue()
                unsafe messages.add(kind, String(cString: message))
            }, context)
        defer { CPLPopErrorHandler() }
        return try body()
    }

    private func add(_ kind: CPLErr, _ message: String) {
        // The same warning for every feature is one warning.
        if errors.contains(message) || warnings.contains(message) { return }
        guard warnings.count + errors.count < Self.limit else {
            suppressed += 1
            return
        }
        if kind == CE_Failure || kind == CE_Fatal {
            errors.append(message)
        } else if kind == CE_Warning {
            warnings.append(message)
        }
    }

    var lastError: String? { errors.last ?? warnings.last }

    func removeErrors() { errors.removeAll() }
}
