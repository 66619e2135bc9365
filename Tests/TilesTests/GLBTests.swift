// SPDX-License-Identifier: Apache-2.0
import Foundation
import TestSupport
import Testing
@testable import Tiles

@Suite struct GLBTests {
    static func block(at x: Double, feature: UInt32, hasColours: Bool = false) -> TriangleMesh {
        var mesh = TriangleMesh(hasColours: hasColours)
        var mesher = BuildingMesher()
        mesher.extrude(
            xy: [x, 1000, x + 12.3, 1000, x + 12.3, 1009.7, x, 1009.7], ringEnds: [4], baseZ: 20, topZ: 41.5,
            feature: feature, colour: VertexColour(red: 255, green: 128, blue: 0, alpha: 64), into: &mesh)
        return mesh
    }

    static func columns(_ rows: Int) -> [PropertyColumn] {
        [
            PropertyColumn(
                id: "id", displayName: "编号", semantic: .id, values: .uint64((0..<rows).map { UInt64($0) << 33 })),
            PropertyColumn(
                id: "name", displayName: "名称 \"x\"\n", semantic: .name,
                values: .string((0..<rows).map { "楼\($0)号" })),
            PropertyColumn(id: "height", displayName: "Height", values: .float64((0..<rows).map { Double($0) + 0.5 })),
            PropertyColumn(id: "floors", displayName: "Floors", values: .uint32((0..<rows).map { UInt32($0) })),
            PropertyColumn(id: "area", displayName: "Area", values: .float32((0..<rows).map { Float($0) / 4 })),
            PropertyColumn(id: "delta", displayName: "Delta", values: .int64((0..<rows).map { -Int64($0) })),
        ]
    }

