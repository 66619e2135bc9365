// SPDX-License-Identifier: Apache-2.0
import Logging
import Hummingbird
import TwinEngine

/// 3D Tiles 1.1: tilesets and their content.
enum ModelRoutes {
    private static let model = RouteParameter.path("model", "A 3D model.", example: "\"buildings\"")

    static let routes: [Route] = [
        Route(
            .get, "/3dtiles/tileset.json",
            "The city's root tileset: all models and registered external tilesets that the caller may see",
            handler: root),
        Route(
            .get, "/3dtiles/{model}/tileset.json", "3D Tiles 1.1 tileset of a model", parameters: [model],
            handler: tileset),
        Route(
            .get, "/3dtiles/{model}/{path...}",
            "Content of a tileset: binary glTF, or a nested tileset; flat/tileset.json is the city on a flat ground at height 0",
            parameters: [model, .path("path", "As the tileset names it.", example: "\"t/r.glb\"")],
            produces: ["model/gltf-binary", "application/json", "application/octet-stream"], handler: content),
    ]

    /// What of a model the caller may see.
    struct Scope: Sendable {
        var layers: Set<String>
        var masked: [String: Set<String>]
    }

    /// The models of which the caller may read at least one layer.
    static func readable(_ server: CityServer, _ view: CityView, _ principal: Principal) -> [ModelDefinition] {
        server.city.project.models.filter { model in
            model.layers.contains { id in
                view.layer(id).map { server.access.canRead(principal, .layer($0.definition)) } ?? false
            }
        }
    }

    /// A model's layers after the access decision about each: those denied are left out.
    private static func scope(_ server: CityServer, _ request: RouteRequest) throws -> (id: String, scope: Scope) {
        let id = request.path("model")
        guard let definition = server.city.project.models.first(where: { $0.id == id }) else {
            throw Problem.notFound("there is no model '\(id.prefix(80))'; GET /city.json lists the models")
        }
        let view = server.city.view()
        var scope = Scope(layers: [], masked: [:])
        let present = definition.layers.filter { view.layer($0) != nil }
        for layer in present {
            guard let subject = view.layer(layer), server.access.canRead(request.principal, .layer(subject.definition))
            else { continue }
            let readable = try server.layer(layer, view, request.principal)
            scope.layers.insert(layer)
            scope.masked[layer] = readable.masked
        }
        // All layers denied: the first denial is the answer, with its audit record.
        if scope.layers.isEmpty, let first = present.first { _ = try server.layer(first, view, request.principal) }
        return (id, scope)
    }

    @Sendable private static func root(_ server: CityServer, _ request: RouteRequest) async throws -> Reply {
        try await server.workers.run {
            var reply = Reply(try root(server, request.principal), type: "application/json")
            reply.cacheControl = "no-cache"
            return reply
        }
    }

    /// The tileset of all that somebody may see. The first call plans the models: O(features) then.
    private static func root(
        _ server: CityServer, _ principal: Principal, ground: ModelGround = .ellipsoid
    ) throws -> [UInt8] {
        let view = server.city.view()
        let models = readable(server, view, principal).map { model in
            (
                id: model.id,
                layers: Set(
                    model.layers.filter { id in
                        view.layer(id).map { server.access.canRead(principal, .layer($0.definition)) } ?? false
                    })
            )
        }
        let tilesets = server.city.project.tilesets.filter {
            server.access.canRead(principal, .tileset($0.id, $0.classification))
        }
        return try server.city.rootTileset(models: models, tilesets: Set(tilesets.map(\.id)), ground: ground).json
    }

    /// Plans the models that anybody may see on a worker, so that the first 3D view of a large city need not wait for it.
    static func planModels(_ server: CityServer) {
        let isTaken = server.workers.submit { isActive in
            guard isActive else { return }
            do {
                _ = try root(server, .anonymous)
                // Without terrain the page stands the city on a flat ground.
                if server.terrain == nil { _ = try root(server, .anonymous, ground: .flat) }
            } catch {
                // Who asks for the tileset is told.
                server.logger.debug("the models could not be planned", metadata: ["error": "\(error)"])
            }
        }
        if !isTaken { server.logger.debug("the models are planned when they are asked for") }
    }

    /// A file of an external tileset, after the access decision about it.
    private static func file(
        _ server: CityServer, _ request: RouteRequest, _ tileset: ExternalTileset, path: String
    ) async throws -> Reply {
        if case .deny(let reason) = server.access.decide(
            request.principal, .read, .tileset(tileset.id, tileset.classification))
        {
            throw Problem(.forbidden, reason)
        }
        return try await server.workers.run {
            guard let bytes = tileset.content(path: path) else {
                throw Problem.notFound("the tileset '\(tileset.id)' has no file '\(path.prefix(120))'")
            }
            var reply = Reply(bytes, type: type(path))
            reply.cacheControl = "no-cache"
            return reply
        }
    }

    @Sendable private static func tileset(_ server: CityServer, _ request: RouteRequest) async throws -> Reply {
        try await reply(server, request, path: "tileset.json")
    }

    @Sendable private static func content(_ server: CityServer, _ request: RouteRequest) async throws -> Reply {
        try await reply(server, request, path: request.path("path"))
    }

    private static func reply(_ server: CityServer, _ request: RouteRequest, path: String) async throws -> Reply {
        let name = request.path("model")
        if let tileset = server.city.project.tilesets.first(where: { $0.id == name }) {
            return try await file(server, request, tileset, path: path)
        }
        let (id, scope) = try scope(server, request)
        return try await server.workers.run {
            let isFlat = path.hasPrefix("flat/")
            let inner = isFlat ? String(path.dropFirst(5)) : path
            let model = try server.city.model(
                id, layers: scope.layers, masked: scope.masked, ground: isFlat ? .flat : .ellipsoid)
            guard let model, let bytes = try inner == "tileset.json" ? model.tilesetJSON() : model.content(path: inner)
            else {
                throw Problem.notFound("the model '\(id)' has no content '\(path.prefix(120))'")
            }
            var reply = Reply(bytes, type: type(inner))
            reply.cacheControl = "no-cache"
            return reply
        }
    }

    private static func type(_ path: String) -> String {
        if path.hasSuffix(".glb") {
            "model/gltf-binary"
        } else if path.hasSuffix(".json") || path.hasSuffix(".gltf") {
            "application/json"
        } else if path.hasSuffix(".jpg") || path.hasSuffix(".jpeg") {
            "image/jpeg"
        } else if path.hasSuffix(".png") {
            "image/png"
        } else {
            "application/octet-stream"
        }
    }
}
