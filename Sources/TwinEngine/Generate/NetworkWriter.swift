// SPDX-License-Identifier: Apache-2.0

/// The water network of the central zone as an EPANET input file (EPANET 2.2 manual, appendix C): lattice crossings
/// are junctions, streets between them pipes; a reservoir feeds it through a pump, a tank floats on it.
struct NetworkWriter {
    let frame: CityFrame
    /// Quarters from the middle to each side.
    static let reach = 8

    private func id(_ column: Int, _ row: Int) -> String { "J\(padded(column + 500, 3))\(padded(row, 3))" }

    private struct Pipe {
        var from: String, to: String, length: Double, diameter: Int
    }

    func write(folder: String) throws -> Int {
        let middle = (column: centerColumn, row: centerRow)
        var nodes: [String: PlanPoint] = [:]
        var pipes: [Pipe] = []
        for row in max(1, middle.row - Self.reach)...(middle.row + Self.reach) {
            for column in (middle.column - Self.reach)...(middle.column + Self.reach) where frame.contains(column, row)
            {
                for alongRow in [true, false] {
                    guard let street = Quarter.edge(frame, column, row, alongRow: alongRow), street.isUrban else {
                        continue
                    }
                    let ends = (id(column, row), alongRow ? id(column + 1, row) : id(column, row + 1))
                    nodes[ends.0] = street.from
                    nodes[ends.1] = street.to
                    pipes.append(
                        Pipe(
                            from: ends.0, to: ends.1, length: street.length,
                            diameter: PipeClass.water.size(street.kind).diameter))
                }
            }
        }
        let connected = largestPart(nodes.keys.sorted(), pipes)
        let kept = pipes.filter { connected.contains($0.from) }
        let names = connected.sorted()
        try FileStore.write(text(names, nodes, kept), to: folder + "/water_network.inp")
        return kept.count
    }

    private var centerColumn: Int {
        frame.columns.min { abs(frame.s($0) - frame.radius * 0.22) < abs(frame.s($1) - frame.radius * 0.22) } ?? 1
    }
    private var centerRow: Int {
        frame.rows.min { abs(frame.t($0) - frame.radius * 0.52) < abs(frame.t($1) - frame.radius * 0.52) } ?? 2
    }

    /// EPANET refuses nodes that no source reaches.
    private func largestPart(_ names: [String], _ pipes: [Pipe]) -> Set<String> {
        var next: [String: [String]] = [:]
        for pipe in pipes {
            next[pipe.from, default: []].append(pipe.to)
            next[pipe.to, default: []].append(pipe.from)
        }
        var best: Set<String> = []
        var seen: Set<String> = []
        for name in names where !seen.contains(name) {
            var part: Set<String> = [name]
            var open = [name]
            while let here = open.popLast() {
                for other in next[here] ?? [] where part.insert(other).inserted { open.append(other) }
            }
            seen.formUnion(part)
            if part.count > best.count { best = part }
        }
        return best
    }

    private func text(_ names: [String], _ nodes: [String: PlanPoint], _ pipes: [Pipe]) -> String {
        guard let first = names.first, let last = names.last, let start = nodes[first], let end = nodes[last] else {
            return "[TITLE]\n[END]\n"
        }
        var text =
            "[TITLE]\nJiaozhou demo city, central zone; coordinates EPSG:4549 easting northing\n\n[JUNCTIONS]\n;ID "
            + "Elev Demand\n"
        for name in names {
            guard let place = nodes[name] else { continue }
            text +=
                "\(name) \(fixed(frame.ground(place) - PipeClass.water.cover(1), 2)) "
                + "\(fixed(1.2 + Double(name.utf8.reduce(0) { $0 + Int($1) } % 20) / 10, 2))\n"
        }
        let supply = fixed(frame.ground(start) - 1, 2)
        text += "R1X \(supply) 0\nR1Y \(supply) 0\n"
        text += "\n[RESERVOIRS]\n;ID Head\nR1 \(fixed(frame.ground(start) + 4, 2))\n"
        text +=
            "\n[TANKS]\n;ID Elev InitLvl MinLvl MaxLvl Diam MinVol\nT1 \(fixed(frame.ground(end) + 38, 2)) 3 0.5 6 "
            + "24 0\n"
        text += "\n[PIPES]\n;ID Node1 Node2 Length Diameter Roughness MinorLoss Status\n"
        for (index, pipe) in pipes.enumerated() {
            text +=
                "P\(padded(index + 1, 5)) \(pipe.from) \(pipe.to) \(fixed(pipe.length, 2)) \(pipe.diameter) 120 0 "
                + "Open\n"
        }
        text += "PT1 \(last) T1 60 500 120 0 Open\nPV1 R1X \(first) 25 800 130 0 Open\n"
        text += "\n[PUMPS]\n;ID Node1 Node2 Parameters\nPU1 R1 R1Y HEAD C1\n"
        text += "\n[VALVES]\n;ID Node1 Node2 Diameter Type Setting MinorLoss\nV1 R1Y R1X 800 TCV 0 0.2\n"
        text +=
            "\n[CURVES]\n;ID Flow Head\nC1 400 42\n\n[PATTERNS]\n1 0.5 0.4 0.4 0.6 1.2 1.5 1.3 1.1 1.0 1.0 1.4 1.1\n"
        text += "\n[TIMES]\nDuration 24:00\nHydraulic Timestep 1:00\nPattern Timestep 2:00\n"
        text += "\n[OPTIONS]\nUnits LPS\nHeadloss H-W\nPattern 1\n\n[COORDINATES]\n;Node X Y\n"
        for name in names { text += coordinate(name, nodes[name] ?? start) }
        text += coordinate("R1", start + PlanPoint(-40, -40)) + coordinate("R1Y", start + PlanPoint(-30, -30))
        text += coordinate("R1X", start + PlanPoint(-20, -20)) + coordinate("T1", end + PlanPoint(40, 40))
        return text + "\n[END]\n"
    }

    private func coordinate(_ name: String, _ place: PlanPoint) -> String {
        "\(name) \(fixed(place.x, 3)) \(fixed(place.y, 3))\n"
    }
}
