// SPDX-License-Identifier: Apache-2.0

extension ProjectText {
    /// Land, water, streets, lots and buildings: the base map.
    mutating func addBase() {
        source("land", "land.gpkg", "layer: land_cover")
        source("country", "country.gpkg", "layer: land_general")
        source("green", "land.gpkg", "layer: green")
        source("water", "land.gpkg", "layer: water")
        source("roads", "roads.gpkg", "layer: roads")
        source("main_roads", "roads.gpkg", "layer: main_roads")
        source("railway", "railway.gpkg")
        source("parcels", "parcels.shp")
        source("buildings", "buildings.shp", "encoding: GBK")
        addLand()
        addParcels()
        addStreets()
        addBuildings()
    }

    private mutating func addLand() {
        let natural = "自然资源和规划局"
        layer(
            Layer(
                id: "land_general", zh: "地表概略", en: "Land at a glance", theme: "base", department: natural,
                geometry: "polygon", source: "country", isBase: true, zoom: 4...22,
                fields: ["class:string|类型|Class"],
                style: "kind: fill, color: \"#eef0dc\", opacity: 1, visible: true, by: {field: class, values: "
                    + "{建成区: \"#efebe3\", 乡野: \"#eef0dc\", 耕地: \"#ebf0d2\", 园地: \"#e2ecc9\", 林地: \"#c8dfb9\"}, "
                    + "other: \"#eef0dc\"}"))
        layer(
            Layer(
                id: "land_cover", zh: "地表覆盖", en: "Land cover", theme: "base", department: natural, geometry: "polygon",
                source: "land", isBase: true, zoom: 12...22, fields: ["class:string|类型|Class"],
                style:
                    "kind: fill, color: \"#efece4\", opacity: 1, visible: true, by: {field: class, values: {"
                    + "村庄: \"#ece4d6\", 铁路用地: \"#e2ded7\", 沙滩: \"#f7ecc9\", 水浇地: \"#eaf0d2\", 旱地: \"#f1ecd0\", "
                    + "果园: \"#e0ebc5\", 设施大棚: \"#edf0e6\"}, other: \"#f3efe6\"}"))
        layer(
            Layer(
                id: "green", zh: "绿地广场", en: "Parks and squares", theme: "base", department: "园林局", geometry: "polygon",
                source: "green", isBase: true, zoom: 11...22, fields: ["name:string|名称|Name", "class:string|类型|Class"],
                style:
                    "kind: fill, color: \"#cfe5bf\", opacity: 1, visible: true, label: name, by: {field: class, "
                    + "values: "
                    + "{公园: \"#c6e2b4\", 绿地: \"#d6e9c8\", 广场: \"#e9e4d6\", 运动场: \"#aed596\"}, other: \"#d6e9c8\"}"))
        layer(
            Layer(
                id: "water", zh: "水系", en: "Water", theme: "base", department: "水务局", geometry: "polygon",
                source: "water",
                isBase: true, zoom: 4...22, fields: ["name:string|名称|Name", "class:string|类型|Class"],
                style:
                    "kind: fill, color: \"#b9d7ea\", outline: \"#a3c7de\", opacity: 1, width: 0.6, visible: true, "
                    + "label: name"
            ))
    }

    private mutating func addParcels() {
        layer(
            Layer(
                id: "parcels", zh: "宗地", en: "Parcels", theme: "land", department: "自然资源和规划局", geometry: "polygon",
                source: "parcels", code: "宗地代码", isBase: true, zoom: 14...22,
                fields: [
                    "land_use<地类编码:string|地类编码|Land use code", "land_use_name<地类名称:string|地类名称|Land use",
                    "area<面积:real:m²|面积|Area", "holder<权利人:string|权利人|Holder", "address<坐落:string|坐落|Location",
                ], style: "kind: line, color: \"#cbbfae\", opacity: 0.8, width: 0.6, visible: true"))
        layer(
            Layer(
                id: "roads", zh: "道路", en: "Roads", theme: "transport", department: "交通运输局", geometry: "line",
                source: "roads", code: "road_code", isBase: true, zoom: 12...22,
                fields: [
                    "name:string|名称|Name", "class:string|等级|Class", "width:real:m|红线宽度|Width",
                    "lanes:integer|车道数|Lanes",
                    "bridge:integer|桥梁|Bridge", "speed:integer:km/h|限速|Speed limit",
                ],
                style:
                    "kind: line, color: \"#ffffff\", outline: \"#cfc7b9\", opacity: 1, width: 3, visible: true, "
                    + "label: name, "
                    + "by: {field: class, values: {快速路: \"#f6c667\", 主干路: \"#fbe2a0\", 次干路: \"#ffffff\", 支路: "
                    + "\"#ffffff\", "
                    + "街巷: \"#fbf9f4\", 乡道: \"#fdfbf5\"}, other: \"#ffffff\"}"))
    }

    private mutating func addStreets() {
        layer(
            Layer(
                id: "main_roads", zh: "主要道路", en: "Main roads", theme: "transport", department: "交通运输局",
                geometry: "line", source: "main_roads", isBase: true, zoom: 5...11,
                fields: ["name:string|名称|Name", "class:string|等级|Class"],
                style: "kind: line, color: \"#fbe2a0\", outline: \"#e0c98c\", opacity: 1, width: 1.4, visible: true, "
                    + "label: name, by: {field: class, values: {快速路: \"#f6c667\"}, other: \"#fbe2a0\"}"))
        layer(
            Layer(
                id: "railway", zh: "铁路", en: "Railway", theme: "transport", department: "交通运输局", geometry: "line",
                source: "railway", isBase: true, zoom: 8...22,
                fields: ["name:string|名称|Name", "class:string|等级|Class", "tracks:integer|股道数|Tracks"],
                style: "kind: line, color: \"#8b8780\", opacity: 1, width: 1.6, visible: true"))
    }

    private mutating func addBuildings() {
        layer(
            Layer(
                id: "buildings", zh: "建筑物", en: "Buildings", theme: "base", department: "自然资源和规划局", geometry: "polygon",
                source: "buildings", code: "编码", isBase: true, zoom: 13...22,
                fields: [
                    "name<名称:string|名称|Name", "floors<层数:integer:层|层数|Floors", "height<高度:real:m|高度|Height",
                    "use<用途:string|用途|Use", "structure<结构:string|结构|Structure", "year<建成年份:integer|建成年份|Year built",
                    "ground<地面高程:real:m|地面高程|Ground height",
                ],
                style:
                    "kind: fill, color: \"#ddd3c4\", outline: \"#b9ad9c\", opacity: 0.95, width: 0.6, visible: true,"
                    + " label: name, "
                    + "by: {field: use, values: {住宅: \"#e3d5bd\", 农宅: \"#decbb0\", 商业: \"#e8bda8\", 商务: \"#dfb3b0\","
                    + " 办公: \"#d5c6cf\", "
                    + "工业: \"#cdc6d3\", 仓储: \"#c9c0cb\", 教育: \"#e3c9d6\", 医疗: \"#ecc3c3\", 文化: \"#e6d3a5\", 市政: "
                    + "\"#c9cfd2\"}, "
                    + "other: \"#ddd3c4\"}"))
    }
}
