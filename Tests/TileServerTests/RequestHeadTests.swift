// SPDX-License-Identifier: Apache-2.0
import NIOCore
import NIOEmbedded
import NIOHTTP1
import TestSupport
import Testing

@testable import TileServer

/// The strict reader of request heads against NIO's decoder.
@Suite struct RequestHeadTests {
    private func scan(_ bytes: [UInt8]) -> RequestHead.Scan { RequestHead.scan(bytes.span) }

    @Test func readsWhatMatters() throws {
        let text = "GET /a/b?c HTTP/1.1\r\nHost: x\r\nACCEPT-Encoding: \t gzip \r\nif-none-match:\"t\"\r\n\r\nrest"
        let bytes = Array(text.utf8)
        guard case .complete(let head) = scan(bytes) else {
            Issue.record("not read")
            return
        }
        func part(_ range: Range<Int>?) -> String? { range.map { String(decoding: bytes[$0], as: UTF8.self) } }
        #expect(head.method == .get && part(head.target) == "/a/b?c" && head.hasQuery && !head.needsRoutes)
        #expect(part(head.acceptEncoding) == "gzip" && part(head.ifNoneMatch) == "\"t\"")
        #expect(head.length == bytes.count - 4)
        for count in 0..<head.length { #expect(scan(Array(bytes[..<count])) == .incomplete) }
    }

    @Test func leavesTheUnusualToTheDecoder() {
        for text in [
            "GET * HTTP/1.1\r\n\r\n", "GET http://a/ HTTP/1.1\r\n\r\n", "GET / HTTP/1.0\r\n\r\n",
            "\r\nGET / HTTP/1.1\r\n\r\n",
            "GET / HTTP/1.1\n\n", "GET / HTTP/1.1\r\nA: b\r\n c\r\n\r\n", "GET / HTTP/1.1\r\nA : b\r\n\r\n",
            "GET / HTTP/1.1\r\nExpect: 100-continue\r\n\r\n", "GET / HTTP/1.1\r\nUpgrade: h2c\r\n\r\n",
            "GET / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n", "GET / HTTP/1.1\r\nConnection: close\r\n\r\n",
            "GET / HTTP/1.1\r\nContent-Length: +1\r\n\r\n",
            "GET / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\n",
            "CONNECT a:1 HTTP/1.1\r\n\r\n", "GET / HTTP/1.1\r\n: b\r\n\r\n", "GET / HTTP/1.1\r\nA: b\rc\r\n\r\n",
            "GET /" + String(repeating: "a", count: 9000), "PRI * HTTP/2.0\r\n\r\n",
            "GET / HTTP/1.1\r\n" + String(repeating: "a:\r\n", count: 65) + "\r\n",
        ] {
            #expect(scan(Array(text.utf8)) == .foreign, "\(text.prefix(80))")
        }
    }

    /// Changed at random, a request that is read as complete is one to NIO's decoder, too, and ends at the same byte,
    /// unless the decoder refuses it and reads nothing more.
    @Test func agreesWithTheDecoder() throws {
        var random = SeededGenerator.printed()
        let seed = random.seed
        let bases = [
            "GET /tiles/a/1/2/3.mvt HTTP/1.1\r\nHost: a\r\nAccept-Encoding: gzip, br\r\nConnection: keep-alive\r\n\r\n",
            "POST /query HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello",
            "HEAD /x?y=z HTTP/1.1\r\nProxy-Connection: keep-alive\r\nIf-None-Match: \"a\"\r\n\r\n",
        ]
        let odd = Array("\r\n\t :,;0159\u{0}\u{7F}GETHPX/?#chunkedclose".utf8) + [0x80, 0xFF]
        var (complete, refused) = (0, 0)
        for _ in 0..<6000 {
            var bytes = Array(bases[Int.random(in: 0..<bases.count, using: &random)].utf8)
            for _ in 0..<Int.random(in: 0...4, using: &random) {
                let at = Int.random(in: 0..<bytes.count, using: &random)
                let byte = odd[Int.random(in: 0..<odd.count, using: &random)]
                switch Int.random(in: 0..<3, using: &random) {
                case 0: bytes[at] = byte
                case 1: bytes.insert(byte, at: at)
                default: bytes.remove(at: at)
                }
            }
            guard case .complete(let head) = scan(bytes) else { continue }
            complete += 1
            let channel = EmbeddedChannel(handler: ByteToMessageHandler(HTTPRequestDecoder()))
            do {
                try channel.writeInbound(ByteBuffer(bytes: bytes[..<(head.length - 1)]))
                #expect(try channel.readInbound(as: HTTPServerRequestPart.self) == nil, "\(seed) \(bytes)")
                try channel.writeInbound(ByteBuffer(bytes: bytes[(head.length - 1)..<head.length]))
            } catch {
                refused += 1
                continue
            }
            guard case .head(let seen)? = try channel.readInbound(as: HTTPServerRequestPart.self) else {
                Issue.record("seed \(seed): the decoder gives no head of \(String(decoding: bytes, as: UTF8.self))")
                continue
            }
            #expect(seen.uri == String(decoding: bytes[head.target], as: UTF8.self), "\(seed)")
            #expect(seen.isKeepAlive && seen.version == .http1_1, "\(seed)")
            #expect(seen.headers["authorization"].isEmpty || head.needsRoutes, "\(seed)")
            // The decoder keeps white space after a value; both take the digits.
            let length = seen.headers["content-length"].first.flatMap { text in Int(text.prefix { $0.isNumber }) }
            #expect(
                length == head.contentLength && seen.headers["transfer-encoding"].isEmpty,
                "\(seed) \(String(decoding: bytes, as: UTF8.self).debugDescription)")
            // Without a body the request has ended here.
            let end = try channel.readInbound(as: HTTPServerRequestPart.self)
            #expect((end == .end(nil)) == (head.contentLength ?? 0 == 0), "\(seed)")
        }
        #expect(complete > 600 && refused < complete / 2)
    }

    @Test func datesAreWrittenAsFieldsHaveThem() {
        #expect(String(decoding: HTTPDate(second: 784_111_777).text, as: UTF8.self) == "Sun, 06 Nov 1994 08:49:37 GMT")
        #expect(
            String(decoding: HTTPDate(second: 1_709_164_800).text, as: UTF8.self) == "Thu, 29 Feb 2024 00:00:00 GMT")
    }
}
