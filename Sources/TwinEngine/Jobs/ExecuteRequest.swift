// SPDX-License-Identifier: Apache-2.0

/// The body of an execution (OGC 18-062r2, `execute.yaml`).
///
/// ```json
/// {"inputs":{"layers":["a","b"]}, "outputs":{"result":{"format":{"mediaType":"text/csv"}}}, "response":"document"}
/// ```
public struct ExecuteRequest: Sendable {
    /// The one output that every analysis has.
    public static let output = "result"

    public var inputs: AnalysisInputs
    /// Media type of the result; nil for the standard one.
    public var format: String?
    /// The result inside a document of results instead of as it is.
    public var isDocument: Bool

    /// - Throws: `TwinError.argument`, naming the member with a valid example.
    public init(json: [UInt8]) throws {
        let example = #"{"inputs":{"layers":["landuse_plan","control_plan"]}}"#
        guard case .object(let members) = try JSONValue(parsing: json, name: "body") else {
            throw TwinError(.argument, "body: it is an object, for example \(example)")
        }
        let body = AnalysisInputs(members: members)
        let names = ["inputs", "outputs", "response", "subscriber"]
        if let unknown = members.keys.sorted().first(where: { !names.contains($0) }) {
            throw TwinError(
                .argument, "\(unknown.prefix(80)): an execution has no such member; write for example \(example)")
        }
        if members["subscriber"] != nil {
            throw TwinError(.argument, "subscriber: callbacks are not sent; poll the job instead")
        }
        let inputs = try body.object("inputs", example: #"{"layers":["landuse_plan","control_plan"]}"#)
        self.inputs = AnalysisInputs(members: try (inputs?.members ?? [:]).mapValues(Self.unqualified))
        let response = try body.text("response", example: #""document""#) ?? "raw"
        guard response == "raw" || response == "document" else {
            throw TwinError(.argument, #"response: write "raw" or "document", for example "response":"document""#)
        }
        isDocument = response == "document"
        format = try Self.format(body)
    }

    private static func format(_ body: AnalysisInputs) throws -> String? {
        let example = #"{"result":{"format":{"mediaType":"text/csv"}}}"#
        guard let outputs = try body.object("outputs", example: example) else { return nil }
        guard outputs.members.keys.allSatisfy({ $0 == output }) else {
            throw TwinError(
                .argument, "outputs: the only output is '\(output)'; write for example \"outputs\":\(example)")
        }
        guard let wanted = try outputs.object(output, example: example) else { return nil }
        if let mode = wanted.members["transmissionMode"], mode != .text("value") {
            throw TwinError(.argument, #"outputs: results are sent by value; write "transmissionMode":"value""#)
        }
        guard let format = try wanted.object("format", example: #"{"mediaType":"text/csv"}"#) else { return nil }
        return try format.text("mediaType", example: #""text/csv""#)
    }

    /// The value of an input that is written with its type (`qualifiedInputValue`).
    private static func unqualified(_ value: JSONValue) throws -> JSONValue {
        guard case .object(let members) = value else { return value }
        if members["href"] != nil {
            throw TwinError(.argument, "inputs: values are not fetched from other servers; write the value itself")
        }
        guard let inner = members["value"] else { return value }
        let others = Set(members.keys).subtracting(["value", "mediaType", "encoding", "schema"])
        return others.isEmpty ? inner : value
    }
}
