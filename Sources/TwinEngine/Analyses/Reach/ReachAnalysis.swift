// SPDX-License-Identifier: Apache-2.0
import Spatial

/// Buffers around features, and what lies in them: protection strips, and the 15-minute walk as straight lines.
struct ReachAnalysis: Sendable {
    enum Sources: Sendable {
        case layer(AnalysisLayer, ColumnFilter?)
        case drawn(FlatGeometry)
    }

    var sources: Sources
    /// Metres.
    var distance: Double
    /// Also writes the buffer of each source by itself.
    var keepsEach = false
    /// Layers whose features within are counted; polygons also by the area that lies within.
    var targets: [AnalysisLayer]
    let coordinates: CityCoordinates

    struct Target: Sendable {
        var layer: AnalysisLayer
        var total = 0
        var within = 0
        /// Square metres of polygons: all, and within the buffer.
        var area = 0.0
        var areaWithin = 0.0
        /// Sums of fields that count people: all, and of features that lie within (polygons by area).
        var people: [(field: String, total: Double, within: Double)] = []
    }

    struct Result: Sendable {
        var sources = 0
        /// All buffers as one area. Grid millimetres.
        var buffer = FlatCoordinates(kind: .polygon)
        /// The buffer of each source, where they were asked for; the row is nil for a drawn one.
        var each: [(row: Int?, buffer: FlatCoordinates)] = []
        var targets: [Target] = []
    }

    func run(_ progress: AnalysisProgress) throws -> Result {
        let shapes: [(row: Int?, geometry: FlatCoordinates)]
        switch sources {
        case .drawn(let geometry): shapes = [(nil, FlatCoordinates(grid: geometry))]
        case .layer(let layer, let filter):
            var rows: [Int] = []
            var passing = try filter.map { try RowFilter($0, layer.view, masked: layer.masked) }
            layer.view.searchRows(GridBox(minX: -.max, minY: -.max, maxX: .max, maxY: .max)) { row in
                if passing?.passes(row) != false { rows.append(row) }
                return true
            }
            shapes = rows.map { ($0, FlatCoordinates(grid: layer.view.geometry(row: $0))) }
        }
        let size = 64
        typealias Piece = (whole: FlatCoordinates, each: [FlatCoordinates])
        let pieces = try ParallelWork.map((shapes.count + size - 1) / size, progress, makeState: {}) {
            _, chunk -> Piece in
            var all = FlatCoordinates(kind: .polygon)
            var each: [FlatCoordinates] = []
            for shape in shapes[chunk * size..<min((chunk + 1) * size, shapes.count)] {
                let buffered = try withGEOS { context throws(SpatialError) in
                    try context.buffer(shape.geometry, by: distance * 1000, segments: 16)
                }
                if keepsEach { each.append(buffered) }
                all.append(buffered)
            }
            return (try Self.dissolved(all), each)
        }
        var joined = FlatCoordinates(kind: .polygon)
        for piece in pieces { joined.append(piece.whole) }
        var result = Result(sources: shapes.count, buffer: try Self.dissolved(joined))
        if keepsEach { result.each = zip(shapes, pieces.flatMap(\.each)).map { ($0.row, $1) } }
        progress.expect(targets.count)
        for target in targets {
            result.targets.append(try measure(target, result.buffer, progress))
            try progress.step()
        }
        return result
    }

    private static func dissolved(_ polygons: FlatCoordinates) throws -> FlatCoordinates {
        if polygons.isEmpty { return polygons }
        return try withGEOS { context throws(SpatialError) in
            var union = FlatCoordinates(kind: .polygon)
            try context.geometry(polygons).unaryUnion().appendPolygons(to: &union)
            return union
        }
    }

    /// The buffer on the grid; its corners move by at most half a millimetre each way.
    private func region(_ buffer: FlatCoordinates) throws -> PreparedRegion? {
        guard !buffer.isEmpty else { return nil }
        var grid = FlatGeometry(kind: .polygon, ringEnds: buffer.ringEnds)
        grid.xy = buffer.xy.map { Int32(clamping: Int($0.rounded())) }
        return try PreparedRegion(polygon: grid)
    }

