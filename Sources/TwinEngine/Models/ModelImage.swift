// SPDX-License-Identifier: Apache-2.0
import Foundation

/// The files of images that lie on the surfaces of models: JPEG or PNG of at most ``TextureFiles/largest`` bytes, as at
/// import; they are looked at again because they lie outside the store.
enum ModelImage {
    static func isPresent(_ path: String) -> Bool {
        guard let handle = FileHandle(forReadingAtPath: path) else { return false }
        defer { try? handle.close() }  // Safe: nothing was written.
        // Safe: an image that cannot be read is one that is not there.
        guard let head = try? handle.read(upToCount: 8), let size = try? handle.seekToEnd() else { return false }
        return TextureFiles.isImage(Array(head)) && size <= UInt64(TextureFiles.largest)
    }

    /// nil if it is no longer there.
    static func bytes(_ path: String) -> [UInt8]? {
        guard isPresent(path) else { return nil }
        // Safe: as above.
        return (try? Data(contentsOf: URL(fileURLWithPath: path))).map { Array($0) }
    }

    static func fileExtension(_ path: String) -> String { path.lowercased().hasSuffix("png") ? "png" : "jpg" }
}
