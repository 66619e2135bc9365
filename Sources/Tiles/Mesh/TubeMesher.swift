// SPDX-License-Identifier: Apache-2.0

/// How a tube ends.
public enum TubeEnd: Sendable, Equatable {
    case flat
    /// Rounded: tubes that end in one point leave no gap whatever their directions. Ducts are drawn on by half their width.
    case round
    /// Cut in the plane that halves the bend to a tube of the same section that goes on in this direction; rounded where
    /// the bend is too sharp.
    case mitre(SIMD3<Double>)
}

/// Draws lines as pipes: round tubes and rectangular ducts with mitred joints and flat caps.
///
/// Every piece is closed. Repeated points are dropped; at a bend that is too sharp or too close to the next one for
/// a mitre, the tube ends and a new one begins. Thread use: one value per thread.
public struct TubeMesher: Sendable {
    public private(set) var counts = MeshCounts()
    private var line: [SIMD3<Double>] = []
    private var directions: [SIMD3<Double>] = []
    /// The section around the line: offsets of its corners, first at the start and then at the end of a segment.
    private var section: [SIMD3<Double>] = []
    private var nextSection: [SIMD3<Double>] = []

    public init() {}

    /// Adds a round tube around a line.
    ///
    /// - Parameters:
    ///   - points: The axis, metres in the local frame.
    ///   - radius: Metres, above 0.
    ///   - sides: Number of faces, 3 to 64; the corners lie on the circle.
    ///   - from: how it begins. - to: how it ends; directions point along the line.
    public mutating func tube(
        _ points: [SIMD3<Double>], radius: Double, sides: Int = 8, from: TubeEnd = .flat, to: TubeEnd = .flat,
        feature: UInt32, colour: VertexColour = .white, into mesh: inout TriangleMesh
    ) {
        guard radius > 0, radius.isFinite else {
            counts.degenerate += 1
            return
        }
        let corners = Self.circle(radius, max(3, min(sides, 64)))
        draw(
            points, Profile(corners: corners, reach: radius, isRound: true), (from, to),
            Paint(feature: feature, colour: colour), &mesh)
    }

    /// Adds a rectangular duct around a line; its width stays level on level lines.
    ///
    /// - Parameters:
    ///   - points: The axis through the middle of the section, metres in the local frame.
    ///   - width: Across, metres, above 0.
    ///   - height: Metres, above 0.
    public mutating func duct(
        _ points: [SIMD3<Double>], width: Double, height: Double, from: TubeEnd = .flat, to: TubeEnd = .flat,
        feature: UInt32, colour: VertexColour = .white, into mesh: inout TriangleMesh
    ) {
        guard width > 0, height > 0, width.isFinite, height.isFinite else {
            counts.degenerate += 1
            return
        }
        let (w, h) = (width / 2, height / 2)
        let corners = [SIMD2(w, h), SIMD2(-w, h), SIMD2(-w, -h), SIMD2(w, -h)]
        let reach = (w * w + h * h).squareRoot()
        draw(
            points, Profile(corners: corners, reach: reach, isRound: false), (from, to),
            Paint(feature: feature, colour: colour), &mesh)
    }

    /// The section across the line.
    private struct Profile {
        var corners: [SIMD2<Double>]
        var reach: Double
        var isRound: Bool
    }

    private mutating func draw(
        _ points: [SIMD3<Double>], _ profile: Profile, _ ends: (from: TubeEnd, to: TubeEnd), _ paint: Paint,
        _ mesh: inout TriangleMesh
    ) {
        takeLine(points)
        guard !directions.isEmpty else {
            counts.degenerate += 1
            return
        }
        counts.drawn += 1
        let from = prepared(ends.from, profile, isStart: true)
        let to = prepared(ends.to, profile, isStart: false)
        var isOpen = false
        for i in directions.indices {
            let direction = directions[i]
            if !isOpen {
                section = Self.place(profile.corners, around: direction)
                if i == 0 {
                    begin(from, profile, paint, &mesh)
                } else {
                    addCap(line[i], -direction, reversed: true, paint, &mesh)
                }
            }
            let isLast = i + 1 == directions.count
            let plane = isLast ? nil : mitre(i, profile.reach)
            nextSection = Self.slide(section, direction, into: plane ?? (isLast ? to.plane : nil) ?? direction)
            addSides(i, isRound: profile.isRound, paint, &mesh)
            swap(&section, &nextSection)
            isOpen = plane != nil
            guard !isOpen else { continue }
            if isLast, to.isRound {
                addDome(line[i + 1], direction, profile.reach, reversed: false, paint, &mesh)
            } else {
                addCap(line[i + 1], direction, reversed: false, paint, &mesh)
            }
        }
    }

