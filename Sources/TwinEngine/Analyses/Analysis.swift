// SPDX-License-Identifier: Apache-2.0
import Spatial

/// An input of an analysis, as its description shows it.
public struct AnalysisInput: Sendable {
    public var name: String
    public var title: String
    public var description: String
    /// A JSON Schema.
    public var schema: String
    public var isRequired: Bool

    init(_ name: String, _ title: String, _ description: String, schema: String, isRequired: Bool = false) {
        self.name = name
        self.title = title
        self.description = description
        self.schema = schema
        self.isRequired = isRequired
    }
}

/// What an analysis hands back: one document in the format that was asked for.
public struct AnalysisOutput: Sendable {
    public var bytes: [UInt8]
    public var mediaType: String

    init(_ out: JSONBytes, _ mediaType: String) {
        bytes = out.bytes
        self.mediaType = mediaType
    }

    init(text: String, _ mediaType: String) {
        bytes = Array(text.utf8)
        self.mediaType = mediaType
    }

    /// A result in the asked format.
    init(_ output: some TabularOutput, _ format: String) {
        switch format {
        case "text/csv": self.init(text: output.csv(), "text/csv; charset=utf-8")
        case "text/plain": self.init(text: output.table(), "text/plain; charset=utf-8")
        default: self.init(output.json(), format)
        }
    }
}

/// The result of an analysis that has JSON for programs, CSV for spreadsheets and a table for people.
protocol TabularOutput {
    func json() -> JSONBytes
    func csv() -> String
    func table() -> String
}

/// An analysis of the city (a process in the words of OGC API Processes): its description, and how it is run.
///
/// `prepare` reads the inputs and decides access to every layer that they name; what it returns does the work. The
/// same value serves `POST /processes/ID/execution` and `twin analyse ID`.
public struct Analysis: Sendable {
    public typealias Run = @Sendable (AnalysisProgress) throws -> AnalysisOutput

    public var id: String
    public var title: LocalizedText
    public var description: String
    public var keywords: [String]
    public var inputs: [AnalysisInput]
    /// Media types of the result, the standard one first.
    public var formats: [String]
    let prepare: @Sendable (AnalysisInputs, AnalysisScope, String) throws -> Run

    /// Reads and checks the inputs.
    ///
    /// - Parameter format: one of ``formats``; nil takes the first.
    /// - Throws: `TwinError.argument` whose message begins with the input that is wrong, and what access decisions throw.
    public func prepare(_ inputs: AnalysisInputs, in scope: AnalysisScope, format: String? = nil) throws -> Run {
        let format = format ?? formats[0]
        guard formats.contains(format) else {
            throw TwinError(
                .argument,
                "format: \(id) does not write \(format.prefix(80)); ask for \(formats.joined(separator: " or "))")
        }
        try inputs.allow(self.inputs.map(\.name))
        for input in self.inputs where input.isRequired && inputs.members[input.name] == nil {
            throw TwinError(.argument, "\(input.name): this input is missing; \(input.description)")
        }
        return try prepare(inputs, scope, format)
    }

    /// All analyses.
    public static let all: [Analysis] = [
        .planConflict, .parcelReport, .complianceCheck, .siteSelection, .landStatistics, .versionCompare, .clearance,
        .reach,
    ]

    /// - Throws: `TwinError.notFound` with the nearest name.
    public static func named(_ id: String) throws -> Analysis {
        if let analysis = all.first(where: { $0.id == id }) { return analysis }
        let hint = nearest(to: id, in: all.map(\.id)).map { "; did you mean '\($0)'?" } ?? ""
        throw TwinError(
            .notFound,
            "there is no analysis '\(id.prefix(80))'\(hint) There are: \(all.map(\.id).joined(separator: ", "))")
    }
}

/// What every result states, so that it can be repeated: analysis, inputs, store, coordinate system.
struct AnalysisRecord: Sendable {
    let analysis: String
    let inputs: AnalysisInputs
    let version: Int64
    let layers: [(id: String, version: Int64)]
    let crs: String

    init(_ analysis: String, _ inputs: AnalysisInputs, _ scope: AnalysisScope, _ layers: [AnalysisLayer]) {
        self.analysis = analysis
        self.inputs = inputs
        version = scope.view.version
        crs = scope.coordinates.system.code ?? scope.coordinates.system.name
        var seen: Set<String> = []
        self.layers = layers.filter { seen.insert($0.id).inserted }.map { ($0.id, $0.view.version) }
    }

    /// `"process":…,"storeVersion":…,"layerVersions":…,"crs":…,"parameters":…,"units":…`, without braces.
    func append(to out: inout JSONBytes) {
        out.raw("\"process\":")
        out.string(analysis)
        out.raw(",\"storeVersion\":")
        out.integer(version)
        out.raw(",\"layerVersions\":{")
        for (index, layer) in layers.enumerated() {
            if index > 0 { out.raw(",") }
            out.key(layer.id)
            out.integer(layer.version)
        }
        out.raw("},\"crs\":")
        out.string(crs)
        out.raw(",\"parameters\":")
        inputs.append(to: &out)
        out.raw(",\"units\":{\"area\":")
        out.string("square metres on the plane of \(crs), coordinates of 1 mm")
        out.raw(",\"ellipsoidalArea\":\"square metres on the WGS 84 ellipsoid\",\"length\":\"metres\"}")
    }
}
