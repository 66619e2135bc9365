// SPDX-License-Identifier: Apache-2.0
import HTTPTypes
import Hummingbird
import TwinEngine

/// OGC API Processes Part 1: Core 1.0 (OGC 18-062r2): every analysis of the engine, at once or as a job.
enum ProcessRoutes {
    static let conformanceClasses = [
        "core", "ogc-process-description", "json", "job-list", "dismiss",
    ].map { "http://www.opengis.net/spec/ogcapi-processes-1/1.0/conf/\($0)" }

    static let processesRelation = "http://www.opengis.net/def/rel/ogc/1.0/processes"
    static let jobsRelation = "http://www.opengis.net/def/rel/ogc/1.0/job-list"

    static let process = RouteParameter.path("process", "A process.", example: "\"plan-conflict\"")
    /// Bytes of an execution: a region of 100,000 positions fits.
    private static let bodyLimit = 8 << 20

    static let routes: [Route] =
        [
            Route(
                .get, "/processes", "The analyses that can be run", parameters: [CollectionRoutes.format], handler: list
            ),
            Route(
                .get, "/processes/{process}", "What an analysis does, takes and answers",
                parameters: [process, CollectionRoutes.format], handler: describe),
            Route(
                .post, "/processes/{process}/execution",
                "Run an analysis: at once, or with `Prefer: respond-async` as a job",
                parameters: [process],
                produces: Array(Set(Analysis.all.flatMap(\.formats))).sorted(), consumes: ["application/json"],
                handler: execute),
        ] + jobRoutes

    // MARK: Descriptions

    @Sendable private static func list(_ server: CityServer, _ request: RouteRequest) async throws -> Reply {
        try CollectionRoutes.checkFormat(request)
        var out = JSONBytes(capacity: 4096)
        out.raw("{\"processes\":")
        out.list(Analysis.all) { out, analysis in
            out.raw("{")
            summary(analysis, to: &out)
            out.raw(",\"links\":[")
            out.link(
                request.base + "/processes/\(analysis.id)", rel: "self", type: "application/json",
                title: "process description")
            out.raw("]}")
        }
        out.raw(",\"links\":[")
        out.link(request.base + "/processes", rel: "self", type: "application/json")
        out.raw(",")
        out.link(request.base + "/jobs", rel: jobsRelation, type: "application/json")
        out.raw("]}")
        return .json(out)
    }

    private static func summary(_ analysis: Analysis, to out: inout JSONBytes) {
        out.raw("\"id\":")
        out.string(analysis.id)
        out.raw(",\"version\":")
        out.string(TwinVersion.current)
        out.raw(",\"title\":")
        out.string(analysis.title.en)
        out.raw(",\"titles\":")
        out.localized(analysis.title)
        out.raw(",\"description\":")
        out.string(analysis.description)
        out.raw(",\"keywords\":")
        out.list(analysis.keywords) { $0.string($1) }
        out.raw(",\"jobControlOptions\":[\"sync-execute\",\"async-execute\",\"dismiss\"]")
        out.raw(",\"outputTransmission\":[\"value\"]")
    }

    @Sendable private static func describe(_ server: CityServer, _ request: RouteRequest) async throws -> Reply {
        try CollectionRoutes.checkFormat(request)
        let analysis = try analysis(request)
        var out = JSONBytes(capacity: 4096)
        out.raw("{")
        summary(analysis, to: &out)
        out.raw(",\"inputs\":{")
        for (index, input) in analysis.inputs.enumerated() {
            if index > 0 { out.raw(",") }
            out.key(input.name)
            out.raw("{\"title\":")
            out.string(input.title)
            out.raw(",\"description\":")
            out.string(input.description)
            out.raw(",\"minOccurs\":")
            out.integer(input.isRequired ? 1 : 0)
            out.raw(",\"maxOccurs\":1,\"schema\":")
            out.raw(text: input.schema)
            out.raw("}")
        }
        out.raw("},\"outputs\":{\"result\":{\"title\":\"Result\",\"schema\":")
        output(analysis.formats, to: &out)
        out.raw("}},\"links\":[")
        out.link(request.base + "/processes/\(analysis.id)", rel: "self", type: "application/json")
        out.raw(",")
        out.link(
            request.base + "/processes/\(analysis.id)/execution",
            rel: "http://www.opengis.net/def/rel/ogc/1.0/execute", type: "application/json", title: "run it")
        out.raw("]}")
        return .json(out)
    }

