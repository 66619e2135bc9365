// SPDX-License-Identifier: Apache-2.0
import Foundation

/// The images that a source names, each looked at once: they stay where they are, and the record keeps their paths.
///
/// An image is taken if it lies in the source's folder or below, is a JPEG or PNG by its first bytes, and has at most
/// ``largest`` bytes; others are named in the import report and their surfaces keep their colours.
struct TextureFiles {
    static let largest = 16 << 20

    private let folder: URL
    private var known: [String: String?] = [:]
    private var refused: [String: [String]] = [:]
    private var taken = 0

    /// - Parameter source: the file that names the images.
    init(source: String) {
        folder = URL(fileURLWithPath: source).deletingLastPathComponent().standardizedFileURL.resolvingSymlinksInPath()
    }

    /// The absolute path of an image; nil if it is not taken.
    mutating func path(_ name: String) -> String? {
        if let answer = known[name] { return answer }
        let file = folder.appendingPathComponent(name).standardizedFileURL.resolvingSymlinksInPath()
        let reason = refusal(name, file)
        if let reason {
            refused[reason, default: []].append(name)
        } else {
            taken += 1
        }
        known[name] = .some(reason == nil ? file.path : nil)
        return reason == nil ? file.path : nil
    }

    private func refusal(_ name: String, _ file: URL) -> String? {
        guard !name.contains("://"), !name.hasPrefix("/"), file.path.hasPrefix(folder.path + "/") else {
            return "outside the source's folder"
        }
        guard let handle = FileHandle(forReadingAtPath: file.path) else { return "missing" }
        do {
            let head = try handle.read(upToCount: 8) ?? Data()
            let size = try handle.seekToEnd()
            try handle.close()
            guard Self.isImage(Array(head)) else { return "neither JPEG nor PNG" }
            return size > UInt64(Self.largest) ? "larger than \(Self.largest >> 20) MB" : nil
        } catch {
            return "not readable"
        }
    }

    /// Whether a file begins as a JPEG or PNG does.
    static func isImage(_ head: [UInt8]) -> Bool {
        head.starts(with: [0xFF, 0xD8, 0xFF]) || head.starts(with: [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A])
    }

    /// For the import report.
    var notes: [String] {
        var notes = taken > 0 ? ["\(taken) texture images found; they are read from where they are"] : []
        for (reason, names) in refused.sorted(by: { $0.key < $1.key }) {
            let some = names.prefix(3).joined(separator: ", ") + (names.count > 3 ? ", …" : "")
            notes.append("\(names.count) texture images are \(reason) and left out: \(some)")
        }
        return notes
    }
}
