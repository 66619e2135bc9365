// SPDX-License-Identifier: Apache-2.0
import Spatial

/// A feature that cannot be kept, with the reason it is counted under.
struct FeatureRejection: Error {
    var reason: String
    var text: String
}

/// Takes a source's WKB to a checked geometry in the city's system, one feature at a time, with reused memory.
///
/// Thread use: one thread; it owns a PROJ transformer.
struct GeometryPipeline: ~Copyable {
    /// The feature last taken, in metres of the city's system.
    private(set) var geometry = FlatCoordinates()
    /// Set when the last feature was changed: reason and text.
    private(set) var repair: (reason: String, text: String)?

    private let frame: CityCoordinates
    private let kind: GeometryKind
    private let isSwapped: Bool
    private let shift: ChinaShift?
    private let policy: InvalidGeometryPolicy
    private let isIdentity: Bool
    private let fast: LocalTransform?
    private let transformer: CoordinateTransformer
    private let reader: WKBReader
    private let polygons: PolygonCheck

    init(source: SourceDefinition, sourceSystem: CoordinateSystem, frame: CityCoordinates, kind: GeometryKind) throws {
        let polygons = try PolygonCheck()
        let transformer = try CoordinateTransformer(from: sourceSystem, to: frame.system)
        self.frame = frame
        self.kind = kind
        // The survey reader goes by the names of the columns, and yields easting first.
        isSwapped = source.format != .pipeSurvey && source.axisOrder?.isSwapped ?? false
        shift = source.datumShift.flatMap { ChinaShift(rawValue: $0.rawValue) }
        policy = source.invalid
        isIdentity = sourceSystem == frame.system
        self.transformer = transformer
        self.polygons = polygons
        reader = WKBReader(rings: source.invalid == .reject ? .strict : .repair)
        fast = isIdentity ? nil : Self.fastTransform(from: sourceSystem, frame: frame)
    }

    /// A polynomial for the city's part of the source system; nil where none reaches the tolerance, then PROJ is used.
    private static func fastTransform(from system: CoordinateSystem, frame: CityCoordinates) -> LocalTransform? {
        do {
            let back = try CoordinateTransformer(from: frame.system, to: system)
            var corners: [Double] = []
            let steps = 8
            for step in 0...steps {
                let share = Double(step) / Double(steps)
                let x = frame.box.minX + frame.box.width * share
                let y = frame.box.minY + frame.box.height * share
                corners += [x, frame.box.minY, x, frame.box.maxY, frame.box.minX, y, frame.box.maxX, y]
            }
            guard back.transform(&corners) == 0, let box = FlatCoordinates(kind: .point, xy: corners).bounds else {
                return nil
            }
            return try LocalTransform(from: system, to: .system(frame.system), over: box)
        } catch {
            return nil
        }
    }

    /// Whether the operation to the city's system is a ballpark one, that is, without known accuracy.
    borrowing func isBallpark(x: Double, y: Double) -> Bool { transformer.isBallpark(atX: x, y: y) }

    /// Decodes, orders, shifts, transforms and checks one feature; the result is in ``geometry``.
    mutating func take(_ wkb: ArraySlice<UInt8>) throws(FeatureRejection) {
        repair = nil
        guard !wkb.isEmpty else { throw FeatureRejection(reason: "null-geometry", text: "it has no geometry") }
        do throws(SpatialError) {
            let closed = try unsafe reader.decode(wkb.span.bytes, into: &geometry)
            if closed > 0 { repair = ("open-ring", "\(closed) open rings closed") }
        } catch {
            throw FeatureRejection(reason: Self.reason(error), text: error.message)
        }
        guard !geometry.isEmpty else { throw FeatureRejection(reason: "empty-geometry", text: "its geometry is empty") }
        guard geometry.kind == kind else {
            throw FeatureRejection(
                reason: "wrong-geometry-type", text: "it is a \(geometry.kind), the layer holds a \(kind)")
        }
        try toCity()
    }

    private static func reason(_ error: SpatialError) -> String {
        switch error.code {
        case .malformedGeometry: "malformed-geometry"
        default: "invalid-geometry"
        }
    }

    private mutating func toCity() throws(FeatureRejection) {
        if isSwapped { swapAxes() }
        shift?.undo(&geometry.xy)
        if !isIdentity {
            if let fast, fast.transform(&geometry.xy) {
                // Within the city's extent: fitted to PROJ with a measured error.
            } else if transformer.transform(&geometry.xy) > 0 {
                throw FeatureRejection(
                    reason: "not-transformable",
                    text: "PROJ has no position for one of its vertices in the city's system")
            }
        }
        var index = 0
        while index + 1 < geometry.xy.count {
            guard frame.grid.gridPoint(x: geometry.xy[index], y: geometry.xy[index + 1]) != nil else {
                throw FeatureRejection(
                    reason: "out-of-range",
                    text: "the vertex \(geometry.xy[index]) \(geometry.xy[index + 1]) is over 2,147 km from the city")
            }
            index += 2
        }
        checkHeights()
    }

    /// Heights that are no heights (nodata marks such as -1e38) become 0, and are counted.
    private mutating func checkHeights() {
        var wrong = 0
        for index in geometry.z.indices where !(abs(geometry.z[index]) < 2_147_483) {
            geometry.z[index] = 0
            wrong += 1
        }
        if wrong > 0 { repair = ("impossible-height", "\(wrong) heights beyond ±2,147 km set to 0") }
    }

    private mutating func swapAxes() {
        var index = 0
        while index + 1 < geometry.xy.count {
            geometry.xy.swapAt(index, index + 1)
            index += 2
        }
    }

    /// Checks that polygons are valid (OGC 06-103r4 §6.1.11), and repairs or rejects by the source's policy.
    mutating func validate() throws(FeatureRejection) {
        guard kind == .polygon, policy != .keep else { return }
        let outcome: PolygonCheck.Outcome
        do throws(SpatialError) {
            outcome = try polygons.check(&geometry, repairs: policy == .repair)
        } catch {
            throw FeatureRejection(reason: "invalid-geometry", text: error.message)
        }
        switch outcome {
        case .valid: return
        case .repaired(let text): repair = ("invalid-polygon", text)
        case .unusable(let text): throw FeatureRejection(reason: "invalid-geometry", text: text)
        }
    }
}
