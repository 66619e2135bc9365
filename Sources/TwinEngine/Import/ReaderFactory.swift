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

    private static func isCityJSON(_ path: String) -> Bool {
        let name = path.lowercased()
        return name.hasSuffix(".city.json") || name.hasSuffix(".city.jsonl") || name.hasSuffix(".cityjson")
    }
}
