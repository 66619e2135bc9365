// SPDX-License-Identifier: Apache-2.0
import Foundation
import HTTPTypes
import Hummingbird
import HummingbirdTesting
import Logging
import Testing
import TwinEngine

@testable import TileServer

/// The tilesets of a city over HTTP: its own models, those of others, and the root of all.
@Suite struct ModelRouteTests {
    private static let png: [UInt8] = [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A, 0]

    private static let cube = """
        {"type":"CityJSON","version":"2.0","transform":{"scale":[1,1,1],"translate":[500000,4010000,0]},
         "metadata":{"referenceSystem":"https://www.opengis.net/def/crs/EPSG/0/4549"},
         "appearance":{"textures":[{"type":"PNG","image":"roof.png"}],"vertices-texture":[[0,0],[1,0],[1,1],[0,1]]},
         "CityObjects":{"b":{"type":"Building","geometry":[{"type":"Solid","lod":"2","boundaries":[[
           [[4,5,6,7]],[[3,2,1,0]],[[0,1,5,4]],[[1,2,6,5]],[[2,3,7,6]],[[3,0,4,7]]]],
           "texture":{"t":{"values":[[[[0,0,1,2,3]],[[null]],[[null]],[[null]],[[null]],[[null]]]]}}}]}},
         "vertices":[[0,0,0],[10,0,0],[10,10,0],[0,10,0],[0,0,4],[10,0,4],[10,10,4],[0,10,4]]}
        """

    private static let project = """
        twin: 1
        id: town
        crs: EPSG:4549
        vertical: {datum: unknown}
        extent: [119.9, 36.1, 120.1, 36.33]
        themes: [{id: base}]
        sources: [{id: s, path: cube.json, format: cityjson}]
        layers:
          - {id: houses, theme: base, department: test, geometry: polygon, source: s, code: cityobject_id,
             fields: [{name: height, type: real}]}
        models:
          - {id: houses, kind: buildings, layer: houses, height: height}
        tilesets:
          - {id: mesh, path: mesh, department: test, height_offset: 5}
          - {id: secret, path: mesh, department: test, classification: restricted}
        """

    private static let mesh = """
        {"asset":{"version":"1.1"},"geometricError":10,"root":{"boundingVolume":{"sphere":[-2576000,4457000,3752000,9]},"geometricError":0,
         "refine":"ADD","content":{"uri":"a/b.glb"}}}
        """

    private static func server(_ folder: String) throws -> CityServer {
        try FileManager.default.createDirectory(atPath: folder + "/mesh/a", withIntermediateDirectories: true)
        for (name, text) in [
            ("cube.json", cube), ("city.yaml", project), ("mesh/tileset.json", mesh), ("mesh/a/b.glb", "x"),
        ] {
            try text.write(toFile: "\(folder)/\(name)", atomically: true, encoding: .utf8)
        }
        try Data(png).write(to: URL(fileURLWithPath: folder + "/roof.png"))
        _ = try CityImporter(projectFile: folder + "/city.yaml").run(into: folder + "/store", progress: .silent)
        try """
        tokens:
          - {name: office, sha256: \(TestCity.tokenDigest), role: editor, department: test, classification: restricted}
        """.write(toFile: folder + "/access.yaml", atomically: true, encoding: .utf8)
        var options = ServeOptions()
        options.port = 0
        options.accessFile = folder + "/access.yaml"
        var logger = Logger(label: "test")
        logger.logLevel = .critical
        return try CityServer(city: City.open(store: folder + "/store"), options: options, logger: logger)
    }

    /// The addresses that a tileset's tiles name.
    private static func contents(_ tile: Any?) -> [String] {
        guard let tile = tile as? [String: Any] else { return [] }
        let own = (tile["content"] as? [String: Any])?["uri"] as? String
        return (own.map { [$0] } ?? []) + (tile["children"] as? [Any] ?? []).flatMap { contents($0) }
    }

    @Test func tilesetsOfOthersJoinTheModels() async throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("twin-models-\(UUID())").path
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let server = try Self.server(folder)
        let application = Application(responder: CityResponder(server: server, routes: RouteTable.all))
        try await application.test(.router) { client in
            let root = try await json(client.get("/3dtiles/tileset.json"))
            #expect(Self.contents(root["root"]).sorted() == ["houses/tileset.json", "mesh/tileset.json"])
            let holder = try await json(client.get("/3dtiles/tileset.json", .bearer))
            #expect(Self.contents(holder["root"]).count == 3)
            let mesh = try await client.get("/3dtiles/mesh/tileset.json")
            #expect(mesh.status == .ok && mesh.headers[.contentType] == "application/json")
            let content = try await client.get("/3dtiles/mesh/a/b.glb")
            #expect(content.status == .ok && content.headers[.contentType] == "model/gltf-binary")
            #expect(try await client.get("/3dtiles/secret/a/b.glb").status == .forbidden)
            #expect(try await client.get("/3dtiles/secret/a/b.glb", .bearer).status == .ok)
            for path in ["/3dtiles/mesh/a/c.glb", "/3dtiles/mesh/%2E%2E/city.yaml", "/3dtiles/nope/tileset.json"] {
                #expect((400..<500).contains(try await client.get(path).status.code), "\(path)")
            }
        }
        try await server.workers.shutdown()
    }

    @Test func aModelServesItsImages() async throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("twin-models-\(UUID())").path
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let server = try Self.server(folder)
        let application = Application(responder: CityResponder(server: server, routes: RouteTable.all))
        try await application.test(.router) { client in
            let tile = try await client.get("/3dtiles/houses/t/r.glb")
            #expect(tile.status == .ok && String(buffer: tile.body).contains("\"../i/0.png\""))
            for path in ["/3dtiles/houses/i/0.png", "/3dtiles/houses/implicit/i/0.png", "/3dtiles/houses/flat/i/0.png"]
            {
                let image = try await client.get(path)
                #expect(image.status == .ok && image.headers[.contentType] == "image/png", "\(path)")
                #expect(Array(image.body.readableBytesView) == Self.png)
            }
            #expect(try await client.get("/3dtiles/houses/i/1.png").status == .notFound)
        }
        try await server.workers.shutdown()
    }
}
