// SPDX-License-Identifier: Apache-2.0
import Foundation
import TestSupport
import Testing

@testable import TwinEngine

@Suite struct BinaryRowsTests {
    /// Rows come back in any order, whether they are in memory or in the file, and the file has no name.
    @Test(arguments: [1, 1000, 1 << 20]) func rowsComeBack(limit: Int) throws {
        let folder = try TemporaryFolder()
        var random = SeededGenerator.printed()
        let rows = BinaryRows(folder: folder.path, limit: limit)
        let wanted = (0..<500).map { _ in
            (0..<Int.random(in: 0...90, using: &random)).map { _ in UInt8.random(in: 0...255, using: &random) }
        }
        for row in wanted {
            if row.isEmpty { rows.appendEmpty() } else { unsafe rows.append(row.span.bytes) }
        }
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path).isEmpty)
        let order = (0..<UInt32(wanted.count)).shuffled(using: &random)
        var found: [UInt8] = []
        try rows.forEach(order) { row in
            unsafe row.withUnsafeBytes { unsafe found.append(contentsOf: $0) }
        }
        #expect(found == order.flatMap { wanted[Int($0)] })
        #expect(rows.offsets.last == UInt64(wanted.reduce(0) { $0 + $1.count }))
    }

    @Test func aFolderThatIsNotThereIsNamed() throws {
        let rows = BinaryRows(folder: "/nowhere/at all", limit: 1)
        let bytes: [UInt8] = [1, 2, 3]
        unsafe rows.append(bytes.span.bytes)
        #expect(throws: TwinError.self) { try rows.forEach([0]) { _ in } }
    }
}
