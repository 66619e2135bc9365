// SPDX-License-Identifier: Apache-2.0
import Spatial

/// The points and queries of the index rows. `peers/workload.h` makes the very same ones.
struct SplitMix64 {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }

    /// 0 ..< 1.
    mutating func unit() -> Double { Double(next() >> 11) * 0x1p-53 }
}

enum Workload {
    static let metresPerDegree = 6_371_008.8 * Double.pi / 180
    static let cosine = 0.805_928_282_248_515_8  // of 36.3 degrees

    /// Longitude and latitude on a sphere, as millimetres from 120 E 36.3 N.
    static func point(_ lon: Double, _ lat: Double) -> GridPoint {
        GridPoint(
            x: Int32((lon - 120) * cosine * metresPerDegree * 1000), y: Int32((lat - 36.3) * metresPerDegree * 1000))
    }

    static func uniform(_ random: inout SplitMix64) -> GridPoint {
        let lon = 119.6 + 0.8 * random.unit()
        let lat = 36.0 + 0.6 * random.unit()
        return point(lon, lat)
    }

    /// Seven of ten points within 1.75 km of one of forty hot spots, denser inside.
    static func points(_ count: Int, clustered: Bool, _ random: inout SplitMix64) -> [GridPoint] {
        if !clustered { return (0..<count).map { _ in uniform(&random) } }
        let spots = (0..<40).map { _ in uniform(&random) }
        return (0..<count).map { index in
            let any = uniform(&random)
            if index % 10 >= 7 { return any }
            let spot = spots[Int(random.next() % 40)]
            let x = (random.unit() + random.unit() - 1) * 1750
            let y = (random.unit() + random.unit() - 1) * 1750
            return GridPoint(x: spot.x + Int32(x * 1000), y: spot.y + Int32(y * 1000))
        }
    }

    /// Centres: uniform, or points of the data, so that clustered data are asked where they are.
    static func centres(_ count: Int, of points: [GridPoint], clustered: Bool, _ random: inout SplitMix64)
        -> [GridPoint]
    {
        (0..<count).map { _ in clustered ? points[Int(random.next() % UInt64(points.count))] : uniform(&random) }
    }
}
