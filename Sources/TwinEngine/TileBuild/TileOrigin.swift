// SPDX-License-Identifier: Apache-2.0
import Foundation
import Tiles

/// Of which city, store, layers and versions an archive of ours was built, from its metadata: with this a server knows
/// which of its tiles still hold.
public struct TileOrigin: Sendable, Hashable {
    public struct Layer: Sendable, Hashable {
        public var id: String
        /// The version of the layer when the tiles were made.
        public var version: Int64
    }
    public var city: String
    /// The store's identity; nil in archives from before stores had one.
    public var store: String?
    /// In the order that they have in a tile.
    public var layers: [Layer]
    /// A digest of the layers' definitions: fields, zooms and rules.
    public var definitions: UInt32

    static let members = (
        city: "twin:city", store: "twin:store", versions: "twin:versions", definitions: "twin:definitions"
    )

    init(city: City, layers: [LayerView]) {
        self.city = city.project.id
        store = city.identity
        self.layers = layers.map { Layer(id: $0.definition.id, version: $0.version) }
        definitions = Self.digest(layers)
    }

    /// - Parameter metadata: an archive's JSON object. Nil where it is not of ours, or of no JSON.
    public init?(metadata: [UInt8]) {
        guard let object = (try? JSONSerialization.jsonObject(with: Data(metadata))) as? [String: Any],
            let city = object[Self.members.city] as? String,
            let versions = object[Self.members.versions] as? String,
            let digest = object[Self.members.definitions] as? String, let definitions = UInt32(digest, radix: 16)
        else { return nil }
        self.city = city
        store = object[Self.members.store] as? String
        self.definitions = definitions
        layers = []
        for part in versions.split(separator: ",") {
            let pair = part.split(separator: "=")
            guard pair.count == 2, let version = Int64(pair[1]) else { return nil }
            layers.append(Layer(id: String(pair[0]), version: version))
        }
    }

    /// What the metadata of an archive says of it.
    var metadata: [ArchiveMetadata.Member] {
        [
            .init(Self.members.city, city),
            .init(Self.members.store, store ?? ""),
            .init(Self.members.versions, layers.map { "\($0.id)=\($0.version)" }.joined(separator: ",")),
            .init(Self.members.definitions, String(definitions, radix: 16)),
        ]
    }

    /// How an archive stands to a city as it is now.
    public enum Standing: Sendable {
        /// The layers that its tiles were made of: what no change touched holds.
        case current([LayerView])
        /// Its tiles say nothing of the city as it is; the reason, to follow "because ".
        case apart(String)
    }

    /// Compares an archive's origin with a view of a city.
    public func standing(in view: CityView, of city: City) -> Standing {
        guard city.project.id == self.city else {
            return .apart("it was built of the city '\(self.city)', and this is '\(city.project.id)'")
        }
        guard store == city.identity else {
            return .apart("it was built of another store of this city; build it of this one, or serve that one")
        }
        let found = layers.compactMap { view.layer($0.id) }
        guard found.count == layers.count else {
            let gone = layers.filter { view.layer($0.id) == nil }.map(\.id).joined(separator: ", ")
            return .apart("the city has no longer its layers \(gone)")
        }
        guard Self.digest(found) == definitions else {
            return .apart("layers were defined otherwise when it was built; build it again")
        }
        guard zip(found, layers).allSatisfy({ $0.version >= $1.version }) else {
            return .apart("it is newer than this copy of the store")
        }
        return .current(found)
    }

    /// Of everything that decides over the bytes beside the data.
    static func digest(_ layers: [LayerView]) -> UInt32 {
        TileRangeResult.checksum(Array(layers.map { "\($0.definition)" }.joined().utf8))
    }
}
