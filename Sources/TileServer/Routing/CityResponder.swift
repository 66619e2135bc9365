// SPDX-License-Identifier: Apache-2.0
import HTTPTypes
import Hummingbird
import Logging
import NIOCore
import Tiles
import TwinEngine

/// Finds the route of a request, asks who the caller is, runs the route, and turns its reply into a response:
/// conditional requests, compression, HEAD, CORS, metrics and the access log happen here, once.
struct CityResponder: HTTPResponder {
    typealias Context = BasicRequestContext

    let server: CityServer
    private let routes: [(pattern: RoutePattern, route: Route)]

    init(server: CityServer, routes: [Route]) {
        self.server = server
        self.routes = routes.map { (RoutePattern($0.template), $0) }
    }

    func respond(to request: Request, context: Context) async throws -> Response {
        let start = ContinuousClock.now
        var template = "unmatched"
        var reply: Reply
        do {
            reply = try await answer(request, &template)
        } catch let problem as Problem {
            reply = problem.reply
        } catch let error as TwinError {
            if Problem(error).status.kind == .serverError {
                server.logger.error("request failed", metadata: ["path": "\(request.uri.path)", "error": "\(error)"])
            }
            reply = Problem(error).reply
        } catch let error as EditError {
            reply = Problem(error).reply
        } catch let error as HTTPError {
            reply = Problem(error.status, "the request body was refused").reply
        } catch is CancellationError {
            throw CancellationError()
        } catch {
            server.logger.error("request failed", metadata: ["path": "\(request.uri.path)", "error": "\(error)"])
            reply = Problem(.internalServerError, "an internal error; the server's log has the reason").reply
        }
        let response = try await finish(reply, request, template)
        let duration = ContinuousClock.now - start
        server.metrics.record(
            method: request.method.rawValue, route: template, status: response.status.code, duration: duration)
        server.logRequest(
            method: request.method.rawValue, path: request.uri.path, status: response.status.code, duration: duration)
        return response
    }