    private mutating func begin(
        _ end: (plane: SIMD3<Double>?, isRound: Bool), _ profile: Profile, _ paint: Paint, _ mesh: inout TriangleMesh
    ) {
        let direction = directions[0]
        if let plane = end.plane { section = Self.slide(section, direction, into: plane) }
        if end.isRound {
            addDome(line[0], -direction, profile.reach, reversed: true, paint, &mesh)
        } else {
            addCap(line[0], -direction, reversed: true, paint, &mesh)
        }
    }

    /// The plane or the dome of an end; a duct's rounded end is its line drawn on.
    private mutating func prepared(
        _ end: TubeEnd, _ profile: Profile, isStart: Bool
    ) -> (plane: SIMD3<Double>?, isRound: Bool) {
        let index = isStart ? 0 : directions.count - 1
        let direction = directions[index]
        if case .mitre(let other) = end, let unit = other.unit, let normal = (direction + unit).unit {
            let cosine = direction.dot(normal)
            let tangent = (max(0, 1 - cosine * cosine)).squareRoot() / max(cosine, 1e-9)
            if cosine > 0.5, profile.reach * tangent <= (line[index + 1] - line[index]).length / 2 {
                return (normal, false)
            }
        } else if end == .flat {
            return (nil, false)
        }
        if profile.isRound { return (nil, true) }
        let half = profile.corners.reduce(0) { max($0, $1.x) }
        if isStart {
            line[0] = line[0] - direction * half
        } else {
            line[line.count - 1] = line[line.count - 1] + direction * half
        }
        return (nil, false)
    }

    /// The corners moved along a segment into a plane across it.
    private static func slide(
        _ section: [SIMD3<Double>], _ direction: SIMD3<Double>, into normal: SIMD3<Double>
    ) -> [SIMD3<Double>] {
        let slide = 1 / direction.dot(normal)
        return section.map { offset in
            let across = offset - direction * offset.dot(direction)
            return across - direction * (across.dot(normal) * slide)
        }
    }

    /// A half sphere over the section, which is square to the line there.
    private mutating func addDome(
        _ center: SIMD3<Double>, _ out: SIMD3<Double>, _ radius: Double, reversed: Bool, _ paint: Paint,
        _ mesh: inout TriangleMesh
    ) {
        let count = UInt32(section.count)
        // Sine and cosine of 0°, 30° and 60° from the rim.
        let rings = [(0.0, 1.0), (0.5, 0.866_025_403_784_438_6), (0.866_025_403_784_438_6, 0.5)]
        let first = UInt32(truncatingIfNeeded: mesh.vertexCount)
        for (sine, cosine) in rings {
            for offset in section {
                let place = offset * cosine + out * (radius * sine)
                mesh.addVertex(center + place, SIMD3<Float>(place.unit ?? out), paint)
            }
        }
        let pole = mesh.addVertex(center + out * radius, SIMD3<Float>(out), paint)
        func add(_ a: UInt32, _ b: UInt32, _ c: UInt32) {
            if reversed { mesh.addTriangle(a, c, b) } else { mesh.addTriangle(a, b, c) }
        }
        for corner in 0..<count {
            let next = (corner + 1) % count
            for ring in 0..<UInt32(rings.count - 1) {
                let (low, high) = (first &+ ring &* count, first &+ (ring + 1) &* count)
                add(low &+ corner, low &+ next, high &+ next)
                add(low &+ corner, high &+ next, high &+ corner)
            }
            let last = first &+ UInt32(rings.count - 1) &* count
            add(last &+ corner, last &+ next, pole)
        }
    }

    /// Drops points that repeat the one before, or are too close to tell a direction.
    private mutating func takeLine(_ points: [SIMD3<Double>]) {
        line.removeAll(keepingCapacity: true)
        directions.removeAll(keepingCapacity: true)
        for point in points where point.isFinite {
            guard let last = line.last else {
                line.append(point)
                continue
            }
            let step = point - last
            guard step.length > 1e-6, let direction = step.unit else { continue }
            line.append(point)
            directions.append(direction)
        }
    }

