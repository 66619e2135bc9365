// SPDX-License-Identifier: Apache-2.0
#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// Many copies of one small mesh: street lamps, trees, manholes.
///
/// Source: EXT_mesh_gpu_instancing; EXT_instance_features. Thread use: a value.
public struct GLBInstances: Sendable {
    /// The shape around its own origin: x east, y north, z up, metres before scaling. Its feature numbers do not count.
    public var prototype: TriangleMesh
    public var material: GLBMaterial
    /// Where the origins stand, metres in the tileset's local frame.
    public private(set) var positions: [SIMD3<Double>] = []
    public private(set) var rotations: [SIMD4<Float>] = []
    public private(set) var scales: [SIMD3<Float>] = []
    /// The row of the property table of each copy.
    public private(set) var features: [UInt32] = []

    public init(prototype: TriangleMesh, material: GLBMaterial) {
        self.prototype = prototype
        self.material = material
    }

    /// Adds a copy.
    ///
    /// - Parameters:
    ///   - bearing: Degrees clockwise from north of the prototype's y axis.
    ///   - scale: Factors along the prototype's x, y and z.
    public mutating func add(
        _ position: SIMD3<Double>, bearing: Double = 0, scale: SIMD3<Double> = SIMD3(1, 1, 1), feature: UInt32
    ) {
        positions.append(position)
        let half = -bearing * .pi / 360
        // About glTF's y, which is up.
        rotations.append(SIMD4(0, Float(sin(half)), 0, Float(cos(half))))
        scales.append(SIMD3(Float(scale.x), Float(scale.z), Float(scale.y)))
        features.append(feature)
    }
}

/// Instances that were written into the buffer: their accessors.
struct StoredInstances {
    let primitive: GLBPrimitive
    private let translation: Int
    private let rotation: Int
    private let scale: Int
    private let feature: Int
    private let featureCount: Int

    init(
        _ set: GLBInstances, _ origin: SIMD3<Double>, rows: Int, into buffer: inout GLBBuffer
    ) throws(TileError) {
        featureCount = try GLBPrimitive.countFeatures(set.features, rows)
        primitive = try GLBPrimitive(set.prototype, set.material, .zero, .float32, rows: .max, into: &buffer)
        let count = set.features.count
        var places: [Float] = []
        places.reserveCapacity(3 * count)
        for position in set.positions {
            guard position.isFinite else {
                throw TileError(.argument, "an instance's position is not finite: leave it out")
            }
            places += [Float(position.x - origin.x), Float(position.z - origin.z), Float(0 - (position.y - origin.y))]
        }
        func add<Value: BitwiseCopyable>(_ values: [Value], _ type: String) -> Int {
            let view = buffer.addView(values, alignment: 4)
            return buffer.addAccessor(.init(view: view, componentType: 5126, count: count, type: type))
        }
        translation = add(places, "VEC3")
        rotation = add(set.rotations, "VEC4")
        scale = add(set.scales.flatMap { [$0.x, $0.y, $0.z] }, "VEC3")
        feature = add(set.features.map { Float($0) }, "SCALAR")
    }

    /// The node with a mesh of its own.
    func writeNode(mesh: Int, _ origin: SIMD3<Double>, hasTable: Bool, into list: inout JSONText) {
        list.object { node in
            node.field("mesh", mesh)
            node.field("translation", [origin.x, origin.z, 0 - origin.y])
            node.objectField("extensions") { extensions in
                extensions.objectField("EXT_mesh_gpu_instancing") { instancing in
                    instancing.objectField("attributes") { attributes in
                        attributes.field("TRANSLATION", translation)
                        attributes.field("ROTATION", rotation)
                        attributes.field("SCALE", scale)
                        attributes.field("_FEATURE_ID_0", feature)
                    }
                }
                extensions.objectField("EXT_instance_features") { features in
                    features.arrayField("featureIds") { ids in
                        ids.object { id in
                            id.field("featureCount", featureCount)
                            id.field("attribute", 0)
                            if hasTable { id.field("propertyTable", 0) }
                        }
                    }
                }
            }
        }
    }
}
