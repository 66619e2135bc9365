// SPDX-License-Identifier: Apache-2.0
import Spatial

extension LayerTileEncoder {
    /// Joins records of one line each that meet end to end and have equal attributes. Where three or more ends of a
    /// kind meet, nothing is joined, so the outcome does not depend on which comes first.
    mutating func joinLines() {
        var groups: [[UInt32]: [Int]] = [:]
        var order: [[UInt32]] = []
        var lines: [Int: [TilePoint]] = [:]
        for index in records.indices where !records[index].isDropped && records[index].kind == .line {
            guard let line = singleLine(records[index].geometry) else { continue }
            lines[index] = line
            let key = Array(tags[records[index].tags])
            if groups[key, default: []].isEmpty { order.append(key) }
            groups[key, default: []].append(index)
        }
        for key in order {
            let members = groups[key, default: []]
            if members.count > 1 { join(members, lines) }
        }
    }

    private mutating func join(_ members: [Int], _ lines: [Int: [TilePoint]]) {
        var ends: [TilePoint: [Int]] = [:]
        for member in members {
            guard let line = lines[member], let first = line.first, let last = line.last else { continue }
            ends[first, default: []].append(member)
            ends[last, default: []].append(member)
        }
        var isDone = Set<Int>()
        for member in members where !isDone.contains(member) {
            guard var chain = lines[member] else { continue }
            isDone.insert(member)
            var joined = 0
            // Onward from the last point, then from the first.
            for _ in 0..<2 {
                while let here = chain.last, let meeting = ends[here], meeting.count == 2,
                    let other = meeting.first(where: { !isDone.contains($0) }), let next = lines[other]
                {
                    isDone.insert(other)
                    chain.append(contentsOf: next[0] == here ? next.dropFirst() : next.reversed().dropFirst())
                    records[other].isDropped = true
                    records[member].importance += records[other].importance
                    joined += 1
                }
                chain.reverse()
            }
            guard joined > 0 else { continue }
            account.joined += joined
            let start = geometry.bytes.count
            geometry.encodeLine(chain)
            records[member].geometry = start..<geometry.bytes.count
            records[member].vertices = chain.count
        }
    }

    /// The points of a geometry that is one line, or nil.
    private func singleLine(_ range: Range<Int>) -> [TilePoint]? {
        var offset = range.lowerBound
        func varint() -> UInt64 {
            var value: UInt64 = 0, shift: UInt64 = 0
            while offset < range.upperBound {
                let byte = geometry.bytes[offset]
                offset += 1
                value |= UInt64(byte & 0x7F) << shift
                if byte < 0x80 { break }
                shift += 7
            }
            return value
        }
        func step() -> Int64 {
            let value = varint()
            return Int64(bitPattern: (value >> 1) ^ (0 &- (value & 1)))
        }
        // What MVTGeometryEncoder wrote: MoveTo, one point, LineTo, its points.
        _ = varint()
        var point = TilePoint(x: step(), y: step())
        var line = [point]
        for _ in 0..<(varint() >> 3) {
            point = TilePoint(x: point.x + step(), y: point.y + step())
            line.append(point)
        }
        return offset == range.upperBound ? line : nil
    }
}
