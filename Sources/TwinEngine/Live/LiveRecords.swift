// SPDX-License-Identifier: Apache-2.0
import Spatial

/// Who a terminal is: changes rarely, shared by all snapshots.
final class LiveIdentity: Sendable {
    let code: String
    let name: String?
    let kind: String?

    init(code: String, name: String?, kind: String?) {
        self.code = code
        self.name = name
        self.kind = kind
    }
}

/// What a terminal last said, apart from where and when.
struct LiveRecord: Sendable {
    var identity: LiveIdentity
    /// A JSON object.
    var values: [UInt8]
    /// Seconds of silence after which the terminal disappears; 0 is never.
    var timeToLive: UInt32 = 0
    var isSimulated = false
    /// Listed in the ledger layer, so it never expires.
    var isRegistered = false
}

/// The records by slot, as a persistent vector: a copy shares all leaves, and a change copies one leaf of 8 records and
/// the branch of 16 above it, once per copy that is alive.
///
/// Leaves are small because copying a record retains two objects that are seldom in the cache: leaves of 32 cost twice
/// as much per observation of a million terminals.
struct LiveRecords: Sendable {
    private static let leafBits = 3
    private static let branchBits = 7
    private var branches: [[[LiveRecord]]] = []
    private(set) var count = 0

    subscript(slot: Int) -> LiveRecord {
        get { branches[slot >> Self.branchBits][slot >> Self.leafBits & 15][slot & 7] }
        _modify { yield &branches[slot >> Self.branchBits][slot >> Self.leafBits & 15][slot & 7] }
    }

    mutating func append(_ record: LiveRecord) {
        let branch = count >> Self.branchBits
        if branch == branches.count { branches.append([]) }
        if count & 7 == 0 {
            branches[branch].append([])
            branches[branch][count >> Self.leafBits & 15].reserveCapacity(8)
        }
        branches[branch][count >> Self.leafBits & 15].append(record)
        count += 1
    }
}

/// Where a terminal is and when it said so: the part of its state that every report changes.
struct LiveFix: Sendable, Hashable, BitwiseCopyable {
    /// A slot without a terminal.
    static let absent = Int64.min
    /// A terminal of the ledger that has not reported.
    static let never = Int64.min + 1

    var point: GridPoint
    /// Milliseconds since 1970, or one of the above.
    var time: Int64

    static let none = LiveFix(point: GridPoint(x: 0, y: 0), time: absent)

    var isPresent: Bool { time != Self.absent }
    var reportTime: Int64? { time > Self.never ? time : nil }
}
