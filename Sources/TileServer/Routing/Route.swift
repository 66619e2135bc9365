// SPDX-License-Identifier: Apache-2.0
import Hummingbird

/// A parameter of a route, as the OpenAPI document describes it.
struct RouteParameter: Sendable {
    enum Place: String, Sendable { case path, query }
    var name: String
    var place: Place
    var isRequired: Bool
    /// A JSON Schema.
    var schema: String
    /// A value that works, in JSON.
    var example: String?
    var description: String

    static func path(_ name: String, _ description: String, example: String, schema: String = stringSchema) -> Self {
        Self(
            name: name, place: .path, isRequired: true, schema: schema, example: example, description: description)
    }

    static func query(
        _ name: String, _ description: String, schema: String = stringSchema, example: String? = nil,
        isRequired: Bool = false
    ) -> Self {
        Self(
            name: name, place: .query, isRequired: isRequired, schema: schema, example: example,
            description: description)
    }

    static let stringSchema = #"{"type":"string"}"#
}

/// One operation of the server: where it is, what it does, and what OpenAPI says about it. The document is generated
/// from these values, so it cannot drift from what is served.
struct Route: Sendable {
    typealias Handler = @Sendable (CityServer, RouteRequest) async throws -> Reply

    var method: HTTPRequest.Method
    /// `/tiles/{tileset}/{z}/{x}/{y}.mvt`; a last `{name...}` takes the rest of the path.
    var template: String
    var summary: String
    var parameters: [RouteParameter]
    /// Media types of a successful answer.
    var produces: [String]
    /// Statuses of a successful answer; 204 has no content.
    var success: [Int]
    var consumes: [String]
    /// Whether query parameters besides those named are conditions on fields, which the handler checks.
    var takesFields: Bool
    /// Listed in the OpenAPI document; static files are not.
    var isDocumented: Bool
    var handler: Handler

    init(
        _ method: HTTPRequest.Method, _ template: String, _ summary: String, parameters: [RouteParameter] = [],
        produces: [String] = ["application/json"], success: [Int] = [200], consumes: [String] = [],
        takesFields: Bool = false, isDocumented: Bool = true,
        handler: @escaping Handler
    ) {
        self.method = method
        self.template = template
        self.summary = summary
        self.parameters = parameters
        self.produces = produces
        self.success = success
        self.consumes = consumes
        self.takesFields = takesFields
        self.isDocumented = isDocumented
        self.handler = handler
    }

    /// The query parameters that this route knows.
    var queryNames: [String] {
        parameters.filter { $0.place == .query }.map(\.name)
    }
}

/// A route's template, taken apart once.
struct RoutePattern: Sendable {
    private enum Segment: Sendable {
        case literal(String)
        /// A value between a fixed prefix (always empty here) and a fixed suffix such as `.mvt`.
        case value(name: String, suffix: String)
        case rest(name: String)
    }

    private let segments: [Segment]

    init(_ template: String) {
        segments = template.split(separator: "/", omittingEmptySubsequences: false).dropFirst().map { part in
            guard part.hasPrefix("{"), let close = part.firstIndex(of: "}") else { return .literal(String(part)) }
            let name = part[part.index(after: part.startIndex)..<close]
            if name.hasSuffix("...") { return .rest(name: String(name.dropLast(3))) }
            return .value(name: String(name), suffix: String(part[part.index(after: close)...]))
        }
    }

    /// The values in a path's segments (percent-decoded), or nil if the path is another one.
    func match(_ path: [String]) -> [String: String]? {
        var values: [String: String] = [:]
        for (index, segment) in segments.enumerated() {
            if case .rest(let name) = segment {
                guard index < path.count else { return nil }
                values[name] = path[index...].joined(separator: "/")
                return values
            }
            guard index < path.count else { return nil }
            switch segment {
            case .literal(let text):
                if path[index] != text { return nil }
            case .value(let name, let suffix):
                guard path[index].hasSuffix(suffix), path[index].utf8.count > suffix.utf8.count else { return nil }
                values[name] = String(path[index].dropLast(suffix.count))
            case .rest: return nil
            }
        }
        return path.count == segments.count ? values : nil
    }
}
