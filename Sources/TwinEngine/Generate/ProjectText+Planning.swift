// SPDX-License-Identifier: Apache-2.0

extension ProjectText {
    /// Colours of Chinese land-use plans: yellow housing, red commerce, pink services, brown industry, green parks.
    static let planColors =
        "{\"0701\": \"#ffe58a\", \"0703\": \"#f4d9a0\", \"0801\": \"#f29ac0\", \"0803\": \"#f2a6c9\", \"0804\": "
        + "\"#f7b7d2\", "
        + "\"0806\": \"#f07fa8\", \"0901\": \"#f0604d\", \"0902\": \"#d94a3d\", \"1001\": \"#b98a66\", \"1101\": "
        + "\"#b39ac6\", "
        + "\"1309\": \"#8fb4d8\", \"1401\": \"#79c36a\", \"1402\": \"#a5d88e\", \"1403\": \"#cfe3b4\"}, other: "
        + "\"#dddddd\""

    mutating func addPlanning() {
        let natural = "自然资源和规划局"
        for id in ["landuse_plan", "control_plan", "eco_redline", "basic_farmland", "growth_boundary"] {
            source(id, "planning.gdb", "layer: \(id)")
        }
        layer(
            Layer(
                id: "landuse_plan", zh: "国土空间规划用地", en: "Land-use plan", theme: "planning", department: natural,
                geometry: "polygon", source: "landuse_plan", code: "DKBH", zoom: 12...22,
                fields: [
                    "land_use<YDYHDM:string|用地用海代码|Land use code", "land_use_name<YDYHMC:string|用地用海名称|Land use",
                    "area<MJ:real:m²|面积|Area", "horizon<GHQX:string|规划期限|Horizon",
                ],
                style: "kind: fill, color: \"#dddddd\", outline: \"#ffffff\", opacity: 0.75, width: 0.5, "
                    + "by: {field: land_use, values: \(Self.planColors)}"))
        layer(
            Layer(
                id: "control_plan", zh: "控制性详细规划", en: "Control plan", theme: "planning", department: natural,
                geometry: "polygon", source: "control_plan", code: "DKBH", zoom: 12...22,
                fields: [
                    "land_use<YDXZDM:string|用地性质代码|Land use code", "land_use_name<YDXZMC:string|用地性质|Land use",
                    "area<MJ:real:m²|面积|Area", "far<RJL:real|容积率|Floor area ratio",
                    "density<JZMD:real:%|建筑密度|Building density",
                    "green_ratio<LDL:real:%|绿地率|Green ratio", "height_limit<JZXG:real:m|建筑限高|Height limit",
                ],
                style: "kind: fill, color: \"#dddddd\", outline: \"#8a8a8a\", opacity: 0.7, width: 0.7, "
                    + "by: {field: land_use, values: \(Self.planColors)}"))
        let lines = [
            ("eco_redline", "生态保护红线", "Ecological redline", "fill", "#4f9d69", "#1f7a3f"),
            ("basic_farmland", "永久基本农田", "Permanent basic farmland", "fill", "#e8d44d", "#b09a12"),
            ("growth_boundary", "城镇开发边界", "Urban growth boundary", "line", "#d6336c", "#d6336c"),
        ]
        for (id, zh, en, kind, color, outline) in lines {
            layer(
                Layer(
                    id: id, zh: zh, en: en, theme: "planning", department: natural, geometry: "polygon", source: id,
                    code: "BSM",
                    zoom: id == "basic_farmland" ? 11...22 : 8...22,
                    fields: ["name<MC:string|名称|Name", "area<MJ:real:m²|面积|Area"],
                    style:
                        "kind: \(kind), color: \"\(color)\", outline: \"\(outline)\", opacity: "
                        + "\(kind == "line" ? "1" : "0.35"), width: 1.6"
                ))
        }
    }

    mutating func addPipes() {
        for kind in PipeClass.allCases {
            let prefix = kind.prefix.lowercased()
            survey("pipe_\(kind.id)", prefix: prefix, part: "lines", encoding: kind.encodingName)
            survey("pipe_\(kind.id)_points", prefix: prefix, part: "points", encoding: kind.encodingName)
            layer(
                Layer(
                    id: "pipe_\(kind.id)", zh: kind.chinese + "管线", en: kind.english + " pipes", theme: "pipes",
                    department: kind.department, geometry: "line", source: "pipe_\(kind.id)", code: "管线编码",
                    classification: kind.classification, zoom: 14...22,
                    fields: [
                        "class<管类:string|管类|Class", "diameter<diameter:real:mm|管径|Diameter",
                        "width<width:real:mm|管沟宽|Duct width", "height<height:real:mm|管沟高|Duct height",
                        "material<材质:string|材质|Material",
                        "depth_from<depth_from:real:m|起点埋深|Depth at start",
                        "depth_to<depth_to:real:m|终点埋深|Depth at end",
                        "elevation_from<起点高程:real:m|起点高程|Level at start",
                        "elevation_to<终点高程:real:m|终点高程|Level at end", "flow<流向:string|流向|Flow direction",
                        "year<建设年代:integer|建设年代|Year laid", "owner<权属单位:string|权属单位|Owner",
                        "road<道路名称:string|道路|Street",
                        "from_point<起点点号:string|起点点号|From point", "to_point<终点点号:string|终点点号|To point",
                    ], style: "kind: line, opacity: 0.9, width: 1.8",
                    codes: "profile: pipes, field: class, class: \(kind.id)"))
        }
        let list = PipeClass.allCases.map { "pipe_\($0.id)_points" }.joined(separator: ", ")
        let colors = PipeClass.allCases.map { "\($0.chinese): \"\($0.color)\"" }.joined(separator: ", ")
        layer(
            Layer(
                id: "pipe_points", zh: "管点", en: "Pipe points", theme: "pipes", department: "水务局", geometry: "point",
                source: "[\(list)]", code: "物探点号", classification: "internal", zoom: 16...22,
                fields: [
                    "class<管类:string|管类|Class", "feature<特征:string|特征|Feature", "fixture<附属物:string|附属物|Fixture",
                    "ground<地面高程:real:m|地面高程|Ground height", "depth<埋深:real:m|埋深|Depth", "owner<权属单位:string|权属单位|Owner",
                    "road<道路名称:string|道路|Street",
                ],
                style:
                    "kind: circle, color: \"#555555\", opacity: 0.9, width: 2.6, by: {field: class, values: "
                    + "{\(colors)}, other: \"#555555\"}",
                codes: "profile: parts, field: fixture"))
    }
}
