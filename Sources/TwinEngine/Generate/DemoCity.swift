// SPDX-License-Identifier: Apache-2.0

/// Writes a believable coastal county seat over the true position of Jiaozhou, as the source files that departments
/// send, with a `city.yaml` that imports them.
///
/// The city is a lattice of quarters (about 300 m) that are built and written one at a time: memory does not grow with
/// the number of buildings, the area does. The same number and seed give the same data, whatever the number of cores.
/// Coordinates are metres of EPSG:4549.
///
/// ```swift
/// let report = try DemoCity(buildings: 20_000, seed: 7).write(to: "demo") { stage, share in print(stage, share) }
/// ```
public struct DemoCity: Sendable {
    public let buildings: Int
    public let seed: UInt64

    public init(buildings: Int, seed: UInt64) {
        self.buildings = max(1, buildings)
        self.seed = seed
    }

    /// Buildings for each square of the urban radius; measured, so that towns hold most and villages the rest.
    static let buildingsPerSquareRadius = 640.0

    var frame: CityFrame {
        let radius = max(330, (Double(buildings) / Self.buildingsPerSquareRadius).squareRoot() * 1000)
        return CityFrame(seed: seed, radius: radius)
    }

    /// Writes `directory/sources`, `directory/conflicts.json` and `directory/city.yaml`.
    ///
    /// - Parameter progress: stage and share done (0...1).
    /// - Throws: `TwinError` with the code `system`, or Foundation's file errors.
    /// - Complexity: O(buildings) time; memory O(lattice), a few bytes for each quarter.
    public func write(to directory: String, progress: (String, Double) -> Void) throws -> DemoCityReport {
        let folder = directory + "/sources"
        try FileStore.checkIsOurs(directory)
        try FileStore.clear(folder)
        let frame = frame
        var writers = try CityWriters(frame, folder: folder)
        try build(frame, &writers, progress)
        return try writers.finish(directory, self, progress)
    }

    /// Towns first, nearest to the centre first; then fields, where villages hold what is left.
    private func build(_ frame: CityFrame, _ writers: inout CityWriters, _ progress: (String, Double) -> Void) throws {
        let (urban, rural) = Self.order(frame)
        var left = buildings
        for start in stride(from: 0, to: urban.count, by: Self.batch) {
            let places = urban[start..<min(urban.count, start + Self.batch)]
            var quarters = QuarterLanes.build(frame, places)
            for index in quarters.indices {
                if quarters[index].buildingCount > left { quarters[index].trim(to: left) }
                left -= quarters[index].buildingCount
            }
            try writers.write(quarters)
            progress("town", Double(start) / Double(urban.count))
        }
        let share = left
        for start in stride(from: 0, to: rural.count, by: Self.batch) {
            let places = rural[start..<min(rural.count, start + Self.batch)]
            var quarters = QuarterLanes.build(frame, places)
            for index in quarters.indices where left > 0 && quarters[index].plan.zone == .farm {
                var random = PlanRandom(seed, 40, quarters[index].column, quarters[index].row)
                quarters[index].settle(most: min(left, random.integer(70...230)))
                left -= quarters[index].buildingCount
            }
            try writers.write(quarters)
            progress("country", Double(start) / Double(rural.count))
        }
        writers.villageBuildings = share - left
    }

    /// Quarters in memory at a time, some megabytes.
    private static let batch = 96

    struct Place: Sendable { var column: Int, row: Int }

    private static func order(_ frame: CityFrame) -> (urban: [Place], rural: [Place]) {
        var urban: [(Place, Double)] = []
        var rural: [(Place, Double)] = []
        for row in frame.rows.lowerBound..<frame.rows.upperBound {
            for column in frame.columns.lowerBound..<frame.columns.upperBound {
                let place = Place(column: column, row: row)
                let zone = frame.zone(column, row)
                let a = frame.s(column) / frame.radius - 0.22
                let b = frame.t(row) / frame.radius - 0.5
                var random = PlanRandom(frame.seed, 41, column, row)
                if zone.isUrban {
                    urban.append((place, a * a + b * b))
                } else {
                    rural.append((place, random.unit()))
                }
            }
        }
        func sorted(_ list: [(Place, Double)]) -> [Place] {
            list.sorted { ($0.1, $0.0.row, $0.0.column) < ($1.1, $1.0.row, $1.0.column) }.map(\.0)
        }
        return (sorted(urban), sorted(rural))
    }
}
