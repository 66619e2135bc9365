// SPDX-License-Identifier: Apache-2.0
import TestSupport
import Testing

@testable import TwinEngine

@Suite struct ReadersNetworkTests {
    /// Nodes and links of each file as its own sections count them.
    @Test(
        .enabled(if: SharedData.isAvailable),
        arguments: [
            ("epanet/L-TOWN.inp", 785, 909), ("epanet/Net3.inp", 97, 119), ("epanet/Richmond_standard.inp", 872, 957),
            ("epanet/ZJ.inp", 114, 164), ("epanet/coastal_ky4.inp", 964, 1158), ("epanet/exnet-exeter.inp", 1894, 2467),
            ("epanet/ky10.inp", 935, 1061), ("epanet/ky2.inp", 815, 1125), ("epanet/ky4.inp", 964, 1158),
            ("micropolis/MICROPOLIS_v1.inp", 1577, 1619),
        ])
    func realNetworks(file: String, nodes: Int, links: Int) throws {
        let path = try #require(SharedData.path("networks/" + file))
        let nodeOutcome = try ReaderOutcome(EPANETReader(path: path, layer: .nodes))
        let linkOutcome = try ReaderOutcome(EPANETReader(path: path, layer: .links))
        print(
            file, nodeOutcome.count, linkOutcome.count, linkOutcome.description.notes,
            nodeOutcome.problems.prefix(2), linkOutcome.problems.prefix(2))
        #expect(nodeOutcome.count + nodeOutcome.problems.count == nodes)
        #expect(linkOutcome.count + linkOutcome.problems.count == links)
        #expect(nodeOutcome.problems.isEmpty && linkOutcome.problems.isEmpty)
    }

    @Test(.enabled(if: SharedData.isAvailable), arguments: ["alpha", "beta", "delta", "epsilon", "gamma"])
    func stormWaterModelsAreRefused(name: String) throws {
        let path = try #require(SharedData.path("networks/swmm/pystorms-\(name).inp"))
        let error = #expect(throws: ReaderError.self) { try EPANETReader(path: path, layer: .nodes) }
        #expect(error?.message.contains("SWMM") == true, "\(error?.message ?? "")")
    }

    static func bytes(_ text: String) -> SourceBytes { SourceBytes(copying: Array(text.utf8), path: "test.inp") }

    static let network = """
        [JUNCTIONS]
        a 10 5 ;first
        b 20
        c 30
        a 1
        [TANKS]
        t 100 1 0 4 10 0
        [PIPES]
        p1 a b 1000 12 100 0 Closed
        p2 b nowhere 1000 12 100
        p3 b c 1000 12 100
        p4 b
        [VALVES]
        v1 a b 6 PRV 40 0
        [PUMPS]
        u1 t a HEAD 1
        [VERTICES]
        p1 5 5
        [COORDINATES]
        a 0 0
        b 10 10
        t 3 3
        """

    @Test func defectsHaveLines() throws {
        let nodes = try ReaderOutcome(EPANETReader(bytes: Self.bytes(Self.network), layer: .nodes))
        #expect(try nodes.texts("id") == ["a", "b", "t"])
        #expect(nodes.problems.map(\.reason) == ["duplicate-id", "missing-coordinates"])
        #expect(nodes.problems[0].text.hasPrefix("line 5"))
        let links = try ReaderOutcome(EPANETReader(bytes: Self.bytes(Self.network), layer: .links))
        #expect(try links.texts("id") == ["p1", "u1", "v1"] || links.texts("id") == ["p1", "v1", "u1"])
        #expect(Set(links.problems.map(\.reason)) == ["malformed-line", "unknown-node", "missing-coordinates"])
    }

    @Test func unitsBecomeMetric() throws {
        let links = try ReaderOutcome(EPANETReader(bytes: Self.bytes(Self.network), layer: .links))
        #expect(try links.texts("length")[0] == "304.8")
        #expect(try #require(links.texts("diameter")[0].flatMap { Double($0) }).rounded(.toNearestOrEven) == 305)
        #expect(try links.texts("status")[0] == "Closed")
        #expect(links.geometry[0].count == 9 + 3 * 16)
    }

    @Test func otherFilesAreRefused() {
        #expect(throws: ReaderError.self) { try EPANETReader(bytes: Self.bytes("hello\n"), layer: .nodes) }
        #expect(throws: ReaderError.self) {
            try EPANETReader(bytes: Self.bytes("[JUNCTIONS]\na 1\n[OPTIONS]\nUnits FURLONG\n"), layer: .nodes)
        }
    }

    // MARK: - Pipe surveys

    static let points = """
        物探点号,X,Y,地面高程,附属物
        JS1,4014000,503000,10.5,阀门
        JS2,4014030,503040,11,检查井
        JS2,4014031,503041,11,检查井
        JS3,,503040,11,
        JS4,4014000,503100,,
        """
    static let lines = """
        起点点号,终点点号,起点埋深,终点埋深,管径,材质
        JS1,JS2,1.5,2,300,PE
        JS2,JS4,1,1,600X400,砼
        JS1,JS9,1,1,300,PE
        JS1,JS2,-0.5,1,300,PE
        JS1,JS1,1,1,300,PE
        """

    @Test func surveyTablesAreJoined() throws {
        let outcome = try ReaderOutcome(
            PipeSurveyReader(points: Self.bytes(Self.points), lines: Self.bytes(Self.lines), part: .lines))
        #expect(outcome.problems.map(\.reason) == ["unknown-point", "negative-depth", "zero-length"])
        #expect(outcome.problems.map(\.id) == ["line 4", "line 5", "line 6"])
        #expect(try outcome.texts("z_from") == ["9.0", "10.0"])
        #expect(try outcome.texts("z_to") == ["9.0", nil])
        #expect(try outcome.texts("diameter") == ["300.0", "600.0"])
        #expect(try outcome.texts("width") == [nil, "600.0"])
        #expect(try outcome.texts("材质") == ["PE", "砼"])
        let expected = SourceGeometry.line([503000, 4014000, 9, 503040, 4014030, 9], hasZ: true)
        #expect(Array(outcome.geometry[0]) == expected)
    }

    @Test func surveyPointsKeepTheirRows() throws {
        let outcome = try ReaderOutcome(PipeSurveyReader(points: Self.bytes(Self.points), lines: nil, part: .points))
        #expect(try outcome.texts("物探点号") == ["JS1", "JS2", "JS4"])
        #expect(outcome.problems.map(\.reason) == ["duplicate-id", "missing-coordinates"])
        #expect(Array(outcome.geometry[0]) == SourceGeometry.point(x: 503000, y: 4014000, z: 10.5))
    }

    @Test func missingColumnListsTheColumns() {
        let error = #expect(throws: ReaderError.self) {
            try PipeSurveyReader(points: Self.bytes("点号,X,Y\n1,2,3\n"), lines: nil, part: .points)
        }
        #expect(error?.message.contains("\"点号\"") == true)
    }

    @Test(
        arguments: [
            ("300", 300.0, nil, nil), ("DN300", 300, nil, nil), ("Φ200", 200, nil, nil), ("600X300", 600, 600, 300),
            ("600*300", 600, 600, 300), ("300×400", 400, 300, 400), ("", nil, nil, nil), ("不明", nil, nil, nil),
            ("0", nil, nil, nil), ("-", nil, nil, nil),
        ] as [(String, Double?, Double?, Double?)])
    func pipeSizes(text: String, diameter: Double?, width: Double?, height: Double?) {
        let size = PipeSize(text)
        #expect(size.diameter == diameter)
        #expect(size.width == width)
        #expect(size.height == height)
    }
}
