// SPDX-License-Identifier: Apache-2.0

extension ProjectText {
    static let themes: [(id: String, zh: String, en: String)] = [
        ("base", "基础地理", "Base map"), ("land", "土地权属", "Land"), ("planning", "规划管控", "Planning"),
        ("transport", "道路交通", "Transport"), ("pipes", "地下管线", "Underground pipes"),
        ("services", "公共服务", "Public services"),
        ("facilities", "城市部件", "Street assets"), ("admin", "行政与网格", "Administration"), ("sensing", "物联感知", "Sensing"),
    ]

    /// The whole file.
    func file(extent: [Double], pipeLayers: [String]) -> String {
        var text = """
            # 胶州示范城 / Jiaozhou demo city: made by `twin generate`; import it with `twin import city.yaml --store DIR`.
            # sources/dem.tif is the ground as a GeoTIFF (EPSG:4549, metres above the 1985 datum). Buildings and pipe
            # points carry the same ground heights in their own fields.
            twin: 1
            id: jiaozhou-demo
            name: {zh: 胶州示范城, en: Jiaozhou demo city}
            crs: EPSG:4549
            vertical: {datum: "EPSG:5737", geoid_separation: 8.0}
            extent: [\(extent.map { fixed($0, 5) }.joined(separator: ", "))]
            terrain: {file: sources/dem.tif}
            themes:

            """
        for theme in Self.themes { text += "  - {id: \(theme.id), title: {zh: \(theme.zh), en: \(theme.en)}}\n" }
        text += "sources:\n" + sources.joined(separator: "\n") + "\nlayers:\n" + layers.joined(separator: "\n")
        text += "\nmodels:\n  - {id: buildings, kind: buildings, title: {zh: 建筑白模, en: Buildings}, layer: buildings, "
        text += "height: height, floors: floors, storey_height: 3.0, base: ground}\n"
        if !pipeLayers.isEmpty {
            text += "  - {id: pipes, kind: pipes, title: {zh: 地下管线, en: Underground pipes}, "
            text += "layers: [\(pipeLayers.joined(separator: ", "))], diameter: diameter, "
            text += "width: width, height: height, depth: {from: depth_from, to: depth_to}, "
            text += "elevation: {from: elevation_from, to: elevation_to}, from_point: from_point, to_point: to_point, "
            text += "flow: flow, points: pipe_points, color_by: class}\n"
            text += "  - {id: parts, kind: parts, title: {zh: 城市部件, en: Street assets}, layers: [pipe_points, "
            text += "street_lamps, poles, trees, hydrants, components], height: height, depth: depth, ground: ground}\n"
        }
        if !scenarios.isEmpty { text += "scenarios:\n" + scenarios.joined(separator: "\n") + "\n" }
        if layerIDs.contains("sensors") { text += "live: {ledger: sensors, replay: sources/bus_trace.csv}\n" }
        return text
    }
}
