// SPDX-License-Identifier: Apache-2.0
import CCrypto

/// SHA-256 (FIPS 180-4) by OpenSSL's libcrypto.
enum SHA256 {
    /// The 32-byte digest of a message. O(length). Any thread.
    static func digest(_ message: [UInt8]) -> [UInt8] {
        unsafe [UInt8](unsafeUninitializedCapacity: 32) { buffer, count in
            unsafe message.withUnsafeBufferPointer { bytes in
                // Safe: libcrypto writes 32 bytes into a buffer of 32, and keeps no pointer.
                _ = unsafe CCrypto.SHA256(bytes.baseAddress, bytes.count, buffer.baseAddress)
            }
            count = 32
        }
    }
}

/// Compares two byte strings in a time that depends on their lengths only.
func constantTimeEqual(_ left: [UInt8], _ right: [UInt8]) -> Bool {
    guard left.count == right.count else { return false }
    return unsafe left.withUnsafeBytes { first in
        unsafe right.withUnsafeBytes { second in
            unsafe CRYPTO_memcmp(first.baseAddress, second.baseAddress, first.count) == 0
        }
    }
}
