// SPDX-License-Identifier: Apache-2.0
import Spatial
import Synchronization

/// How grid points are written in a coordinate system. Immutable; any thread.
public struct GeometryOutput: Sendable {
    private enum Way: Sendable {
        case lonLat
        case own
        /// Fitted to PROJ over the city, and PROJ itself for what lies outside.
        case other(LocalTransform, TransformerPool)
    }

    public let crs: FeatureCRS
    private let way: Way
    private let coordinates: CityCoordinates
    /// Decimals of a coordinate: a millimetre or less.
    let decimals: Int
    let isNorthFirst: Bool

    /// Some milliseconds for systems other than WGS 84 and the city's own: keep it.
    public init(_ crs: FeatureCRS, _ coordinates: CityCoordinates) throws {
        self.crs = crs
        self.coordinates = coordinates
        isNorthFirst = crs.isNorthFirst
        if crs.isDegrees {
            way = .lonLat
        } else if crs.system == coordinates.system {
            way = .own
        } else {
            way = .other(
                try LocalTransform(from: coordinates.system, to: .system(crs.system), over: coordinates.box),
                try TransformerPool(from: coordinates.system, to: crs.system))
        }
        decimals = crs.system.isGeographic ? 9 : 3
    }

    /// A grid point as x = east, y = north; not a number where PROJ has no answer.
    @inline(__always)
    func eastNorth(_ point: GridPoint) -> SIMD2<Double> {
        let metres = coordinates.grid.metres(point)
        switch way {
        case .lonLat: return coordinates.lonLat(x: metres.x, y: metres.y)
        case .own: return SIMD2(metres.x, metres.y)
        case .other(let fast, let exact):
            if let found = fast.transform(x: metres.x, y: metres.y) { return found }
            do {
                let position = try exact.withTransformer { $0.transform(x: metres.x, y: metres.y) }
                return position.map { SIMD2($0.x, $0.y) } ?? SIMD2(.nan, .nan)
            } catch {
                return SIMD2(.nan, .nan)
            }
        }
    }
}

/// The outputs of a city's systems, made on first use. Any thread.
public final class GeometryOutputs: Sendable {
    private struct Key: Hashable {
        var uri: String
        var city: String
        var grid: GridFrame
    }
    private let known = Mutex<[Key: GeometryOutput]>([:])

    public init() {}

    public func output(_ crs: FeatureCRS, _ coordinates: CityCoordinates) throws -> GeometryOutput {
        let key = Key(uri: crs.uri, city: coordinates.system.definition, grid: coordinates.grid)
        if let found = known.withLock({ $0[key] }) { return found }
        let made = try GeometryOutput(crs, coordinates)
        known.withLock { outputs in
            // A city has one grid at a time; older ones are not asked again.
            outputs = outputs.filter { $0.key.grid == key.grid && $0.key.city == key.city }
            outputs[key] = made
        }
        return made
    }
}
