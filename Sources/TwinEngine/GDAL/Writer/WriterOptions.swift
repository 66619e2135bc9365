// SPDX-License-Identifier: Apache-2.0
import CGDAL
internal import Glibc

/// A NULL-terminated list of `KEY=VALUE` strings, as GDAL takes its creation options.
func withOptionList<R>(_ options: [String], _ body: (UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>) -> R) -> R {
    var list = unsafe options.map { unsafe strdup($0) }
    unsafe list.append(nil)
    defer { unsafe list.forEach { unsafe free($0) } }
    return unsafe list.withUnsafeMutableBufferPointer { buffer in
        // Safe: the buffer holds at least the terminator, so it has an address.
        unsafe body(buffer.baseAddress.unsafelyUnwrapped)
    }
}
