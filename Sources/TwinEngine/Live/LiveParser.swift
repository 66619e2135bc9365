// SPDX-License-Identifier: Apache-2.0

/// Reads batches of observations: NDJSON lines, or GeoJSON points alone, in a collection, or one per line.
///
/// Every line ends in an observation or in a rejection with its number and a reason; nothing is skipped silently.
/// O(bytes), one pass, no Foundation.
public struct LiveParser {
    public private(set) var observations: [(line: Int, observation: LiveObservation)] = []
    public private(set) var rejections: [LiveRejection] = []
    /// The time of an observation that states none: when it arrived.
    let now: Int64

    public static let maximumCodeLength = 128
    static let maximumValuesLength = 16_384
    /// Ten years, in seconds.
    static let maximumTimeToLive = 315_360_000

    public init(now: Int64) {
        self.now = now
    }

    /// Reads one request body. One JSON value that fills it is taken as a whole, anything else line by line.
    public mutating func parse(_ bytes: [UInt8]) {
        var probe = LiveScanner(bytes, from: 0, to: bytes.count)
        if probe.isAtEnd { return }
        do {
            _ = try probe.value()
            if probe.isAtEnd { return parseWhole(bytes) }
        } catch {
            // Not one value: the lines are judged one by one below, each with its own reason.
        }
        parseLines(bytes)
    }

    /// Reads NDJSON; empty lines count but are not rejected.
    public mutating func parseLines(_ bytes: [UInt8]) {
        var line = 0
        var start = 0
        while start < bytes.count {
            let end = bytes[start...].firstIndex(of: 0x0A) ?? bytes.count
            line += 1
            var scanner = LiveScanner(bytes, from: start, to: end)
            if !scanner.isAtEnd {
                read(line) { (parser) throws(LiveScanError) in
                    let observation = try parser.item(&scanner)
                    guard scanner.isAtEnd else { throw LiveScanError("text after the object; write one per line") }
                    return observation
                }
            }
            start = end + 1
        }
    }

    /// One JSON value: a feature collection, an array, or one item. Items count from 1.
    private mutating func parseWhole(_ bytes: [UInt8]) {
        var scanner = LiveScanner(bytes, from: 0, to: bytes.count)
        do {
            if scanner.peek() == UInt8(ascii: "[") { return try parseArray(&scanner) }
            if let features = try featuresOfCollection(scanner) {
                scanner.rewind(to: features)
                return try parseArray(&scanner)
            }
        } catch {
            rejections.append(LiveRejection(line: 1, reason: error.reason))
            return
        }
        read(1) { (parser) throws(LiveScanError) in try parser.item(&scanner) }
    }

    private mutating func parseArray(_ scanner: inout LiveScanner) throws(LiveScanError) {
        var isFirst = true
        var number = 0
        while try scanner.nextElement(&isFirst) {
            number += 1
            let start = scanner.index
            let range = try scanner.value()
            scanner.rewind(to: start)
            read(number) { (parser) throws(LiveScanError) in try parser.item(&scanner) }
            scanner.rewind(to: range.upperBound)
        }
    }

    /// Where the array of features starts, if the object is a FeatureCollection.
    private func featuresOfCollection(_ start: LiveScanner) throws(LiveScanError) -> Int? {
        var scanner = start
        var isFirst = true
        var isCollection = false
        var features: Int?
        while let key = try scanner.nextKey(&isFirst) {
            if key == "type", scanner.peek() == UInt8(ascii: "\"") {
                isCollection = try scanner.string() == "FeatureCollection"
                continue
            }
            let first = scanner.peek()
            let range = try scanner.value()
            if key == "features", first == UInt8(ascii: "[") { features = range.lowerBound }
        }
        guard isCollection else { return nil }
        guard let features else { throw LiveScanError("a FeatureCollection needs an array `features`") }
        return features
    }

    private mutating func read(
        _ line: Int, _ body: (inout Self) throws(LiveScanError) -> LiveObservation
    ) {
        do {
            observations.append((line, try body(&self)))
        } catch {
            rejections.append(LiveRejection(line: line, reason: error.reason))
        }
    }

    /// The parts of an observation while its object is read.
    private struct Draft {
        var code: String?
        var longitude: Double?
        var latitude: Double?
        var time: Int64?
        var kind: String?
        var name: String?
        var values: [UInt8]?
        var timeToLive: UInt32?
        var isFeature = false
    }

    /// One NDJSON object, or one GeoJSON Feature.
    private mutating func item(_ scanner: inout LiveScanner) throws(LiveScanError) -> LiveObservation {
        guard scanner.peek() == UInt8(ascii: "{") else {
            throw LiveScanError(
                "not an object; write {\"id\":\"T-1\",\"lon\":120.0,\"lat\":36.2,\"values\":{\"pm25\":31}}")
        }
        var draft = Draft()
        var isFirst = true
        while let key = try scanner.nextKey(&isFirst) {
            switch key {
            case "id": draft.code = try code(&scanner)
            case "type":
                guard try scanner.string() == "Feature" else { throw LiveScanError("`type` must be \"Feature\"") }
                draft.isFeature = true
            case "geometry": try geometry(&scanner, &draft)
            case "properties": try properties(&scanner, &draft)
            case "bbox": _ = try scanner.value()
            default: try member(key, &scanner, &draft)
            }
        }
        return try finish(draft)
    }

