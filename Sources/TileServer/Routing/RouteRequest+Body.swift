// SPDX-License-Identifier: Apache-2.0
import Hummingbird
import NIOCore

extension RouteRequest {
    /// The request's body, within bounds of size and time.
    ///
    /// - Parameters:
    ///   - limit: bytes.
    ///   - seconds: until all of it must have arrived.
    ///   - tooLarge: what a client is told whose body has more bytes.
    /// - Throws: `Problem` 413, 415 for a compressed body, 408.
    func body(limit: Int, seconds: Int64, tooLarge: String) async throws -> [UInt8] {
        let tooLarge = Problem(.contentTooLarge, tooLarge)
        let request = request
        if let text = request.headers[.contentLength], let length = Int(text), length > limit { throw tooLarge }
        if let coding = request.headers[.contentEncoding], coding != "identity" {
            throw Problem(.unsupportedMediaType, "the body must not be compressed; send it without Content-Encoding")
        }
        return try await withThrowingTaskGroup(of: [UInt8].self) { group in
            group.addTask {
                var bytes: [UInt8] = []
                for try await part in request.body {
                    guard bytes.count + part.readableBytes <= limit else { throw tooLarge }
                    bytes.append(contentsOf: part.readableBytesView)
                }
                return bytes
            }
            group.addTask {
                try await Task.sleep(for: .seconds(seconds))
                throw Problem(.requestTimeout, "the body did not arrive within \(seconds) s")
            }
            defer { group.cancelAll() }
            return try await group.next() ?? []
        }
    }
}