    private func answer(_ request: Request, _ template: inout String) async throws -> Reply {
        var segments: [String] = []
        for part in request.uri.path.utf8.dropFirst().split(
            separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
        {
            guard let segment = percentDecoded(part, plusIsSpace: false) else {
                throw Problem(.badRequest, "the path is not percent-encoded UTF-8")
            }
            segments.append(segment)
        }
        if segments.isEmpty { segments = [""] }
        let method: HTTPRequest.Method = request.method == .head ? .get : request.method
        var methods: [String] = []
        for (pattern, route) in routes {
            guard let values = pattern.match(segments) else { continue }
            guard route.method == method else {
                if !methods.contains(route.method.rawValue) { methods.append(route.method.rawValue) }
                continue
            }
            template = route.template
            let query = try QueryParameters(request.uri.query)
            if !route.takesFields { try query.allow(route.queryNames) }
            let routed = RouteRequest(
                request: request, path: values, query: query, principal: try principal(request), base: base(request))
            return try await route.handler(server, routed)
        }
        return try unrouted(request, methods)
    }

    /// OPTIONS, a wrong method, or nothing there.
    private func unrouted(_ request: Request, _ methods: [String]) throws -> Reply {
        guard !methods.isEmpty else {
            throw Problem.notFound("there is nothing at \(request.uri.path); GET /api lists what there is")
        }
        let allow = (methods + (methods.contains("GET") ? ["HEAD"] : []) + ["OPTIONS"]).joined(separator: ", ")
        guard request.method == .options else {
            throw Problem(
                .methodNotAllowed, "\(request.method.rawValue) is not possible here; it has: \(allow)", allow: allow)
        }
        var reply = Reply(status: .noContent)
        reply.headers[.allow] = allow
        reply.headers[.accessControlAllowMethods] = allow
        reply.headers[.accessControlAllowHeaders] = "Authorization, Content-Type, Content-Crs, If-Match, Prefer"
        reply.headers[.accessControlMaxAge] = "86400"
        return reply
    }

    private func principal(_ request: Request) throws -> Principal {
        guard let header = request.headers[.authorization] else { return .anonymous }
        let parts = header.split(separator: " ", maxSplits: 1)
        guard parts.count == 2, parts[0].lowercased() == "bearer" else {
            throw Problem(.unauthorized, "write the token as `Authorization: Bearer TOKEN`")
        }
        guard let principal = server.access.principal(token: String(parts[1])) else {
            throw Problem(.unauthorized, "the token is unknown; ask the operator for one of the access file")
        }
        return principal
    }

    /// The address that the client used, for absolute links. A host with odd characters is not repeated.
    private func base(_ request: Request) -> String {
        let scheme = request.headers.forwardedScheme == "https" ? "https" : "http"
        let host = request.head.authority ?? ""
        let isPlain =
            !host.isEmpty && host.utf8.count <= 255
            && host.utf8.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                    UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "-"), UInt8(ascii: ":"),
                    UInt8(ascii: "["), UInt8(ascii: "]"), UInt8(ascii: "_"):
                    true
                default: false
                }
            }
        return "\(scheme)://" + (isPlain ? host : "\(server.options.host):\(server.options.port)")
    }

    private func finish(_ reply: Reply, _ request: Request, _ template: String) async throws -> Response {
        let finished = try await finished(reply, request)
        keepWarm(reply, finished, request, template)
        if finished.status == .ok, let tag = finished.tag, let condition = request.headers[.ifNoneMatch],
            EntityTag.matches(condition, tag)
        {
            return Response(status: .notModified, headers: finished.unchanged)
        }
        guard request.method != .head else { return Response(status: finished.status, headers: finished.headers) }
        if case .stream(let stream) = reply.body {
            return Response(status: finished.status, headers: finished.headers, body: stream)
        }
        guard let body = finished.body else { return Response(status: finished.status, headers: finished.headers) }
        return Response(status: finished.status, headers: finished.headers, body: ResponseBody(byteBuffer: body))
    }

    private func finished(_ reply: Reply, _ request: Request) async throws -> FinishedReply {
        var packed: [UInt8]?
        if case .bytes(let bytes) = reply.body, bytes.count > 1024, isCompressible(reply.headers[.contentType]),
            accepts("gzip", request)
        {
            packed = try await server.workers.run { try gzipped(bytes) }
        }
        return FinishedReply(reply, packed: packed, isRead: request.method == .get || request.method == .head)
    }

    /// Lays an answer aside for others who ask the same without a token; ``WarmPath`` gives it out.
    private func keepWarm(_ reply: Reply, _ finished: FinishedReply, _ request: Request, _ template: String) {
        guard let freshness = reply.freshness, request.method == .get, request.headers[.authorization] == nil,
            request.uri.query == nil, let target = request.head.path, !target.utf8.contains(UInt8(ascii: "?")),
            let answer = finished.warm(
                Array(target.utf8), ContentCodings(accepting: request.headers[.acceptEncoding]), template, freshness)
        else { return }
        server.tiles.warm.keep(answer)
    }

    private func isCompressible(_ type: String?) -> Bool {
        guard let type else { return false }
        return type.hasPrefix("text/") || type.contains("json") || type.contains("javascript")
            || type.contains("svg") || type.contains("wasm") || type.hasPrefix("model/")
    }
}

/// Whether the client takes a content coding (RFC 9110 §12.5.3); `br;q=0` does not.
func accepts(_ coding: String, _ request: Request) -> Bool {
    accepts(coding, request.headers[.acceptEncoding])
}

/// The same by the field's value.
func accepts(_ coding: String, _ header: String?) -> Bool {
    guard let header else { return false }
    var anything = false
    for part in header.split(separator: ",") {
        let pieces = part.split(separator: ";").map { $0.filter { $0 != " " }.lowercased() }
        guard let name = pieces.first, name == coding || name == "*" else { continue }
        let quality = pieces.dropFirst().first { $0.hasPrefix("q=") }.flatMap { Double($0.dropFirst(2)) } ?? 1
        if name == coding { return quality > 0 }
        anything = quality > 0
    }
    return anything
}
