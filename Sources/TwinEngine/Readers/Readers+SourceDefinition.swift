// SPDX-License-Identifier: Apache-2.0

extension CSVPointReader {
    /// The table that a project's source names.
    init(source: SourceDefinition) throws {
        let names = source.columns
        try self.init(
            path: source.path, columns: Columns(x: names?.x, y: names?.y, z: names?.z, wkt: names?.wkt),
            encoding: source.encoding)
    }
}

extension EPANETReader {
    /// - Parameter part: the source's `layer`: `nodes` or `links`.
    init(path: String, part: String?, encoding: String? = nil) throws {
        guard let layer = part.flatMap({ Layer(rawValue: $0) }) else {
            throw ReaderError(
                .configuration,
                "\(path): an EPANET network has two layers; write `layer: nodes` or `layer: links`"
                    + (part.map { ", not \"\($0)\"" } ?? ""))
        }
        try self.init(path: path, layer: layer, encoding: encoding)
    }
}

extension PipeSurveyReader {
    /// The tables that a project's source names. Coordinates come out easting first whatever its axis order says.
    init(source: SourceDefinition) throws {
        guard let points = source.points, let survey = source.survey else {
            throw ReaderError(
                .configuration, "source '\(source.id)' of format pipe-survey needs `points`, `lines` and `survey`")
        }
        var columns = Columns()
        columns.number = survey.number
        columns.north = survey.north
        columns.east = survey.east
        columns.ground = survey.ground
        columns.from = survey.from
        columns.to = survey.to
        columns.fromDepth = survey.fromDepth
        columns.toDepth = survey.toDepth
        columns.fromElevation = survey.fromElevation
        columns.toElevation = survey.toElevation
        columns.prefer = survey.prefer
        // The default name is looked for among others; a name that was written must be there.
        columns.diameter = survey.diameter == "管径" ? nil : survey.diameter
        try self.init(
            points: points, lines: source.lines, columns: columns, part: survey.part == .points ? .points : .lines,
            encoding: source.encoding)
    }
}
