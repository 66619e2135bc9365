// SPDX-License-Identifier: Apache-2.0

extension ProjectText {
    private struct Scene {
        var id: String, zh: String, en: String, department: String, zhText: String, enText: String, layers: String
        var s: Double, t: Double, zoom: Double
        var radius: Int?
    }

    /// Where each scenario plays, in shares of the urban radius along the coast and inland.
    static var sceneShares: [(id: String, s: Double, t: Double)] {
        (emergency + planning + daily).map { ($0.id, $0.s, $0.t) }
    }

    /// - Parameter center: longitude and latitude of what a scenario looks at.
    mutating func addScenarios(_ center: (String) -> PlanPoint) {
        for scene in Self.emergency + Self.planning + Self.daily {
            let place = center(scene.id)
            let at = "[\(fixed(place.x, 5)), \(fixed(place.y, 5))]"
            // A view that is too far out would show none of a detailed layer.
            let deepest = scene.layers.split(separator: ", ").reduce(0) { max($0, lowestZoom[String($1)] ?? 0) }
            let zoom = max(scene.zoom, Double(deepest))
            var text = "  - {id: \(scene.id), title: {zh: \(scene.zh), en: \(scene.en)}, "
            text += "department: \(scene.department), "
            text += "description: {zh: \"\(scene.zhText)\", en: \"\(scene.enText)\"}, layers: [\(scene.layers)], "
            text += "view: {center: \(at), zoom: \(fixed(zoom, 1)), pitch: \(zoom > 15 ? 45 : 0), bearing: 0}"
            if let radius = scene.radius {
                text += ", query: {at: \(at), radius: \(radius), layers: [\(scene.layers)]}"
            }
            scenario(text + "}")
        }
    }

    private static let emergency = [
        Scene(
            id: "fire", zh: "火灾处置", en: "Fire response", department: "消防救援大队", zhText: "起火点周边建筑、消火栓、消防站和避难场所",
            enText: "Buildings, hydrants, stations and shelters around a fire",
            layers: "buildings, hydrants, fire_stations, shelters", s: 0.22, t: 0.52, zoom: 16, radius: 500),
        Scene(
            id: "flood", zh: "内涝预警", en: "Urban flooding", department: "应急管理局", zhText: "河道两岸的积水传感器、雨水管和受影响人群",
            enText: "Level sensors, storm drains and who is affected along the river",
            layers: "water, pipe_storm, sensors, shelters, schools", s: 0.02, t: 0.4, zoom: 14.5, radius: 800),
        Scene(
            id: "gas_leak", zh: "燃气泄漏", en: "Gas leak", department: "城市管理局", zhText: "泄漏点周边燃气管、阀门和需疏散建筑",
            enText: "Gas mains, valves and buildings to evacuate",
            layers: "pipe_gas, pipe_points, buildings, hospitals", s: 0.3, t: 0.62, zoom: 16, radius: 300),
        Scene(
            id: "main_burst", zh: "供水爆管", en: "Water main burst", department: "水务局", zhText: "爆管点周边供水管、阀门井和停水用户",
            enText: "Mains, valves and customers around a burst",
            layers: "pipe_water, pipe_points, buildings, hospitals", s: -0.25, t: 0.45, zoom: 16, radius: 400),
        Scene(
            id: "typhoon", zh: "台风防御", en: "Typhoon", department: "应急管理局", zhText: "沿海建筑、避难场所与渔港",
            enText: "Coastal buildings and shelters", layers: "buildings, shelters, green, water", s: 0.1, t: 0.06,
            zoom: 14, radius: 1000),
        Scene(
            id: "hazmat", zh: "危化品事故", en: "Hazardous materials", department: "应急管理局", zhText: "工业区危险源周边学校医院与工业管线",
            enText: "Schools, hospitals and industrial pipes around a plant",
            layers: "pipe_industrial, buildings, schools, hospitals, fire_stations", s: 0.85, t: 0.5, zoom: 14.5,
            radius: 1000),
        Scene(
            id: "power_cut", zh: "停电抢修", en: "Power cut", department: "供电公司", zhText: "故障电缆与受影响路灯建筑",
            enText: "Cables, lamps and buildings without power",
            layers: "pipe_power, street_lamps, buildings, hospitals", s: -0.1, t: 0.3, zoom: 15.5, radius: 500),
    ]

