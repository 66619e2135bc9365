// SPDX-License-Identifier: Apache-2.0
import Hummingbird
import TwinEngine

/// OGC API - Features Part 4: create, replace, update and delete, one by one or many in one transaction.
enum EditRoutes {
    /// Bytes of a body: a batch of 10,000 small features fits.
    private static let bodyLimit = 16 << 20
    private static let featureTypes = ["application/geo+json", "application/json"]

    static let routes: [Route] = [
        Route(
            .post, "/collections/{id}/items", "Creates a feature, or all features of a FeatureCollection or none",
            parameters: [CollectionRoutes.collection], success: [201], consumes: featureTypes, handler: create),
        Route(
            .put, "/collections/{id}/items/{feature}", "Replaces a feature; If-Match names the state that is replaced",
            parameters: [CollectionRoutes.collection, FeatureRoutes.feature], success: [204], consumes: featureTypes
        ) { try await change($0, $1) { .replace(id: $0, try FeatureContent(json: $2), condition: $1) } },
        Route(
            .patch, "/collections/{id}/items/{feature}",
            "Changes the given parts of a feature (JSON merge patch); null empties a field",
            parameters: [CollectionRoutes.collection, FeatureRoutes.feature], success: [204],
            consumes: ["application/merge-patch+json"] + featureTypes
        ) { try await change($0, $1) { .update(id: $0, try FeatureContent(json: $2, isPatch: true), condition: $1) } },
        Route(
            .delete, "/collections/{id}/items/{feature}", "Deletes a feature; If-Match names the state that is deleted",
            parameters: [CollectionRoutes.collection, FeatureRoutes.feature], success: [204], handler: delete),
        Route(
            .post, "/collections/{id}/transactions", "Edits in one transaction: all are done, or none",
            parameters: [CollectionRoutes.collection], consumes: ["application/json"], handler: transaction),
    ]

    /// The layer of an edit, after the decision that the caller may write it, and its body.
    private static func layer(_ server: CityServer, _ request: RouteRequest) throws(Problem) -> ReadableLayer {
        let layer = try server.layer(request.path("id"), server.city.view(), request.principal)
        if case .deny(let reason) = server.access.decide(request.principal, .write, .layer(layer.definition)) {
            throw Problem(request.principal.isAnonymous ? .unauthorized : .forbidden, reason)
        }
        return layer
    }

    private static func body(
        _ server: CityServer, _ request: RouteRequest, _ types: [String] = featureTypes
    ) async throws -> [UInt8] {
        if let type = request.request.headers[.contentType] {
            let plain = type.prefix { $0 != ";" }.lowercased().filter { $0 != " " }
            guard types.contains(plain) else {
                throw Problem(
                    .unsupportedMediaType,
                    "'\(type.prefix(80))' is not taken here; send \(types.joined(separator: " or "))")
            }
        }
        return try await request.body(
            limit: min(bodyLimit, server.options.limits.bodyBytes), seconds: server.options.limits.requestSeconds,
            tooLarge: "a body has at most \(bodyLimit >> 20) MB; send the features in several requests")
    }

    /// The system of a body's positions (`Content-Crs`).
    private static func crs(_ request: RouteRequest, _ coordinates: CityCoordinates) throws -> FeatureCRS {
        guard let header = request.request.headers.contentCRS else { return try FeatureCRS.lonLat() }
        let uri = header.filter { $0 != "<" && $0 != ">" && $0 != " " }
        do {
            return try FeatureCRS(uri: uri, in: coordinates, parameter: "Content-Crs")
        } catch let error as TwinError where error.code == .argument {
            throw QueryRoutes.problem(error)
        }
    }

    private static func id(_ request: RouteRequest, _ layer: ReadableLayer) throws(Problem) -> Int64 {
        guard let id = Int64(request.path("feature")) else {
            throw .notFound("layer \(layer.id) has no feature '\(request.path("feature").prefix(80))'")
        }
        return id
    }

