// SPDX-License-Identifier: Apache-2.0
import Foundation

/// Plays recorded vehicle traces into the live index, over and over, with the time shifted to now.
///
/// A demonstration: every observation carries `simulated: true` and none is written to the observation log. Positions
/// between two samples are interpolated on a straight line.
public struct LiveReplay: Sendable {
    struct Sample: Sendable, Hashable {
        /// Milliseconds from the first sample of the file.
        var time: Int64
        var position: LonLat
        var values: [UInt8]
    }

    struct Trace: Sendable {
        var code: String
        var kind: String
        var name: String?
        var samples: [Sample]
    }

    let traces: [Trace]
    /// Milliseconds until the recording starts again.
    let period: Int64

    public var vehicleCount: Int { traces.count }

    /// Reads a CSV with the columns `id,time,lon,lat` and optionally `kind`, `name` and measured values.
    ///
    /// `time` is RFC 3339 or seconds. Other columns become values, as numbers where they are numbers.
    ///
    /// - Throws: `TwinError.source` naming file, line and what to write.
    public init(path: String) throws {
        let text: String
        do {
            text = try String(contentsOf: URL(fileURLWithPath: path), encoding: .utf8)
        } catch {
            throw TwinError(.source, "cannot read the traces \(path): it must be a UTF-8 CSV file", cause: "\(error)")
        }
        try self.init(csv: text, file: path)
    }

    init(csv: String, file: String) throws {
        var lines = csv.utf8.split(separator: 0x0A, omittingEmptySubsequences: false).map { line in
            String(decoding: line.last == 0x0D ? line.dropLast() : line, as: UTF8.self)
        }
        if lines.first?.hasPrefix("\u{FEFF}") == true { lines[0].removeFirst() }
        let header = Self.cells(lines.first ?? "").map { $0.lowercased() }
        func column(_ names: String...) -> Int? { header.firstIndex { names.contains($0) } }
        guard let id = column("id", "code", "vehicle"), let time = column("time", "t"),
            let longitude = column("lon", "longitude"), let latitude = column("lat", "latitude")
        else {
            throw TwinError(.source, "\(file):1: the traces need the columns id,time,lon,lat; found \(header)")
        }
        let kind = column("kind")
        let name = column("name", "route")
        let known: Set<Int?> = [id, time, longitude, latitude, kind]
        var byCode: [String: Trace] = [:]
        for (index, line) in lines.enumerated().dropFirst() where !line.isEmpty {
            let cells = Self.cells(line)
            guard cells.count == header.count, let instant = Self.instant(cells[time]),
                let x = Double(cells[longitude]), let y = Double(cells[latitude]),
                x.magnitude <= 180, y.magnitude <= 90
            else {
                throw TwinError(
                    .source, "\(file):\(index + 1): expected \(header.count) cells with time, lon and lat in degrees")
            }
            let others = header.indices.filter { !known.contains($0) }.map { (header[$0], cells[$0]) }
            let sample = Sample(
                time: instant, position: LonLat(longitude: x, latitude: y), values: Self.values(others))
            byCode[
                cells[id],
                default: Trace(
                    code: cells[id], kind: kind.map { cells[$0] } ?? "vehicle", name: name.map { cells[$0] },
                    samples: [])
            ].samples.append(sample)
        }
        let first = byCode.values.flatMap(\.samples).map(\.time).min() ?? 0
        let last = byCode.values.flatMap(\.samples).map(\.time).max() ?? 0
        traces = byCode.values.sorted { $0.code < $1.code }.map { trace in
            var trace = trace
            for index in trace.samples.indices { trace.samples[index].time -= first }
            trace.samples.sort { $0.time < $1.time }
            return trace
        }
        period = max(1000, last - first)
    }

    /// Where the vehicles are, `elapsed` milliseconds after the start of the replay, dated `now`.
    ///
    /// A vehicle is left out before its first and after its last sample of the round.
    public func observations(elapsed: Int64, now: Int64) -> [LiveObservation] {
        let time = elapsed % period
        return traces.compactMap { trace -> LiveObservation? in
            guard let next = trace.samples.firstIndex(where: { $0.time >= time }) else { return nil }
            let after = trace.samples[next]
            guard next > 0 else {
                return after.time == time ? observation(trace, after.position, after, now) : nil
            }
            let before = trace.samples[next - 1]
            let span = Double(max(1, after.time - before.time))
            let share = Double(time - before.time) / span
            let position = LonLat(
                longitude: before.position.longitude + share * (after.position.longitude - before.position.longitude),
                latitude: before.position.latitude + share * (after.position.latitude - before.position.latitude))
            return observation(trace, position, before, now)
        }
    }

