// SPDX-License-Identifier: Apache-2.0

/// All writers of a demo city, fed quarter by quarter.
struct CityWriters {
    let frame: CityFrame
    let folder: String
    let buildings: BuildingWriter
    let roads: RoadWriter
    let land: LandWriter
    var villageBuildings = 0
    private var all: [any QuarterWriter] { [buildings, roads, land] }

    init(_ frame: CityFrame, folder: String) throws {
        self.frame = frame
        self.folder = folder
        buildings = try BuildingWriter(folder: folder)
        roads = try RoadWriter(folder: folder)
        land = try LandWriter(folder: folder)
        try land.writeWaters(frame)
    }

    func write(_ quarter: Quarter) throws {
        for writer in all { try writer.write(quarter) }
    }

    func finish(_ directory: String, _ city: DemoCity, _ progress: (String, Double) -> Void) throws -> DemoCityReport {
        var report = DemoCityReport()
        report.layers["railway"] = try RoadWriter.writeRailway(frame, folder: folder)
        for (index, writer) in all.enumerated() {
            progress("finish", Double(index) / Double(all.count))
            try writer.finish()
        }
        report.buildings = buildings.buildingCount
        report.villageBuildings = villageBuildings
        report.layers["buildings"] = buildings.buildingCount
        report.layers["parcels"] = buildings.parcelCount
        report.layers["roads"] = roads.count
        report.layers["water"] = land.counts.water
        report.layers["green"] = land.counts.green
        report.layers["land_cover"] = land.counts.cover
        return report
    }
}
