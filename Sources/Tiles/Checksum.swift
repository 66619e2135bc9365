// SPDX-License-Identifier: Apache-2.0
import CDeflate

/// CRC-32 as in gzip and PNG (ISO 3309, polynomial 0xEDB88320 reflected), by libdeflate.
public enum Checksum {
    /// The checksum of some bytes, or of bytes that follow others when their checksum is given. O(bytes).
    public static func crc32(_ bytes: RawSpan, after previous: UInt32 = 0) -> UInt32 {
        unsafe bytes.withUnsafeBytes { unsafe libdeflate_crc32(previous, $0.baseAddress, $0.count) }
    }
}
