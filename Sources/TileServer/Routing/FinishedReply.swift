// SPDX-License-Identifier: Apache-2.0
import HTTPTypes
import NIOCore

/// A reply with all the fields of an answer, before the request's conditions are applied.
struct FinishedReply {
    let status: HTTPResponse.Status
    let headers: HTTPFields
    let tag: String?
    /// Nil for a stream, and where there is none.
    let body: ByteBuffer?

    /// - Parameters:
    ///   - packed: the gzip form of the reply's bytes, where that is to be sent.
    ///   - isRead: whether the request is a GET or HEAD.
    init(_ reply: Reply, packed: [UInt8]? = nil, isRead: Bool = true) {
        var headers = reply.headers
        headers[.accessControlAllowOrigin] = "*"
        headers[.accessControlExposeHeaders] = "ETag, Location, Content-Crs, Content-Disposition, Retry-After"
        headers[.xContentTypeOptions] = "nosniff"
        if let cacheControl = reply.cacheControl { headers[.cacheControl] = cacheControl }
        var tag = reply.entityTag
        var body: ByteBuffer?
        if case .bytes(let bytes) = reply.body {
            if reply.status == .ok, tag == nil, isRead { tag = EntityTag.of(bytes) }
            headers[.vary] = "Accept-Encoding, Authorization"
            if let packed {
                headers[.contentEncoding] = "gzip"
                tag = tag.map(EntityTag.compressed)
                body = ByteBuffer(bytes: packed)
            } else {
                body = ByteBuffer(bytes: bytes)
            }
        } else if case .buffer(let buffer) = reply.body {
            body = buffer
        }
        if let tag { headers[.eTag] = tag }
        if let body { headers[.contentLength] = "\(body.readableBytes)" }
        status = reply.status
        self.headers = headers
        self.tag = tag
        self.body = body
    }

    /// The fields of an answer to somebody who has these bytes already.
    var unchanged: HTTPFields {
        var headers = headers
        for name in [HTTPField.Name.contentType, .contentEncoding, .contentLength] { headers[name] = nil }
        return headers
    }

    /// The same, ready to be given out again; nil for what is no tile.
    func warm(
        _ target: [UInt8], _ codings: ContentCodings, _ template: String, _ freshness: Freshness
    ) -> WarmAnswer? {
        guard status == .ok || status == .noContent else { return nil }
        return WarmAnswer(
            target: target, codings: codings, template: template, found: WarmAnswer.Head(status, headers),
            unchanged: status == .ok && tag != nil ? .init(.notModified, unchanged) : nil, entityTag: tag ?? "",
            body: body ?? ByteBuffer(), freshness: freshness)
    }
}
