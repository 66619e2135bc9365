// SPDX-License-Identifier: Apache-2.0
import HTTPTypes
import Hummingbird
import TwinEngine

/// Jobs: status, results, dismissal. A job is seen by whoever sent it and by administrators; those of anonymous callers
/// hold public data only and are seen by everybody.
extension ProcessRoutes {
    private static let jobParameter = RouteParameter.path(
        "job", "A job.", example: "\"00000000-0000-4000-8000-000000000000\"")

    static let jobRoutes: [Route] = [
        Route(
            .get, "/jobs", "The caller's jobs, newest first",
            parameters: [
                .query(
                    "limit", "Jobs listed.", schema: #"{"type":"integer","minimum":1,"maximum":1000,"default":100}"#,
                    example: "100"), CollectionRoutes.format,
            ], handler: jobs),
        Route(
            .get, "/jobs/{job}", "How far a job is", parameters: [jobParameter, CollectionRoutes.format],
            handler: jobStatus),
        Route(
            .get, "/jobs/{job}/results", "The result of a finished job", parameters: [jobParameter],
            produces: Array(Set(Analysis.all.flatMap(\.formats))).sorted(), handler: results),
        Route(
            .delete, "/jobs/{job}", "Stop a job, or remove a finished one with its result",
            parameters: [jobParameter], handler: dismiss),
    ]

    private static func sees(_ principal: Principal, _ job: Job) -> Bool {
        job.owner == nil || job.owner == principal.name || principal.role == .admin
    }

    private static func job(_ server: CityServer, _ request: RouteRequest) throws(Problem) -> Job {
        guard let job = server.jobs.job(request.path("job")), sees(request.principal, job) else {
            throw noJob(request)
        }
        return job
    }

    private static func noJob(_ request: RouteRequest) -> Problem {
        var problem = Problem.notFound(
            "there is no job '\(request.path("job").prefix(80))', or another caller sent it; GET /jobs lists yours")
        problem.type = "http://www.opengis.net/def/exceptions/ogcapi-processes-1/1.0/no-such-job"
        return problem
    }

    @Sendable private static func jobs(_ server: CityServer, _ request: RouteRequest) async throws -> Reply {
        try CollectionRoutes.checkFormat(request)
        let limit = try request.query.integer("limit", in: 1...1000, default: 100)
        let all = server.jobs.jobs().filter { sees(request.principal, $0) }
        var out = JSONBytes(capacity: 4096)
        out.raw("{\"jobs\":")
        out.list(all.prefix(limit)) { append($1, request, to: &$0) }
        out.raw(",\"numberMatched\":")
        out.integer(all.count)
        out.raw(",\"links\":[")
        out.link(request.base + "/jobs", rel: "self", type: "application/json")
        out.raw("]}")
        return uncached(out)
    }

    @Sendable private static func jobStatus(_ server: CityServer, _ request: RouteRequest) async throws -> Reply {
        try CollectionRoutes.checkFormat(request)
        return status(try job(server, request), request)
    }

    static func status(_ job: Job, _ request: RouteRequest) -> Reply {
        var out = JSONBytes(capacity: 1024)
        append(job, request, to: &out)
        return uncached(out)
    }

    private static func uncached(_ out: JSONBytes) -> Reply {
        var reply = Reply.json(out)
        reply.cacheControl = "no-store"
        return reply
    }

    /// `statusInfo.yaml`.
    private static func append(_ job: Job, _ request: RouteRequest, to out: inout JSONBytes) {
        out.raw("{\"jobID\":")
        out.string(job.id)
        out.raw(",\"id\":")
        out.string(job.id)
        out.raw(",\"processID\":")
        out.string(job.analysis)
        out.raw(",\"type\":\"process\",\"status\":")
        out.string(job.state.rawValue)
        out.raw(",\"message\":")
        out.string(job.message)
        out.raw(",\"progress\":")
        out.integer(job.progress)
        for (name, time) in [
            ("created", job.created), ("started", job.started), ("finished", job.finished), ("updated", job.updated),
        ] {
            guard let time else { continue }
            out.raw(",")
            out.key(name)
            out.string(time)
        }
        out.raw(",\"inputs\":")
        out.raw(text: job.inputs)
        out.raw(",\"links\":[")
        out.link(request.base + "/jobs/\(job.id)", rel: "self", type: "application/json")
        if job.state == .successful {
            out.raw(",")
            out.link(
                request.base + "/jobs/\(job.id)/results", rel: "http://www.opengis.net/def/rel/ogc/1.0/results",
                type: job.isDocument ? "application/json" : job.mediaType ?? "application/json")
        }
        out.raw("]}")
    }

    @Sendable private static func results(_ server: CityServer, _ request: RouteRequest) async throws -> Reply {
        let job = try job(server, request)
        switch job.state {
        case .successful:
            let bytes = try await server.workers.run { try server.jobs.result(job) }
            return result(bytes, job.mediaType ?? "application/json", isDocument: job.isDocument)
        case .failed:
            throw Problem(job.isCallersFault ? .badRequest : .internalServerError, job.message)
        case .accepted, .running, .dismissed:
            var problem = Problem.notFound(
                "the job is \(job.state.rawValue), \(job.progress) % done; ask again when its status is successful")
            problem.type = "http://www.opengis.net/def/exceptions/ogcapi-processes-1/1.0/result-not-ready"
            throw problem
        }
    }

    @Sendable private static func dismiss(_ server: CityServer, _ request: RouteRequest) async throws -> Reply {
        let known = try job(server, request)
        guard known.owner == request.principal.name || request.principal.role == .admin else {
            throw Problem(.forbidden, "another caller sent this job; only they and administrators stop it")
        }
        let job = try await server.workers.run { try reporting { try server.jobs.dismiss(known.id) } }
        guard let job else { throw noJob(request) }
        return status(job, request)
    }
}
