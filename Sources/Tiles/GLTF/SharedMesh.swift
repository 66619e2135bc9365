// SPDX-License-Identifier: Apache-2.0

/// A mesh on a grid whose faces share their corners' positions whatever their normals are.
///
/// A block has eight corners and three normals at each, and glTF wants a vertex for every pair. Here the corners are
/// written once, as slots, and the faces are dealt out to layers: in a layer each slot has one normal, so a layer is a
/// primitive with normals and triangles of its own over the positions and feature numbers of all. Walls take turns
/// around a block, so that floors and roofs, even and odd walls make three layers. Source: glTF 2.0, accessors may be
/// shared by primitives.
struct SharedMesh {
    struct Layer {
        var normals: [SIMD4<Int8>] = []
        var colours: [VertexColour] = []
        var surfaces: [SurfaceKind] = []
        var indices: [UInt32] = []
        /// Which slots the layer's triangles use.
        var isUsed: [Bool] = []
    }

    /// Faces that find no place in this many layers get slots of their own.
    static let maximumLayers = 4

    /// x, y, z in glTF's axes, in steps from the origin.
    private(set) var positions: [SIMD3<Int32>] = []
    private(set) var features: [UInt32] = []
    private(set) var layers: [Layer] = []
    private let hasColours: Bool
    private let hasSurfaces: Bool

    /// - Throws: as ``QuantizedMesh``.
    init(_ mesh: TriangleMesh, origin: SIMD3<Double>, stepExponent: Int) throws(TileError) {
        hasColours = mesh.hasColours
        hasSurfaces = mesh.hasSurfaces
        let snapped = try QuantizedMesh.snapped(mesh, origin: origin, stepExponent: stepExponent)
        var slots = [UInt32](repeating: 0, count: mesh.vertexCount)
        var order = CornerOrder()
        var start = 0
        while start < mesh.vertexCount {
            var end = start + 1
            while end < mesh.vertexCount, mesh.features[end] == mesh.features[start] { end += 1 }
            arrange(mesh.features[start], snapped, start..<end, &order, &slots)
            start = end
        }
        deal(mesh, slots)
        fill()
    }

    /// Gives the corners of one feature their slots: those of its lower half around the ground plan, then the upper ones.
    private mutating func arrange(
        _ feature: UInt32, _ snapped: [SIMD3<Int32>], _ range: Range<Int>, _ order: inout CornerOrder,
        _ slots: inout [UInt32]
    ) {
        order.sort(snapped, range) { _ in 0 }
        var last: UInt64?
        for entry in order.entries {
            if entry.key != last {
                positions.append(snapped[entry.vertex])
                features.append(feature)
                last = entry.key
            }
            slots[entry.vertex] = UInt32(truncatingIfNeeded: positions.count - 1)
        }
    }

    private struct Look: Equatable {
        var normal: SIMD4<Int8>
        var colour: VertexColour
        var surface: SurfaceKind
    }

    private func look(_ mesh: TriangleMesh, _ vertex: UInt32) -> Look {
        Look(
            normal: QuantizedMesh.normal(mesh, Int(vertex)), colour: hasColours ? mesh.colours[Int(vertex)] : .white,
            surface: hasSurfaces ? mesh.surfaces[Int(vertex)] : .unknown)
    }

    /// Puts each face into the first layer where its corners have its look, or none yet. A face is the triangles that
    /// follow each other with one look.
    private mutating func deal(_ mesh: TriangleMesh, _ slots: [UInt32]) {
        var at = 0
        let count = mesh.indices.count / 3
        while at < count {
            let first = look(mesh, mesh.indices[3 * at])
            var corners: [UInt32] = []
            var next = at
            while next < count, (0..<3).allSatisfy({ look(mesh, mesh.indices[3 * next + $0]) == first }),
                mesh.features[Int(mesh.indices[3 * next])] == mesh.features[Int(mesh.indices[3 * at])]
            {
                let triangle = (0..<3).map { slots[Int(mesh.indices[3 * next + $0])] }
                // Triangles that shrink to a line are left out.
                if triangle[0] != triangle[1], triangle[1] != triangle[2], triangle[2] != triangle[0] {
                    corners += triangle
                }
                next += 1
            }
            if next == at {
                addSmooth(mesh, at, slots)
                next = at + 1
            } else if !corners.isEmpty {
                add(corners, Array(repeating: first, count: corners.count))
            }
            at = next
        }
    }

