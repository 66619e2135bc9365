// SPDX-License-Identifier: Apache-2.0
import Foundation
import TestSupport

@testable import TwinEngine

/// A city of a few surveyed pipes, imported from tables that the test writes.
struct PipeCity {
    let folder: TemporaryFolder
    let city: City
    let report: ImportReport

    /// The tables' origin: EPSG:4549 easting and northing of (0, 0).
    static let east = 503_000.0
    static let north = 4_015_000.0

    /// - Parameters:
    ///   - points: `number,class,east,north,ground,fixture,depth`, metres from the origin.
    ///   - lines: `code,class,from,to,depth from,depth to,level from,level to,size,flow`.
    ///   - files: further files of the project, and - more: further keys of it.
    init(
        points: [String], lines: [String], model: String = "", files: [String: String] = [:], more: String = ""
    ) throws {
        folder = try TemporaryFolder()
        var pointTable = "物探点号,管类,X,Y,地面高程,附属物,埋深\n"
        for point in points {
            let cells = point.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
            let (east, north) = (Self.east + (Double(cells[2]) ?? 0), Self.north + (Double(cells[3]) ?? 0))
            pointTable += "\(cells[0]),\(cells[1]),\(north),\(east),\(cells[4]),\(cells[5]),\(cells[6])\n"
        }
        let lineTable =
            "编码,管类,起点点号,终点点号,起点埋深,终点埋深,起点高程,终点高程,管径,流向\n" + lines.joined(separator: "\n") + "\n"
        try pointTable.write(toFile: folder.file("points.csv"), atomically: true, encoding: .utf8)
        try lineTable.write(toFile: folder.file("lines.csv"), atomically: true, encoding: .utf8)
        for (name, text) in files { try text.write(toFile: folder.file(name), atomically: true, encoding: .utf8) }
        try Self.project(model, more).write(toFile: folder.file("city.yaml"), atomically: true, encoding: .utf8)
        report = try CityImporter(projectFile: folder.file("city.yaml")).run(
            into: folder.file("store"), progress: .silent)
        city = try City.open(store: folder.file("store"))
    }

    private static func project(_ model: String, _ more: String) -> String {
        let tables = "format: pipe-survey, points: points.csv, lines: lines.csv, crs: EPSG:4549"
        return """
            twin: 1
            id: pipes
            crs: EPSG:4549
            vertical: {datum: "EPSG:5737", geoid_separation: 8.0}
            extent: [119.99, 36.22, 120.08, 36.30]
            \(more)
            themes: [{id: pipes, title: Pipes}]
            sources:
              - {id: lines, \(tables), survey: {part: lines}}
              - {id: points, \(tables), survey: {part: points}}
            layers:
              - id: mains
                theme: pipes
                department: 水务局
                geometry: line
                source: lines
                code: 编码
                codes: {profile: pipes, field: class}
                fields:
                  - {name: class, from: 管类}
                  - {name: diameter, type: real}
                  - {name: width, type: real}
                  - {name: height, type: real}
                  - {name: depth_from, type: real}
                  - {name: depth_to, type: real}
                  - {name: elevation_from, from: 起点高程, type: real}
                  - {name: elevation_to, from: 终点高程, type: real}
                  - {name: from_point, from: 起点点号}
                  - {name: to_point, from: 终点点号}
                  - {name: flow, from: 流向}
              - id: nodes
                theme: pipes
                department: 水务局
                geometry: point
                source: points
                code: 物探点号
                codes: {profile: parts, field: fixture}
                fields:
                  - {name: class, from: 管类}
                  - {name: ground, from: 地面高程, type: real}
                  - {name: fixture, from: 附属物}
                  - {name: depth, from: 埋深, type: real}
            models:
              - {id: pipes, kind: pipes, layer: mains, diameter: diameter, width: width, height: height,
                 depth: {from: depth_from, to: depth_to}, elevation: {from: elevation_from, to: elevation_to},
                 from_point: from_point, to_point: to_point, flow: flow, points: nodes, color_by: class\(model)}
              - {id: parts, kind: parts, layer: nodes, depth: depth, ground: ground}
            """
    }
}
