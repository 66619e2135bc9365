// SPDX-License-Identifier: Apache-2.0
#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// The shape of a roof, by the names of OSM's Simple 3D Buildings.
public enum RoofShape: String, Sendable, Hashable, CaseIterable {
    case flat, skillion, gabled, hipped, pyramidal, gambrel, mansard, round, saltbox, dome, onion
    case halfHipped = "half-hipped"

    /// A value of `roof:shape`, with its common spellings; nil for a shape that is not drawn.
    public init?(tag: String) {
        let name = tag.lowercased().replacing("_", with: "-")
        switch name {
        case "half-hipped", "halfhipped", "side-half-hipped": self = .halfHipped
        case "cone", "conical", "pyramid", "hipped-pyramidal": self = .pyramidal
        case "gable", "double-saltbox", "side-hipped-gabled": self = .gabled
        case "hip", "side-hipped": self = .hipped
        case "lean-to", "pent", "shed", "mono-pitched": self = .skillion
        case "barrel", "vault", "arched": self = .round
        default:
            guard let shape = RoofShape(rawValue: name) else { return nil }
            self = shape
        }
    }
}

/// A roof on a building.
public struct Roof: Sendable, Hashable {
    /// Which way the roof lies on the smallest rectangle around the footprint.
    public enum Lie: Sendable, Hashable {
        /// The ridge along the longer side.
        case along
        /// The ridge along the shorter side.
        case across
        /// The compass bearing, in degrees, that the (or a) slope faces.
        case facing(Double)
    }

    public var shape: RoofShape
    /// Metres from the eaves to the ridge; at most the building's height is used.
    public var height: Double
    public var lie: Lie

    public init(_ shape: RoofShape, height: Double, lie: Lie = .along) {
        (self.shape, self.height, self.lie) = (shape, height, lie)
    }

    /// Rings of a dome or onion: the share of the footprint's size, and the share of the roof's height.
    var profile: [(scale: Double, height: Double)]? {
        switch shape {
        case .pyramidal: [(1, 0), (0, 1)]
        case .dome: Self.quarterCircle
        case .onion:
            [(1, 0), (1, 0.2), (0.92, 0.35), (0.7, 0.5), (0.4, 0.63), (0.18, 0.78), (0.06, 0.9), (0, 1)]
        default: nil
        }
    }

    /// Seven points of a quarter of a circle, 15° apart; the ends are exact.
    private static let quarterCircle: [(scale: Double, height: Double)] = {
        let sines = [0] + (1...5).map { sin(Double($0) * .pi / 12) } + [1]
        return sines.indices.map { (sines[sines.count - 1 - $0], sines[$0]) }
    }()

    /// Roofs that are lines of equal height along the ridge: positions across it and heights there, both 0 to 1, convex
    /// upward.
    var section: [(across: Double, height: Double)]? {
        switch shape {
        case .skillion: [(0, 0), (1, 1)]
        case .gabled: [(0, 0), (0.5, 1), (1, 0)]
        case .saltbox: [(0, 0), (0.35, 1), (1, 0)]
        case .gambrel: [(0, 0), (0.2, 0.65), (0.5, 1), (0.8, 0.65), (1, 0)]
        case .round: Self.arch
        default: nil
        }
    }

    /// Half a circle over 0 ... 1.
    private static let arch: [(across: Double, height: Double)] =
        quarterCircle.map { (0.5 - $0.scale / 2, $0.height) }
        + quarterCircle.dropLast().reversed().map { (0.5 + $0.scale / 2, $0.height) }
}

/// What the roofs of a mesher came out as.
public struct RoofCounts: Sendable, Equatable {
    /// Roofs of their declared shape.
    public var shaped = 0
    /// Roofs on footprints that are not what the shape is defined on: the roof of the smallest rectangle around, cut
    /// off at the walls.
    public var fitted = 0

    public init() {}
}

/// The smallest rectangle around a footprint: `origin` is a corner, `u` the unit vector along the longer side.
struct FootprintRectangle {
    var origin: SIMD2<Double>
    var u: SIMD2<Double>
    var length: Double
    var width: Double

    var v: SIMD2<Double> { SIMD2(-u.y, u.x) }

    /// The rectangle of least area, one side along an edge of the hull. O(edges × vertices).
    init?(_ xy: [Double], _ range: Range<Int>) {
        var best: FootprintRectangle?
        var previous = range.upperBound - 1
        for vertex in range {
            let a = SIMD2(xy[2 * previous], xy[2 * previous + 1])
            let b = SIMD2(xy[2 * vertex], xy[2 * vertex + 1])
            previous = vertex
            let edge = b - a
            let size = (edge * edge).sum().squareRoot()
            guard size > 0 else { continue }
            let candidate = FootprintRectangle(xy, range, along: edge / size)
            if best.map({ candidate.length * candidate.width < $0.length * $0.width * (1 - 1e-9) }) ?? true {
                best = candidate
            }
        }
        guard let best, best.width > 0 else { return nil }
        self = best.width > best.length ? best.turned : best
    }

    /// The rectangle with sides along a direction.
    init(_ xy: [Double], _ range: Range<Int>, along u: SIMD2<Double>) {
        let v = SIMD2(-u.y, u.x)
        var (low, high) = (SIMD2(repeating: Double.infinity), SIMD2(repeating: -Double.infinity))
        for vertex in range {
            let point = SIMD2(xy[2 * vertex], xy[2 * vertex + 1])
            let place = SIMD2((point * u).sum(), (point * v).sum())
            low = pointwiseMin(low, place)
            high = pointwiseMax(high, place)
        }
        self.u = u
        origin = u * low.x + v * low.y
        length = high.x - low.x
        width = high.y - low.y
    }

    /// The same rectangle with the other side first.
    var turned: FootprintRectangle {
        var turned = self
        turned.origin = origin + u * length
        turned.u = v
        (turned.length, turned.width) = (width, length)
        return turned
    }

    /// Metres along and across from the corner.
    func place(_ point: SIMD2<Double>) -> SIMD2<Double> {
        let offset = point - origin
        return SIMD2((offset * u).sum(), (offset * v).sum())
    }

    /// The rectangle on which the roof's ridge runs along `u`, its slopes face `v`'s ways.
    ///
    /// A skillion falls from `v`'s end to its beginning: towards -v.
    func laid(_ lie: Roof.Lie, _ xy: [Double], _ range: Range<Int>, isSlope: Bool) -> FootprintRectangle {
        switch lie {
        case .along: return self
        case .across: return turned
        case .facing(let bearing):
            let angle = bearing * .pi / 180
            let downhill = SIMD2(sin(angle), cos(angle))
            if isSlope {
                // A skillion takes the bearing as it is: v is uphill.
                return FootprintRectangle(xy, range, along: SIMD2(-downhill.y, downhill.x))
            }
            return abs((downhill * v).sum()) >= abs((downhill * u).sum()) ? self : turned
        }
    }
}

extension Roof {
    /// Metres over which a roof of this shape rises on a footprint, from eaves to ridge; 0 without a rectangle.
    public static func run(_ shape: RoofShape, _ lie: Lie, xy: [Double], ringEnds: [UInt32]) -> Double {
        let end = ringEnds.first.map { Int($0 & ~BuildingMesher.ringStartsPart) } ?? 0
        guard end >= 3, xy.count >= 2 * end, let rectangle = FootprintRectangle(xy, 0..<end) else { return 0 }
        if shape == .skillion { return rectangle.laid(lie, xy, 0..<end, isSlope: true).width }
        return min(rectangle.width, rectangle.laid(lie, xy, 0..<end, isSlope: false).width) / 2
    }
}
