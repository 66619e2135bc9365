// SPDX-License-Identifier: Apache-2.0
import Foundation
import Spatial
import TestSupport
import Testing

@testable import TwinEngine

@Suite struct PipeSectionTests {
    private static let made = Result {
        try PipeCity(
            points: [
                "A,给水,10,-50,10,,1", "B,给水,10,50,10,,1", "C,污水,14,-50,10,,2", "D,污水,14,50,10,,3",
                "E,电力,20,-50,10,,0.8", "F,电力,30,50,10,,0.8", "G,燃气,0,0.5,10,,1", "H,燃气,40,0.5,10,,1",
                "I,燃气,80,20.5,10,,1",
            ],
            lines: [
                "w,给水,A,B,1,1,,,400,", "s,污水,C,D,2,3,,,600,", "p,电力,E,F,0.8,0.8,,,500X300,",
                "g1,燃气,H,G,1,1.2,,,200,", "g2,燃气,H,I,1,1,,,200,",
            ])
    }

    /// A line in metres from the tables' origin, in degrees.
    private static func line(_ city: City, _ places: [(Double, Double)]) -> [LonLat] {
        places.map { x, y in
            let position = city.coordinates.lonLat(x: PipeCity.east + x, y: PipeCity.north + y)
            return LonLat(longitude: position.x, latitude: position.y)
        }
    }

    private static func question(_ line: [LonLat], run: String? = nil, corridor: Double = 1) throws
        -> PipeSectionQuestion
    {
        let text = line.map { "\($0.longitude),\($0.latitude)" }.joined(separator: ",")
        return try PipeSectionQuestion(line: run == nil ? text : nil, run: run, corridor: corridor, model: nil)
    }

    @Test func crossingsHaveStationsLevelsAndClearances() throws {
        let city = try Self.made.get().city
        let answer = try city.section(Self.question(Self.line(city, [(0, 0), (50, 0)]), corridor: 0.2))
        #expect(answer.crossings.map(\.code) == ["w", "s", "p"])
        let (water, sewer, cable) = (answer.crossings[0], answer.crossings[1], answer.crossings[2])
        #expect(abs(answer.length - 50) < 0.01)
        #expect(abs(water.station - 10) < 0.005)
        #expect(abs(water.top - 9) < 0.005 && abs(water.axis - 8.8) < 0.005 && abs(water.invert - 8.6) < 0.005)
        #expect(abs((water.cover ?? 0) - 1) < 0.005)
        // Half-way from 2 to 3 m, measured to the invert.
        #expect(abs(sewer.invert - 7.5) < 0.005)
        #expect(abs((sewer.ground ?? 0) - 10) < 0.005)
        #expect(sewer.pipeClass == "sewage" && sewer.color == "#6b4423")
        #expect(abs(water.angle - 90) < 0.01)
        // The cable goes 10 m east on 100 m north.
        #expect(abs(cable.station - 25) < 0.01)
        #expect(abs(cable.angle - 84.289) < 0.01)
        #expect(!cable.isRound && abs(cable.width - 0.5) < 1e-9)
        let gap = answer.clearances[0]
        #expect(abs(gap.horizontal - (4 - 0.2 - 0.3)) < 0.005)
        #expect(abs(gap.vertical - (8.6 - 8.1)) < 0.005)
        let centers = (16 + 1.0 * 1.0).squareRoot()
        #expect(abs(gap.distance - (centers - 0.5)) < 0.005)
        #expect(gap.required == 1)
        #expect(answer.groundSource == "pipes")
    }

    @Test func pipesAlongTheLineAreProjected() throws {
        let city = try Self.made.get().city
        let answer = try city.section(Self.question(Self.line(city, [(5, 0), (35, 0)])))
        let gas = try #require(answer.stretches.first)
        #expect(answer.stretches.count == 1 && gas.code == "g1")
        #expect(abs(gas.offset - 0.5) < 0.005)
        #expect(abs(gas.from.station) < 1e-6 && abs(gas.to.station - 30) < 0.01)
        // The depth goes from 1.2 m at 0 to 1 m at 40.
        #expect(abs(gas.from.axis - (10 - 1.175 - 0.1)) < 0.005)
        #expect(abs(gas.to.axis - (10 - 1.025 - 0.1)) < 0.005)
    }

    @Test func aRunIsCutAlongItsPipesWhateverTheirDirection() throws {
        let city = try Self.made.get().city
        let layer = try #require(city.view().layer("mains"))
        var ids: [String: Int64] = [:]
        layer.forEachRow { row in
            if let code = layer.value(row: row, column: layer.codeColumn).text { ids[code] = layer.id(row: row) }
        }
        let (first, second) = (try #require(ids["g1"]), try #require(ids["g2"]))
        let answer = try city.section(Self.question([], run: "mains/\(first),mains/\(second)"))
        #expect(abs(answer.length - (40 + (1600.0 + 400).squareRoot())) < 0.01)
        #expect(answer.stretches.map(\.code) == ["g1", "g2"])
        #expect(abs((answer.stretches.last?.from.station ?? 0) - 40) < 0.01)
        #expect(Set(answer.crossings.compactMap(\.code)) == ["w", "s", "p"])
    }

    @Test(
        arguments: [
            ("120.0,36.2", nil), ("120,36.2,abc,36.3", nil), ("120,36.2,120,36.2", nil), (nil, "mains"),
            (nil, "mains/999999"),
            ("120.0,36.26,121.9,36.26", nil), (nil, nil),
        ] as [(String?, String?)])
    func badQuestionsSayWhatToWrite(line: String?, run: String?) throws {
        let city = try Self.made.get().city
        let error = #expect(throws: TwinError.self) {
            try city.section(PipeSectionQuestion(line: line, run: run, corridor: nil, model: nil))
        }
        #expect(error?.message.hasPrefix("line:") == true || error?.message.hasPrefix("run:") == true)
    }

    @Test func theAnswerIsJSONAndAPicture() throws {
        let city = try Self.made.get().city
        let answer = try city.section(Self.question(Self.line(city, [(0, 0), (50, 0)])))
        let json = try #require(
            JSONSerialization.jsonObject(with: Data(answer.json())) as? [String: Any])
        #expect((json["crossings"] as? [[String: Any]])?.count == answer.crossings.count)
        let parser = XMLChecker(answer.svg())
        #expect(parser.isWellFormed)
        #expect(answer.svg().contains("覆土 1.00"))
    }
}

/// Whether a text is well-formed XML, as far as tags go: every one is closed in order.
private struct XMLChecker {
    let isWellFormed: Bool

    init(_ text: String) {
        var open: [Substring] = []
        var good = true
        for piece in text.split(separator: "<").dropFirst(text.hasPrefix("<") ? 0 : 1) {
            guard let end = piece.firstIndex(of: ">") else {
                good = false
                break
            }
            let tag = piece[..<end]
            if tag.hasPrefix("/") {
                good = good && open.popLast() == tag.dropFirst()
            } else if !tag.hasSuffix("/") {
                open.append(tag.prefix { $0 != " " })
            }
        }
        isWellFormed = good && open.isEmpty
    }
}
