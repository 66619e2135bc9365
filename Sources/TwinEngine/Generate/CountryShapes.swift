// SPDX-License-Identifier: Apache-2.0
internal import Glibc

extension CityFrame {
    /// Small bays and spits of the beach, metres to the sea.
    static func bays(_ s: Double) -> Double { 14 * sin(s / 95) + 9 * sin(s / 37) }
}

/// Shapes of the country that no survey draws with a ruler.
enum CountryShapes {
    /// Cuts every corner twice (Chaikin's algorithm), so that an outline along the lattice becomes a soft one.
    ///
    /// - Parameter share: how much of each side a cut takes, below one half.
    static func softened(_ ring: [PlanPoint], share: Double = 0.25, times: Int = 2) -> [PlanPoint] {
        var result = ring
        for _ in 0..<times {
            var next: [PlanPoint] = []
            next.reserveCapacity(result.count * 2)
            for index in result.indices {
                let from = result[index]
                let to = result[(index + 1) % result.count]
                next.append(from.lerp(to, share))
                next.append(from.lerp(to, 1 - share))
            }
            result = next
        }
        return result
    }

    /// A closed shape around a place of the frame, `radius` metres large, longer along the coast by `stretch`.
    static func blob(
        _ frame: CityFrame, s: Double, t: Double, radius: Double, stretch: Double, points: Int,
        _ random: inout PlanRandom
    ) -> [PlanPoint] {
        let phases = (0..<4).map { _ in random.real(0, 6.283) }
        return (0..<points).map { step in
            let angle = Double(step) / Double(points) * 2 * .pi
            var size = 1 + 0.24 * sin(2 * angle + phases[0]) + 0.15 * sin(3 * angle + phases[1])
            size += 0.1 * sin(5 * angle + phases[2]) + 0.06 * sin(11 * angle + phases[3])
            let u = cos(angle) * size * radius * stretch
            let v = sin(angle) * size * radius / stretch
            // The coast is never reached.
            return frame.place(s + u, max(160, t + v))
        }
    }
}
