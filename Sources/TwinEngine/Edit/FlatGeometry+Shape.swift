// SPDX-License-Identifier: Apache-2.0
import Foundation
import GRDB
import Spatial

extension FlatGeometry {
    /// Whether two geometries have the same vertices and heights in the same order, each ring of a polygon in either
    /// direction and from any of its vertices on: GeoJSON does not keep those. O(vertices).
    func isSameShape(as other: FlatGeometry) -> Bool {
        if self == other { return true }
        guard kind == .polygon, other.kind == .polygon, ringEnds == other.ringEnds, z.count == other.z.count,
            xy.count == other.xy.count
        else { return false }
        var start = 0
        for ring in ringEnds {
            let end = Int(ring & ringEndMask)
            if !isSameRing(start..<end, of: other) { return false }
            start = end
        }
        return true
    }

    private func isSameRing(_ range: Range<Int>, of other: FlatGeometry) -> Bool {
        let count = range.count
        guard count > 0 else { return true }
        func isSame(_ place: Int, _ otherPlace: Int) -> Bool {
            let (one, two) = (range.lowerBound + place, range.lowerBound + otherPlace)
            return xy[2 * one] == other.xy[2 * two] && xy[2 * one + 1] == other.xy[2 * two + 1]
                && (z.isEmpty || z[one] == other.z[two])
        }
        // A valid ring passes each place once; where one does not, the first few passes are tried.
        let starts = (0..<count).lazy.filter { isSame(0, $0) }.prefix(4)
        return starts.contains { start in
            (0..<count).allSatisfy { isSame($0, (start + $0) % count) }
                || (0..<count).allSatisfy { isSame($0, (start - $0 + count) % count) }
        }
    }
}

extension FieldValue {
    /// As the record keeps it.
    var stored: DatabaseValue {
        switch self {
        case .null: .null
        case .string(let text): text.databaseValue
        case .integer(let number): number.databaseValue
        case .real(let number): number.databaseValue
        case .boolean(let truth): (truth ? 1 : 0).databaseValue
        case .binary(let bytes): Data(bytes).databaseValue
        }
    }
}
