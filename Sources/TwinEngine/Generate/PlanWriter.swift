// SPDX-License-Identifier: Apache-2.0

/// A deliberate contradiction between plans.
struct PlanConflict: Sendable {
    var kind: String
    var code: String
    var detail: String
    var place: PlanPoint
}

/// Land-use plan, control plan and the three lines (三区三线), as one FileGDB, with a known number of conflicts.
final class PlanWriter: QuarterWriter {
    private let file: VectorDataset
    private let landUse: VectorLayer
    private let control: VectorLayer
    private let lines: [String: VectorLayer]
    private var wkb = WKBBuilder()
    private(set) var conflicts: [PlanConflict] = []
    private var urban: Set<LatticeCell> = []
    private let frame: CityFrame

    /// How many of each kind a city of ordinary size gets.
    static let wanted = ["farmland": 7, "redline": 3, "class": 5, "height": 4]

    var counts: [String: Int] {
        ["landuse_plan": landUse.count, "control_plan": control.count].merging(lines.mapValues(\.count)) { a, _ in a }
    }

    init(_ frame: CityFrame, folder: String) throws {
        self.frame = frame
        file = try VectorDataset(path: folder + "/planning.gdb", driver: "OpenFileGDB")
        landUse = try file.addLayer(
            "landuse_plan", .polygon, epsg: 4549,
            fields: [.text("DKBH"), .text("YDYHDM"), .text("YDYHMC"), .real("MJ"), .text("GHQX")])
        control = try file.addLayer(
            "control_plan", .polygon, epsg: 4549,
            fields: [
                .text("DKBH"), .text("YDXZDM"), .text("YDXZMC"), .real("MJ"), .real("RJL"), .real("JZMD"), .real("LDL"),
                .real("JZXG"),
            ])
        var made: [String: VectorLayer] = [:]
        for id in ["eco_redline", "basic_farmland", "growth_boundary"] {
            made[id] = try file.addLayer(id, .polygon, epsg: 4549, fields: [.text("BSM"), .text("MC"), .real("MJ")])
        }
        lines = made
    }

    private func count(_ kind: String) -> Int { conflicts.count { $0.kind == kind } }
    private func isWanted(_ kind: String) -> Bool { count(kind) < Self.wanted[kind, default: 0] }

    func write(_ quarter: Quarter) throws {
        switch quarter.plan.zone {
        case .hill: try redline(quarter)
        case .farm where !quarter.isVillage: try farmland(quarter)
        default: break
        }
        if isInsideBoundary(quarter) { urban.insert(LatticeCell(column: quarter.column, row: quarter.row)) }
        for block in quarter.blocks { try plan(block, quarter) }
    }

    /// The growth boundary also takes in the river, railway and shore between built quarters.
    private func isInsideBoundary(_ quarter: Quarter) -> Bool {
        let column = quarter.column
        let row = quarter.row
        switch quarter.plan.zone {
        case .river: return frame.zone(-1, row).isUrban && frame.zone(1, row).isUrban
        case .rail: return frame.zone(column, row - 1).isUrban && frame.zone(column, row + 1).isUrban
        case .shore: return frame.zone(column, 1).isUrban
        default: return quarter.plan.zone.isUrban
        }
    }

    private func addLine(_ id: String, _ rings: [[PlanPoint]], _ name: String) throws {
        guard let layer = lines[id] else { return }
        wkb.polygon(rings)
        let area = rings.reduce(0) { $0 + ringArea($1) }
        try layer.write(
            wkb, [.text("370281" + padded(layer.count + 1, 10)), .text(name), .real((area * 10).rounded() / 10)])
    }

    private func redline(_ quarter: Quarter) throws {
        try addLine("eco_redline", [quarter.plan.outline.points], "艾山生态保护红线")
        if isWanted("redline") { try intruder("redline", "0901", "商业用地", quarter, "规划地块位于生态保护红线内") }
    }

