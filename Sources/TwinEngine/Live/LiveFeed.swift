// SPDX-License-Identifier: Apache-2.0

/// One subscriber's view of the live index: what changed since it last looked.
///
/// A slow subscriber misses nothing but intermediate states: each look compares the newest snapshot with what it was
/// sent, so states coalesce and memory is bounded by the number of terminals in its box. Owned by one task.
public struct LiveFeed {
    private let box: LonLatBox?
    private var sequence: UInt64 = 0
    private var shown: Set<Int> = []

    /// - Parameter box: only terminals inside it, or nil for all.
    public init(box: LonLatBox?) {
        self.box = box
    }

    /// Everything in the box, as a GeoJSON FeatureCollection with the sequence as `seq`.
    public mutating func start(_ snapshot: LiveSnapshot) -> [UInt8] {
        sequence = snapshot.sequence
        shown = []
        var out = JSONBytes(capacity: 64 + snapshot.count * 64)
        out.raw("{\"type\":\"FeatureCollection\",\"seq\":")
        out.integer(Int64(bitPattern: sequence))
        out.raw(",\"features\":[")
        var isFirst = true
        for slot in snapshot.points.indices where isInside(snapshot, slot) {
            if !isFirst { out.byte(UInt8(ascii: ",")) }
            isFirst = false
            snapshot.terminal(slot: slot).appendFeature(to: &out)
            shown.insert(slot)
        }
        out.raw("]}")
        return out.bytes
    }

    /// What changed since the last look, as `{"seq","features","removed"}`, or nil if nothing in the box did.
    public mutating func update(_ snapshot: LiveSnapshot) -> (sequence: UInt64, bytes: [UInt8])? {
        guard snapshot.sequence != sequence else { return nil }
        var out = JSONBytes(capacity: 1024)
        out.raw("{\"seq\":")
        out.integer(Int64(bitPattern: snapshot.sequence))
        out.raw(",\"features\":[")
        var removed: [String] = []
        var isEmpty = true
        for (chunk, last) in snapshot.chunkSequences.enumerated() where last > sequence {
            for (offset, terminal) in snapshot.chunks[chunk].enumerated() where terminal.sequence > sequence {
                let slot = chunk * LiveSnapshot.chunkSize + offset
                if isInside(snapshot, slot) {
                    if !isEmpty { out.byte(UInt8(ascii: ",")) }
                    isEmpty = false
                    terminal.appendFeature(to: &out)
                    shown.insert(slot)
                } else if shown.remove(slot) != nil {
                    removed.append(terminal.code)
                }
            }
        }
        sequence = snapshot.sequence
        guard !isEmpty || !removed.isEmpty else { return nil }
        out.raw("],\"removed\":[")
        for (index, code) in removed.enumerated() {
            if index > 0 { out.byte(UInt8(ascii: ",")) }
            out.string(code)
        }
        out.raw("]}")
        return (sequence, out.bytes)
    }

    private func isInside(_ snapshot: LiveSnapshot, _ slot: Int) -> Bool {
        guard snapshot.isPresent[slot] else { return false }
        guard let box else { return true }
        return snapshot.terminal(slot: slot).position.map(box.contains) ?? false
    }
}
