// SPDX-License-Identifier: Apache-2.0
internal import CGDAL

/// GDAL refused to write; the message says which file, and what GDAL said.
public struct GDALWriteError: Error, Sendable, CustomStringConvertible {
    public var path: String
    public var message: String
    /// GDAL's own last message.
    public var cause: String

    init(_ path: String, _ message: String) {
        self.path = path
        self.message = message
        cause = unsafe CPLGetLastErrorMsg().map { unsafe String(cString: $0) } ?? ""
    }

    public var description: String {
        "\(path): \(message)" + (cause.isEmpty ? "" : " (\(cause))")
    }
}
