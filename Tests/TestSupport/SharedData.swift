// SPDX-License-Identifier: Apache-2.0
public import Foundation

/// Finds the real-world test data that is kept beside the checkout and never inside it.
///
/// Tests that need it say `.enabled(if: SharedData.isAvailable)`, so that a plain clone counts them as skipped.
public enum SharedData {
    /// The data folder: `TWIN_SHARED_DATA` if set, otherwise `../shared/data` beside the checkout.
    public static let root: URL? = {
        let environment = ProcessInfo.processInfo.environment["TWIN_SHARED_DATA"]
        let checkout = URL(fileURLWithPath: #filePath)
            .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        let candidate =
            environment.map { URL(fileURLWithPath: $0) }
            ?? checkout.deletingLastPathComponent().appendingPathComponent("shared/data")
        return FileManager.default.fileExists(atPath: candidate.path) ? candidate : nil
    }()

    public static var isAvailable: Bool { root != nil }

    /// The path of a file in the shared data, or nil where the data is absent.
    public static func path(_ relative: String) -> String? {
        root?.appendingPathComponent(relative).path
    }
}
