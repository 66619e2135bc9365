// SPDX-License-Identifier: Apache-2.0
import Spatial
import TestSupport
import Testing

/// The tangent frame against PROJ's geocentric conversion.
@Suite struct LocalFrameTests {
    @Test func geocentricEqualsPROJ() throws {
        var random = SeededGenerator.printed()
        let transformer = try CoordinateTransformer.toGeocentric()
        for _ in 0..<1000 {
            let longitude = Double.random(in: -180...180, using: &random)
            let latitude = Double.random(in: -90...90, using: &random)
            let height = Double.random(in: -500...9000, using: &random)
            let ours = LocalFrame.geocentric(longitude: longitude, latitude: latitude, height: height)
            guard let theirs = transformer.transform(x: longitude, y: latitude, z: height) else {
                Issue.record("PROJ has no answer for \(longitude) \(latitude) \(height)")
                continue
            }
            #expect(abs(ours.x - theirs.x) < 1e-6 && abs(ours.y - theirs.y) < 1e-6 && abs(ours.z - theirs.z) < 1e-6)
        }
    }

    /// Local positions times the matrix are Earth-centred positions, also 50 km from the origin.
    @Test func matrixInvertsLocal() {
        var random = SeededGenerator.printed()
        let frame = LocalFrame(longitude: 120.033, latitude: 36.265, height: 12)
        let matrix = frame.toGeocentric
        for _ in 0..<1000 {
            let longitude = 120.033 + Double.random(in: -0.5...0.5, using: &random)
            let latitude = 36.265 + Double.random(in: -0.5...0.5, using: &random)
            let local = frame.local(longitude: longitude, latitude: latitude, height: 30)
            let expected = LocalFrame.geocentric(longitude: longitude, latitude: latitude, height: 30)
            for row in 0..<3 {
                let sum =
                    matrix[row] * local.x + matrix[4 + row] * local.y + matrix[8 + row] * local.z + matrix[12 + row]
                #expect(abs(sum - expected[row]) < 1e-6)
            }
        }
        let origin = frame.local(longitude: 120.033, latitude: 36.265, height: 12)
        #expect(abs(origin.x) < 1e-8 && abs(origin.y) < 1e-8 && abs(origin.z) < 1e-8)
    }
}
