// SPDX-License-Identifier: Apache-2.0
import Spatial

/// A line along which the underground is cut, in metres of the grid, with stations.
struct CutLine: Sendable {
    let points: [SIMD2<Double>]
    /// Metres from the start at each point.
    let stations: [Double]

    var length: Double { stations.last ?? 0 }

    /// - Throws: `TwinError.argument` for fewer than two different positions, or ones outside the grid.
    init(_ line: [LonLat], _ city: City) throws {
        var points: [SIMD2<Double>] = []
        for position in line {
            let point: GridPoint
            do {
                point = try city.gridPoint(position)
            } catch {
                throw TwinError(.argument, "line: \(position.longitude),\(position.latitude) is too far from the city")
            }
            let metres = SIMD2(Double(point.x) / 1000, Double(point.y) / 1000)
            if metres != points.last { points.append(metres) }
        }
        try self.init(points)
    }

    init(_ points: [SIMD2<Double>]) throws {
        guard points.count > 1 else {
            throw TwinError(
                .argument,
                "line: a line has at least two different positions; write for example line=120.01,36.26,120.02,36.26")
        }
        var stations = [0.0]
        for index in 1..<points.count {
            let step = points[index] - points[index - 1]
            stations.append((stations.last ?? 0) + (step * step).sum().squareRoot())
        }
        guard (stations.last ?? 0) <= PipeSectionQuestion.longest else {
            throw TwinError(
                .argument,
                "line: it is \(Int(stations.last ?? 0)) m long; at most \(Int(PipeSectionQuestion.longest)) m can be cut"
            )
        }
        (self.points, self.stations) = (points, stations)
    }

    /// The place of a station.
    func place(_ station: Double) -> SIMD2<Double> {
        var index = 1
        while index < points.count - 1, stations[index] < station { index += 1 }
        let span = stations[index] - stations[index - 1]
        let share = span > 0 ? min(1, max(0, (station - stations[index - 1]) / span)) : 0
        return points[index - 1] + (points[index] - points[index - 1]) * share
    }

    /// Reads `lon,lat,lon,lat,…`, or `lon lat,lon lat,…`.
    static func positions(_ text: String) throws -> [LonLat] {
        let cells = text.split { $0 == "," || $0 == " " || $0 == ";" }.map { Double($0) }
        let numbers = cells.compactMap(\.self).filter(\.isFinite)
        guard numbers.count == cells.count, numbers.count >= 4, numbers.count.isMultiple(of: 2) else {
            throw TwinError(
                .argument,
                "line: '\(text.prefix(80))' is not a line; write lon,lat,lon,lat,… in degrees, for example "
                    + "line=120.01,36.26,120.02,36.26")
        }
        let line = stride(from: 0, to: numbers.count, by: 2).map {
            LonLat(longitude: numbers[$0], latitude: numbers[$0 + 1])
        }
        guard line.allSatisfy({ abs($0.longitude) <= 180 && abs($0.latitude) <= 90 }) else {
            throw TwinError(.argument, "line: a position is not on Earth; the order is longitude,latitude")
        }
        return line
    }
}

/// A question for a section through the underground.
public struct PipeSectionQuestion: Sendable {
    /// Metres: the longest line, and the widest corridor to each side of it.
    static let longest = 50_000.0
    static let widest = 50.0

    /// The model of pipes; nil for the only one.
    public var model: String?
    /// The line, in degrees; empty where `run` names pipes.
    public var line: [LonLat] = []
    /// Pipes whose own line is cut along, `LAYER/ID` one after the other.
    public var run: [(layer: String, id: Int64)] = []
    /// Metres to each side within which pipes count as along the line.
    public var corridor = 1.0
    /// Layers that may be shown; nil shows all.
    public var layers: Set<String>?
    /// Whether the terrain may be read.
    public var showsTerrain = true

    public init(line text: String?, run: String?, corridor: Double?, model: String?) throws {
        guard (text == nil) != (run == nil) else {
            throw TwinError(
                .argument,
                "line: write either line=lon,lat,lon,lat,… or run=LAYER/ID,LAYER/ID,… (pipes one after the other)")
        }
        if let text { line = try CutLine.positions(text) }
        for part in run?.split(separator: ",") ?? [] {
            let halves = part.split(separator: "/")
            guard halves.count == 2, let id = Int64(halves[1]) else {
                throw TwinError(
                    .argument, "run: '\(part)' is not LAYER/ID, for example run=pipe_sewage/12,pipe_sewage/13")
            }
            self.run.append((String(halves[0]), id))
        }
        if let corridor {
            guard corridor >= 0, corridor <= Self.widest else {
                throw TwinError(.argument, "corridor: write 0 to \(Int(Self.widest)) metres, for example corridor=2")
            }
            self.corridor = corridor
        }
        self.model = model
    }
}
