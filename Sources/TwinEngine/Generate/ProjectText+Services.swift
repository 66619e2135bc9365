// SPDX-License-Identifier: Apache-2.0

extension ProjectText {
    mutating func addServices() {
        let services: [(id: String, zh: String, en: String, department: String, color: String, grade: String)] = [
            ("schools", "学校", "Schools", "教育和体育局", "#2f74c0", "public"),
            ("hospitals", "医院", "Hospitals", "卫生健康局", "#d6336c", "public"),
            ("fire_stations", "消防站", "Fire stations", "消防救援大队", "#e8590c", "public"),
            ("police_stations", "派出所", "Police stations", "公安局", "#364fc7", "public"),
            ("hydrants", "消火栓", "Hydrants", "消防救援大队", "#c92a2a", "public"),
            ("shelters", "避难场所", "Shelters", "应急管理局", "#2b8a3e", "public"),
        ]
        for item in services {
            source(item.id, "services.gpkg", "layer: \(item.id)")
            layer(
                Layer(
                    id: item.id, zh: item.zh, en: item.en, theme: "services", department: item.department,
                    geometry: "point",
                    source: item.id, code: "code", classification: item.grade,
                    zoom: item.id == "hydrants" ? 15...22 : 11...22,
                    fields: [
                        "name:string|名称|Name", "level:string|等级|Level", "capacity:integer|容量|Capacity",
                        "phone:string|电话|Phone",
                    ],
                    style:
                        "kind: circle, color: \"\(item.color)\", outline: \"#ffffff\", opacity: 1, width: 5, label: "
                        + "name",
                    codes: item.id == "hydrants" ? "profile: parts, class: hydrant" : nil))
        }
        let areas = [
            ("towns", "镇街", "Towns", 8, "#845ef7", "1.8"), ("communities", "社区", "Communities", 11, "#9775fa", "1.2"),
            ("grid_cells", "单元网格", "Grid cells", 13, "#b197fc", "0.7"),
        ]
        for (id, zh, en, zoom, color, width) in areas {
            source(id, "admin.gpkg", "layer: \(id)")
            layer(
                Layer(
                    id: id, zh: zh, en: en, theme: "admin", department: id == "grid_cells" ? "政法委" : "民政局",
                    geometry: "polygon", source: id, code: "code", zoom: zoom...22,
                    fields: ["name:string|名称|Name", "manager:string|负责人|Manager"],
                    style: "kind: line, color: \"\(color)\", opacity: 0.9, width: \(width), label: name",
                    checks: id == "grid_cells" ? "profile: grid_code, field: code" : nil))
        }
    }

    mutating func addFacilities() {
        source("street_lamps", "street_lamps.geojson")
        source("poles", "poles.geojson")
        source("components", "components.geojson")
        source("trees", "street.gpkg", "layer: trees")
        source("bus_stops", "street.gpkg", "layer: bus_stops")
        source(
            "cameras", "cameras.csv",
            "format: csv, encoding: UTF-8, crs: \"EPSG:4326\", axis_order: lon-lat, columns: {x: 经度, y: 纬度}")
        source(
            "sensors", "sensors.csv",
            "format: csv, encoding: UTF-8, crs: \"EPSG:4326\", axis_order: lon-lat, columns: {x: 经度, y: 纬度}")
        source("landmarks", "landmarks.city.json", "format: cityjson")
        let plane = "format: epanet, crs: \"EPSG:4549\", axis_order: easting-northing"
        source("network_links", "water_network.inp", "\(plane), layer: links")
        source("network_nodes", "water_network.inp", "\(plane), layer: nodes")
        addStreetAssets()
        addTerminals()
        addModels()
    }

    private static func points(
        _ id: String, _ zh: String, _ en: String, _ theme: String, _ department: String, _ color: String,
        _ width: String,
        _ zoom: Int, _ code: String?, _ grade: String, _ fields: [String], codes: String? = nil,
        checks: String? = nil
    ) -> Layer {
        Layer(
            id: id, zh: zh, en: en, theme: theme, department: department, geometry: "point", source: id, code: code,
            classification: grade, zoom: zoom...22, fields: fields,
            style: "kind: circle, color: \"\(color)\", outline: \"#ffffff\", opacity: 0.95, width: \(width)",
            codes: codes, checks: checks)
    }