    private static let planning = [
        Scene(
            id: "plan_review", zh: "多规合一审查", en: "Planning review", department: "自然资源和规划局", zhText: "国土空间规划与控规的用地性质比对",
            enText: "Where the land-use plan and the control plan disagree",
            layers: "landuse_plan, control_plan, parcels", s: 0.2, t: 0.45, zoom: 14.5, radius: 800),
        Scene(
            id: "three_lines", zh: "三区三线核查", en: "Three control lines", department: "自然资源和规划局",
            zhText: "规划地块是否占用红线和永久基本农田", enText: "Plan parcels inside the redline or permanent farmland",
            layers: "landuse_plan, eco_redline, basic_farmland, growth_boundary", s: 0.5, t: 1.1, zoom: 12.5,
            radius: nil),
        Scene(
            id: "land_supply", zh: "土地出让", en: "Land supply", department: "自然资源和规划局", zhText: "地块的规划条件、宗地和周边配套",
            enText: "Plan conditions, parcels and services of a lot",
            layers: "control_plan, parcels, schools, bus_stops", s: -0.4, t: 0.2, zoom: 15, radius: 1000),
        Scene(
            id: "height_check", zh: "建筑限高检查", en: "Height limits", department: "住房和城乡建设局", zhText: "现状建筑高度与控规限高",
            enText: "Buildings taller than the control plan allows", layers: "buildings, control_plan", s: 0.4, t: 0.62,
            zoom: 15.5, radius: 600),
        Scene(
            id: "old_town", zh: "老城更新", en: "Old town renewal", department: "住房和城乡建设局", zhText: "老旧房屋的年代、结构和地标建筑",
            enText: "Age and structure of old houses, and landmarks", layers: "buildings, landmarks, parcels", s: 0.22,
            t: 0.52, zoom: 16.5, radius: 400),
        Scene(
            id: "farmland", zh: "耕地保护", en: "Farmland protection", department: "农业农村局", zhText: "永久基本农田与规划占用",
            enText: "Permanent farmland and plans on it", layers: "basic_farmland, land_cover, landuse_plan", s: -0.9,
            t: 1.1, zoom: 13, radius: nil),
        Scene(
            id: "pipe_survey", zh: "地下管线普查", en: "Pipe survey", department: "住房和城乡建设局", zhText: "八类管线与管点的分布",
            enText: "Eight classes of pipes and their points",
            layers:
                "pipe_water, pipe_storm, pipe_sewage, pipe_gas, pipe_heat, pipe_power, pipe_telecom, "
                + "pipe_industrial, pipe_points",
            s: 0.6, t: 0.5, zoom: 16.5, radius: 200),
    ]

    private static let daily = [
        Scene(
            id: "school_catchment", zh: "学区划分", en: "School catchment", department: "教育和体育局", zhText: "学校与周边社区住宅",
            enText: "Schools, communities and homes", layers: "schools, communities, buildings", s: -0.35, t: 0.5,
            zoom: 14.5, radius: 1000),
        Scene(
            id: "road_works", zh: "占道施工", en: "Road works", department: "交通运输局", zhText: "开挖路段的管线、公交站和行道树",
            enText: "Pipes, bus stops and trees where a road is dug up",
            layers: "roads, pipe_water, pipe_gas, pipe_telecom, bus_stops, trees", s: 0.1, t: 0.7, zoom: 16, radius: 200
        ),
        Scene(
            id: "bus_live", zh: "公交实时运行", en: "Buses now", department: "交通运输局", zhText: "公交车实时位置与站点",
            enText: "Moving buses and their stops", layers: "roads, bus_stops, sensors", s: 0.05, t: 0.45, zoom: 13.5,
            radius: nil),
        Scene(
            id: "grid_patrol", zh: "网格巡查", en: "Grid patrol", department: "城市管理局", zhText: "单元网格内的部件与责任人",
            enText: "Components by unit grid cell", layers: "grid_cells, components, cameras", s: 0.15, t: 0.3,
            zoom: 15.5, radius: 300),
        Scene(
            id: "lighting", zh: "智慧照明", en: "Street lighting", department: "城市管理局", zhText: "路灯、综合杆和单灯控制",
            enText: "Lamps, poles and controllers", layers: "street_lamps, poles, sensors", s: -0.2, t: 0.15,
            zoom: 15.5, radius: 300),
        Scene(
            id: "air", zh: "空气质量", en: "Air quality", department: "生态环境局", zhText: "空气监测终端与污染源",
            enText: "Air monitors and sources", layers: "sensors, green, schools", s: 0.5, t: 0.45, zoom: 13.5,
            radius: 2000),
        Scene(
            id: "security", zh: "重点区域安保", en: "Public security", department: "公安局", zhText: "监控、派出所与重点建筑",
            enText: "Cameras, police stations and key buildings", layers: "cameras, police_stations, buildings", s: 0.3,
            t: 0.6, zoom: 15.5, radius: 500),
        Scene(
            id: "sewage", zh: "污水溯源", en: "Sewage tracing", department: "生态环境局", zhText: "污水管网和流量终端",
            enText: "Sewers and flow meters", layers: "pipe_sewage, pipe_points, sensors, water", s: -0.5, t: 0.4,
            zoom: 15.5, radius: 500),
        Scene(
            id: "heating", zh: "冬季供热", en: "Winter heating", department: "城市管理局", zhText: "供热管网与服务建筑",
            enText: "Heating mains and buildings served", layers: "pipe_heat, buildings", s: -0.3, t: 0.6, zoom: 15,
            radius: 600),
        Scene(
            id: "parks", zh: "公园绿地服务", en: "Parks", department: "园林局", zhText: "公园绿地、行道树与服务半径",
            enText: "Parks, trees and the homes they serve", layers: "green, trees, buildings", s: -0.2, t: 0.1,
            zoom: 14.5, radius: 500),
    ]
}