    @Test(arguments: [GLBBuilder.NormalFormat.float32, .int8])
    func positionsNormalsAndIndicesReadBack(format: GLBBuilder.NormalFormat) throws {
        let mesh = Self.block(at: 30_000.123, feature: 1, hasColours: true)
        var builder = GLBBuilder(className: "building", normalFormat: format)
        builder.add(mesh, material: GLBMaterial(name: "墙", isDoubleSided: true))
        for column in Self.columns(3) { builder.add(column) }
        let glb = try GLBParser(builder.encode())
        let positions = try glb.positions(0)
        #expect(positions.count == mesh.vertexCount)
        for (i, point) in positions.enumerated() {
            let original = SIMD3(mesh.positions[3 * i], mesh.positions[3 * i + 1], mesh.positions[3 * i + 2])
            #expect((point - original).length < 2e-6)
        }
        let normals = try glb.numbers(glb.accessor(0, "NORMAL"))
        for i in 0..<mesh.vertexCount {
            #expect(abs(normals[3 * i] - Double(mesh.normals[3 * i])) < 0.01)
            #expect(abs(normals[3 * i + 1] - Double(mesh.normals[3 * i + 2])) < 0.01)
            #expect(abs(normals[3 * i + 2] + Double(mesh.normals[3 * i + 1])) < 0.01)
        }
        let indices = try glb.numbers(glb.list("accessors")[try #require(glb.primitives[0]["indices"] as? Int)])
        #expect(indices == mesh.indices.map { Double($0) })
        let features = try glb.numbers(glb.accessor(0, "_FEATURE_ID_0"))
        #expect(features.allSatisfy { $0 == 1 })
        let colours = try glb.numbers(glb.accessor(0, "COLOR_0"))
        #expect(abs(colours[1] - 0.2159) < 0.003)
        #expect(abs(colours[3] - 64.0 / 255) < 1e-9)
        #expect(glb.list("materials")[0]["doubleSided"] as? Bool == true)
        let required = glb.json["extensionsRequired"] as? [String] ?? []
        #expect(required == (format == .int8 ? ["KHR_mesh_quantization"] : []))
    }

    @Test func accessorBoundsAreExactAndViewsAligned() throws {
        var random = SeededGenerator.printed()
        var mesh = TriangleMesh()
        var mesher = BuildingMesher()
        for feature in 0..<50 {
            let center = SIMD2(
                Double.random(in: -4000...4000, using: &random), Double.random(in: -900...9000, using: &random))
            let ring = MeshTests.star(&random, center: center, radius: 3...20, count: 5)
            mesher.extrude(
                xy: ring, ringEnds: [5], baseZ: -1.1, topZ: 7.7, feature: UInt32(feature), into: &mesh)
        }
        var builder = GLBBuilder()
        builder.add(mesh)
        builder.add(Self.block(at: 70, feature: 49))
        builder.add(TriangleMesh())
        for column in Self.columns(50) { builder.add(column) }
        let glb = try GLBParser(builder.encode())
        #expect(glb.primitives.count == 2)
        for primitive in 0..<2 {
            let accessor = try glb.accessor(primitive, "POSITION")
            let flat = try glb.numbers(accessor)
            for axis in 0..<3 {
                let values = stride(from: axis, to: flat.count, by: 3).map { flat[$0] }
                let (low, high) = (values.min() ?? .nan, values.max() ?? .nan)
                #expect(((accessor["min"] as? [Double])?[axis]).map { Float($0) } == Float(low))
                #expect(((accessor["max"] as? [Double])?[axis]).map { Float($0) } == Float(high))
            }
        }
        for view in glb.list("bufferViews") {
            let offset = try #require(view["byteOffset"] as? Int)
            let length = try #require(view["byteLength"] as? Int)
            #expect(offset % (view["target"] == nil ? 8 : 4) == 0)
            #expect(length > 0 && offset + length <= glb.binary.count)
        }
        let counts = glb.primitives.map { primitive -> Int? in
            let extensions = primitive["extensions"] as? [String: [String: Any]]
            let ids = extensions?["EXT_mesh_features"]?["featureIds"] as? [[String: Any]]
            return ids?[0]["featureCount"] as? Int
        }
        #expect(counts == [50, 1])
    }

    @Test func propertyTablesReadBack() throws {
        var builder = GLBBuilder(className: "building")
        builder.add(Self.block(at: 0, feature: 2))
        for column in Self.columns(3) { builder.add(column) }
        let glb = try GLBParser(builder.encode())
        let extensions = try #require(glb.json["extensions"] as? [String: [String: Any]])
        let metadata = try #require(extensions["EXT_structural_metadata"])
        let table = try #require((metadata["propertyTables"] as? [[String: Any]])?.first)
        #expect(table["count"] as? Int == 3)
        let views = try #require(table["properties"] as? [String: [String: Any]])
        let text = try glb.viewBytes(try #require(views["name"]?["values"] as? Int))
        let ends = Array(try glb.viewBytes(try #require(views["name"]?["stringOffsets"] as? Int)))
        #expect(String(decoding: text, as: UTF8.self) == "楼0号楼1号楼2号")
        #expect(stride(from: 0, to: ends.count, by: 2).map { ends[$0] } == [0, 7, 14, 21])
        let ids = Array(try glb.viewBytes(try #require(views["id"]?["values"] as? Int)))
        #expect(ids.count == 24 && ids[12] == 2 && ids[20] == 4)
        let classes = (metadata["schema"] as? [String: Any])?["classes"] as? [String: [String: Any]]
        let properties = classes?["building"]?["properties"] as? [String: [String: Any]]
        #expect(properties?["name"]?["name"] as? String == "名称 \"x\"\n")
        #expect(properties?["name"]?["semantic"] as? String == "NAME")
        #expect(properties?["id"]?["componentType"] as? String == "UINT64")
        #expect(properties?["delta"]?["componentType"] as? String == "INT64")
    }

    @Test func largeMeshesUseWideIndices() throws {
        var mesh = TriangleMesh()
        var mesher = BuildingMesher()
        for i in 0..<3000 {
            let x = Double(i) * 2
            let square = [x, 0, x + 1, 0, x + 1, 1, x, 1]
            mesher.extrude(xy: square, ringEnds: [4], baseZ: 0, topZ: 1, feature: 0, into: &mesh)
        }
        var builder = GLBBuilder()
        builder.add(mesh)
        let glb = try GLBParser(builder.encode())
        let accessor = glb.list("accessors")[try #require(glb.primitives[0]["indices"] as? Int)]
        #expect(accessor["componentType"] as? Int == 5125)
        let indices = try glb.numbers(accessor)
        #expect(indices == mesh.indices.map { Double($0) })
    }

    @Test func anEmptyTileIsAValidFile() throws {
        let glb = try GLBParser(GLBBuilder().encode())
        #expect(glb.binary.isEmpty)
        #expect(glb.list("scenes").count == 1)
    }

    @Test func whatTheFormatCannotHoldIsRefused() {
        func code(_ change: (inout GLBBuilder) -> Void) -> TileError.Code? {
            var builder = GLBBuilder(className: "c")
            builder.add(Self.block(at: 0, feature: 4))
            change(&builder)
            do {
                _ = try builder.encode()
                return nil
            } catch {
                return error.code
            }
        }
        let five = PropertyColumn.Values.uint32([1, 2, 3, 4, 5])
        #expect(code { $0.add(PropertyColumn(id: "a", displayName: "", values: five)) } == nil)
        #expect(code { $0.add(PropertyColumn(id: "面积", displayName: "", values: five)) } == .argument)
        #expect(code { $0.add(PropertyColumn(id: "1a", displayName: "", values: five)) } == .argument)
        #expect(code { $0.add(PropertyColumn(id: "a", displayName: "", values: .uint32([1]))) } == .argument)
        #expect(code { $0.add(PropertyColumn(id: "a", displayName: "", values: .uint32([]))) } == .argument)
        #expect(
            code {
                $0.add(PropertyColumn(id: "a", displayName: "", values: five))
                $0.add(PropertyColumn(id: "a", displayName: "", values: five))
            } == .argument)
        #expect(
            code {
                $0.add(PropertyColumn(id: "a", displayName: "", values: five))
                $0.add(PropertyColumn(id: "b", displayName: "", values: .float32([1])))
            } == .argument)
        #expect(code { $0.add(Self.block(at: 0, feature: 1 << 24)) } == .tooLarge)
        for wild in [Double.infinity, .nan, 1e300] {
            var mesh = Self.block(at: 0, feature: 0)
            mesh.positions[4] = wild
            #expect(code { $0.add(mesh) } == .argument, "\(wild)")
        }
    }
}
