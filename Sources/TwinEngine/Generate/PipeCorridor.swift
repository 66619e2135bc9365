// SPDX-License-Identifier: Apache-2.0

/// Where the pipes of one quarter lie beside the centre lines of its streets, and how deep.
///
/// At a crossing every class has one point, and a class keeps its distance from the centre line of the street along
/// the row as well as of the street along the column: from the mean directions of both follows one vector a metre of
/// distance. It is interpolated along the sides of the quarter and inside. What lies on a side depends on the two
/// crossings at its ends alone, so neighbouring quarters get the same point to the last bit.
///
/// Depths follow the largest street at a place: wide streets carry large pipes, which need more room where others
/// cross them.
struct PipeCorridor: Sendable {
    /// A place on a street's centre line, with what its pipes need to know.
    struct Station: Sendable {
        var place: PlanPoint
        /// From the centre line to a pipe, for each metre of its class's distance.
        var aside: PlanPoint
        /// Rank of the largest street here, 0 to 3; between stations any number.
        var rank: Double
        var levels: (invert: Double, ground: Double)

        func position(_ kind: PipeClass) -> PlanPoint { place + aside * kind.offset }

        /// The station at a share of the way to another one, with the terrain of a straight slope.
        func lerp(_ other: Station, _ share: Double) -> Station {
            Station(
                place: place.lerp(other.place, share), aside: aside.lerp(other.aside, share),
                rank: rank + (other.rank - rank) * share,
                levels: (
                    levels.invert + (other.levels.invert - levels.invert) * share,
                    levels.ground + (other.levels.ground - levels.ground) * share
                ))
        }
    }

    private struct Side {
        var from: PlanPoint
        var to: PlanPoint
        var asideFrom: PlanPoint
        var asideTo: PlanPoint
        var rank: Double

        /// Metres from the line to a point; positive inside the quarter.
        func distance(_ p: PlanPoint) -> Double { (to - from).unit.cross(p - from) }

        func share(_ p: PlanPoint) -> Double {
            let way = to - from
            return (p - from).dot(way) / way.dot(way)
        }
    }

    private let frame: CityFrame
    private let crossings: [(place: PlanPoint, aside: PlanPoint, rank: Double)]
    /// South, east, north, west; each in the direction of its row or column.
    private let sides: [Side]

    init(_ frame: CityFrame, _ column: Int, _ row: Int) {
        self.frame = frame
        let nodes = [(0, 0), (1, 0), (1, 1), (0, 1)].map { (column + $0.0, row + $0.1) }
        let crossings = nodes.map {
            (frame.node($0.0, $0.1), Self.aside(frame, $0.0, $0.1), Self.rank(frame, $0.0, $0.1))
        }
        self.crossings = crossings
        func side(_ a: Int, _ b: Int, _ street: RoadKind?) -> Side {
            Side(
                from: crossings[a].0, to: crossings[b].0, asideFrom: crossings[a].1, asideTo: crossings[b].1,
                rank: Double(street?.rank ?? 0))
        }
        sides = [
            side(0, 1, frame.street(column, row, alongRow: true)),
            side(1, 2, frame.street(column + 1, row, alongRow: false)),
            side(3, 2, frame.street(column, row + 1, alongRow: true)),
            side(0, 3, frame.street(column, row, alongRow: false)),
        ]
    }

    /// The station at a junction of the quarter's streets.
    func station(_ place: PlanPoint) -> Station {
        let (aside, rank) = bearing(place)
        return Station(place: place, aside: aside, rank: rank, levels: frame.levels(place))
    }

    private func bearing(_ place: PlanPoint) -> (PlanPoint, Double) {
        if let node = crossings.first(where: { $0.place == place }) { return (node.aside, node.rank) }
        for side in sides where abs(side.distance(place)) < 0.001 {
            return (side.asideFrom.lerp(side.asideTo, side.share(place)), side.rank)
        }
        let (south, east) = (abs(sides[0].distance(place)), abs(sides[1].distance(place)))
        let (north, west) = (abs(sides[2].distance(place)), abs(sides[3].distance(place)))
        let across = west / (west + east)
        let up = south / (south + north)
        let below = sides[0].asideFrom.lerp(sides[0].asideTo, across)
        return (below.lerp(sides[2].asideFrom.lerp(sides[2].asideTo, across), up), 0)
    }

    /// The vector that lies one metre to the left of the row's street and one to the right of the column's.
    private static func aside(_ frame: CityFrame, _ column: Int, _ row: Int) -> PlanPoint {
        let here = frame.node(column, row)
        func mean(_ before: PlanPoint, _ after: PlanPoint) -> PlanPoint {
            ((here - before).unit + (after - here).unit).unit
        }
        let along = mean(frame.node(column - 1, row), frame.node(column + 1, row)).left
        let up = row > frame.rows.lowerBound ? frame.node(column, row - 1) : here * 2 - frame.node(column, row + 1)
        let across = mean(up, frame.node(column, row + 1)).left
        let size = along.cross(across)
        // Streets that meet at less than 30° would need a distance without end.
        guard size > 0.5 else { return CityFrame.eastward + CityFrame.eastward.left }
        return PlanPoint((across.y + along.y) / size, -(along.x + across.x) / size)
    }

    /// The rank of the largest street that meets here.
    private static func rank(_ frame: CityFrame, _ column: Int, _ row: Int) -> Double {
        let around = [(column, row, true), (column - 1, row, true), (column, row, false), (column, row - 1, false)]
        return Double(around.compactMap { frame.street($0.0, $0.1, alongRow: $0.2)?.rank }.max() ?? 0)
    }
}
