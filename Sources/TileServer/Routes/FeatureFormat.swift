// SPDX-License-Identifier: Apache-2.0
import Hummingbird
import TwinEngine

/// What features are answered in.
enum FeatureFormat: String, CaseIterable, Sendable {
    case json, html, fgb, gpkg, csv, shp

    var mediaType: String {
        switch self {
        case .json: "application/geo+json"
        case .html: "text/html; charset=utf-8"
        case .fgb: "application/flatgeobuf"
        case .gpkg: "application/geopackage+sqlite3"
        case .csv: "text/csv; charset=utf-8"
        case .shp: "application/zip"
        }
    }

    var title: String {
        switch self {
        case .json: "GeoJSON"
        case .html: "Page"
        case .fgb: "FlatGeobuf"
        case .gpkg: "GeoPackage"
        case .csv: "CSV"
        case .shp: "Shapefile (ZIP)"
        }
    }

    /// The ending of a download's name; nil for what is shown.
    var ending: String? {
        switch self {
        case .json, .html: nil
        case .fgb: "fgb"
        case .gpkg: "gpkg"
        case .csv: "csv"
        case .shp: "zip"
        }
    }

    static let parameter = RouteParameter.query(
        "f", "The format; without it, what the header Accept prefers.",
        schema: #"{"type":"string","enum":["json","html","fgb","gpkg","csv","shp"]}"#, example: "\"json\"")
    static let pageParameter = RouteParameter.query(
        "f", "The format; without it, what the header Accept prefers.",
        schema: #"{"type":"string","enum":["json","html"]}"#, example: "\"json\"")

    /// The format of a request: `f`, else the first type in `Accept` that there is, else JSON.
    init(_ request: RouteRequest, of choices: [FeatureFormat] = allCases) throws(Problem) {
        if let name = request.query["f"] {
            guard let format = FeatureFormat(rawValue: name), choices.contains(format) else {
                let known = choices.map(\.rawValue).joined(separator: ", ")
                throw .parameter(
                    "f", "'\(name.prefix(40))' is not a format here; write one of \(known), for example f=json")
            }
            self = format
            return
        }
        let types = (request.request.headers[.accept] ?? "").split(separator: ",").map { type in
            type.prefix { $0 != ";" }.filter { $0 != " " }
        }
        for type in types {
            if type == "application/json" || type == "*/*" { break }
            if let format = choices.first(where: { String($0.mediaType.prefix { $0 != ";" }) == type }) {
                self = format
                return
            }
        }
        self = .json
    }
}
