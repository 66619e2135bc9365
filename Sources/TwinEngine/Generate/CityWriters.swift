// SPDX-License-Identifier: Apache-2.0

/// All writers of a demo city, fed quarter by quarter.
struct CityWriters {
    let frame: CityFrame
    let folder: String
    let buildings: BuildingWriter
    let roads: RoadWriter
    let land: LandWriter
    let country: CountryWriter
    /// Two, so that two cores share the largest part of the work.
    let pipes: [PipeWriter]
    let furniture: FurnitureWriter
    let services: ServiceWriter
    let sensors: SensorWriter
    let plans: PlanWriter
    let landmarks: LandmarkWriter
    let anchors: SceneAnchors
    var villageBuildings = 0
    private let lanes: WriterLanes

    init(_ frame: CityFrame, folder: String) throws {
        self.frame = frame
        self.folder = folder
        buildings = try BuildingWriter(folder: folder)
        roads = try RoadWriter(folder: folder)
        land = try LandWriter(folder: folder)
        country = try CountryWriter(frame, folder: folder)
        let kinds = PipeClass.allCases
        pipes = [
            try PipeWriter(folder: folder, kinds: kinds[..<3]), try PipeWriter(folder: folder, kinds: kinds[3...]),
        ]
        furniture = try FurnitureWriter(folder: folder)
        services = try ServiceWriter(folder: folder)
        sensors = try SensorWriter(folder: folder)
        plans = try PlanWriter(frame, folder: folder)
        landmarks = LandmarkWriter(folder: folder)
        anchors = SceneAnchors(frame)
        try land.writeWaters(frame)
        lanes = WriterLanes(
            pipes + [buildings, furniture, roads, services, plans, land, country, sensors, landmarks, anchors])
    }

    /// Writes quarters in their order, every file on one thread at a time and several files at once.
    func write(_ quarters: [Quarter]) throws { try lanes.write(quarters) }

    func finish(_ directory: String, _ city: DemoCity, _ progress: (String, Double) -> Void) throws -> DemoCityReport {
        var report = DemoCityReport()
        report.layers["railway"] = try RoadWriter.writeRailway(frame, folder: folder)
        try roads.writeMainRoads(frame)
        progress("finish", 0)
        try lanes.finish()
        progress("finish", 0.5)
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
            report.layers["pipe_" + kind.id] = pipes.reduce(0) { $0 + $1.lineCounts[kind.rawValue] }
        }
        report.layers["pipe_points"] = pipes.reduce(0) { $0 + $1.pointCounts.reduce(0, +) }
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