    private func measure(
        _ layer: AnalysisLayer, _ buffer: FlatCoordinates, _ progress: AnalysisProgress
    ) throws -> Target {
        let view = layer.view
        var rows: [Int] = []
        view.searchRows(GridBox(minX: -.max, minY: -.max, maxX: .max, maxY: .max)) { row in
            rows.append(row)
            return true
        }
        let fields = layer.definition.fields.indices.filter { index in
            let field = layer.definition.fields[index]
            return ParcelSurvey.peopleFields.contains(field.name) && !layer.masked.contains(field.name)
                && (field.type == .integer || field.type == .real)
        }
        let region = try region(buffer)
        let size = 256
        let all = rows
        let parts = try ParallelWork.map((all.count + size - 1) / size, progress, makeState: { try PolygonOverlay() }) {
            overlay, chunk -> Target in
            var part = Target(layer: layer)
            part.people = fields.map { (layer.definition.fields[$0].name, 0, 0) }
            for row in all[chunk * size..<min((chunk + 1) * size, all.count)] {
                let share = try share(row, layer, region, buffer, overlay, &part)
                part.total += 1
                if share > 0 { part.within += 1 }
                for (place, column) in fields.enumerated() {
                    let people = view.value(row: row, column: column).number ?? 0
                    part.people[place].total += people
                    part.people[place].within += share * people
                }
            }
            return part
        }
        var target = Target(layer: layer)
        target.people = fields.map { (layer.definition.fields[$0].name, 0, 0) }
        for part in parts {
            target.total += part.total
            target.within += part.within
            target.area += part.area
            target.areaWithin += part.areaWithin
            for place in target.people.indices {
                target.people[place].total += part.people[place].total
                target.people[place].within += part.people[place].within
            }
        }
        return target
    }

    /// The share of a feature that lies within: of polygons by area, of others all or nothing.
    private func share(
        _ row: Int, _ layer: AnalysisLayer, _ region: PreparedRegion?, _ buffer: FlatCoordinates,
        _ overlay: PolygonOverlay, _ part: inout Target
    ) throws -> Double {
        guard layer.definition.geometry == .polygon else {
            guard let region else { return 0 }
            return layer.view.withGeometry(row: row) { region.intersects($0) } ? 1 : 0
        }
        let polygon = layer.view.withGeometry(row: row) { OverlayPolygon($0) }
        part.area += polygon.area
        guard let region else { return 0 }
        switch region.classify(polygon.box) {
        case .outside: return 0
        case .inside:
            part.areaWithin += polygon.area
            return 1
        case .rim:
            guard layer.view.withGeometry(row: row, { region.intersects($0) }) else { return 0 }
            let inside = try overlay.result(.intersection, buffer, polygon).planarArea / 1e6
            part.areaWithin += inside
            return polygon.area > 0 ? min(1, inside / polygon.area) : 0
        }
    }
}

