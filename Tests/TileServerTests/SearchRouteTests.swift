// SPDX-License-Identifier: Apache-2.0
import Foundation
import HTTPTypes
import Hummingbird
import HummingbirdTesting
import NIOCore
import Testing

@testable import TileServer

/// `GET /search` over the routes: Chinese, codes, order, access and mistakes.
@Suite struct SearchRouteTests {
    private func search(
        _ client: any TestClientProtocol, _ query: String, token: String? = nil
    ) async throws -> (status: HTTPResponse.Status, body: [String: Any]) {
        let path = try #require(query.addingPercentEncoding(withAllowedCharacters: .urlQueryAllowed))
        var headers = HTTPFields()
        if let token { headers[.authorization] = "Bearer \(token)" }
        return try await client.execute(uri: "/search?" + path, method: .get, headers: headers) { response in
            let body =
                try JSONSerialization.jsonObject(with: Data(String(buffer: response.body).utf8)) as? [String: Any]
            return (response.status, try #require(body))
        }
    }

    private func names(_ body: [String: Any]) -> [String] {
        ((body["results"] as? [[String: Any]]) ?? []).compactMap { $0["name"] as? String }
    }

    @Test func chineseAndPartialCodes() async throws {
        try await TestCity.run { client in
            let shops = try await search(client, "q=店1")
            #expect(shops.body["total"] as? Int == 11)
            // The whole name first, then names that begin so, the shorter first.
            #expect(names(shops.body).prefix(3) == ["店1", "店10", "店11"])
            let code = try await search(client, "q=S24")
            let hit = try #require((code.body["results"] as? [[String: Any]])?.first)
            #expect(
                hit["layer"] as? String == "shops" && hit["code"] as? String == "s24"
                    && hit["field"] as? String == "code")
            #expect((hit["center"] as? [Double])?.first.map { abs($0 - 120.024) < 1e-6 } == true)
            let both = try await search(client, "q=shop 店7")
            #expect(names(both.body) == ["店7"])
            let limited = try await search(client, "q=店&limit=2&layers=shops")
            #expect(limited.body["total"] as? Int == 25 && names(limited.body).count == 2)
        }
    }

    @Test func accessDecides() async throws {
        try await TestCity.run { client in
            let closed = try await search(client, "q=Neil")
            #expect(closed.body["total"] as? Int == 0)
            let open = try await search(client, "q=Neil", token: TestCity.token)
            #expect(open.body["total"] as? Int == 1)
            let named = try await search(client, "q=Neil&layers=valves")
            #expect(named.status == .forbidden)
        }
    }

    @Test(arguments: [
        "", "q=", "q=%20", "q=店&limit=0", "q=店&limit=x", "q=店&layers=nowhere", "q=店&layers=live", "q=店&x=1",
    ])
    func mistakes(query: String) async throws {
        try await TestCity.run { client in
            try await client.execute(
                uri: "/search?" + query.replacingOccurrences(of: "店", with: "%E5%BA%97"), method: .get
            ) { response in
                #expect(response.status == .badRequest, "\(query)")
                #expect(String(buffer: response.body).contains("parameter"), "\(query)")
            }
        }
    }
}