    private func farmland(_ quarter: Quarter) throws {
        var random = PlanRandom(frame.seed, 100, quarter.column, quarter.row)
        guard let inner = quarter.plan.outline.inset(9), random.chance(0.62) || isWanted("farmland") else { return }
        try addLine("basic_farmland", [inner.points], "永久基本农田")
        if isWanted("farmland") { try intruder("farmland", "1001", "工业用地", quarter, "规划地块占用永久基本农田") }
    }

    /// A planned lot of 120 m by 80 m where none may be.
    private func intruder(_ kind: String, _ code: String, _ title: String, _ quarter: Quarter, _ detail: String) throws
    {
        let center = quarter.plan.outline.center
        let east = CityFrame.eastward
        let north = east.left
        let ring = [(-60.0, -40.0), (60, -40), (60, 40), (-60, 40)].map { center + east * $0.0 + north * $0.1 }
        let number = "GH" + padded(landUse.count + 1, 7)
        wkb.polygon([ring])
        try landUse.write(wkb, [.text(number), .text(code), .text(title), .real(9600), .text("2035")])
        conflicts.append(PlanConflict(kind: kind, code: number, detail: detail, place: center))
    }

    private func plan(_ block: PlannedBlock, _ quarter: Quarter) throws {
        let number = "GH" + padded(landUse.count + 1, 7)
        wkb.polygon([block.ring])
        let area = (block.area * 10).rounded() / 10
        try landUse.write(
            wkb, [.text(number), .text(block.use.code), .text(block.use.title), .real(area), .text("2035")])
        guard !quarter.isVillage else { return }
        var use = block.use
        // One contradiction of each kind in a quarter at most, so that they are spread over the city.
        if use == .housing, block.area > 9_000, isWanted("class"),
            !conflicts.contains(where: { $0.kind == "class" && near($0, block) })
        {
            use = .commerce
            conflicts.append(
                PlanConflict(kind: "class", code: number, detail: "国土空间规划0701，控规0901", place: block.center))
        }
        var limit = ((block.tallest + 3) / 5).rounded(.up) * 5
        if block.use == .business, block.tallest > 40, isWanted("height"),
            !conflicts.contains(where: { $0.kind == "height" && near($0, block) })
        {
            limit = 24
            conflicts.append(PlanConflict(kind: "height", code: number, detail: "现状建筑超过控规限高24米", place: block.center))
        }
        let ratio = block.use.isOpen ? 0 : max(0.5, (block.floorAreaRatio * 10).rounded(.up) / 10)
        try control.write(
            wkb,
            [
                .text(number), .text(use.code), .text(use.title), .real(area), .real(ratio),
                .real(block.use.isOpen ? 5 : min(70, (block.density / 5).rounded(.up) * 5)),
                .real(block.use.isOpen ? 75 : 30),
                .real(block.use.isOpen ? 10 : max(12, limit)),
            ])
    }

    private func near(_ conflict: PlanConflict, _ block: PlannedBlock) -> Bool {
        (conflict.place - block.center).length < 350
    }

    func finish() throws {
        for rings in LatticeCell.outlines(urban, frame) { try addLine("growth_boundary", rings, "城镇开发边界") }
        try file.close()
    }

    /// `conflicts.json`: what a comparison of the plans must find.
    func json() throws -> String {
        let toDegrees = try PlanTransform()
        let items = conflicts.map { conflict in
            let degrees = toDegrees(conflict.place)
            return
                "  {\"kind\": \"\(conflict.kind)\", \"code\": \"\(conflict.code)\", \"detail\": "
                + "\"\(conflict.detail)\", \"lonLat\": ["
                + fixed(degrees.x, 6) + ", " + fixed(degrees.y, 6) + "]}"
        }
        let totals = Self.wanted.keys.sorted().map { "\"\($0)\": \(count($0))" }
        return
            "{\"counts\": {\(totals.joined(separator: ", "))}, \"conflicts\": "
            + "[\n\(items.joined(separator: ",\n"))\n]}\n"
    }
}
