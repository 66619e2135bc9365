// SPDX-License-Identifier: Apache-2.0
import Foundation

/// Chooses the reader for a source.
enum ReaderFactory {
    /// Opens a source for one layer.
    ///
    /// - Parameter fields: the source fields that the layer uses.
    static func open(_ source: SourceDefinition, fields: Set<String>) throws -> any FeatureReader {
        switch source.format {
        case .gdal where isCityJSON(source.path), .cityjson:
            return try CityJSONReader(path: source.path, type: source.layer)
        case .gdal where isCityGML(source.path), .citygml:
            return try CityGMLReader(path: source.path, type: source.layer)
        case .gdal where source.path.lowercased().hasSuffix(".inp"), .epanet:
            return try EPANETReader(path: source.path, part: source.layer, encoding: source.encoding)
        case .gdal:
            return try GDALReader(source: source, fields: fields)
        case .csv:
            return try CSVPointReader(source: source)
        case .pipeSurvey:
            return try PipeSurveyReader(source: source)
        }
    }

    /// Whether a project's source brings surfaces in space.
    static func bringsSolids(_ source: SourceDefinition) -> Bool {
        switch source.format {
        case .cityjson, .citygml: true
        case .gdal: isCityJSON(source.path) || isCityGML(source.path)
        default: false
        }
    }

    /// A GML file whose beginning names CityGML.
    private static func isCityGML(_ path: String) -> Bool {
        let name = path.lowercased()
        if name.hasSuffix(".citygml") { return true }
        guard name.hasSuffix(".gml"), let file = FileHandle(forReadingAtPath: path) else { return false }
        defer { try? file.close() }  // safe: the file was only read
        let head = (try? file.read(upToCount: 16_384)) ?? Data()  // safe: who opens the file next says why it cannot
        return String(decoding: head, as: UTF8.self).contains("opengis.net/citygml")
    }

    private static func isCityJSON(_ path: String) -> Bool {
        let name = path.lowercased()
        return name.hasSuffix(".city.json") || name.hasSuffix(".city.jsonl") || name.hasSuffix(".cityjson")
    }
}
