// SPDX-License-Identifier: Apache-2.0
public import Spatial

/// A checked radius query over layers.
public struct RadiusQuestion: Sendable {
    /// Metres; a larger circle than the Earth's grid is a mistake.
    public static let radiusRange = 0.0...100_000.0
    public static let limitRange = 0...10_000

    public var at: LonLat
    public var center: GridPoint
    /// Metres.
    public var radius: Double
    /// Ids of layers in the project's order.
    public var layers: [String]
    /// Features listed per layer; counts are always exact.
    public var limit: Int

    /// - Parameters:
    ///   - position: `lon,lat` in degrees.
    ///   - layers: ids separated by commas; nil for all.
    /// - Throws: `TwinError.argument` or `.notFound`, naming the parameter with a valid example.
    public init(position: String, radius: Double, layers: String?, limit: Int, city: City) throws {
        let parts = position.split(separator: ",", omittingEmptySubsequences: false).map {
            String($0).trimmingWhitespace()
        }
        guard parts.count == 2, let longitude = Double(parts[0]), let latitude = Double(parts[1]),
            abs(longitude) <= 180, abs(latitude) <= 90
        else {
            throw TwinError(
                .argument, "at=\(position) is not longitude,latitude in degrees; write for example at=120.033,36.265")
        }
        guard radius.isFinite, Self.radiusRange.contains(radius) else {
            throw TwinError(.argument, "radius=\(radius) is not 0 to 100000 metres; write for example radius=500")
        }
        guard Self.limitRange.contains(limit) else {
            throw TwinError(.argument, "limit=\(limit) is not 0 to 10000; write for example limit=100")
        }
        at = LonLat(longitude: longitude, latitude: latitude)
        self.radius = radius
        self.limit = limit
        do {
            center = try city.gridPoint(at)
        } catch {
            throw TwinError(.argument, "at=\(position) is too far from the city: \(error.message)")
        }
        let known = city.project.layers.map(\.id)
        let wanted = layers.map { $0.split(separator: ",").map { String($0).trimmingWhitespace() } }
        if let unknown = wanted?.first(where: { !known.contains($0) }) {
            let hint = nearest(to: unknown, in: known).map { "; did you mean '\($0)'?" } ?? ""
            throw TwinError(.notFound, "layers: there is no layer '\(unknown)'\(hint)")
        }
        self.layers = known.filter { wanted?.contains($0) ?? true }
    }

    /// Asks every layer of a view.
    public func answers(_ view: CityView) -> [(layer: LayerView, answer: RadiusAnswer)] {
        layers.compactMap { id in
            view.layer(id).map { ($0, $0.radius(around: center, metres: radius, limit: limit)) }
        }
    }
}
