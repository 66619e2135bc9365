// SPDX-License-Identifier: Apache-2.0
import Foundation
import Spatial
import TestSupport
import Testing

/// The test files of GEOS and JTS through our wrappers, and through our own predicates where they fit the grid.
@Suite(.enabled(if: SharedData.isAvailable, "skipped: no test files of GEOS and JTS beside the checkout"))
struct GEOSXMLTests {
    static let all = Result { try read() }
    static func operations() throws -> [GEOSXMLOperation] { try all.get() }

    private static func read() throws -> [GEOSXMLOperation] {
        var result: [GEOSXMLOperation] = []
        for archive in ["geos-xml", "jts-xml"] {
            let folder = try TemporaryFolder()
            let path = try #require(SharedData.path("fixtures/\(archive).tar.gz"))
            try ExternalTool("tar").run(["xzf", path, "-C", folder.path])
            let root = URL(fileURLWithPath: folder.path)
            let files = FileManager.default.enumerator(at: root, includingPropertiesForKeys: nil)
            for case let file as URL in files ?? .init() where file.pathExtension == "xml" {
                let name = String(file.path.dropFirst(folder.path.count + 1))
                // Cases that their own projects list as failing.
                if name.contains("/failure/") { continue }
                let text = String(decoding: try Data(contentsOf: file), as: UTF8.self)
                result += GEOSXMLReader.operations(file: name, text: text)
            }
        }
        return result.sorted { $0.place < $1.place }
    }

    /// How many operations of a file GEOS 3.11 answers differently than the files, which follow newer versions of GEOS and
    /// JTS: relations of collections (from 3.13), curves (3.13), lines without length, distances of nothing (JTS says 0),
    /// simplification. Newer versions differ in fewer; a wrapper that went wrong would in more.
    static let knownDifferences: [String: Int] = [
        "geos-xml/general/TestDensify.xml": 2, "geos-xml/general/TestInteriorPoint.xml": 1,
        "geos-xml/general/TestOverlayCurvesAA.xml": 47, "geos-xml/general/TestOverlayEmpty.xml": 4,
        "geos-xml/general/TestPreparedPredicatesWithGeometryCollection.xml": 1,
        "geos-xml/general/TestRelateGC.xml": 85, "geos-xml/general/TestRelateLL.xml": 8,
        "geos-xml/general/TestSimplify.xml": 4, "geos-xml/issue/issue-geos-527.xml": 1,
        "geos-xml/misc/InvalidRelates.xml": 1, "geos-xml/misc/Segfaults.xml": 1, "geos-xml/misc/makevalid.xml": 1,
        "geos-xml/robust/overlay/TestOverlay-misc-5.xml": 1, "geos-xml/validate/TestRelatePL.xml": 1,
        "jts-xml/general/TestCentroid.xml": 1, "jts-xml/general/TestDistance.xml": 6,
        "jts-xml/general/TestInteriorPoint.xml": 1,
        "jts-xml/general/TestPreparedPredicatesWithGeometryCollection.xml": 1,
        "jts-xml/general/TestRelateLL.xml": 8, "jts-xml/general/TestSimplify.xml": 6, "jts-xml/misc/TestOverlay.xml": 2,
        "jts-xml/misc/TestRelateGC.xml": 85, "jts-xml/robust/TestRobustRelateFloat.xml": 2,
        "jts-xml/robust/overlay/TestOverlay-geos-368.xml": 1, "jts-xml/robust/overlay/TestOverlay-geos-586.xml": 1,
        "jts-xml/robust/overlay/TestOverlay-qgis-29400.xml": 6,
    ]

