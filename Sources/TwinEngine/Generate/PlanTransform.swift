// SPDX-License-Identifier: Apache-2.0
internal import Spatial

/// From the demo city's metres (EPSG:4549) to longitude and latitude. One thread at a time.
final class PlanTransform {
    private let transformer: CoordinateTransformer
    private var fast: LocalTransform?
    /// Metres around Jiaozhou within which many points are transformed by polynomials; the rest goes through PROJ.
    private static let reach = 90_000.0

    init() throws {
        let plane = try CoordinateSystem("EPSG:4549")
        transformer = try CoordinateTransformer(from: plane, to: .wgs84())
        let middle = CityFrame.jiaozhou
        fast = try LocalTransform(
            from: plane, to: .lonLat,
            over: CoordinateBox(
                minX: middle.x - Self.reach, minY: middle.y - Self.reach, maxX: middle.x + Self.reach,
                maxY: middle.y + Self.reach), tolerance: 0.000_1)
    }

    func callAsFunction(_ point: PlanPoint) -> PlanPoint {
        if let near = fast?.transform(x: point.x, y: point.y) { return PlanPoint(near.x, near.y) }
        guard let far = transformer.transform(x: point.x, y: point.y) else { return PlanPoint(.nan, .nan) }
        return PlanPoint(far.x, far.y)
    }

    func callAsFunction(_ points: [PlanPoint]) -> [PlanPoint] { points.map { self($0) } }
}
