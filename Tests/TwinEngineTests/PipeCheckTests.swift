// SPDX-License-Identifier: Apache-2.0
import Foundation
import Spatial
import TestSupport
import Testing

@testable import TwinEngine

@Suite struct PipeCheckTests {
    /// Everything that can be wrong, once each, and pipes with which nothing is.
    private static func troubled() throws -> PipeCity {
        try PipeCity(
            points: [
                "A,给水,0,0,10,,1.5", "B,给水,50,0,10,,1.5", "C,给水,100,0,10,,1.5", "Z,给水,500,500,10,,1",
                "S1,污水,20,-20,10,,3", "S2,污水,20,20,10,,2.8", "G1,燃气,60,-20,10,,1.6", "G2,燃气,60,20,10,,1.6",
                "H1,热力,0,100,10,,1.5", "H2,热力,80,100,10,,1.5", "T1,电信,0,100.9,10,,1", "T2,电信,80,100.9,10,,1",
                "N1,给水,200,0,10,,1.5", "N2,给水,250,0,10,,1.5", "N3,给水,250.3,0,10,,1.5", "N4,给水,300,0,10,,1.5",
                "L1,给水,200,60,10,,1.5", "L2,给水,260,60,10,,1.5", "M1,中水,200,90,10,,1", "M2,中水,260,90,10,,1",
            ],
            lines: [
                "good1,给水,A,B,1.5,1.5,8.5,8.5,300,", "good2,给水,B,C,1.5,1.5,8.5,8.4,300,",
                // Water's axis is at 8.35, the sewer's below it at 7.3 and rising.
                "sewer,污水,S1,S2,3.0,2.8,,,600,", "gas,燃气,G1,G2,1.6,1.6,,,200,",
                "heat,热力,H1,H2,1.5,1.5,,,400,", "cable,电信,T1,T2,1,1,,,300X200,",
                "near1,给水,N1,N2,1.5,1.5,,,300,", "near2,给水,N3,N4,1.5,1.5,,,300,",
                "low,给水,L1,L2,0.3,1.5,,,300,", "twin,给水,B,A,1.5,1.5,,,300,", "grey,中水,M1,M2,1,1,,,200,",
                "bare,给水,C,N1,1.5,1.5,,,,",
            ])
    }

    private static func found(_ report: PipeCheckReport, _ kind: PipeFindingKind) -> [String] {
        report.findings.filter { $0.kind == kind }.compactMap(\.code).sorted()
    }

    @Test func everyKindIsFoundAndNothingElse() throws {
        let report = try PipeCheck.run(try Self.troubled().city)
        #expect(Self.found(report, .orphanPoint) == ["Z"])
        #expect(Self.found(report, .againstGrade) == ["sewer"])
        #expect(Self.found(report, .depthElevation) == ["good2"])
        #expect(Self.found(report, .duplicate) == ["twin"])
        #expect(Self.found(report, .unmappedCode) == ["grey"])
        #expect(Self.found(report, .noSize) == ["bare"])
        #expect(Self.found(report, .cover) == ["low"])
        #expect(Self.found(report, .nearMiss) == ["near1", "near2"])
        #expect(Self.found(report, .missingEnd) == [])
        #expect(Self.found(report, .unusable) == [])
        let parallel = report.findings.filter { $0.kind == .parallelClearance }
        #expect(parallel.count == 1)
        #expect(Set([parallel.first?.pipeClass, parallel.first?.other?.pipeClass]) == ["heat", "telecom"])
        // 0.9 m between axes, less 0.2 and 0.15 of sections.
        #expect(abs((parallel.first?.values.first?.value ?? 0) - 0.55) < 0.002)
        // Gas: 0.1 m below the water main at 8.35 ± 0.15: top at 8.4, they run into each other.
        let crossings = report.findings.filter { $0.kind == .crossingClearance }
        let pairs = Set(
            crossings.map { [$0.pipeClass ?? "", $0.other?.pipeClass ?? ""].sorted().joined(separator: "-") })
        #expect(pairs == ["gas-water"])
        #expect(report.counts.reduce(0) { $0 + $1.count } == report.findings.count)
    }

