// SPDX-License-Identifier: Apache-2.0
import Hummingbird
import TwinEngine

/// An answer that is an error, as RFC 9457 problem details that say what to change.
struct Problem: Error, Sendable {
    var status: HTTPResponse.Status
    var detail: String
    /// The query or path parameter that is wrong.
    var parameter: String?
    /// Seconds after which to try again.
    var retryAfter: Int?
    /// Methods that the resource has, for 405.
    var allow: String?
    /// A URI that names the kind of problem, where a standard defines one.
    var type = "about:blank"

    init(
        _ status: HTTPResponse.Status, _ detail: String, parameter: String? = nil, retryAfter: Int? = nil,
        allow: String? = nil
    ) {
        self.status = status
        self.detail = detail
        self.parameter = parameter
        self.retryAfter = retryAfter
        self.allow = allow
    }

    /// A parameter with a bad value.
    static func parameter(_ name: String, _ detail: String) -> Problem {
        Problem(.badRequest, detail, parameter: name)
    }

    static func notFound(_ detail: String) -> Problem {
        Problem(.notFound, detail)
    }

    /// The problem that an engine error amounts to.
    init(_ error: TwinError) {
        switch error.code {
        case .notFound: self.init(.notFound, error.message)
        case .argument: self.init(.badRequest, error.message)
        case .system: self.init(HTTPResponse.Status(code: 507), error.message, retryAfter: 30)
        case .project, .source, .store, .snapshot, .model: self.init(.internalServerError, error.message)
        }
    }

    /// The problem that a refused edit amounts to.
    init(_ error: EditError) {
        let status: HTTPResponse.Status =
            switch error.kind {
            case .malformed: .badRequest
            case .invalid: .unprocessableContent
            case .missing: .notFound
            case .conflict: .conflict
            case .stale: .preconditionFailed
            }
        self.init(status, "\(error.part): \(error.message)", parameter: error.part)
    }

    var reply: Reply {
        var out = JSONBytes(capacity: 160)
        out.raw("{\"type\":")
        out.string(type)
        out.raw(",\"title\":")
        out.string(status.reasonPhrase)
        out.raw(",\"status\":")
        out.integer(status.code)
        out.raw(",\"detail\":")
        out.string(detail)
        if let parameter {
            out.raw(",\"parameter\":")
            out.string(parameter)
        }
        out.byte(UInt8(ascii: "}"))
        var reply = Reply(out.bytes, type: "application/problem+json", status: status)
        reply.cacheControl = "no-store"
        if let retryAfter { reply.headers[.retryAfter] = "\(retryAfter)" }
        if let allow { reply.headers[.allow] = allow }
        if status == .unauthorized { reply.headers[.wwwAuthenticate] = "Bearer" }
        return reply
    }
}