    private mutating func addStreetAssets() {
        layer(
            Self.points(
                "street_lamps", "路灯", "Street lamps", "facilities", "城市管理局", "#f2b705", "2.4", 15, "code", "public",
                ["height:real:m|高度|Height", "power:real:W|功率|Power", "road:string|道路|Street"],
                codes: "profile: parts, class: lamp"))
        layer(
            Self.points(
                "poles", "综合杆", "Poles", "facilities", "城市管理局", "#6c757d", "3", 14, "code", "public",
                ["kind:string|类型|Kind", "height:real:m|高度|Height", "road:string|道路|Street"],
                codes: "profile: parts, class: pole"))
        layer(
            Self.points(
                "components", "城市部件", "City components", "facilities", "城市管理局", "#12b886", "2.8", 16, nil, "public",
                [
                    "component<code:string|部件代码|Component code", "name:string|名称|Name",
                    "department:string|主管部门|Department",
                    "state:string|状态|State",
                ], codes: "profile: parts, field: name", checks: "profile: part_code, field: component"))
        layer(
            Self.points(
                "trees", "行道树", "Street trees", "facilities", "园林局", "#69b35a", "2.2", 16, nil, "public",
                ["species:string|树种|Species", "height:real:m|高度|Height", "planted:integer|栽植年份|Planted"],
                codes: "profile: parts, class: tree"))
        layer(
            Self.points(
                "bus_stops", "公交站", "Bus stops", "transport", "交通运输局", "#1c7ed6", "4", 13, nil, "public",
                ["name:string|名称|Name", "lines:string|线路|Lines"]))
    }

    private mutating func addTerminals() {
        layer(
            Self.points(
                "cameras", "视频监控", "Cameras", "facilities", "公安局", "#5f3dc4", "3.4", 14, "设备编码", "restricted",
                [
                    "name<名称:string|名称|Name", "heading<朝向:integer:°|朝向|Heading", "kind<类型:string|类型|Kind",
                    "owner<权属单位:string|权属单位|Owner",
                ]))
        layer(
            Self.points(
                "sensors", "感知终端", "Sensing terminals", "sensing", "大数据局", "#0ca678", "4", 12, "终端编码", "public",
                [
                    "kind<类型:string|类型|Kind", "kind_name<类型名称:string|类型名称|Kind name", "name<名称:string|名称|Name",
                    "owner<权属部门:string|权属部门|Owner department", "carrier<载体:string|载体|Carrier",
                    "grade<数据分级:string|数据分级|Grade",
                    "status<状态:string|状态|Status", "installed<安装日期:date|安装日期|Installed",
                ]))
    }

    /// Landmarks in three dimensions and the model of the water network.
    private mutating func addModels() {
        layer(
            Layer(
                id: "landmarks", zh: "地标三维建筑", en: "Landmark buildings (LoD2)", theme: "base", department: "自然资源和规划局",
                geometry: "polygon", source: "landmarks", zoom: 14...22,
                fields: [
                    "name:string|名称|Name", "floors<storeysAboveGround:integer:层|层数|Floors",
                    "height<measuredHeight:real:m|高度|Height", "roof<roofType:string|屋顶|Roof",
                ],
                style: "kind: fill, color: \"#c98f6b\", outline: \"#9c6a49\", opacity: 0.9, width: 0.8"))
        layer(
            Layer(
                id: "network_links", zh: "供水模型管段", en: "Water model links", theme: "pipes", department: "水务局",
                geometry: "line",
                source: "network_links", code: "id", classification: "internal", zoom: 12...22,
                fields: [
                    "type:string|类型|Type", "length:real:m|长度|Length", "diameter:real:mm|管径|Diameter",
                    "status:string|状态|Status",
                    "from_node<from:string|起点|From node", "to_node<to:string|终点|To node",
                ], style: "kind: line, color: \"#1971c2\", opacity: 0.9, width: 1.6"))
        layer(
            Layer(
                id: "network_nodes", zh: "供水模型节点", en: "Water model nodes", theme: "pipes", department: "水务局",
                geometry: "point",
                source: "network_nodes", code: "id", classification: "internal", zoom: 13...22,
                fields: ["type:string|类型|Type", "elevation:real:m|高程|Elevation", "demand:real:L/s|需水量|Demand"],
                style: "kind: circle, color: \"#1971c2\", opacity: 0.9, width: 2.6"))
    }
}
