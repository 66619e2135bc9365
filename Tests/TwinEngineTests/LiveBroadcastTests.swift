// SPDX-License-Identifier: Apache-2.0
import Foundation
import Spatial
import Testing
import TestSupport
@testable import TwinEngine

@Suite struct LiveBroadcastTests {
    private func observation(_ code: String, _ x: Double, _ y: Double, _ time: Int64) -> LiveObservation {
        LiveObservation(code: code, position: LonLat(longitude: x, latitude: y), time: time)
    }

    /// The event after `event` that brings something, or the last one if nothing does for a while.
    private func next(_ broadcast: LiveBroadcast, _ event: LiveBroadcast.Event, _ box: LonLatBox?)
        -> LiveBroadcast.Event
    {
        var last = event
        for _ in 0..<400 {
            let found = broadcast.next(after: last.sequence, box)
            if !found.bytes.isEmpty { return found }
            last = found
            usleep(5000)
        }
        return last
    }

    @Test func followersGetWhatChangedAndWhatLeft() {
        let index = LiveIndex(timeToLive: 100, project: Plane.project, place: Plane.place)
        let broadcast = LiveBroadcast(index)
        index.applyDirectly([observation("a", 0.01, 0, 1), observation("b", 0.1, 0, 1), observation("c", 0.011, 0, 1)])
        let box = LonLatBox(west: 0, south: -0.01, east: 0.02, north: 0.01)
        broadcast.join()
        defer { broadcast.leave() }
        let first = broadcast.start(box)
        let text = String(decoding: first.bytes, as: UTF8.self)
        #expect(text.hasPrefix("event: snapshot\nid: \(first.sequence)\ndata: {") && text.hasSuffix("}\n\n"))
        #expect(text.contains("\"a\"") && !text.contains("\"b\""))
        #expect(broadcast.next(after: first.sequence, box).bytes.isEmpty)
        index.applyDirectly([observation("b", 0.015, 0, 2), observation("a", 0.1, 0, 2), observation("d", 0.1, 0, 2)])
        let second = next(broadcast, first, box)
        let update = String(decoding: second.bytes, as: UTF8.self)
        #expect(update.hasPrefix("event: update\n") && update.contains("\"seq\":\(second.sequence)"))
        #expect(update.contains("\"id\":\"b\"") && update.contains("\"removed\":[\"a\"]") && !update.contains("\"d\""))
        index.expire(now: 100_002)
        let third = String(decoding: next(broadcast, second, box).bytes, as: UTF8.self)
        #expect(third.contains("\"features\":[]"))
        #expect(third.contains("\"removed\":[\"c\"]"))
    }

    @Test func aChangeIsSerialisedOnceForAllFollowers() {
        let index = LiveIndex(project: Plane.project, place: Plane.place)
        let broadcast = LiveBroadcast(index)
        broadcast.join()
        broadcast.join()
        let (first, second) = (broadcast.start(nil), broadcast.start(nil))
        index.applyDirectly([observation("a", 0.01, 0, 1)])
        let (one, two) = (next(broadcast, first, nil), next(broadcast, second, nil))
        #expect(one.sequence == two.sequence && !one.bytes.isEmpty)
        // Safe: the addresses are only compared.
        let isShared = unsafe one.bytes.span.withUnsafeBufferPointer { left in
            unsafe two.bytes.span.withUnsafeBufferPointer { unsafe $0.baseAddress == left.baseAddress }
        }
        #expect(isShared)
        broadcast.leave()
        broadcast.leave()
    }

    @Test func aSlowFollowerStartsOver() {
        let index = LiveIndex(project: Plane.project, place: Plane.place)
        let broadcast = LiveBroadcast(index)
        index.applyDirectly([observation("a", 0.01, 0, 1)])
        broadcast.join()
        defer { broadcast.leave() }
        let first = broadcast.start(nil)
        for round in 2...Int64(LiveBroadcast.keptFrames + 5) {
            index.applyDirectly([observation("a", 0.01 * Double(round), 0, round)])
            // Somebody else begins to follow: each time a frame is made.
            _ = broadcast.start(nil)
        }
        let late = broadcast.next(after: first.sequence, nil)
        #expect(String(decoding: late.bytes, as: UTF8.self).hasPrefix("event: snapshot"))
        #expect(late.sequence == index.snapshot().sequence)
        // Nothing is missed afterwards.
        index.applyDirectly([observation("a", 0.5, 0, 1000)])
        #expect(String(decoding: next(broadcast, late, nil).bytes, as: UTF8.self).contains("[0.5,0]"))
    }

    /// Following frame by frame leads to the same picture as asking for everything, for any box.
    @Test func framesAddUpToTheState() throws {
        var random = SeededGenerator.printed()
        let index = LiveIndex(timeToLive: 5, project: Plane.project, place: Plane.place)
        let broadcast = LiveBroadcast(index)
        let boxes = [nil, LonLatBox(west: 0, south: 0, east: 0.1, north: 0.2)]
        broadcast.join()
        defer { broadcast.leave() }
        var events = boxes.map { broadcast.start($0) }
        var pictures = [[String: String]](repeating: [:], count: 2)
        for round in 1...60 {
            let now = Int64(round) * 1000
            index.applyDirectly(
                (0..<30).map { _ in
                    observation(
                        "T\(Int.random(in: 0..<200, using: &random))", .random(in: -0.2...0.2, using: &random),
                        .random(in: -0.2...0.2, using: &random), now)
                })
            index.expire(now: now)
            _ = broadcast.start(LonLatBox(west: 9, south: 9, east: 9, north: 9))
            for place in boxes.indices {
                while true {
                    let event = broadcast.next(after: events[place].sequence, boxes[place])
                    if event.sequence == events[place].sequence { break }
                    events[place] = event
                    try fold(event.bytes, &pictures[place])
                }
                var expected: [String: String] = [:]
                try fold(broadcast.start(boxes[place]).bytes, &expected)
                #expect(pictures[place] == expected, "round \(round), box \(place)")
            }
        }
    }

    private func fold(_ event: [UInt8], _ picture: inout [String: String]) throws {
        let text = String(decoding: event, as: UTF8.self)
        guard let data = text.split(separator: "\n").first(where: { $0.hasPrefix("data: ") }) else { return }
        let json = try JSONSerialization.jsonObject(with: Data(data.dropFirst(6).utf8)) as? [String: Any]
        if text.hasPrefix("event: snapshot") { picture = [:] }
        for feature in json?["features"] as? [[String: Any]] ?? [] {
            let coordinates = (feature["geometry"] as? [String: Any])?["coordinates"] as? [Double]
            picture[try #require(feature["id"] as? String)] = "\(try #require(coordinates))"
        }
        for code in json?["removed"] as? [String] ?? [] { picture[code] = nil }
    }
}
