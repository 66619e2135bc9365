// SPDX-License-Identifier: Apache-2.0
import Hummingbird
import NIOCore
import TwinEngine

/// What a route answers, before conditional requests, compression and HEAD are applied.
struct Reply: Sendable {
    enum Body: Sendable {
        case empty
        /// Compressed on the way out if the client accepts it and it is worth it.
        case bytes([UInt8])
        /// Sent as it is.
        case buffer(ByteBuffer)
        case stream(ResponseBody)
    }

    var status: HTTPResponse.Status
    var headers: HTTPFields
    var body: Body
    /// The entity tag with its quotes; nil lets the responder make one from the content of `bytes`.
    var entityTag: String?
    var cacheControl: String?
    /// What the answer depends on, where it may be given again while that holds.
    var freshness: Freshness?

    init(_ bytes: [UInt8], type: String, status: HTTPResponse.Status = .ok) {
        self.status = status
        headers = [.contentType: type]
        body = .bytes(bytes)
    }

    init(_ buffer: ByteBuffer, type: String) {
        status = .ok
        headers = [.contentType: type]
        body = .buffer(buffer)
    }

    init(status: HTTPResponse.Status) {
        self.status = status
        headers = [:]
        body = .empty
    }

    init(stream: ResponseBody, type: String) {
        status = .ok
        headers = [.contentType: type]
        body = .stream(stream)
    }

    /// A JSON document.
    static func json(_ out: JSONBytes, type: String = "application/json") -> Reply {
        Reply(out.bytes, type: type)
    }
}