    @Test func wrappersAgreeWithTheFiles() throws {
        let runner = GEOSXMLRunner(geos: try GEOSContext())
        var passed: [String: Int] = [:]
        var differs: [String: Int] = [:]
        var refused: [String: Int] = [:]
        var skipped: [String: Int] = [:]
        var unlike: [String: Int] = [:]
        let operations = try Self.operations()
        let isTraced = ProcessInfo.processInfo.environment["TWIN_TRACE"] != nil  // names what was running in a crash
        for operation in operations {
            if isTraced { print("RUN \(operation.place) \(operation.name)") }
            do {
                switch try runner.run(operation) {
                case .passed: passed[operation.name, default: 0] += 1
                case .skipped: skipped[operation.name, default: 0] += 1
                case .differs(let found):
                    differs[operation.name, default: 0] += 1
                    unlike[operation.file, default: 0] += 1
                    print("DIFFERS \(operation.place) \(operation.name): \(found.prefix(150))")
                }
            } catch let error as SpatialError {
                refused[operation.name, default: 0] += 1
                unlike[operation.file, default: 0] += 1
                print("REFUSED \(operation.place) \(operation.name): \(error)")
            }
        }
        func list(_ counts: [String: Int]) -> String {
            counts.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value)" }.joined(separator: ", ")
        }
        print("XML tests: \(operations.count) operations, \(passed.values.reduce(0, +)) passed: \(list(passed))")
        print("XML tests: differ from the files: \(list(differs)); refused by GEOS: \(list(refused))")
        print("XML tests: SKIPPED, not wrapped: \(list(skipped))")
        #expect(operations.count > 9000)
        for (file, count) in unlike {
            #expect(count <= Self.knownDifferences[file, default: 0], "\(file)")
        }
    }

    /// The geometry on the grid, scaled by a power of ten that makes all coordinates whole; nil if none does, if it is
    /// of several kinds, or if it is invalid.
    static func onGrid(_ geometry: borrowing GEOSGeometry, _ factor: Double) throws -> FlatGeometry? {
        guard try geometry.isValid, try !geometry.isEmpty else { return nil }
        let flat: FlatCoordinates
        do { flat = try geometry.value() } catch { return nil }  // collections of several kinds have no flat value
        var result = FlatGeometry(kind: flat.kind, ringEnds: flat.ringEnds)
        for number in flat.xy {
            let scaled = number * factor
            guard scaled == scaled.rounded(), abs(scaled) < 1e6 else { return nil }
            result.xy.append(Int32(scaled))
        }
        return result
    }

    /// Own predicates on the operands of one operation; false if they do not fit the grid.
    static func agree(_ runner: borrowing GEOSXMLRunner, _ operation: GEOSXMLOperation) throws -> Bool {
        let first = try runner.geometry(operation.a)
        let second = try runner.geometry(operation.b)
        for factor in [1.0, 10, 100, 1000] {
            guard let left = try onGrid(first, factor), let right = try onGrid(second, factor) else { continue }
            let meets = try first.is(.intersects, second)
            let note = Comment(rawValue: operation.place)
            #expect(left.intersects(right) == meets && right.intersects(left) == meets, note)
            let distance = try first.distance(to: second) * factor
            #expect(abs(left.distance(to: right) * 1000 - distance) < 1e-6, note)
            let region = try PreparedRegion(around: left, millimetres: 0)
            #expect(region.intersects(right) == meets, note)
            if right.kind == .point {
                for index in 0..<right.vertexCount {
                    let point = GridPoint(x: right.xy[2 * index], y: right.xy[2 * index + 1])
                    let single = try runner.geos.geometry(point.geometry)
                    let covers = try runner.geos.geometry(left.doubles).is(.covers, single)
                    #expect(left.contains(point) == covers && region.contains(point) == covers, note)
                }
            }
            let area = try first.area * factor * factor
            #expect(abs(left.area * 1e6 - area) <= 1e-9 * area, note)
            return true
        }
        return false
    }

    @Test func ownPredicatesAgreeWithGEOS() throws {
        let runner = GEOSXMLRunner(geos: try GEOSContext())
        var seen = Set<String>()
        var pairs = 0
        var unfit = 0
        var refused = 0
        for operation in try Self.operations() where !operation.a.isEmpty && !operation.b.isEmpty {
            guard seen.insert(operation.a + operation.b).inserted else { continue }
            do {
                if try Self.agree(runner, operation) { pairs += 1 } else { unfit += 1 }
            } catch let error as SpatialError {
                refused += 1
                print("REFUSED \(operation.place): \(error)")
            }
        }
        print("XML tests: own predicates on \(pairs) pairs; \(unfit) do not fit the grid, GEOS refused \(refused)")
        #expect(pairs > 300 && refused < 60)
    }
}
