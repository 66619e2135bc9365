// SPDX-License-Identifier: Apache-2.0
import Foundation
import Spatial
import TestSupport

@testable import TwinEngine

/// A city with layers that a test writes as GeoJSON in metres of EPSG:4549, around 500 000, 4 010 000.
struct PlanningCity {
    struct Feature {
        /// Rings of metres from the corner of the city.
        var rings: [[(Double, Double)]]
        var properties: [String: String] = [:]
    }
    struct Layer {
        var id: String
        var geometry = "polygon"
        var fields: [String] = ["use"]
        var features: [Feature]
        /// A further line of the layer in `city.yaml`.
        var more = "base: false"
    }

    let folder: TemporaryFolder
    let city: City
    let report: ImportReport
    var scope: AnalysisScope { AnalysisScope(city: city) }

    static let originX = 500_000.0
    static let originY = 4_010_000.0

    /// - Parameters:
    ///   - files: further files of the folder, by name. - more: further lines of `city.yaml`.
    init(_ layers: [Layer], files: [String: String] = [:], more: String = "") throws {
        folder = try TemporaryFolder()
        for (name, text) in files { try folder.write(text, to: name) }
        for layer in layers { try folder.write(Self.geoJSON(layer), to: "\(layer.id).geojson") }
        let sources = layers.map { "  - {id: \($0.id)_file, path: \($0.id).geojson}" }
        let entries = layers.map { layer in
            let fields = layer.fields.map { name in
                let isNumber = ["floors", "height", "population", "far", "density", "limit", "slope"].contains(name)
                return "{name: \(name), type: \(isNumber ? "real" : "string")}"
            }
            return """
                  - id: \(layer.id)
                    theme: base
                    department: test
                    geometry: \(layer.geometry)
                    source: \(layer.id)_file
                    code: code
                    \(layer.more)
                    fields: [\(fields.joined(separator: ", "))]
                """
        }
        let yaml =
            "twin: 1\nid: test\ncrs: EPSG:4549\nvertical: {datum: unknown}\nextent: [119.9, 36.2, 120.1, 36.33]\n"
            + "themes: [{id: base, title: Base}]\nsources:\n\(sources.joined(separator: "\n"))\nlayers:\n"
            + entries.joined(separator: "\n") + "\n" + more + "\n"
        let path = try folder.write(yaml, to: "city.yaml")
        report = try CityImporter(projectFile: path).run(into: folder.file("store"), progress: .silent)
        if let failed = report.sources.first(where: { $0.failure != nil || $0.rejectedCount > 0 }) {
            throw TwinError(.source, "the test's source \(failed)")
        }
        city = try City.open(store: folder.file("store"))
    }

    private static func geoJSON(_ layer: Layer) -> String {
        let features = layer.features.enumerated().map { index, feature -> String in
            let rings = feature.rings.map { ring -> String in
                let closed = layer.geometry == "polygon" ? ring + [ring[0]] : ring
                return "[" + closed.map { "[\(originX + $0.0),\(originY + $0.1)]" }.joined(separator: ",") + "]"
            }
            let coordinates: String
            let type: String
            switch layer.geometry {
            case "polygon": (type, coordinates) = ("Polygon", "[\(rings.joined(separator: ","))]")
            case "line": (type, coordinates) = ("LineString", rings[0])
            default: (type, coordinates) = ("Point", String(rings[0].dropFirst().dropLast()))
            }
            let properties =
                feature.properties.map { "\"\($0.key)\":\"\($0.value)\"" } + ["\"code\":\"\(layer.id)\(index)\""]
            return "{\"type\":\"Feature\",\"properties\":{\(properties.joined(separator: ","))},\"geometry\":"
                + "{\"type\":\"\(type)\",\"coordinates\":\(coordinates)}}"
        }
        return "{\"type\":\"FeatureCollection\",\"crs\":{\"type\":\"name\",\"properties\":{\"name\":"
            + "\"urn:ogc:def:crs:EPSG::4549\"}},\"features\":[\(features.joined(separator: ",\n"))]}"
    }

    static func rectangle(
        _ x: Double, _ y: Double, _ width: Double, _ height: Double, _ properties: [String: String] = [:]
    ) -> Feature {
        Feature(
            rings: [[(x, y), (x + width, y), (x + width, y + height), (x, y + height)]], properties: properties)
    }

    /// Runs an analysis and reads its JSON.
    func run(_ analysis: String, _ inputs: String) throws -> [String: Any] {
        let output = try output(analysis, inputs, nil)
        return try JSONSerialization.jsonObject(with: Data(output.bytes)) as? [String: Any] ?? [:]
    }

    func output(_ analysis: String, _ inputs: String, _ format: String?) throws -> AnalysisOutput {
        let run = try Analysis.named(analysis).prepare(
            AnalysisInputs(json: Array(inputs.utf8)), in: scope, format: format)
        return try run(AnalysisProgress())
    }

    func text(_ analysis: String, _ inputs: String, _ format: String) throws -> String {
        String(decoding: try output(analysis, inputs, format).bytes, as: UTF8.self)
    }

    /// The message of an analysis that must refuse its inputs.
    func refusal(_ analysis: String, _ inputs: String) -> String {
        do {
            _ = try output(analysis, inputs, nil)
            return "nothing was refused"
        } catch {
            return "\(error)"
        }
    }
}
