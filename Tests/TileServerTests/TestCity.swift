// SPDX-License-Identifier: Apache-2.0
import Foundation
import Hummingbird
import HummingbirdTesting
import Logging
import NIOCore
import Testing
@testable import TileServer
import TwinEngine

/// A small city, imported once from files that the tests write: 25 shops in a row, two sensors, a restricted layer.
enum TestCity {
    static let token = "abc"

    /// The store of the city, made on first use.
    static let store: Result<String, any Error> = Result {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("twin-server-\(UUID())").path
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        let shops = (0..<25).map { index in
            "s\(index),店\(index),Shop \(index),\(index % 3),\(Double(index) / 4),\(120 + Double(index) * 0.001),36.25"
        }
        try write(
            "code,name,name_en,floors,ratio,lon,lat\n" + shops.joined(separator: "\n") + "\n", folder, "shops.csv")
        try write("code,owner,lon,lat\nv1,\"O\"\"Neil\",120.005,36.25\n", folder, "valves.csv")
        try write(
            "code,name,kind,lon,lat\nA-1,空气站,air,120.001,36.2505\nL-1,水位,level,120.04,36.28\n", folder, "sensors.csv")
        try write(project, folder, "city.yaml")
        let importer = try CityImporter(projectFile: folder + "/city.yaml")
        _ = try importer.run(into: folder + "/store", progress: .silent)
        return folder + "/store"
    }

    /// The city, opened once: it never changes here.
    static let city = Result<City, any Error> { try City.open(store: try store.get()) }

    private static func write(_ text: String, _ folder: String, _ name: String) throws {
        try text.write(toFile: folder + "/" + name, atomically: true, encoding: .utf8)
    }

    /// A server on the city; live observations stay in memory unless a folder is given.
    static func server(
        tokens: Bool = true, live: String? = nil, _ change: (inout ServeOptions) -> Void = { _ in }
    ) throws -> CityServer {
        var options = ServeOptions()
        options.port = 0
        options.store = live
        if tokens {
            let path = FileManager.default.temporaryDirectory.appendingPathComponent("access-\(UUID()).yaml").path
            try """
            tokens:
              - {name: office, sha256: \(tokenDigest), role: editor, department: 燃气公司, classification: restricted}
            masks:
              - {layer: shops, fields: [ratio], below: internal}
            """.write(toFile: path, atomically: true, encoding: .utf8)
            options.accessFile = path
        }
        change(&options)
        var logger = Logger(label: "test")
        logger.logLevel = .critical
        return try CityServer(city: try city.get(), options: options, logger: logger)
    }

    /// Runs a test against the routes, without a socket.
    static func run(
        tokens: Bool = true, _ change: (inout ServeOptions) -> Void = { _ in },
        _ test: @Sendable (any TestClientProtocol) async throws -> Void
    ) async throws {
        let server = try server(tokens: tokens, change)
        let application = Application(responder: CityResponder(server: server, routes: RouteTable.all))
        try await application.test(.router) { try await test($0) }
        try await server.workers.shutdown()
    }

    static let tokenDigest = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"

    static let project = """
        twin: 1
        id: testville
        name: {zh: 测试城, en: Testville}
        crs: EPSG:4549
        vertical: {datum: EPSG:5737, geoid_separation: 8.0}
        extent: [119.95, 36.20, 120.10, 36.33]
        themes:
          - {id: trade, title: {zh: 商业, en: Trade}}
          - {id: utilities, title: {zh: 管网, en: Utilities}}
        sources:
          - {id: shops_csv, path: shops.csv, format: csv, crs: EPSG:4326, columns: {x: lon, y: lat}}
          - {id: valves_csv, path: valves.csv, format: csv, crs: EPSG:4326, columns: {x: lon, y: lat}}
          - {id: sensors_csv, path: sensors.csv, format: csv, crs: EPSG:4326, columns: {x: lon, y: lat}}
        layers:
          - id: shops
            title: {zh: 商店, en: Shops}
            theme: trade
            department: 商务局
            classification: public
            geometry: point
            source: shops_csv
            code: code
            base: true
            zoom: [10, 22]
            fields:
              - {name: name, type: string, title: {zh: 名称, en: Name}}
              - {name: name_en, type: string, title: {zh: 英文名, en: English name}}
              - {name: floors, type: integer, unit: 层, title: {zh: 层数, en: Floors}}
              - {name: ratio, type: real, title: {zh: 比率, en: Ratio}}
            style: {kind: circle, color: "#336699", opacity: 1.0, width: 4.0, label: name, by: {field: floors, values: {"1": "#ff0000"}, other: "#cccccc"}}
          - id: valves
            title: {zh: 阀门, en: Valves}
            theme: utilities
            department: 燃气公司
            classification: restricted
            geometry: point
            source: valves_csv
            code: code
            base: false
            zoom: [12, 22]
            fields:
              - {name: owner, type: string, title: {zh: 权属, en: Owner}}
            style: {kind: circle, color: "#aa0000", opacity: 1.0, width: 3.0}
          - id: sensors
            title: {zh: 传感器, en: Sensors}
            theme: utilities
            department: 大数据局
            classification: public
            geometry: point
            source: sensors_csv
            code: code
            base: false
            zoom: [12, 22]
            fields:
              - {name: name, type: string, title: {zh: 名称, en: Name}}
              - {name: kind, type: string, title: {zh: 类型, en: Kind}}
            style: {kind: circle, color: "#00aa00", opacity: 1.0, width: 3.0}
        live: {ledger: sensors}
        """
}

/// JSON of an answer, for looking into it.
func json(_ response: TestResponse) throws -> [String: Any] {
    let object = try JSONSerialization.jsonObject(with: Data(Array(response.body.readableBytesView)))
    return try #require(object as? [String: Any])
}
