// SPDX-License-Identifier: Apache-2.0

/// What a terminal (感知终端) reported at one instant.
public struct LiveObservation: Sendable, Hashable {
    /// The terminal's permanent code (一终端一标识).
    public var code: String
    /// Where it is, or nil where a known terminal did not move.
    public var position: LonLat?
    /// Milliseconds since 1970-01-01T00:00:00Z.
    public var time: Int64
    public var kind: String?
    public var name: String?
    /// A JSON object of named values, checked, as bytes; `{}` if there is none.
    public var values: [UInt8]
    /// Seconds of silence after which the terminal disappears, if it is not in the ledger; 0 is never. Nil leaves it as
    /// it is.
    public var timeToLive: UInt32?
    /// Made up by a demonstration, not measured.
    public var isSimulated: Bool

    /// The JSON object without values.
    public static let noValues = Array("{}".utf8)

    public init(
        code: String, position: LonLat?, time: Int64, kind: String? = nil, name: String? = nil,
        values: [UInt8] = LiveObservation.noValues, timeToLive: UInt32? = nil, isSimulated: Bool = false
    ) {
        self.code = code
        self.position = position
        self.time = time
        self.kind = kind
        self.name = name
        self.values = values
        self.timeToLive = timeToLive
        self.isSimulated = isSimulated
    }

    /// Writes the observation as one NDJSON line, newline included, in the form that ``LiveParser`` reads.
    func append(to out: inout JSONBytes) {
        out.raw("{\"id\":")
        out.string(code)
        if let position {
            out.raw(",\"lon\":")
            out.fixed(position.longitude, 9)
            out.raw(",\"lat\":")
            out.fixed(position.latitude, 9)
        }
        out.raw(",\"t\":\"")
        out.raw(text: LiveTime.format(time))
        out.byte(UInt8(ascii: "\""))
        if let kind {
            out.raw(",\"kind\":")
            out.string(kind)
        }
        if let name {
            out.raw(",\"name\":")
            out.string(name)
        }
        if let timeToLive {
            out.raw(",\"ttl\":")
            out.integer(Int(timeToLive))
        }
        out.raw(",\"values\":")
        out.raw(values)
        out.raw("}\n")
    }
}

/// Input that was refused, by line (or by feature of a collection), counted from 1.
public struct LiveRejection: Sendable, Hashable {
    public var line: Int
    public var reason: String

    public init(line: Int, reason: String) {
        self.line = line
        self.reason = reason
    }
}