extension Analysis {
    /// `reach`
    static let reach = Analysis(
        id: "reach", title: LocalizedText(zh: "缓冲与步行可达（直线）", en: "Buffer and straight-line reach"),
        description:
            "The area within a distance of a layer's features or of a drawn geometry, dissolved or for each, and how much of other layers lies in it: "
            + "features, areas, people. With minutes, the distance that is walked in that time in a straight line; streets "
            + "are not followed.",
        keywords: ["planning", "buffer", "15-minute walk", "缓冲区", "十五分钟生活圈"],
        inputs: [
            AnalysisInput(
                "sources", "Sources", "a layer, {\"layer\",\"filter\"}, or a GeoJSON geometry",
                schema: #"{"anyOf":[\#(AnalysisInputs.layerSchema),\#(AnalysisInputs.geometrySchema)]}"#,
                isRequired: true),
            AnalysisInput(
                "distance", "Distance", "metres", schema: #"{"type":"number","minimum":0.001,"maximum":100000}"#),
            AnalysisInput(
                "minutes", "Minutes", "of walking, instead of a distance",
                schema: #"{"type":"number","minimum":0.1,"maximum":240}"#),
            AnalysisInput(
                "speed", "Speed", "of walking in metres a minute",
                schema: #"{"type":"number","minimum":1,"maximum":1000,"default":80}"#),
            AnalysisInput(
                "dissolve", "Dissolve",
                "one area of all buffers; with false, the buffer of each source by itself",
                schema: #"{"type":"boolean","default":true}"#),
            AnalysisInput(
                "targets", "Targets", "layers that are measured against the area",
                schema: #"{"type":"array","items":{"type":"string"}}"#),
        ],
        formats: ["application/geo+json", "text/plain"]
    ) { inputs, scope, format in
        let sources: ReachAnalysis.Sources
        var layers: [AnalysisLayer] = []
        if let geometry = try inputs.drawn("sources", scope) {
            sources = .drawn(geometry)
        } else {
            let (layer, filter) = try inputs.anyLayer("sources", scope)
            sources = .layer(layer, filter)
            layers.append(layer)
        }
        let distance: Double
        switch (inputs.members["distance"], inputs.members["minutes"]) {
        case (.some, nil): distance = try inputs.number("distance", in: 0.001...100_000, default: 500)
        case (nil, .some):
            distance =
                try inputs.number("minutes", in: 0.1...240, default: 15)
                * inputs.number("speed", in: 1...1000, default: 80)
        default:
            throw TwinError(.argument, #"distance: give either a distance or minutes, for example "distance":500"#)
        }
        let targets = try (inputs.texts("targets", example: #"["buildings"]"#) ?? []).map {
            try scope.layer($0, "targets")
        }
        let analysis = ReachAnalysis(
            sources: sources, distance: distance, keepsEach: !(try inputs.boolean("dissolve", default: true)),
            targets: targets, coordinates: scope.coordinates)
        let record = AnalysisRecord("reach", inputs, scope, layers + targets)
        return { progress in
            let output = ReachOutput(analysis: analysis, result: try analysis.run(progress), record: record)
            if format == "text/plain" { return AnalysisOutput(text: output.table(), "text/plain; charset=utf-8") }
            return AnalysisOutput(try output.json(), "application/geo+json")
        }
    }
}

extension AnalysisInputs {
    /// A layer of any kind: `"schools"` or `{"layer":"schools","filter":{…}}`.
    func anyLayer(_ name: String, _ scope: AnalysisScope) throws -> (AnalysisLayer, ColumnFilter?) {
        let example = #"{"layer":"schools"}"#
        if let id = members[name]?.text { return (try scope.layer(id, name), nil) }
        guard let object = try object(name, example: example) else { throw Self.wrong(name, example) }
        try object.allow(["layer", "filter"])
        guard let id = try object.text("layer", example: #""schools""#) else { throw Self.wrong(name, example) }
        let layer = try scope.layer(id, name)
        let filter = try object.members["filter"].map { try ColumnFilter(value: $0) }
        if let filter { try layer.view.check(filter, masked: layer.masked) }
        return (layer, filter)
    }
}

/// A reach as GeoJSON with its measures, and as a table.
struct ReachOutput {
    let analysis: ReachAnalysis
    let result: ReachAnalysis.Result
    let record: AnalysisRecord

    func json() throws -> JSONBytes {
        var out = JSONBytes(capacity: 1 << 14)
        out.raw("{\"type\":\"FeatureCollection\",")
        record.append(to: &out)
        out.raw(",\"distance\":")
        out.real(analysis.distance)
        out.raw(",\"sources\":")
        out.integer(result.sources)
        out.raw(",\"area\":")
        out.fixed(result.buffer.planarArea / 1e6, 3)
        out.raw(",\"ellipsoidalArea\":")
        out.fixed(try analysis.coordinates.ellipsoidalArea(ofMillimetres: result.buffer), 3)
        out.raw(",\"targets\":")
        out.list(result.targets) { target($1, &$0) }
        out.raw(",\"features\":[")
        if analysis.keepsEach {
            for (index, entry) in result.each.enumerated() {
                if index > 0 { out.raw(",") }
                feature(entry.row, entry.buffer, &out)
            }
        } else if !result.buffer.isEmpty {
            feature(nil, result.buffer, &out)
        }
        out.raw("]}")
        return out
    }

    private func feature(_ row: Int?, _ buffer: FlatCoordinates, _ out: inout JSONBytes) {
        out.raw("{\"type\":\"Feature\",\"geometry\":")
        out.polygon(buffer, analysis.coordinates)
        out.raw(",\"properties\":{\"distance\":")
        out.real(analysis.distance)
        if let row, case .layer(let layer, _) = analysis.sources {
            out.raw(",\"sourceId\":")
            out.integer(layer.view.id(row: row))
            out.raw(",\"sourceCode\":")
            out.value(layer.view.value(row: row, column: layer.view.codeColumn))
            out.raw(",\"area\":")
            out.fixed(buffer.planarArea / 1e6, 3)
        }
        out.raw("}}")
    }

    private func target(_ target: ReachAnalysis.Target, _ out: inout JSONBytes) {
        out.raw("{\"layer\":")
        out.string(target.layer.id)
        out.raw(",\"count\":")
        out.integer(target.total)
        out.raw(",\"within\":")
        out.integer(target.within)
        if target.layer.definition.geometry == .polygon {
            out.raw(",\"area\":")
            out.fixed(target.area, 3)
            out.raw(",\"areaWithin\":")
            out.fixed(target.areaWithin, 3)
        }
        out.raw(",\"people\":")
        out.list(target.people) { out, entry in
            out.raw("{\"field\":")
            out.string(entry.field)
            out.raw(",\"total\":")
            out.fixed(entry.total, 3)
            out.raw(",\"within\":")
            out.fixed(entry.within, 3)
            out.raw("}")
        }
        out.raw("}")
    }

    func table() -> String {
        var rows = [["layer", "features", "within", "m²", "m² within"]]
        for target in result.targets {
            let isPolygon = target.layer.definition.geometry == .polygon
            rows.append([
                target.layer.id, String(target.total), String(target.within),
                isPolygon ? fixed(target.area, 2) : "",
                isPolygon ? fixed(target.areaWithin, 2) : "",
            ])
            for entry in target.people {
                rows.append([
                    "  \(entry.field)", fixed(entry.total, 0),
                    fixed(entry.within, 0),
                    "", "",
                ])
            }
        }
        return "\(result.sources) sources, \(fixed(analysis.distance, 1)) m in a straight line, "
            + "\(fixed(result.buffer.planarArea / 1e6, 2)) m²; store version \(record.version)\n\n"
            + textTable(rows) + "\n"
    }
}