    private static func checkCondition(_ edit: FeatureEdit, _ server: CityServer) throws(Problem) {
        if server.options.requiresIfMatch, !edit.hasCondition {
            throw Problem(
                HTTPResponse.Status(code: 428, reasonPhrase: "Precondition Required"),
                "name the state that you change: send its ETag in the header If-Match (or ifMatch of an edit)",
                parameter: "If-Match")
        }
    }

    // MARK: Handlers

    @Sendable private static func create(_ server: CityServer, _ request: RouteRequest) async throws -> Reply {
        let layer = try layer(server, request)
        let bytes = try await body(server, request)
        let coordinates = server.city.coordinates
        return try await server.workers.run {
            let edits = try FeatureEdit.batch(json: bytes)
            guard edits.allSatisfy({ if case .create = $0 { true } else { false } }) else {
                throw Problem(
                    .badRequest, "edits belong to POST /collections/\(layer.id)/transactions; send a Feature here",
                    parameter: "body")
            }
            let results = try server.city.edit(
                layer.definition, edits, masked: layer.masked, crs: crs(request, coordinates))
            let here = "\(request.base)/collections/\(layer.id)/items"
            var reply = Reply.json(list(results, here))
            reply.status = .created
            if results.count == 1 {
                reply.headers[.location] = "\(here)/\(results[0].id)"
                reply.entityTag = results[0].tag.map { "\"\($0)\"" }
            }
            reply.cacheControl = "no-store"
            return reply
        }
    }

    @Sendable private static func change(
        _ server: CityServer, _ request: RouteRequest,
        _ make: @escaping @Sendable (Int64, FeatureCondition, [UInt8]) throws -> FeatureEdit
    ) async throws -> Reply {
        let layer = try layer(server, request)
        let bytes = try await body(server, request, ["application/merge-patch+json"] + featureTypes)
        let coordinates = server.city.coordinates
        return try await server.workers.run {
            let edit = try make(
                try id(request, layer), FeatureCondition(header: request.request.headers[.ifMatch]), bytes)
            return try changed(server, layer, edit, crs(request, coordinates))
        }
    }

    @Sendable private static func delete(_ server: CityServer, _ request: RouteRequest) async throws -> Reply {
        let layer = try layer(server, request)
        return try await server.workers.run {
            let condition = FeatureCondition(header: request.request.headers[.ifMatch])
            return try changed(
                server, layer, .delete(id: try id(request, layer), condition: condition), FeatureCRS.lonLat())
        }
    }

    private static func changed(
        _ server: CityServer, _ layer: ReadableLayer, _ edit: FeatureEdit, _ crs: FeatureCRS
    ) throws -> Reply {
        try checkCondition(edit, server)
        let results = try server.city.edit(layer.definition, [edit], masked: layer.masked, crs: crs)
        var reply = Reply(status: .noContent)
        reply.entityTag = results.first?.tag.map { "\"\($0)\"" }
        reply.cacheControl = "no-store"
        return reply
    }

    @Sendable private static func transaction(_ server: CityServer, _ request: RouteRequest) async throws -> Reply {
        let layer = try layer(server, request)
        let bytes = try await body(server, request)
        let coordinates = server.city.coordinates
        return try await server.workers.run {
            let edits = try FeatureEdit.batch(json: bytes)
            for edit in edits { try checkCondition(edit, server) }
            let results = try server.city.edit(
                layer.definition, edits, masked: layer.masked, crs: crs(request, coordinates))
            var reply = Reply.json(list(results, "\(request.base)/collections/\(layer.id)/items"))
            reply.cacheControl = "no-store"
            return reply
        }
    }

    /// `{"results":[{"id":7,"etag":"\"90ab\"","href":…}]}`
    private static func list(_ results: [EditResult], _ here: String) -> JSONBytes {
        var out = JSONBytes(capacity: 64 + results.count * 120)
        out.raw("{\"results\":")
        out.list(results) { out, result in
            out.raw("{\"id\":")
            out.integer(result.id)
            if let tag = result.tag {
                out.raw(",\"etag\":")
                out.string("\"\(tag)\"")
                out.raw(",\"href\":")
                out.string("\(here)/\(result.id)")
            }
            out.raw("}")
        }
        out.raw("}")
        return out
    }
}