    private func observation(_ trace: Trace, _ at: LonLat, _ sample: Sample, _ now: Int64) -> LiveObservation {
        LiveObservation(
            code: trace.code, position: at, time: now, kind: trace.kind, name: trace.name, values: sample.values,
            isSimulated: true)
    }

    private static func instant(_ text: String) -> Int64? {
        if let seconds = Double(text), seconds.isFinite, seconds.magnitude < 1e12 { return Int64(seconds * 1000) }
        return LiveTime.parse(text.utf8) ?? LiveTime.parse((text + "Z").utf8)
    }

    private static func values(_ cells: [(String, String)]) -> [UInt8] {
        var out = JSONBytes(capacity: 32)
        for (name, cell) in cells where !cell.isEmpty {
            out.byte(UInt8(ascii: out.bytes.isEmpty ? "{" : ","))
            out.key(name)
            if let number = Double(cell), number.isFinite { out.real(number) } else { out.string(cell) }
        }
        if out.bytes.isEmpty { out.byte(UInt8(ascii: "{")) }
        out.byte(UInt8(ascii: "}"))
        return out.bytes
    }

    /// The cells of a CSV line; quotes may hold commas, doubled quotes stand for one (RFC 4180 without line breaks).
    private static func cells(_ line: String) -> [String] {
        var cells: [String] = []
        var cell = ""
        var isQuoted = false
        var characters = Substring(line)
        while let character = characters.popFirst() {
            if character == "\"" {
                if isQuoted, characters.first == "\"" {
                    cell.append("\"")
                    characters.removeFirst()
                } else {
                    isQuoted.toggle()
                }
            } else if character == ",", !isQuoted {
                cells.append(cell)
                cell = ""
            } else {
                cell.append(character)
            }
        }
        cells.append(cell)
        return cells
    }
}

/// Gives fixed terminals made-up values for a demonstration, only where `--simulate` asks for it.
///
/// Each value swings slowly around a middle that depends on the terminal's code; every observation carries
/// `simulated: true`.
public struct LiveSimulator: Sendable {
    public init() {}

    /// Values for every registered terminal at `now` (milliseconds since 1970).
    public func observations(_ snapshot: LiveSnapshot, now: Int64) -> [LiveObservation] {
        var result: [LiveObservation] = []
        snapshot.forEach { terminal in
            guard terminal.isRegistered else { return }
            if let time = terminal.time, !terminal.isSimulated, now - time < 600_000 { return }
            var hash: UInt64 = 0xcbf2_9ce4_8422_2325
            for byte in terminal.code.utf8 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
            let phase = Double(hash % 628) / 100
            let swing = wave(Double(now % 86_400_000) / 60_000 + phase)
            let (name, middle, width) = Self.scale(terminal.kind)
            var out = JSONBytes(capacity: 24)
            out.byte(UInt8(ascii: "{"))
            out.key(name)
            out.fixed(middle * (0.8 + Double(hash >> 32 % 40) / 100) + width * swing, 2)
            out.byte(UInt8(ascii: "}"))
            result.append(
                LiveObservation(
                    code: terminal.code, position: nil, time: now, values: out.bytes, isSimulated: true))
        }
        return result
    }

    /// A triangle wave of period 2π between -1 and 1.
    private func wave(_ x: Double) -> Double {
        let turn = x / (2 * Double.pi)
        return 4 * (turn - turn.rounded()).magnitude - 1
    }

    private static func scale(_ kind: String?) -> (name: String, middle: Double, width: Double) {
        switch kind {
        case "air": ("pm25", 40, 12)
        case "level", "water": ("level_m", 1.2, 0.3)
        case "pressure": ("pressure_mpa", 0.35, 0.03)
        case "gas": ("gas_percent_lel", 1.5, 1)
        case "temperature", "weather": ("temperature_c", 12, 4)
        case "traffic": ("vehicles_per_hour", 600, 250)
        default: ("value", 50, 10)
        }
    }
}
