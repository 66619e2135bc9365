// SPDX-License-Identifier: Apache-2.0
import Foundation

/// A JSON value whose shape is not known beforehand: questions and CQL2 filters.
enum JSONValue: Decodable {
    case null
    case boolean(Bool)
    case integer(Int64)
    case real(Double)
    case text(String)
    case list([JSONValue])
    case object([String: JSONValue])

    init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        if container.decodeNil() {
            self = .null
        } else if let truth = try? container.decode(Bool.self) {  // safe: another type is tried next
            self = .boolean(truth)
        } else if let number = try? container.decode(Int64.self) {  // safe: another type is tried next
            self = .integer(number)
        } else if let number = try? container.decode(Double.self) {  // safe: another type is tried next
            self = .real(number)
        } else if let text = try? container.decode(String.self) {  // safe: another type is tried next
            self = .text(text)
        } else if let list = try? container.decode([JSONValue].self) {  // safe: the last try throws
            self = .list(list)
        } else {
            self = .object(try container.decode([String: JSONValue].self))
        }
    }

    /// - Throws: `TwinError.argument` with the decoder's reason.
    init(parsing bytes: [UInt8], name: String) throws {
        do {
            self = try JSONDecoder().decode(JSONValue.self, from: Data(bytes))
        } catch {
            throw TwinError(
                .argument,
                "\(name): it is not JSON in UTF-8, or nested too deeply; write for example "
                    + #"{"layers":["buildings"],"region":{"at":[120.033,36.265],"radius":500}}"#, cause: "\(error)")
        }
    }

    var number: Double? {
        switch self {
        case .integer(let number): Double(number)
        case .real(let number): number
        default: nil
        }
    }

    var text: String? {
        if case .text(let text) = self { text } else { nil }
    }

    var list: [JSONValue]? {
        if case .list(let list) = self { list } else { nil }
    }

    /// `[lon, lat]`, with a height that is ignored.
    var position: LonLat? {
        guard let list, list.count == 2 || list.count == 3, let x = list[0].number, let y = list[1].number else {
            return nil
        }
        return LonLat(longitude: x, latitude: y)
    }
}
