// SPDX-License-Identifier: Apache-2.0

/// Fills the blocks of a quarter: use, lots, buildings.
struct BlockBuilder {
    let frame: CityFrame
    let plan: QuarterPlan
    private var random: PlanRandom

    init(_ frame: CityFrame, _ plan: QuarterPlan) {
        self.frame = frame
        self.plan = plan
        random = PlanRandom(frame.seed, 20, plan.column, plan.row)
    }

    mutating func blocks() -> [PlannedBlock] {
        plan.leaves.compactMap { leaf in
            guard let inner = leaf.inset(), inner.points.count >= 3 else { return nil }
            return block(inner)
        }
    }

    private mutating func block(_ ring: ConvexRing) -> PlannedBlock {
        let area = ring.area
        var use = random.weighted(LandUse.mix(plan.zone))
        if plan.zone != .park, area < 2200 { use = random.chance(0.5) ? .green : .square }
        if use == .hospital || use == .school, area < 9000 { use = .housing }
        if use == .utility, area > 16_000 { use = plan.zone == .industrial ? .industry : .housing }
        let name = blockName(use)
        let parcels = lots(ring, use).enumerated().map { index, lot in
            parcel(lot, use, use == .industry || use == .logistics ? blockName(use) : name, index)
        }
        return PlannedBlock(
            ring: ring.points, use: use, name: name, parcels: parcels, area: area, center: ring.center)
    }

    private mutating func blockName(_ use: LandUse) -> String {
        let place = random.pick(Names.locals)
        switch use {
        case .housing, .oldHousing: return Names.estate(&random)
        case .government: return place + random.pick(["街道办事处", "政务服务中心", "税务所", "市场监督管理所"])
        case .culture: return place + random.pick(["文化馆", "图书馆", "博物馆", "美术馆"])
        case .school: return place + random.pick(["小学", "中学", "实验学校", "第二小学", "职业学校"])
        case .hospital: return place + random.pick(["人民医院", "中医医院", "妇幼保健院", "社区医院"])
        case .commerce: return place + random.pick(["购物中心", "商城", "百货", "家居广场", "农贸市场"])
        case .business: return random.pick(Names.offices) + random.pick(["中心", "大厦", "广场"])
        case .industry: return random.pick(Names.industries) + "有限公司"
        case .logistics: return place + "物流园"
        case .utility: return place + random.pick(["消防救援站", "变电站", "泵站", "环卫站"])
        case .park: return place + "公园"
        case .green: return place + "绿地"
        case .square: return place + "广场"
        case .village: return Names.village(&random)
        }
    }

    /// Lots (宗地): recursive halves across the longest edge, so that neighbours share borders exactly.
    private mutating func lots(_ ring: ConvexRing, _ use: LandUse) -> [ConvexRing] {
        let target: Double =
            switch use {
            case .oldHousing: 950
            case .commerce: plan.zone == .oldTown ? 1_300 : 7_500
            case .business: 6_500
            case .industry: 24_000
            case .logistics: 30_000
            case .culture, .government: 9_000
            case .village: 2_400
            default: .infinity
            }
        guard target.isFinite else { return [ring] }
        var done: [ConvexRing] = []
        var open = [ring]
        while let next = open.popLast() {
            guard next.area > target * random.real(1.0, 1.7), open.count + done.count < 600 else {
                done.append(next)
                continue
            }
            let longest = next.longestEdge
            let from = next.points[longest]
            let to = next.points[(longest + 1) % next.points.count]
            let start = from.lerp(to, random.real(0.42, 0.58))
            let across = (to - from).unit.left
            let edge = ConvexRing.Edge(half: 0, street: -1)
            let left = next.leftOf(start, across, edge)
            let right = next.leftOf(start, across * -1, edge)
            guard left.points.count > 2, right.points.count > 2, min(left.area, right.area) > target * 0.2 else {
                done.append(next)
                continue
            }
            open.append(left)
            open.append(right)
        }
        return done
    }

    private mutating func parcel(_ lot: ConvexRing, _ use: LandUse, _ name: String, _ index: Int) -> PlannedParcel {
        var placer = BuildingPlacer(frame: frame, zone: plan.zone, use: use, name: name, random: random)
        placer.fill(lot, index)
        random = placer.random
        return PlannedParcel(
            ring: lot.points, use: use, name: name, buildings: placer.buildings, fields: placer.fields, area: lot.area)
    }
}

extension BlockBuilder {
    /// A village: lanes of farmhouses around a lot, at most `most` of them.
    mutating func village(_ ring: ConvexRing, most: Int) -> PlannedBlock {
        let name = Names.village(&random)
        var left = most
        var parcels: [PlannedParcel] = []
        for (index, lot) in lots(ring, .village).enumerated() {
            var made = parcel(lot, .village, name, index)
            if made.buildings.count > left { made.buildings.removeLast(made.buildings.count - left) }
            left -= made.buildings.count
            parcels.append(made)
        }
        return PlannedBlock(
            ring: ring.points, use: .village, name: name, parcels: parcels, area: ring.area, center: ring.center)
    }
}
