// SPDX-License-Identifier: Apache-2.0

/// A position or direction in the demo city's metres: x east, y north (EPSG:4549).
struct PlanPoint: Hashable, Sendable {
    var x: Double
    var y: Double

    init(x: Double, y: Double) {
        self.x = x
        self.y = y
    }

    init(_ x: Double, _ y: Double) {
        self.x = x
        self.y = y
    }

    static func + (a: PlanPoint, b: PlanPoint) -> PlanPoint { PlanPoint(a.x + b.x, a.y + b.y) }
    static func - (a: PlanPoint, b: PlanPoint) -> PlanPoint { PlanPoint(a.x - b.x, a.y - b.y) }
    static func * (a: PlanPoint, k: Double) -> PlanPoint { PlanPoint(a.x * k, a.y * k) }

    func dot(_ b: PlanPoint) -> Double { x * b.x + y * b.y }
    func cross(_ b: PlanPoint) -> Double { x * b.y - y * b.x }
    var length: Double { (x * x + y * y).squareRoot() }
    var unit: PlanPoint {
        let size = length
        return size > 0 ? self * (1 / size) : PlanPoint(1, 0)
    }
    /// A quarter turn to the left.
    var left: PlanPoint { PlanPoint(-y, x) }

    func lerp(_ b: PlanPoint, _ share: Double) -> PlanPoint { self + (b - self) * share }
}
