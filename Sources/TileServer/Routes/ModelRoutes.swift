// SPDX-License-Identifier: Apache-2.0
import Hummingbird
import TwinEngine

/// 3D Tiles 1.1: tilesets and their content.
enum ModelRoutes {
    private static let model = RouteParameter.path("model", "A 3D model.", example: "\"buildings\"")

    static let routes: [Route] = [
        Route(
            .get, "/3dtiles/{model}/tileset.json", "3D Tiles 1.1 tileset of a model", parameters: [model],
            handler: tileset),
        Route(
            .get, "/3dtiles/{model}/{path...}", "Content of a tileset: binary glTF, or a nested tileset or subtree",
            parameters: [model, .path("path", "As the tileset names it.", example: "\"content/0/0/0.glb\"")],
            produces: ["model/gltf-binary", "application/json", "application/octet-stream"], handler: content),
    ]

    /// The models whose layers the caller may all read.
    static func readable(_ server: CityServer, _ view: CityView, _ principal: Principal) -> [ModelDefinition] {
        server.city.project.models.filter { model in
            model.layers.allSatisfy { id in
                view.layer(id).map { server.access.canRead(principal, .layer($0.definition)) } ?? false
            }
        }
    }

    /// A model after the access decisions about all its layers.
    private static func check(_ server: CityServer, _ request: RouteRequest) throws -> String {
        let id = request.path("model")
        guard let definition = server.city.project.models.first(where: { $0.id == id }) else {
            throw Problem.notFound("there is no model '\(id.prefix(80))'; GET /city.json lists the models")
        }
        let view = server.city.view()
        for layer in definition.layers { _ = try server.layer(layer, view, request.principal) }
        return id
    }

    @Sendable private static func tileset(_ server: CityServer, _ request: RouteRequest) async throws -> Reply {
        let id = try check(server, request)
        return try await server.workers.run {
            guard let model = try server.city.model(id) else {
                throw Problem.notFound("the model '\(id)' has no tileset: its layers are empty")
            }
            var reply = Reply(try model.tilesetJSON(), type: "application/json")
            reply.cacheControl = "no-cache"
            return reply
        }
    }

    @Sendable private static func content(_ server: CityServer, _ request: RouteRequest) async throws -> Reply {
        let id = try check(server, request)
        let path = request.path("path")
        return try await server.workers.run {
            guard let bytes = try server.city.model(id)?.content(path: path) else {
                throw Problem.notFound("the model '\(id)' has no content '\(path.prefix(120))'")
            }
            var reply = Reply(bytes, type: type(path))
            reply.cacheControl = "no-cache"
            return reply
        }
    }

    private static func type(_ path: String) -> String {
        if path.hasSuffix(".glb") { return "model/gltf-binary" }
        return path.hasSuffix(".json") ? "application/json" : "application/octet-stream"
    }
}