    private static func output(_ formats: [String], to out: inout JSONBytes) {
        func schema(_ format: String, _ out: inout JSONBytes) {
            out.raw(format.contains("json") ? "{\"type\":\"object\"" : "{\"type\":\"string\"")
            out.raw(",\"contentMediaType\":")
            out.string(format)
            out.raw("}")
        }
        if formats.count == 1 { return schema(formats[0], &out) }
        out.raw("{\"oneOf\":")
        out.list(formats) { schema($1, &$0) }
        out.raw("}")
    }

    private static func analysis(_ request: RouteRequest) throws -> Analysis {
        do {
            return try Analysis.named(request.path("process"))
        } catch let error as TwinError {
            var problem = Problem.notFound(error.message)
            problem.type = "http://www.opengis.net/def/exceptions/ogcapi-processes-1/1.0/no-such-process"
            throw problem
        }
    }

    // MARK: Execution

    @Sendable private static func execute(_ server: CityServer, _ request: RouteRequest) async throws -> Reply {
        let analysis = try analysis(request)
        let body = try await request.body(
            limit: bodyLimit, seconds: server.options.limits.requestSeconds,
            tooLarge: "an execution has at most \(bodyLimit >> 20) MB; simplify the polygon")
        let (asked, run) = try await server.workers.run {
            try reporting {
                let asked = try ExecuteRequest(json: body)
                return (asked, try analysis.prepare(asked.inputs, in: scope(server, request), format: asked.format))
            }
        }
        if prefersAsync(request) {
            let job = try reporting {
                try server.jobs.submit(
                    analysis.id, inputs: asked.inputs, owner: request.principal.name, isDocument: asked.isDocument, run)
            }
            var reply = status(job, request)
            reply.status = .created
            reply.headers[.location] = request.base + "/jobs/\(job.id)"
            reply.headers.preferenceApplied = "respond-async"
            return reply
        }
        do {
            let output = try await server.jobs.run(run)
            return result(output.bytes, output.mediaType, isDocument: asked.isDocument)
        } catch let error as TwinError {
            throw problem(error)
        } catch is AnalysisCancelled {
            throw CancellationError()
        }
    }

    /// What the caller may read, on the present view.
    private static func scope(_ server: CityServer, _ request: RouteRequest) -> AnalysisScope {
        let principal = request.principal
        let view = server.city.view()
        let seesLive: Bool
        if case .allow = server.access.decide(principal, .read, .live(server.live.classification)) {
            seesLive = true
        } else {
            seesLive = false
        }
        return AnalysisScope(
            city: server.city, view: view, live: seesLive ? server.live.index.snapshot() : nil,
            decide: { layer in try server.layer(layer.definition.id, view, principal).masked },
            sees: { layer in
                guard server.access.canRead(principal, .layer(layer.definition)),
                    case .allow(let masked) = server.access.decide(principal, .read, .layer(layer.definition))
                else { return nil }
                return masked
            })
    }

    /// RFC 7240 §4.1.
    private static func prefersAsync(_ request: RouteRequest) -> Bool {
        guard let header = request.request.headers.prefer else { return false }
        return header.split(separator: ",").contains { part in
            part.split(separator: ";").first?.filter { $0 != " " }.lowercased() == "respond-async"
        }
    }

    /// The result as it is, or as a document of results.
    static func result(_ bytes: [UInt8], _ mediaType: String, isDocument: Bool) -> Reply {
        var reply: Reply
        if isDocument {
            var out = JSONBytes(capacity: bytes.count + 128)
            out.raw("{\"result\":{\"value\":")
            if mediaType.contains("json") { out.raw(bytes) } else { out.string(String(decoding: bytes, as: UTF8.self)) }
            out.raw(",\"mediaType\":")
            out.string(mediaType)
            out.raw("}}")
            reply = Reply.json(out)
        } else {
            reply = Reply(bytes, type: mediaType)
        }
        reply.cacheControl = "no-store"
        return reply
    }

    /// Runs a body and turns mistakes of the caller into problems that name the input.
    static func reporting<R>(_ body: () throws -> R) throws -> R {
        do { return try body() } catch let error as TwinError { throw problem(error) }
    }

    static func problem(_ error: TwinError) -> Problem {
        switch error.code {
        case .argument, .notFound: return QueryRoutes.problem(error)
        case .system: return Problem(.serviceUnavailable, error.message, retryAfter: 60)
        case .source: return Problem(.unprocessableContent, error.message)
        case .project, .store, .snapshot, .model: return Problem(error)
        }
    }
}
