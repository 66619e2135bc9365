// SPDX-License-Identifier: Apache-2.0
import Foundation
import Hummingbird
import Logging
import TwinEngine

/// The web page, its assets, and the third-party scripts that set-up fetched.
enum PageRoutes {
    static let routes: [Route] = [
        Route(
            .get, "/", "The page; or the API's landing page for clients that prefer JSON",
            parameters: [
                .query(
                    "f", "`json` for the landing page.", schema: #"{"type":"string","enum":["json","html"]}"#,
                    example: "\"json\""),
                .query("lang", "Language of the page.", schema: #"{"type":"string"}"#),
                .query("theme", "Theme of the page.", schema: #"{"type":"string"}"#),
            ], produces: ["application/json", "text/html"], handler: root),
        Route(.get, "/favicon.ico", "No icon", isDocumented: false) { _, _ in Reply(status: .noContent) },
        Route(.get, "/web/{path...}", "The page's assets", isDocumented: false) { server, request in
            guard let root = pageRoot else { throw Problem.notFound("the page's assets are not installed") }
            return try await file(server, root, request.path("path"), cache: "no-cache")
        },
        Route(.get, "/vendor/{path...}", "Third-party scripts", isDocumented: false) { server, request in
            guard let root = server.options.vendorDirectory else {
                throw Problem.notFound("third-party scripts are not installed; run scripts/setup, then pass --vendor")
            }
            return try await file(server, root, request.path("path"), cache: "public, max-age=31536000, immutable")
        },
    ]

    /// The folder of the page inside the resource bundle.
    private static var pageRoot: String? {
        Bundle.module.url(forResource: "Web", withExtension: nil)?.path
    }

    @Sendable private static func root(_ server: CityServer, _ request: RouteRequest) async throws -> Reply {
        if let format = request.query["f"], format != "json", format != "html" {
            throw Problem.parameter("f", "'\(format)' is not a format here; write f=json or f=html")
        }
        if request.prefersJSON { return landing(server, request) }
        guard let root = pageRoot else { throw Problem.notFound("the page is not installed") }
        var reply = try await file(server, root, "index.html", cache: "no-cache")
        reply.headers[.vary] = "Accept, Accept-Encoding"
        return reply
    }

    /// OGC API - Common landing page.
    private static func landing(_ server: CityServer, _ request: RouteRequest) -> Reply {
        let base = request.base
        let project = server.city.project
        var out = JSONBytes(capacity: 2048)
        out.raw("{\"title\":")
        out.string(project.name.en)
        out.raw(",\"description\":")
        out.string("\(project.name.zh): city base map, 3D models, live terminals")
        out.raw(",\"extent\":{\"spatial\":{\"bbox\":[")
        out.box(project.extent)
        out.raw("]}},\"links\":[")
        out.link(base + "/?f=json", rel: "self", type: "application/json")
        let links = [
            ("/", "alternate", "text/html", "The page"),
            ("/api", "service-desc", "application/vnd.oai.openapi+json;version=3.1", "OpenAPI 3.1"),
            ("/conformance", "conformance", "application/json", "Conformance classes"),
            ("/collections", "data", "application/json", "Layers"),
            ("/city.json", "describedby", "application/json", "The city"),
            ("/processes", ProcessRoutes.processesRelation, "application/json", "Analyses"),
            ("/jobs", ProcessRoutes.jobsRelation, "application/json", "Jobs"),
            ("/tiles", OGCTilesRoutes.tilesetsRelation, "application/json", "Vector tiles"),
            ("/tileMatrixSets", OGCTilesRoutes.schemesRelation, "application/json", "Grids of tiles"),
            ("/tiles/basemap.json", "alternate", "application/json", "TileJSON"),
        ]
        for (path, rel, type, title) in links {
            out.raw(",")
            out.link(base + path, rel: rel, type: type, title: title)
        }
        out.raw("]}")
        var reply = Reply.json(out)
        reply.headers[.vary] = "Accept, Accept-Encoding"
        return reply
    }

    /// A file below a folder. The path cannot leave it: no empty, dotted or absolute segments, and links are resolved
    /// before the answer is compared with the folder.
    private static func file(
        _ server: CityServer, _ root: String, _ path: String, cache: String
    ) async throws -> Reply {
        let segments = path.split(separator: "/", omittingEmptySubsequences: false)
        let isSafe = segments.allSatisfy { !$0.isEmpty && !$0.hasPrefix(".") && !$0.contains("\\") }
        guard isSafe else { throw Problem.notFound("there is no file '\(path.prefix(120))'") }
        return try await server.workers.run {
            let folder = URL(fileURLWithPath: root).resolvingSymlinksInPath().path
            let full = URL(fileURLWithPath: root + "/" + path).resolvingSymlinksInPath().path
            guard full.hasPrefix(folder + "/"), isRegularFile(full, server) else {
                throw Problem.notFound("there is no file '\(path.prefix(120))'")
            }
            var reply = Reply(
                [UInt8](try Data(contentsOf: URL(fileURLWithPath: full))), type: contentType(full))
            reply.cacheControl = cache
            return reply
        }
    }

    /// Whether there is a file that may be read; why one that is there may not stands in the log.
    private static func isRegularFile(_ path: String, _ server: CityServer) -> Bool {
        do {
            return try URL(fileURLWithPath: path).resourceValues(forKeys: [.isRegularFileKey]).isRegularFile == true
        } catch let error as CocoaError where error.code == .fileReadNoSuchFile {
            return false
        } catch {
            server.logger.warning("a file cannot be read", metadata: ["path": "\(path)", "error": "\(error)"])
            return false
        }
    }

    private static func contentType(_ path: String) -> String {
        let name = path.split(separator: ".").last.map { $0.lowercased() } ?? ""
        return switch name {
        case "html": "text/html; charset=utf-8"
        case "js", "mjs": "text/javascript; charset=utf-8"
        case "css": "text/css; charset=utf-8"
        case "json", "map": "application/json"
        case "geojson": "application/geo+json"
        case "svg": "image/svg+xml"
        case "png": "image/png"
        case "jpg", "jpeg": "image/jpeg"
        case "webp": "image/webp"
        case "gif": "image/gif"
        case "ico": "image/x-icon"
        case "wasm": "application/wasm"
        case "woff2": "font/woff2"
        case "woff": "font/woff"
        case "ttf": "font/ttf"
        case "glb": "model/gltf-binary"
        case "xml": "application/xml"
        case "txt", "md": "text/plain; charset=utf-8"
        default: "application/octet-stream"
        }
    }
}