    @Test func theReportIsATableJSONAndAMapLayer() throws {
        let report = try PipeCheck.run(try Self.troubled().city)
        let json = try #require(
            JSONSerialization.jsonObject(with: Data(report.json().utf8)) as? [String: Any])
        #expect((json["findings"] as? [Any])?.count == report.findings.count)
        #expect(json["total"] as? Int == report.findings.count)
        let layer = try #require(
            JSONSerialization.jsonObject(with: Data(report.geoJSON())) as? [String: Any])
        let features = try #require(layer["features"] as? [[String: Any]])
        #expect(features.count == report.findings.count)
        for feature in features {
            let geometry = try #require(feature["geometry"] as? [String: Any])
            let place = try #require(geometry["coordinates"] as? [Double])
            #expect(place[0] > 120 && place[0] < 120.1 && place[1] > 36.2 && place[1] < 36.4)
            let properties = try #require(feature["properties"] as? [String: Any])
            #expect(properties["reason"] as? String != "" && properties["id"] is Int)
        }
        #expect(report.table().contains("against-grade"))
        #expect(report.select(kinds: [.cover]).count == 1)
        #expect(report.select(classes: ["gas"]).allSatisfy { $0.pipeClass == "gas" })
    }

    /// The pairs of the index are those of comparing every pipe with every other.
    @Test func crossingsAgreeWithBruteForce() throws {
        var random = SeededGenerator.printed()
        var points: [String] = []
        var lines: [String] = []
        for index in 0..<120 {
            let kind = ["给水", "污水", "燃气", "电力"].randomElement(using: &random) ?? "给水"
            for end in ["a", "b"] {
                let (x, y) = (Double.random(in: 0...150, using: &random), Double.random(in: 0...150, using: &random))
                points.append("\(end)\(index),\(kind),\(x),\(y),10,,1")
            }
            let depth = { Double.random(in: 0.5...3, using: &random) }
            lines.append(
                "p\(index),\(kind),a\(index),b\(index),\(depth()),\(depth()),,,\(kind == "电力" ? "600X300" : "400"),")
        }
        let city = try PipeCity(points: points, lines: lines).city
        let report = try PipeCheck.run(city)
        let pipes = try city.pipes(model: nil).segments
        var expected: Set<Set<Int64>> = []
        for (i, one) in pipes.segments.enumerated() {
            for two in pipes.segments[(i + 1)...] {
                guard let (s, t) = Approach.crossing(one.a, one.b, two.a, two.b),
                    let required = city.profiles.pipes.crossingClearance(Int(one.classIndex), Int(two.classIndex))
                else { continue }
                let isJoint =
                    one.classIndex == two.classIndex
                    && [s * one.length, (1 - s) * one.length, t * two.length, (1 - t) * two.length].contains {
                        $0 < 0.01
                    }
                // Distances between axes by sampling, which is no nearer than the truth.
                var least = Double.infinity
                for p in stride(from: 0.0, through: 1, by: 0.002) {
                    let place = one.a + (one.b - one.a) * p
                    let q = ((place - two.a) * (two.b - two.a)).sum() / ((two.b - two.a) * (two.b - two.a)).sum()
                    least = min(least, (place - two.a - (two.b - two.a) * min(1, max(0, q))).norm)
                }
                let approach = Approach(one.a, one.b, two.a, two.b)
                #expect(approach.distance <= least + 1e-9 && approach.distance > least - 0.4)
                if PipeClearance.between(one, two) < required - PipeCheck.distanceTolerance, !isJoint {
                    expected.insert([pipes.id(one), pipes.id(two)])
                }
            }
        }
        let found = Set(
            report.findings.filter { $0.kind == .crossingClearance }.map { Set([$0.id, $0.other?.id ?? -1]) })
        #expect(found == expected)
        #expect(!expected.isEmpty)
    }

    @Test func aCityWithoutPipesSaysHowToGetThem() throws {
        let made = try PipeCity(points: ["A,给水,0,0,10,,1"], lines: [])
        #expect(throws: TwinError.self) { try made.city.pipeModel("other") }
        #expect(try PipeCheck.run(made.city).findings.map(\.kind) == [.orphanPoint])
    }
}
