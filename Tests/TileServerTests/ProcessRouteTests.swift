// SPDX-License-Identifier: Apache-2.0
import Foundation
import HTTPTypes
import Hummingbird
import HummingbirdTesting
import NIOCore
import TestSupport
import Testing
import TwinEngine

@testable import TileServer

/// OGC API Processes over the routes: descriptions, executions, jobs, access, and what must be refused.
@Suite struct ProcessRouteTests {
    private static let box = "[[[119.99,36.24],[120.03,36.24],[120.03,36.26],[119.99,36.26],[119.99,36.24]]]"
    private static let report =
        #"{"inputs":{"parcel":{"type":"Polygon","coordinates":\#(box)},"limit":2}"#

    @Test func descriptionsListWhatIsThere() async throws {
        try await TestCity.run { client in
            let list = try await json(client.execute(uri: "/processes", method: .get))
            let processes = try #require(list["processes"] as? [[String: Any]])
            let ids = processes.compactMap { $0["id"] as? String }
            #expect(ids.contains("plan-conflict") && ids.contains("parcel-report"))
            for id in ids {
                let one = try await json(client.execute(uri: "/processes/\(id)", method: .get))
                #expect(one["id"] as? String == id)
                let inputs = try #require(one["inputs"] as? [String: [String: Any]])
                #expect(inputs.values.allSatisfy { $0["schema"] is [String: Any] })
                let options = try #require(one["jobControlOptions"] as? [String])
                #expect(options == ["sync-execute", "async-execute", "dismiss"])
            }
            let missing = try await client.execute(uri: "/processes/nothing", method: .get)
            #expect(missing.status == .notFound)
            #expect((try json(missing)["type"] as? String)?.hasSuffix("no-such-process") == true)
            let classes = try await json(client.execute(uri: "/conformance", method: .get))
            #expect(
                (classes["conformsTo"] as? [String])?
                    .contains("http://www.opengis.net/spec/ogcapi-processes-1/1.0/conf/core") == true)
        }
    }

    @Test func executionsAnswerAtOnceOrAsJobs() async throws {
        try await TestCity.run { client in
            let raw = try await json(client.run("parcel-report", Self.report + "}"))
            #expect(raw["process"] as? String == "parcel-report" && raw["storeVersion"] is Int)
            let layers = try #require(raw["layers"] as? [[String: Any]])
            #expect(layers.contains { $0["layer"] as? String == "shops" && $0["returned"] as? Int == 2 })
            let document = try await json(client.run("parcel-report", Self.report + #","response":"document"}"#))
            let value = try #require((document["result"] as? [String: Any])?["value"] as? [String: Any])
            #expect(value["process"] as? String == "parcel-report")
            let page = try await client.run(
                "parcel-report", Self.report + #","outputs":{"result":{"format":{"mediaType":"text/html"}}}}"#)
            #expect(page.headers[.contentType] == "text/html; charset=utf-8")

            let accepted = try await client.run("parcel-report", Self.report + "}", prefer: "respond-async, wait=10")
            #expect(accepted.status == .created)
            let status = try json(accepted)
            let id = try #require(status["jobID"] as? String)
            #expect(accepted.headers[.location]?.hasSuffix("/jobs/\(id)") == true)
            var state = ""
            for _ in 0..<500 {
                state = try await json(client.execute(uri: "/jobs/\(id)", method: .get))["status"] as? String ?? ""
                if state == "successful" || state == "failed" { break }
                try await Task.sleep(for: .milliseconds(10))
            }
            #expect(state == "successful")
            let result = try await json(client.execute(uri: "/jobs/\(id)/results", method: .get))
            #expect(result["process"] as? String == "parcel-report")
            let jobs = try await json(client.execute(uri: "/jobs", method: .get))
            #expect(jobs["numberMatched"] as? Int == 1)
            let gone = try await json(client.execute(uri: "/jobs/\(id)", method: .delete))
            #expect(gone["status"] as? String == "dismissed")
            let after = try await client.execute(uri: "/jobs/\(id)", method: .get)
            #expect(after.status == .notFound)
        }
    }

    @Test func accessIsThatOfTheLayers() async throws {
        try await TestCity.run { client in
            // Valves are restricted and `ratio` of shops is masked for anonymous callers.
            let open = try await client.run("parcel-report", Self.report + "}")
            let text = String(buffer: open.body)
            #expect(!text.contains("\"valves\"") && !text.contains("ratio"))
            let named =
                #"{"inputs":{"parcel":{"type":"Polygon","coordinates":\#(Self.box)},"layers":["valves"]}}"#
            let refused = try await client.run("parcel-report", named)
            #expect(refused.status == .forbidden)
            let office = try await client.run("parcel-report", named, token: TestCity.token)
            #expect(office.status == .ok && String(buffer: office.body).contains("\"valves\""))
            let masked =
                #"{"inputs":{"parcel":{"type":"Polygon","coordinates":\#(Self.box)},"#
                + #""layers":[{"layer":"shops","field":"ratio"}]}}"#
            #expect(try await client.run("parcel-report", masked).status == .badRequest)
            // A job of the office is not seen by others.
            let job = try await json(
                client.run("parcel-report", named, token: TestCity.token, prefer: "respond-async"))
            let id = try #require(job["jobID"] as? String)
            let others = try await client.execute(uri: "/jobs/\(id)", method: .get)
            #expect(others.status == .notFound)
            let others2 = try await client.execute(uri: "/jobs/\(id)", method: .delete)
            #expect(others2.status == .notFound)
        }
    }

    /// A caller that waits for an answer is not idle, however long the analysis and those before it take.
    @Test func aLongExecutionOutlivesTheIdleLimit() async throws {
        let server = try TestCity.server(tokens: false) { $0.limits.requestSeconds = 1 }
        let body = Self.report + "}"
        try await RawConnection.serving(server) { port in
            _ = try server.jobs.submit(
                "reach", inputs: AnalysisInputs(json: Array("{}".utf8)), owner: nil, isDocument: false
            ) { _ in
                Thread.sleep(forTimeInterval: 3.5)
                throw TwinError(.argument, "only a pause")
            }
            var connection = try await RawConnection(port: port)
            try await connection.send(
                "POST /processes/parcel-report/execution HTTP/1.1\r\nHost: test\r\nContent-Type: application/json\r\n"
                    + "Content-Length: \(body.utf8.count)\r\n\r\n\(body)")
            let answer = try #require(try await connection.answer(hasBody: true))
            #expect(answer.status == 200)
            #expect(String(decoding: answer.body, as: UTF8.self).contains(#""process":"parcel-report""#))
            // The connection is as good as before.
            try await connection.send("GET /processes HTTP/1.1\r\nHost: test\r\n\r\n")
            #expect(try await connection.answer(hasBody: true)?.status == 200)
            try await connection.close()
        }
    }

    @Test func whatIsWrongIsNamed() async throws {
        try await TestCity.run { client in
            for (body, words) in [
                ("", "body"), ("[]", "body"), (#"{"inputs":{}}"#, "parcel"), (#"{"input":{}}"#, "input:"),
                (#"{"inputs":{"parcel":{"layer":"shops","id":1}}}"#, "polygons"),
                (#"{"inputs":{"parcel":{"href":"http://example.org/x"}}}"#, "not fetched"),
                (Self.report + #","outputs":{"other":{}}}"#, "outputs"),
                (Self.report + #","outputs":{"result":{"format":{"mediaType":"image/png"}}}}"#, "format"),
                (Self.report + #","response":"both"}"#, "response"),
                (Self.report + #","subscriber":{"successUri":"http://example.org"}}"#, "subscriber"),
                (#"{"inputs":{"parcel":{"type":"Polygon","coordinates":[[[0,0],[1,1],[1,0]]]}}}"#, "parcel"),
            ] {
                let answer = try await client.run("parcel-report", body)
                #expect(answer.status == .badRequest, "\(body)")
                #expect(String(buffer: answer.body).contains(words), "\(body): \(String(buffer: answer.body))")
            }
            let large = try await client.run("parcel-report", String(repeating: " ", count: 9 << 20))
            #expect(large.status == .contentTooLarge)
            let unknown = try await client.run("nothing", "{}")
            #expect(unknown.status == .notFound)
        }
    }
}

extension TestClientProtocol {
    fileprivate func run(
        _ process: String, _ body: String, token: String? = nil, prefer: String? = nil
    ) async throws -> TestResponse {
        var headers: HTTPFields = [.contentType: "application/json"]
        if let token { headers[.authorization] = "Bearer \(token)" }
        if let prefer, let name = HTTPField.Name("Prefer") { headers[name] = prefer }
        return try await execute(
            uri: "/processes/\(process)/execution", method: .post, headers: headers, body: ByteBuffer(string: body))
    }
}
