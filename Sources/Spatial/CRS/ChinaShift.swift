// SPDX-License-Identifier: Apache-2.0
#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// The obfuscated datums of Chinese web maps, to and from WGS 84. Longitudes and latitudes in degrees. Pure functions.
///
/// GCJ-02 moves a point inside China by 300-700 m; BD-09 is GCJ-02 moved once more. The inverses are iterated to
/// machine precision, where the usual one-step inverse errs by 1-2 m. Outside the box that the algorithm calls China
/// (72.004-137.8347 E, 0.8293-55.8271 N) GCJ-02 is the identity. Source: the published reconstruction of the GCJ-02
/// algorithm (Krasovsky 1940 ellipsoid, a = 6378245 m, e² = 0.00669342162296594323).
public enum ChinaShift: String, Sendable, Hashable {
    case gcj02
    case bd09

    public typealias LonLat = SIMD2<Double>

    /// Undoes the shift: this datum to WGS 84.
    public func toWGS84(longitude: Double, latitude: Double) -> (longitude: Double, latitude: Double) {
        let shifted = LonLat(longitude, latitude)
        let gcj = self == .bd09 ? Self.invert(shifted, Self.bd09FromGCJ) : shifted
        guard Self.isInChina(gcj) else { return (gcj.x, gcj.y) }
        let wgs = Self.invert(gcj, Self.gcjFromWGS)
        return (wgs.x, wgs.y)
    }

    /// Applies the shift: WGS 84 to this datum.
    public func fromWGS84(longitude: Double, latitude: Double) -> (longitude: Double, latitude: Double) {
        let gcj = Self.gcjFromWGS(LonLat(longitude, latitude))
        let shifted = self == .bd09 ? Self.bd09FromGCJ(gcj) : gcj
        return (shifted.x, shifted.y)
    }

    /// Undoes the shift for interleaved longitudes and latitudes. O(points), about 1 us each.
    public func undo(_ lonLat: inout [Double]) {
        var index = 0
        while index + 1 < lonLat.count {
            let wgs = toWGS84(longitude: lonLat[index], latitude: lonLat[index + 1])
            lonLat[index] = wgs.longitude
            lonLat[index + 1] = wgs.latitude
            index += 2
        }
    }

    static func isInChina(_ point: LonLat) -> Bool {
        point.x >= 72.004 && point.x <= 137.8347 && point.y >= 0.8293 && point.y <= 55.8271
    }

    /// Solves forward(x) = target by fixed-point iteration: the shift changes by less than 1 % of a step, so each round
    /// gains two digits or more.
    private static func invert(_ target: LonLat, _ forward: (LonLat) -> LonLat) -> LonLat {
        let enough = 1e-13  // degrees: one hundredth of a micrometre
        let roundLimit = 30
        var guess = target
        for _ in 0..<roundLimit {
            let miss = target - forward(guess)
            guess += miss
            if abs(miss.x) < enough && abs(miss.y) < enough { break }
        }
        return guess
    }

    private static func gcjFromWGS(_ wgs: LonLat) -> LonLat {
        guard isInChina(wgs) else { return wgs }
        let x = wgs.x - 105
        let y = wgs.y - 35
        let common = (20 * sin(6 * x * .pi) + 20 * sin(2 * x * .pi)) * 2 / 3
        var north = -100 + 2 * x + 3 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * abs(x).squareRoot() + common
        north += (20 * sin(y * .pi) + 40 * sin(y / 3 * .pi)) * 2 / 3
        north += (160 * sin(y / 12 * .pi) + 320 * sin(y * .pi / 30)) * 2 / 3
        var east = 300 + x + 2 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * abs(x).squareRoot() + common
        east += (20 * sin(x * .pi) + 40 * sin(x / 3 * .pi)) * 2 / 3
        east += (150 * sin(x / 12 * .pi) + 300 * sin(x / 30 * .pi)) * 2 / 3

        let semiMajor = 6_378_245.0
        let eccentricity = 0.006_693_421_622_965_943_23
        let latitude = wgs.y * .pi / 180
        let magic = 1 - eccentricity * sin(latitude) * sin(latitude)
        let root = magic.squareRoot()
        let degree = Double.pi / 180
        let meridian = semiMajor * (1 - eccentricity) / (magic * root) * degree
        let parallel = semiMajor / root * cos(latitude) * degree
        return LonLat(wgs.x + east / parallel, wgs.y + north / meridian)
    }

    private static func bd09FromGCJ(_ gcj: LonLat) -> LonLat {
        let turn = Double.pi * 3000 / 180
        let radius = (gcj.x * gcj.x + gcj.y * gcj.y).squareRoot() + 0.00002 * sin(gcj.y * turn)
        let angle = atan2(gcj.y, gcj.x) + 0.000003 * cos(gcj.x * turn)
        return LonLat(radius * cos(angle) + 0.0065, radius * sin(angle) + 0.006)
    }
}
