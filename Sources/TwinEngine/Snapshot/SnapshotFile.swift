// SPDX-License-Identifier: Apache-2.0
public import Spatial

/// A snapshot file by itself, for programs that inspect or measure one; a ``City`` opens its own.
///
/// ```swift
/// let file = try SnapshotFile(path: "store/snapshots/buildings.1.snapshot")
/// print(file.count, file.sections, file.verify() ?? "whole")
/// ```
///
/// Thread use: any; immutable.
public struct SnapshotFile: Sendable {
    private let snapshot: Snapshot

    /// Maps a file and reads its header, section table and description. O(sections).
    ///
    /// - Throws: `TwinError.snapshot` for a file that is truncated, of another version, or damaged there.
    public init(path: String) throws { snapshot = try Snapshot(path: path) }

    /// Features.
    public var count: Int { snapshot.count }
    public var vertexCount: Int { snapshot.vertexCount }
    /// Bytes on disk.
    public var byteCount: Int { snapshot.byteCount }
    /// Bytes of geometry, index and ids by section, in the order of the file.
    public var sections: [(name: String, bytes: Int)] { SnapshotSizes(snapshot).layer }
    /// Bytes of each column.
    public var columns: [(name: String, bytes: Int)] { SnapshotSizes(snapshot).columns }

    /// What is wrong with the bytes, or nil if they are those that were written. O(file).
    public func verify() -> String? { snapshot.verify() }

    /// Features whose boxes meet a box on the grid. O(log features + nodes on the rim).
    public func count(in box: GridBox) -> Int {
        var total = 0
        _ = snapshot.searchRanges(box) { first, end in
            total += end - first
            return true
        }
        return total
    }

    /// The box around all features.
    public var box: GridBox { snapshot.box }
}
