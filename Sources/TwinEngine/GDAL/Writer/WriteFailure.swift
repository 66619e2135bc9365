// SPDX-License-Identifier: Apache-2.0
import CGDAL

/// GDAL refused to write: says which file, what to look at, and what GDAL said last.
func writeFailure(_ path: String, _ message: String) -> TwinError {
    let cause = unsafe CPLGetLastErrorMsg().map { unsafe String(cString: $0) } ?? ""
    return TwinError(.system, "\(path): \(message)", cause: cause.isEmpty ? nil : cause)
}