    private func member(_ key: String, _ scanner: inout LiveScanner, _ draft: inout Draft) throws(LiveScanError) {
        switch key {
        case "lon": draft.longitude = try scanner.number()
        case "lat": draft.latitude = try scanner.number()
        case "t": draft.time = try time(&scanner)
        case "kind": draft.kind = try text(&scanner)
        case "name": draft.name = try text(&scanner)
        case "values": draft.values = try object(&scanner)
        case "ttl":
            let seconds = try scanner.number()
            guard seconds >= 0, seconds <= Double(Self.maximumTimeToLive), seconds == seconds.rounded() else {
                throw LiveScanError("`ttl` must be whole seconds from 0 (never expires) to \(Self.maximumTimeToLive)")
            }
            draft.timeToLive = UInt32(seconds)
        default: throw LiveScanError("unknown key '\(key)'; put measurements into `values`")
        }
    }

    private func properties(_ scanner: inout LiveScanner, _ draft: inout Draft) throws(LiveScanError) {
        if scanner.peek() == UInt8(ascii: "n") { return try scanner.word("null") }
        var others = JSONBytes(capacity: 32)
        var isFirst = true
        while let key = try scanner.nextKey(&isFirst) {
            switch key {
            case "id", "code": if draft.code == nil { draft.code = try code(&scanner) } else { _ = try scanner.value() }
            case "t", "kind", "name", "values", "ttl": try member(key, &scanner, &draft)
            default:
                let range = try scanner.value()
                others.byte(UInt8(ascii: others.bytes.isEmpty ? "{" : ","))
                others.key(key)
                others.raw(Array(scanner.bytes[range]))
            }
        }
        guard draft.values == nil, !others.bytes.isEmpty else { return }
        others.byte(UInt8(ascii: "}"))
        draft.values = others.bytes
    }

    private func geometry(_ scanner: inout LiveScanner, _ draft: inout Draft) throws(LiveScanError) {
        if scanner.peek() == UInt8(ascii: "n") { return try scanner.word("null") }
        var isFirst = true
        var isPoint = false
        while let key = try scanner.nextKey(&isFirst) {
            switch key {
            case "type": isPoint = try scanner.string() == "Point"
            case "coordinates" where scanner.peek() == UInt8(ascii: "["):
                let start = scanner.index
                let range = try scanner.value()
                scanner.rewind(to: start)
                var isFirstNumber = true
                var numbers: [Double] = []
                while numbers.count < 3, try scanner.nextElement(&isFirstNumber), scanner.peek() != UInt8(ascii: "[") {
                    numbers.append(try scanner.number())
                }
                scanner.rewind(to: range.upperBound)
                if numbers.count >= 2 { (draft.longitude, draft.latitude) = (numbers[0], numbers[1]) }
            default: _ = try scanner.value()
            }
        }
        guard isPoint, draft.longitude != nil else {
            throw LiveScanError("the geometry must be a Point with coordinates [lon, lat]")
        }
    }

    private func finish(_ draft: Draft) throws(LiveScanError) -> LiveObservation {
        guard let code = draft.code else { throw LiveScanError("`id` is missing: the terminal's permanent code") }
        var position: LonLat?
        switch (draft.longitude, draft.latitude) {
        case (let longitude?, let latitude?):
            guard longitude.magnitude <= 180, latitude.magnitude <= 90 else {
                throw LiveScanError(
                    "lon \(longitude), lat \(latitude) is not on Earth; the order is lon, lat in degrees")
            }
            position = LonLat(longitude: longitude, latitude: latitude)
        case (nil, nil): break
        default: throw LiveScanError("`lon` and `lat` go together")
        }
        return LiveObservation(
            code: code, position: position, time: draft.time ?? now, kind: draft.kind, name: draft.name,
            values: draft.values ?? LiveObservation.noValues, timeToLive: draft.timeToLive)
    }

    private func code(_ scanner: inout LiveScanner) throws(LiveScanError) -> String {
        let code: String
        if scanner.peek() == UInt8(ascii: "\"") {
            code = try scanner.string()
        } else {
            let start = scanner.index
            _ = try scanner.number()
            code = String(decoding: scanner.bytes[start..<scanner.index], as: UTF8.self)
        }
        guard !code.isEmpty, code.utf8.count <= Self.maximumCodeLength else {
            throw LiveScanError("`id` must have 1 to \(Self.maximumCodeLength) bytes")
        }
        return code
    }

    private func text(_ scanner: inout LiveScanner) throws(LiveScanError) -> String? {
        if scanner.peek() == UInt8(ascii: "n") {
            try scanner.word("null")
            return nil
        }
        let text = try scanner.string()
        guard text.utf8.count <= 256 else { throw LiveScanError("a text longer than 256 bytes") }
        return text
    }

    private func time(_ scanner: inout LiveScanner) throws(LiveScanError) -> Int64 {
        let text = try scanner.string()
        guard let time = LiveTime.parse(text.utf8) else {
            throw LiveScanError("`t` is '\(text.prefix(40))'; write it like \"2026-11-21T08:00:00Z\"")
        }
        return time
    }

    private func object(_ scanner: inout LiveScanner) throws(LiveScanError) -> [UInt8] {
        guard scanner.peek() == UInt8(ascii: "{") else {
            throw LiveScanError("`values` must be an object such as {\"pm25\":31}")
        }
        let range = try scanner.value()
        guard range.count <= Self.maximumValuesLength else {
            throw LiveScanError("`values` is longer than \(Self.maximumValuesLength) bytes")
        }
        return Array(scanner.bytes[range])
    }
}
