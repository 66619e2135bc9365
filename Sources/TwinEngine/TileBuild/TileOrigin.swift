// SPDX-License-Identifier: Apache-2.0
import Foundation
import Tiles

/// Of which city, layers and versions an archive of ours was built, from its metadata: with this a server knows which of
/// its tiles still hold.
///
/// It says nothing about the data of another store whose city has the same id, definitions and versions.
public struct TileOrigin: Sendable, Hashable {
    public struct Layer: Sendable, Hashable {
        public var id: String
        /// The version of the layer when the tiles were made.
        public var version: Int64
    }
    public var city: String
    /// In the order that they have in a tile.
    public var layers: [Layer]
    /// A digest of the layers' definitions: fields, zooms and rules.
    public var definitions: UInt32

    static let members = (city: "twin:city", versions: "twin:versions", definitions: "twin:definitions")

    init(city: String, layers: [LayerView]) {
        self.city = city
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
            .init(Self.members.versions, layers.map { "\($0.id)=\($0.version)" }.joined(separator: ",")),
            .init(Self.members.definitions, String(definitions, radix: 16)),
        ]
    }

    /// The layers of a view that the tiles were made of, or nil where city, fields or rules are others today, or where
    /// the view is older than the tiles.
    public func layers(in view: CityView, of project: CityProject) -> [LayerView]? {
        let found = layers.compactMap { view.layer($0.id) }
        guard project.id == city, found.count == layers.count, Self.digest(found) == definitions,
            zip(found, layers).allSatisfy({ $0.version >= $1.version })
        else { return nil }
        return found
    }

    /// Of everything that decides over the bytes beside the data.
    static func digest(_ layers: [LayerView]) -> UInt32 {
        TileRangeResult.checksum(Array(layers.map { "\($0.definition)" }.joined().utf8))
    }
}
