// SPDX-License-Identifier: Apache-2.0

/// All writers of a demo city, fed quarter by quarter.
struct CityWriters {
    let frame: CityFrame
    let folder: String
    let buildings: BuildingWriter
    let roads: RoadWriter
    let land: LandWriter
    let country: CountryWriter
    let pipes: PipeWriter
    let furniture: FurnitureWriter
    let services: ServiceWriter
    let sensors: SensorWriter
    let plans: PlanWriter
    let landmarks: LandmarkWriter
    let anchors: SceneAnchors
    var villageBuildings = 0
    private var all: [any QuarterWriter] {
        [buildings, roads, land, country, pipes, furniture, services, sensors, plans, landmarks, anchors]
    }

    init(_ frame: CityFrame, folder: String) throws {
        self.frame = frame
        self.folder = folder
        buildings = try BuildingWriter(folder: folder)
        roads = try RoadWriter(folder: folder)
        land = try LandWriter(folder: folder)
        country = try CountryWriter(frame, folder: folder)
        pipes = try PipeWriter(folder: folder)
        furniture = try FurnitureWriter(folder: folder)
        services = try ServiceWriter(folder: folder)
        sensors = try SensorWriter(folder: folder)
        plans = try PlanWriter(frame, folder: folder)
        landmarks = LandmarkWriter(folder: folder)
        anchors = SceneAnchors(frame)
        try land.writeWaters(frame)
    }

    func write(_ quarter: Quarter) throws {
        for writer in all { try writer.write(quarter) }
    }

    func finish(_ directory: String, _ city: DemoCity, _ progress: (String, Double) -> Void) throws -> DemoCityReport {
        var report = DemoCityReport()
        report.layers["railway"] = try RoadWriter.writeRailway(frame, folder: folder)
        try roads.writeMainRoads(frame)
        for (index, writer) in all.enumerated() {
            progress("finish", Double(index) / Double(all.count))
            try writer.finish()
        }
        report.buildings = buildings.buildingCount
        report.villageBuildings = villageBuildings
        report.layers["buildings"] = buildings.buildingCount
        report.layers["parcels"] = buildings.parcelCount
        report.layers["roads"] = roads.count
        report.layers["main_roads"] = roads.mainCount
        report.layers["land_general"] = country.count
        report.layers["water"] = land.counts.water
        report.layers["green"] = land.counts.green
        report.layers["land_cover"] = land.counts.cover
        for kind in PipeClass.allCases {
            report.layers["pipe_" + kind.id] = pipes.lineCounts[kind.rawValue]
        }
        report.layers["pipe_points"] = pipes.pointCounts.reduce(0, +)
        for counts in [furniture.counts, services.counts, plans.counts] { report.layers.merge(counts) { a, _ in a } }
        report.layers["sensors"] = sensors.count
        for kind in PlanWriter.wanted.keys { report.conflicts[kind] = plans.conflicts.count { $0.kind == kind } }
        try FileStore.write(try plans.json(), to: directory + "/conflicts.json")
        report.layers["landmarks"] = landmarks.count
        report.layers["network_pipes"] = try NetworkWriter(frame: frame).write(folder: folder)
        try DEMWriter.write(frame, folder: folder)
        _ = try BusTraces.write(frame, folder: folder)
        try FileStore.write(try project(), to: directory + "/city.yaml")
        report.files = try FileStore.names(folder).map { "sources/" + $0 } + ["city.yaml", "conflicts.json"]
        return report
    }

    private func project() throws -> String {
        var text = ProjectText()
        text.addBase()
        text.addPlanning()
        text.addPipes()
        text.addServices()
        text.addFacilities()
        let toDegrees = try PlanTransform()
        text.addScenarios { toDegrees(anchors.center($0, plans.conflicts)) }
        return text.file(
            extent: try extent(), pipeLayers: text.layerIDs.filter { $0.hasPrefix("pipe_") && $0 != "pipe_points" })
    }

    /// West, south, east, north of the lattice in degrees, with a margin of sea and country.
    private func extent() throws -> [Double] {
        let toDegrees = try PlanTransform()
        let margin = max(1_500, frame.radius * 0.3)
        let west = frame.s(frame.columns.lowerBound) - margin
        let east = frame.s(frame.columns.upperBound) + margin
        let top = frame.t(frame.rows.upperBound) + margin
        var points: [PlanPoint] = []
        for step in 0...40 {
            let s = west + (east - west) * Double(step) / 40
            points += [frame.place(s, -margin), frame.place(s, top)]
        }
        let degrees = toDegrees(points)
        let xs = degrees.map(\.x)
        let ys = degrees.map(\.y)
        return [xs.min() ?? 0, ys.min() ?? 0, xs.max() ?? 0, ys.max() ?? 0]
    }
}
