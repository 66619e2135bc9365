// SPDX-License-Identifier: Apache-2.0
import Spatial

/// What a client sends for a feature, read from GeoJSON and not yet checked against a layer.
public struct FeatureContent: Sendable {
    /// Nil where none was given.
    var geometry: CQLGeometry?
    /// In the order of their names; nil where no properties were given.
    var properties: [(name: String, value: FieldValue)]?

    /// Reads a GeoJSON Feature (RFC 7946), or for updates a part of one.
    ///
    /// - Throws: `EditError.malformed`.
    public init(json: [UInt8], isPatch: Bool = false) throws {
        try self.init(Self.parse(json), "body", isPatch: isPatch)
    }

    static func parse(_ json: [UInt8]) throws -> JSONValue {
        do {
            return try JSONValue(parsing: json, name: "body")
        } catch let error as TwinError {
            throw EditError(.malformed, "body", error.message + "; a feature is for example " + example)
        }
    }

    static let example =
        #"{"type":"Feature","geometry":{"type":"Point","coordinates":[120.03,36.27]},"properties":{"name":"text"}}"#

    init(_ value: JSONValue, _ part: String, isPatch: Bool) throws {
        guard case .object(let object) = value, isPatch || object["type"]?.text == "Feature" else {
            throw EditError(.malformed, part, "it is no GeoJSON Feature; write for example \(Self.example)")
        }
        let known: Set<String> = ["type", "id", "geometry", "properties", "links", "bbox", "crs"]
        if let unknown = object.keys.sorted().first(where: { !known.contains($0) }) {
            throw EditError(
                .malformed, "\(part).\(unknown.prefix(40))", "a feature has no such member; put values into properties")
        }
        switch object["geometry"] {
        case nil: break
        case .null?:
            throw EditError(.invalid, "\(part).geometry", "it is null; every feature of a layer has a geometry")
        case let value?:
            do {
                guard case .geometry(let read) = try CQLJSONReader.read(value, ".geometry", depth: 1) else {
                    throw EditError(
                        .malformed, "\(part).geometry", "it is no GeoJSON geometry; write for example \(Self.example)")
                }
                geometry = read
            } catch let error as TwinError {
                throw EditError(.malformed, "\(part).geometry", error.message)
            }
        }
        switch object["properties"] {
        case nil: break
        case .null?: properties = []
        case .object(let members)?:
            properties = try members.sorted { $0.key < $1.key }.map { name, value in
                (name, try Self.value(value, "\(part).properties.\(name.prefix(80))"))
            }
        default:
            throw EditError(.malformed, "\(part).properties", "it is no object; write for example {\"name\":\"text\"}")
        }
        if !isPatch, geometry == nil {
            throw EditError(.invalid, "\(part).geometry", "it is missing; write for example \(Self.example)")
        }
    }

    private static func value(_ value: JSONValue, _ part: String) throws -> FieldValue {
        switch value {
        case .null: return .null
        case .boolean(let truth): return .boolean(truth)
        case .integer(let number): return .integer(number)
        case .real(let number): return .real(number)
        case .text(let text): return .string(text)
        case .list, .object: throw EditError(.invalid, part, "it is a list or an object; a field holds one value")
        }
    }
}

extension FeatureEdit {
    /// Reads a FeatureCollection, whose features are created, or `{"edits":[…]}`:
    ///
    /// ```json
    /// {"edits":[{"op":"create","feature":{…}}, {"op":"replace","id":7,"ifMatch":"\"90ab\"","feature":{…}},
    ///           {"op":"update","id":8,"feature":{"properties":{"floors":7}}}, {"op":"delete","id":9}]}
    /// ```
    /// - Throws: `EditError.malformed`, naming the edit.
    public static func batch(json: [UInt8]) throws -> [FeatureEdit] {
        guard case .object(let object) = try FeatureContent.parse(json) else { throw noBatch }
        if object["type"]?.text == "FeatureCollection", let features = object["features"]?.list {
            return try features.enumerated().map {
                .create(try FeatureContent($1, "features[\($0)]", isPatch: false))
            }
        }
        if object["type"]?.text == "Feature" {
            return [.create(try FeatureContent(.object(object), "body", isPatch: false))]
        }
        guard object.count == 1, let edits = object["edits"]?.list else { throw noBatch }
        return try edits.enumerated().map { try edit($1, "edits[\($0)]") }
    }

    private static var noBatch: EditError {
        EditError(
            .malformed, "body",
            #"it is no Feature, FeatureCollection or list of edits; write for example {"edits":[{"op":"delete","id":7}]}"#
        )
    }

    private static func edit(_ value: JSONValue, _ part: String) throws -> FeatureEdit {
        guard case .object(let object) = value, let name = object["op"]?.text else { throw noBatch }
        if let unknown = object.keys.sorted().first(where: { !["op", "id", "ifMatch", "feature"].contains($0) }) {
            throw EditError(.malformed, "\(part).\(unknown.prefix(40))", "an edit has op, id, ifMatch and feature")
        }
        func content(isPatch: Bool) throws -> FeatureContent {
            guard let feature = object["feature"] else {
                throw EditError(
                    .malformed, "\(part).feature", "it is missing; write for example \(FeatureContent.example)")
            }
            return try FeatureContent(feature, "\(part).feature", isPatch: isPatch)
        }
        if name == "create" { return .create(try content(isPatch: false)) }
        guard ["replace", "update", "delete"].contains(name) else {
            throw EditError(
                .malformed, "\(part).op", "it is '\(name.prefix(40))'; write create, replace, update or delete")
        }
        guard case .integer(let id)? = object["id"] else {
            throw EditError(.malformed, "\(part).id", "it is missing or no whole number; write for example \"id\":7")
        }
        if let condition = object["ifMatch"], condition.text == nil {
            throw EditError(.malformed, "\(part).ifMatch", #"it is no text; write for example "ifMatch":"\"90ab\"""#)
        }
        let condition = FeatureCondition(header: object["ifMatch"]?.text)
        switch name {
        case "replace": return .replace(id: id, try content(isPatch: false), condition: condition)
        case "update": return .update(id: id, try content(isPatch: true), condition: condition)
        default: return .delete(id: id, condition: condition)
        }
    }

    /// Whether the client named the state that it changes, or there is none.
    public var hasCondition: Bool {
        switch self {
        case .create: true
        case .replace(_, _, let condition), .update(_, _, let condition), .delete(_, let condition):
            condition.tags != nil
        }
    }
}
