// SPDX-License-Identifier: Apache-2.0
import CGDAL

/// Turns curved geometries of a batch (ISO 19125 WKB types 8 to 14) into straight ones, as GDAL approximates them.
///
/// The step is GDAL's default of 4 degrees of arc. Straight geometries are not touched.
enum CurveLinearizer {
    /// Whether a WKB is, or can hold, a curve: circular strings to surfaces, and collections, which can hold anything.
    private static func mayHoldCurves(_ wkb: ArraySlice<UInt8>) -> Bool {
        guard wkb.count >= 5 else { return false }
        let start = wkb.startIndex
        let bytes = (1...4).map { UInt32(wkb[start + $0]) }
        let code =
            wkb[start] == 1
            ? bytes[0] | bytes[1] << 8 | bytes[2] << 16 | bytes[3] << 24
            : bytes[3] | bytes[2] << 8 | bytes[1] << 16 | bytes[0] << 24
        return (7...14).contains((code & 0x0FFF_FFFF) % 1000)
    }

    /// Replaces the curved values of a column. A value that GDAL cannot read stays, to be rejected with its reason.
    static func linearize(_ column: inout StringColumn) {
        guard (0..<column.count).contains(where: { mayHoldCurves(column[$0]) }) else { return }
        var result = StringColumn()
        for row in 0..<column.count {
            let wkb = column[row]
            if mayHoldCurves(wkb), let straight = straightened(wkb) {
                result.append(straight)
            } else {
                result.append(wkb)
            }
        }
        column = result
    }

    private static func straightened(_ wkb: ArraySlice<UInt8>) -> [UInt8]? {
        var geometry: OGRGeometryH?
        let status = unsafe wkb.withUnsafeBytes {
            unsafe OGR_G_CreateFromWkbEx($0.baseAddress, nil, &geometry, $0.count)
        }
        defer { unsafe OGR_G_DestroyGeometry(geometry) }
        guard status == OGRERR_NONE, unsafe geometry != nil,
            let linear = unsafe OGR_G_GetLinearGeometry(geometry, 0, nil)
        else { return nil }
        defer { unsafe OGR_G_DestroyGeometry(linear) }
        let size = unsafe OGR_G_WkbSize(linear)
        guard size > 0 else { return nil }
        var bytes = [UInt8](repeating: 0, count: Int(size))
        let written = unsafe bytes.withUnsafeMutableBytes {
            unsafe OGR_G_ExportToIsoWkb(linear, wkbNDR, $0.baseAddress?.assumingMemoryBound(to: UInt8.self))
        }
        return written == OGRERR_NONE ? bytes : nil
    }
}