    /// The normal of the plane that halves the bend after segment i; nil if the tube must be cut there.
    private func mitre(_ i: Int, _ reach: Double) -> SIMD3<Double>? {
        let (before, after) = (directions[i], directions[i + 1])
        guard let normal = (before + after).unit else { return nil }
        let cosine = before.dot(normal)
        // Half the bend above 60° makes the mitre longer than twice the radius.
        guard cosine > 0.5 else { return nil }
        let tangent = (max(0, 1 - cosine * cosine)).squareRoot() / cosine
        let room = min((line[i + 1] - line[i]).length, (line[i + 2] - line[i + 1]).length) / 2
        return reach * tangent <= room ? normal : nil
    }

    private func addSides(_ i: Int, isRound: Bool, _ paint: Paint, _ mesh: inout TriangleMesh) {
        let (from, to, direction) = (line[i], line[i + 1], directions[i])
        if isRound {
            let first = UInt32(truncatingIfNeeded: mesh.vertexCount)
            for (start, end) in zip(section, nextSection) {
                let across = start - direction * start.dot(direction)
                let normal = SIMD3<Float>(across.unit ?? direction)
                mesh.addVertex(from + start, normal, paint)
                mesh.addVertex(to + end, normal, paint)
            }
            let count = UInt32(section.count)
            for corner in 0..<count {
                let a = first &+ 2 * corner
                let b = first &+ 2 * ((corner + 1) % count)
                mesh.addTriangle(a, b, b &+ 1)
                mesh.addTriangle(a, b &+ 1, a &+ 1)
            }
            return
        }
        for corner in section.indices {
            let other = (corner + 1) % section.count
            let edge = section[other] - section[corner]
            let normal = SIMD3<Float>(edge.cross(direction).unit ?? direction)
            mesh.addQuad(
                (from + section[corner], from + section[other], to + nextSection[other], to + nextSection[corner]),
                normal, paint)
        }
    }

    private func addCap(
        _ center: SIMD3<Double>, _ normal: SIMD3<Double>, reversed: Bool, _ paint: Paint, _ mesh: inout TriangleMesh
    ) {
        let first = UInt32(truncatingIfNeeded: mesh.vertexCount)
        for offset in section { mesh.addVertex(center + offset, SIMD3<Float>(normal), paint) }
        for corner in 1..<UInt32(section.count - 1) {
            let (b, c) = reversed ? (corner + 1, corner) : (corner, corner + 1)
            mesh.addTriangle(first, first &+ b, first &+ c)
        }
    }

    /// Corners counterclockwise when seen against the direction, that is from the end of the segment.
    private static func place(_ corners: [SIMD2<Double>], around direction: SIMD3<Double>) -> [SIMD3<Double>] {
        let up = abs(direction.z) < 0.999 ? SIMD3<Double>(0, 0, 1) : SIMD3<Double>(0, 1, 0)
        let side = up.cross(direction).unit ?? SIMD3(1, 0, 0)
        let top = direction.cross(side)
        return corners.map { side * $0.x + top * $0.y }
    }

    private static func circle(_ radius: Double, _ sides: Int) -> [SIMD2<Double>] {
        // Rotation by a fixed angle needs no library for sine and cosine beyond the one table below.
        let step = unitStep(sides)
        var corner = SIMD2(radius, 0)
        return (0..<sides).map { _ in
            defer { corner = SIMD2(corner.x * step.x - corner.y * step.y, corner.x * step.y + corner.y * step.x) }
            return corner
        }
    }

    /// Cosine and sine of 360° / sides, by the series; exact to a few ulp for angles up to 120°.
    private static func unitStep(_ sides: Int) -> SIMD2<Double> {
        let angle = 2 * Double.pi / Double(sides)
        var (cosine, sine, term) = (1.0, 0.0, 1.0)
        for power in 1...30 {
            term *= angle / Double(power)
            switch power % 4 {
            case 1: sine += term
            case 2: cosine -= term
            case 3: sine -= term
            default: cosine += term
            }
        }
        return SIMD2(cosine, sine)
    }
}
