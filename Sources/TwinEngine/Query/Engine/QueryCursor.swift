// SPDX-License-Identifier: Apache-2.0
import Foundation

/// Where a page of features ended in each layer, so that the next begins behind it.
///
/// It is a keyset, not an offset: it holds the last permanent id (or distance and id) of each layer, and the next page
/// asks the *present* city for what comes after. Promised, while the city changes between pages:
///
/// * A feature that exists from the first page to the last, and whose match does not change meanwhile, is returned
///   exactly once. In order of distance, its distance must not change either.
/// * In order of id, no feature is returned twice, whatever happens to it.
/// * A feature that is added, removed, or changed so that it begins or ceases to match may be returned or not, as its
///   place lies ahead of or behind the cursor. Counts are those of the moment of each page.
///
/// A snapshot that is rebuilt between pages changes nothing, because ids are permanent. A layer that is *replaced* by an
/// import keeps the ids of features with permanent codes; others get new ids and count as added.
public struct QueryCursor: Sendable, Hashable {
    enum Position: Sendable, Hashable {
        case after(distanceSquared: Double, id: Int64)
        case finished
    }

    /// Of the question; a cursor of another question is refused.
    let fingerprint: UInt64
    /// The store's version of the first page.
    public let version: Int64
    var positions: [String: Position]

    init(fingerprint: UInt64, version: Int64, positions: [String: Position]) {
        self.fingerprint = fingerprint
        self.version = version
        self.positions = positions
    }

    /// Text for a URL: letters, digits, `-` and `_`.
    public var token: String {
        var text = "1;\(String(fingerprint, radix: 16));\(version)"
        for (layer, position) in positions.sorted(by: { $0.key < $1.key }) {
            switch position {
            case .after(let distance, let id): text += ";\(layer),\(String(distance.bitPattern, radix: 16)),\(id)"
            case .finished: text += ";\(layer)"
            }
        }
        return Data(text.utf8).base64EncodedString().replacingOccurrences(of: "+", with: "-")
            .replacingOccurrences(of: "/", with: "_").replacingOccurrences(of: "=", with: "")
    }

    /// - Throws: `TwinError.argument` for a text that no answer gave.
    public init(token: String) throws {
        let broken = TwinError(
            .argument, "cursor: it is not one that an answer gave; leave it out to begin with the first page")
        let base64 = token.replacingOccurrences(of: "-", with: "+").replacingOccurrences(of: "_", with: "/")
        let padded = base64 + String(repeating: "=", count: (4 - base64.utf8.count % 4) % 4)
        guard token.utf8.count <= 100_000, let data = Data(base64Encoded: padded) else { throw broken }
        guard let text = String(data: data, encoding: .utf8) else { throw broken }
        let parts = text.split(separator: ";", omittingEmptySubsequences: false)
        guard parts.count >= 3, parts[0] == "1", let fingerprint = UInt64(parts[1], radix: 16),
            let version = Int64(parts[2])
        else { throw broken }
        var positions: [String: Position] = [:]
        for part in parts.dropFirst(3) {
            let fields = part.split(separator: ",", omittingEmptySubsequences: false)
            if fields.count == 1, !fields[0].isEmpty {
                positions[String(fields[0])] = .finished
            } else if fields.count == 3, let bits = UInt64(fields[1], radix: 16), let id = Int64(fields[2]),
                Double(bitPattern: bits) >= 0
            {
                positions[String(fields[0])] = .after(distanceSquared: Double(bitPattern: bits), id: id)
            } else {
                throw broken
            }
        }
        self.init(fingerprint: fingerprint, version: version, positions: positions)
    }
}

extension SpatialQuery {
    /// A hash of everything that decides which features come in which order. The same in every process.
    var fingerprint: UInt64 {
        var question = self
        question.limit = 0
        question.cursor = nil
        question.access = .automatic
        question.maskedFields = [:]
        // FNV-1a over the description: it tells questions apart, it protects nothing.
        return "\(question)".utf8.reduce(0xCBF2_9CE4_8422_2325) { ($0 ^ UInt64($1)) &* 0x100_0000_01B3 }
    }
}
