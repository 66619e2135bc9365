// SPDX-License-Identifier: Apache-2.0

extension TriangleMesh {
    /// Moves every vertex, for instance from a map projection into a local frame. O(vertices).
    ///
    /// Normals stay as they are: the map must be close to a rotation by less than a few degrees, as projections of a
    /// city are.
    public mutating func mapPositions(_ body: (SIMD3<Double>) -> SIMD3<Double>) {
        for index in stride(from: 0, to: positions.count, by: 3) {
            let moved = body(SIMD3(positions[index], positions[index + 1], positions[index + 2]))
            positions[index] = moved.x
            positions[index + 1] = moved.y
            positions[index + 2] = moved.z
        }
    }
}
