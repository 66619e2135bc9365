// SPDX-License-Identifier: Apache-2.0
import Spatial

extension Analysis {
    /// `clearance`
    static let clearance = Analysis(
        id: "clearance", title: LocalizedText(zh: "净距分析", en: "Clearance"),
        description:
            "Pairs of features that are nearer to each other than a distance, between two layers or within one, with the "
            + "distance, the place, and a line between the nearest points. Distances are horizontal.",
        keywords: ["planning", "clearance", "distance", "净距", "安全距离"],
        inputs: [
            AnalysisInput(
                "first", "First layer", "a layer of any kind, {\"layer\",\"filter\"}",
                schema: AnalysisInputs.layerSchema, isRequired: true),
            AnalysisInput(
                "second", "Second layer",
                "the layer that the first is compared with; if left out, features of the first with each other",
                schema: AnalysisInputs.layerSchema),
            AnalysisInput(
                "distance", "Distance", "metres; pairs at exactly this distance count",
                schema: #"{"type":"number","minimum":0,"maximum":10000}"#, isRequired: true),
            AnalysisInput(
                "touching", "Touching", "whether features that share a point count, with distance 0",
                schema: #"{"type":"boolean","default":true}"#),
            AnalysisInput(
                "region", "Region", "a GeoJSON polygon; only features that meet it are compared",
                schema: AnalysisInputs.polygonSchema),
            AnalysisInput(
                "limit", "Limit", "pairs written, the nearest first; the summary counts all",
                schema: #"{"type":"integer","minimum":0,"maximum":5000000,"default":100000}"#),
        ],
        formats: ["application/geo+json", "text/csv", "text/plain"]
    ) { inputs, scope, format in
        let (layer, filter) = try inputs.anyLayer("first", scope)
        let second = try inputs.members["second"] == nil ? nil : inputs.anyLayer("second", scope)
        let metres = try inputs.number("distance", in: 0...10_000, default: 0)
        var analysis = ClearanceAnalysis(
            first: ClearanceAnalysis.Side(layer: layer, filter: filter),
            second: second.map { ClearanceAnalysis.Side(layer: $0.0, filter: $0.1) },
            millimetres: Int64((metres * 1000).rounded()),
            countsTouching: try inputs.boolean("touching", default: true))
        analysis.region = try inputs.region("region", scope)
        let limit = try inputs.integer("limit", in: 0...ClearanceAnalysis.pairLimit, default: 100_000)
        let record = AnalysisRecord("clearance", inputs, scope, [layer] + (second.map { [$0.0] } ?? []))
        let job = analysis
        let coordinates = scope.coordinates
        return { progress in
            let output = ClearanceOutput(
                analysis: job, result: try job.run(progress), record: record, coordinates: coordinates, limit: limit)
            return AnalysisOutput(output, format)
        }
    }
}

/// The pairs of a clearance analysis as GeoJSON, CSV and a table.
struct ClearanceOutput: TabularOutput {
    let analysis: ClearanceAnalysis
    let result: ClearanceAnalysis.Result
    let record: AnalysisRecord
    let coordinates: CityCoordinates
    let limit: Int

    private var second: AnalysisLayer { analysis.second?.layer ?? analysis.first.layer }
    private var touching: Int { result.pairs.prefix { $0.distance == 0 }.count }

    func json() -> JSONBytes {
        var out = JSONBytes(capacity: 1 << 14)
        out.raw("{\"type\":\"FeatureCollection\",")
        record.append(to: &out)
        out.raw(",\"summary\":{\"distance\":")
        out.fixed(Double(analysis.millimetres) / 1000, 3)
        for (name, count) in [
            ("firstFeatures", result.firstCount), ("secondFeatures", result.secondCount),
            ("pairs", result.pairs.count), ("touching", touching),
        ] {
            out.raw(",")
            out.key(name)
            out.integer(count)
        }
        out.raw(",\"least\":")
        if let least = result.pairs.first { out.fixed(least.distance, 6) } else { out.raw("null") }
        out.raw("},\"numberMatched\":")
        out.integer(result.pairs.count)
        out.raw(",\"numberReturned\":")
        out.integer(min(limit, result.pairs.count))
        out.raw(",\"features\":[")
        for (number, pair) in result.pairs.prefix(limit).enumerated() {
            if number > 0 { out.raw(",") }
            feature(number + 1, pair, &out)
        }
        out.raw("]}")
        return out
    }

    private func lonLat(_ point: SIMD2<Double>) -> LonLat {
        let place = coordinates.lonLat(
            x: coordinates.grid.originX + point.x / 1000, y: coordinates.grid.originY + point.y / 1000)
        return LonLat(longitude: place.x, latitude: place.y)
    }

    private func place(_ pair: ClearanceAnalysis.Pair) -> LonLat {
        lonLat((pair.points.first + pair.points.second) / 2)
    }

    private func feature(_ number: Int, _ pair: ClearanceAnalysis.Pair, _ out: inout JSONBytes) {
        out.raw("{\"type\":\"Feature\",\"id\":")
        out.integer(number)
        if pair.distance == 0 {
            out.raw(",\"geometry\":{\"type\":\"Point\",\"coordinates\":")
            position(place(pair), &out)
        } else {
            out.raw(",\"geometry\":{\"type\":\"LineString\",\"coordinates\":[")
            position(lonLat(pair.points.first), &out)
            out.raw(",")
            position(lonLat(pair.points.second), &out)
            out.raw("]")
        }
        out.raw("},\"properties\":{")
        side("first", analysis.first.layer, pair.first, &out)
        out.raw(",")
        side("second", second, pair.second, &out)
        out.raw(",\"distance\":")
        out.fixed(pair.distance, 6)
        out.raw(",\"place\":")
        position(place(pair), &out)
        out.raw("}}")
    }

    /// With 8 decimals: 1 mm.
    private func position(_ place: LonLat, _ out: inout JSONBytes) {
        out.raw("[")
        out.fixed(place.longitude, 8)
        out.raw(",")
        out.fixed(place.latitude, 8)
        out.raw("]")
    }

    private func side(_ name: String, _ layer: AnalysisLayer, _ row: Int, _ out: inout JSONBytes) {
        out.key("\(name)Layer")
        out.string(layer.id)
        out.raw(",")
        out.key("\(name)Id")
        out.integer(layer.view.id(row: row))
        out.raw(",")
        out.key("\(name)Code")
        out.value(layer.view.value(row: row, column: layer.view.codeColumn))
    }

    private func cells(_ pair: ClearanceAnalysis.Pair) -> [String] {
        func side(_ layer: AnalysisLayer, _ row: Int) -> [String] {
            [
                layer.id, String(layer.view.id(row: row)),
                layer.view.value(row: row, column: layer.view.codeColumn).text ?? "",
            ]
        }
        let place = place(pair)
        return side(analysis.first.layer, pair.first) + side(second, pair.second) + [
            fixed(pair.distance, 3), fixed(place.longitude, 8),
            fixed(place.latitude, 8),
        ]
    }

    private static let head = [
        "first_layer", "first_id", "first_code", "second_layer", "second_id", "second_code", "distance_m", "longitude",
        "latitude",
    ]

    func csv() -> String {
        var text = Self.head.joined(separator: ",") + "\n"
        for pair in result.pairs.prefix(limit) { text += cells(pair).map(csvCell).joined(separator: ",") + "\n" }
        return text
    }

    func table() -> String {
        let listed = min(limit, 100)
        var text =
            "\(result.pairs.count) pairs within \(fixed(Double(analysis.millimetres) / 1000, 3)) m, "
            + "\(touching) of them touch; store version \(record.version)\n\n"
        text += textTable([Self.head] + result.pairs.prefix(listed).map { cells($0) }) + "\n"
        if result.pairs.count > listed { text += "(\(result.pairs.count - listed) more in the JSON and the CSV)\n" }
        return text
    }
}