    /// A triangle whose corners look different.
    private mutating func addSmooth(_ mesh: TriangleMesh, _ at: Int, _ slots: [UInt32]) {
        let vertices = (0..<3).map { mesh.indices[3 * at + $0] }
        let corners = vertices.map { slots[Int($0)] }
        guard corners[0] != corners[1], corners[1] != corners[2], corners[2] != corners[0] else { return }
        add(corners, vertices.map { look(mesh, $0) })
    }

    private mutating func add(_ corners: [UInt32], _ looks: [Look]) {
        for layer in 0..<Self.maximumLayers {
            if layer == layers.count { layers.append(Layer()) }
            grow(layer)
            let fits = zip(corners, looks).allSatisfy { slot, look in
                !layers[layer].isUsed[Int(slot)] || self.look(layer, slot) == look
            }
            guard fits else { continue }
            for (slot, look) in zip(corners, looks) { set(layer, slot, look) }
            layers[layer].indices += corners
            return
        }
        var copies: [UInt32: UInt32] = [:]
        for slot in corners where copies[slot] == nil {
            copies[slot] = UInt32(truncatingIfNeeded: positions.count)
            positions.append(positions[Int(slot)])
            features.append(features[Int(slot)])
        }
        grow(0)
        let own = corners.map { copies[$0] ?? $0 }
        for (slot, look) in zip(own, looks) { set(0, slot, look) }
        layers[0].indices += own
    }

    private mutating func grow(_ layer: Int) {
        let missing = positions.count - layers[layer].isUsed.count
        guard missing > 0 else { return }
        layers[layer].isUsed += Array(repeating: false, count: missing)
        layers[layer].normals += Array(repeating: .zero, count: missing)
        if hasColours { layers[layer].colours += Array(repeating: .white, count: missing) }
        if hasSurfaces { layers[layer].surfaces += Array(repeating: .unknown, count: missing) }
    }

    private func look(_ layer: Int, _ slot: UInt32) -> Look {
        let at = Int(slot)
        return Look(
            normal: layers[layer].normals[at], colour: hasColours ? layers[layer].colours[at] : .white,
            surface: hasSurfaces ? layers[layer].surfaces[at] : .unknown)
    }

    private mutating func set(_ layer: Int, _ slot: UInt32, _ look: Look) {
        let at = Int(slot)
        layers[layer].isUsed[at] = true
        layers[layer].normals[at] = look.normal
        if hasColours { layers[layer].colours[at] = look.colour }
        if hasSurfaces { layers[layer].surfaces[at] = look.surface }
    }

    /// What nobody looks at repeats what is before it, which costs nothing; colours are those of another layer, so that
    /// layers of one colour each feature come out equal.
    private mutating func fill() {
        for layer in layers.indices { grow(layer) }
        for layer in layers.indices {
            for at in positions.indices where !layers[layer].isUsed[at] {
                layers[layer].normals[at] = at > 0 ? layers[layer].normals[at - 1] : SIMD4(0, 127, 0, 0)
                guard let other = layers.firstIndex(where: { $0.isUsed[at] }) else { continue }
                if hasColours { layers[layer].colours[at] = layers[other].colours[at] }
                if hasSurfaces { layers[layer].surfaces[at] = layers[other].surfaces[at] }
            }
        }
    }

    /// The largest distance from the origin along an axis, in steps.
    var extent: Int32 {
        positions.reduce(0) { max($0, max(abs($1.x), max(abs($1.y), abs($1.z)))) }
    }
}
