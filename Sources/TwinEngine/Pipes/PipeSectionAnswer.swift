// SPDX-License-Identifier: Apache-2.0
import Spatial

/// What lies under a line. Stations and sizes in metres, heights in metres above the city's datum.
public struct PipeSectionAnswer: Sendable {
    /// A pipe that the line crosses.
    public struct Crossing: Sendable {
        public var station: Double
        public var position: LonLat
        public var layer: String
        public var id: Int64
        public var code: String?
        public var pipeClass: String?
        public var title: LocalizedText?
        public var color: String?
        public var isRound: Bool
        public var width: Double
        public var height: Double
        public var axis: Double
        public var top: Double { axis + height / 2 }
        public var invert: Double { axis - height / 2 }
        public var ground: Double?
        public var cover: Double? { ground.map { $0 - top } }
        /// Degrees between the line and the pipe, 0 to 90.
        public var angle: Double
        /// Half of what the section takes of the line: a pipe cut at a slant is wider.
        public var halfSpan: Double
        var classIndex: Int?
    }

    /// A stretch of pipe along the line, projected on it.
    public struct Stretch: Sendable {
        public var layer: String
        public var id: Int64
        public var code: String?
        public var pipeClass: String?
        public var color: String?
        public var height: Double
        public var from: (station: Double, axis: Double)
        public var to: (station: Double, axis: Double)
        /// Metres from the line, left positive.
        public var offset: Double
    }

    /// The free space between two pipes that follow each other along the line.
    public struct Clearance: Sendable {
        /// Positions in `crossings`.
        public var first: Int
        public var second: Int
        /// Between the faces, along the line and vertically; negative where they overlap in that direction.
        public var horizontal: Double
        public var vertical: Double
        /// Between the faces in the plane of the section.
        public var distance: Double
        /// What the profile asks for, horizontally side by side.
        public var required: Double?
    }

    public var model: String
    public var datum: String
    public var length: Double
    public var line: [LonLat]
    public var crossings: [Crossing] = []
    public var stretches: [Stretch] = []
    public var clearances: [Clearance] = []
    /// The ground along the line; empty where it is not known.
    public var ground: [(station: Double, height: Double)] = []
    /// `terrain`, or `pipes` where it is what their depths say.
    public var groundSource: String?
    public var version: Int64
}

extension City {
    /// A section through the pipes of a model along a line: what crosses it, what runs along it, and the ground.
    ///
    /// O(log n + pipes met), after the index of the model was made once.
    /// - Throws: `TwinError.argument`, whose message begins with the parameter, or `.notFound`.
    public func section(_ question: PipeSectionQuestion) throws -> PipeSectionAnswer {
        let analysis = try pipes(model: question.model, layers: question.layers)
        let cut = try question.run.isEmpty ? CutLine(question.line, self) : cutLine(question.run, analysis)
        let terrain = question.showsTerrain ? groundHeights() : nil
        var maker = PipeSectionMaker(analysis: analysis, cut: cut, terrain: terrain, city: self)
        maker.findPipes(corridor: question.corridor)
        return maker.answer(version: view().version)
    }

    /// The line of pipes one after the other, each turned so that it goes on from the one before.
    private func cutLine(_ run: [(layer: String, id: Int64)], _ analysis: PipeAnalysis) throws -> CutLine {
        var lines: [[SIMD2<Double>]] = []
        for (layer, id) in run {
            guard let rows = analysis.segments.layers.first(where: { $0.layer.definition.id == layer }),
                let feature = rows.layer.feature(id: id)
            else { throw TwinError(.notFound, "run: there is no pipe \(layer)/\(id) in model '\(analysis.model)'") }
            lines.append(
                feature.withGeometry { geometry in
                    (0..<geometry.vertexCount).map { index in
                        SIMD2(Double(geometry.vertex(index).x) / 1000, Double(geometry.vertex(index).y) / 1000)
                    }
                })
        }
        return try CutLine(Self.chained(lines))
    }

    private static func chained(_ lines: [[SIMD2<Double>]]) -> [SIMD2<Double>] {
        func gap(_ a: SIMD2<Double>?, _ b: SIMD2<Double>?) -> Double {
            guard let a, let b else { return .infinity }
            return ((a - b) * (a - b)).sum()
        }
        var points = lines.first ?? []
        if let next = lines.dropFirst().first {
            let atStart = min(gap(points.first, next.first), gap(points.first, next.last))
            if atStart < min(gap(points.last, next.first), gap(points.last, next.last)) { points.reverse() }
        }
        for line in lines.dropFirst() {
            let isBackward = gap(points.last, line.last) < gap(points.last, line.first)
            for point in isBackward ? line.reversed() : line where point != points.last { points.append(point) }
        }
        return points
    }
}
