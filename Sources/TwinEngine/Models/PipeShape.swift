// SPDX-License-Identifier: Apache-2.0
import Spatial
import Tiles

/// Pipes: round tubes and rectangular ducts along their lines, at their surveyed levels or depths, joined to the pipes
/// that go on from their ends.
struct PipeShape: ModelShape {
    private let rows: PipeRows
    private let joints: PipeJoints?
    private let frame: ModelFrame
    private let categoryField: Int?
    private let colours: [String: VertexColour]
    private let classColours: [VertexColour?]
    private let other: VertexColour
    private var tubes = TubeMesher()

    /// - Parameter joints: nil for the plan of a tileset, which needs no joints.
    init(
        _ layer: LayerView, _ definition: ModelDefinition, _ frame: ModelFrame, _ profile: PipeProfile,
        joints: PipeJoints?
    ) {
        rows = PipeRows(layer, definition, profile, frame.terrain)
        self.joints = joints
        self.frame = frame
        let style = layer.definition.style
        let by = style.category?.field == definition.colorBy ? style.category : nil
        categoryField = by.flatMap { layer.definition.fieldIndex($0.field) }
        colours = Dictionary(
            (by?.values ?? []).compactMap { entry in VertexColour(hex: entry.color).map { (entry.value, $0) } },
            uniquingKeysWith: { $1 })
        classColours = profile.codes.classes.map { $0.color.flatMap { VertexColour(hex: $0) } }
        other = VertexColour(hex: style.color) ?? .white
    }

    private func axis(_ row: Int) throws(PipeRows.Problem) -> PipeRows.Axis {
        try rows.axis(row, isFlat: frame.ground == .flat)
    }

    func heights(_ row: Int) -> ClosedRange<Double>? {
        // Safe: the reason is asked for by `problem`.
        guard let axis = try? axis(row), let low = axis.z.min(), let high = axis.z.max() else { return nil }
        // Corners of ducts reach as far as the diagonal where the line is steep.
        let reach = axis.section.isRound ? axis.section.radius : axis.section.radius * 1.5
        return (low - reach)...(high + reach)
    }

    func problem(_ row: Int) -> String {
        do {
            _ = try axis(row)
            return "no-shape"
        } catch {
            return error.rawValue
        }
    }

    /// Mitres at bends reach further than the radius.
    func reach(_ row: Int) -> Double { rows.section(row, rows.classIndex(row)).radius * 3 }

    private func colour(_ row: Int, _ classIndex: Int?) -> VertexColour {
        // The layer's own colours count before the profile's.
        if let categoryField, let text = rows.layer.value(row: row, column: categoryField).text,
            let colour = colours[text]
        {
            return colour
        }
        if rows.layer.definition.codes?.givesColor ?? false, let classIndex, let colour = classColours[classIndex] {
            return colour
        }
        return other
    }

    mutating func append(_ row: Int, feature: UInt32, to mesh: inout TriangleMesh) {
        // Safe: rows with a problem are not in the plan.
        guard let axis = try? axis(row) else { return }
        let colour = colour(row, axis.classIndex)
        var start = 0
        for (part, end) in axis.ends.enumerated() {
            let points = (start..<end).map(axis.point)
            start = end
            guard points.count > 1 else { continue }
            let isWhole = part == 0 && joints != nil
            let from = isWhole ? joint(row, isStart: true, axis, points[1] - points[0]) : .flat
            let to =
                isWhole ? joint(row, isStart: false, axis, points[points.count - 1] - points[points.count - 2]) : .flat
            if axis.section.isRound {
                tubes.tube(
                    points, radius: axis.section.radius, sides: axis.section.radius < 0.3 ? 8 : 12, from: from, to: to,
                    feature: feature, colour: colour, into: &mesh)
            } else {
                tubes.duct(
                    points, width: axis.section.width, height: axis.section.height, from: from, to: to,
                    feature: feature, colour: colour, into: &mesh)
            }
        }
    }

    /// How an end meets the others at its point: two equal pipes are cut in the plane that halves their bend, more or
    /// unequal ones get a rounded end, a lone end is flat.
    private func joint(_ row: Int, isStart: Bool, _ axis: PipeRows.Axis, _ along: SIMD3<Double>) -> TubeEnd {
        guard let joints, let ends = PipeJoints.ends(rows.layer, row) else { return .flat }
        let others = joints.ends(at: isStart ? ends.from : ends.to).filter { $0.row != row || $0.isStart != isStart }
        guard let first = others.first else { return .flat }
        guard others.count == 1, first.row != row, let other = try? self.axis(first.row), let last = other.ends.first,
            last > 1
        else { return .round }
        let own = isStart ? axis.point(0) : axis.point((axis.ends.first ?? 1) - 1)
        let meeting = first.isStart ? other.point(0) : other.point(last - 1)
        // The direction in which the other pipe leaves, as if both were one line through the joint.
        let leaving = first.isStart ? other.point(1) - other.point(0) : other.point(last - 2) - other.point(last - 1)
        guard other.section == axis.section, abs(own.z - meeting.z) < 0.02 else { return .round }
        return .mitre(isStart ? -leaving : leaving)
    }

    func properties(_ row: Int) -> [Double] {
        let depths = rows.depths(row)
        let section = rows.section(row, rows.classIndex(row))
        return [
            section.radius * 2000, depths.from ?? depths.to ?? rows.definition.defaultDepth,
            depths.to ?? depths.from ?? rows.definition.defaultDepth,
        ]
    }
}
