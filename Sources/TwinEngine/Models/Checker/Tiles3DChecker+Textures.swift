// SPDX-License-Identifier: Apache-2.0
import Foundation

/// Images, property textures and feature ids in textures, with the values in their pixels.
///
/// Source: EXT_structural_metadata, "Property Textures"; EXT_mesh_features, "Feature ID by Texture Coordinates".
extension Tiles3DChecker {
    private struct Place {
        var channels: [Int]
        var coordinates: Int
        var texture: Int
    }

    /// The texture coordinates of each property, for each property texture.
    mutating func checkTextures(
        _ schema: MetadataSchema?, _ model: GLTFModel, _ images: [[UInt8]], _ path: String
    ) -> [[String: Int]] {
        let textures = model.metadata?["propertyTextures"] as? [[String: Any]] ?? []
        var decoded: [Int: PixelImage] = [:]
        return textures.map { entry in
            var found: [String: Int] = [:]
            for (id, stored, property) in properties(of: entry, schema, path) {
                guard let place = texture(stored, model, "\(path) \(id)") else { continue }
                found[id] = place.coordinates
                let values = property.width * (property.count ?? 1)
                var size = property.component.map { $0.size * values }
                if property.type == "BOOLEAN" { size = (values + 7) / 8 }
                guard let size, !property.isVariable, property.component?.size ?? 1 <= 4 else {
                    add("metadata", path, "\(id) cannot be held in the channels of a texture")
                    continue
                }
                if size != place.channels.count {
                    add("metadata", path, "\(id) wants \(size) channels, not \(place.channels.count)")
                    continue
                }
                guard let type = property.componentName,
                    let pixels = pixels(place, model, images, &decoded, "\(path) \(id)")
                else { continue }
                var range = MetadataRange(property, stored)
                do throws(MetadataSchema.Mistake) {
                    for pixel in pixels {
                        let bytes = (0..<4).map { UInt8(truncatingIfNeeded: pixel >> UInt32(8 * $0)) }
                        try range.take(MetadataColumn.numbers(bytes, type, values))
                    }
                    try range.judge(stored)
                } catch {
                    add("metadata", "\(path) \(id)", error.message)
                }
            }
            return found
        }
    }

    /// The different values of a texture's pixels; nil where they cannot be read, which is said.
    private mutating func pixels(
        _ place: Place, _ model: GLTFModel, _ images: [[UInt8]], _ decoded: inout [Int: PixelImage], _ name: String
    ) -> [UInt32]? {
        guard let source = model.list("textures")[place.texture]["source"] as? Int, images.indices.contains(source),
            let image = decoded[source] ?? PixelImage(images[source])
        else {
            report.notCovered["textures of values that are not PNG or JPEG of 8 bits", default: 0] += 1
            return nil
        }
        decoded[source] = image
        guard let values = image.values(place.channels) else {
            add("texture", name, "channels \(place.channels) of an image of \(image.channels)")
            return nil
        }
        return values.sorted()
    }

    /// What a reference to a texture takes of it; nil if it is broken.
    private mutating func texture(_ value: Any?, _ model: GLTFModel, _ place: String) -> Place? {
        guard let reference = value as? [String: Any], let index = reference["index"] as? Int,
            model.list("textures").indices.contains(index)
        else {
            add("texture", place, "names no texture of the document")
            return nil
        }
        guard let coordinates = (reference["texCoord"] ?? 0) as? Int, coordinates >= 0 else {
            add("texture", place, "texCoord is no number")
            return nil
        }
        guard let list = (reference["channels"] ?? [0]) as? [Any], (1...4).contains(list.count),
            case let channels = list.compactMap({ $0 as? Int }), channels.count == list.count,
            channels.allSatisfy({ (0...3).contains($0) })
        else {
            add("texture", place, "channels are not one to four numbers of 0 to 3")
            return nil
        }
        return Place(channels: channels, coordinates: coordinates, texture: index)
    }

    mutating func checkFeatureTextures(
        _ features: Any?, _ attributes: [String: Any], _ model: GLTFModel, _ images: [[UInt8]], _ rows: [Int],
        _ path: String
    ) {
        var decoded: [Int: PixelImage] = [:]
        for set in (features as? [String: Any])?["featureIds"] as? [[String: Any]] ?? [] {
            guard let value = set["texture"] else { continue }
            guard let place = texture(value, model, path) else { continue }
            if attributes["TEXCOORD_\(place.coordinates)"] == nil {
                add("features", path, "the primitive has no TEXCOORD_\(place.coordinates)")
            }
            let sampler = model.list("textures")[place.texture]["sampler"] as? Int
            let samplers = model.list("samplers")
            if let sampler, samplers.indices.contains(sampler) {
                for key in ["magFilter", "minFilter"] where (samplers[sampler][key] as? Int ?? 9728) != 9728 {
                    add("features", path, "\(key) of feature ids in a texture is not NEAREST")
                }
            }
            guard let pixels = pixels(place, model, images, &decoded, path) else { continue }
            let null = set["nullFeatureId"] as? Int
            let ids = pixels.map { Int($0) }.filter { $0 != null }
            if let count = set["featureCount"] as? Int, ids.count > count {
                add("features", path, "\(ids.count) features in a texture, featureCount says \(count)")
            }
            if let table = set["propertyTable"] as? Int, rows.indices.contains(table), let last = ids.last,
                last >= rows[table]
            {
                add("features", path, "feature \(last) of a texture has no row in its table of \(rows[table])")
            }
        }
    }

    /// Images are there and begin as their formats do.
    ///
    /// - Returns: Their bytes; none for those that are not there.
    mutating func checkImages(_ model: GLTFModel, _ path: String) async throws -> [[UInt8]] {
        var images: [[UInt8]] = []
        for (index, image) in model.list("images").enumerated() {
            var bytes: [UInt8]?
            if let view = image["bufferView"] as? Int {
                bytes = try model.view(view)
            } else if let uri = image["uri"] as? String {
                bytes = await model.bytes(of: uri, source, path)
            }
            images.append(bytes ?? [])
            guard let bytes else {
                add("image", path, "image \(index) is not there")
                continue
            }
            let isWebP = bytes.count > 12 && Array(bytes[8..<12]) == Array("WEBP".utf8)
            let isKTX = bytes.starts(with: [0xAB, 0x4B, 0x54, 0x58, 0x20, 0x32, 0x30, 0xBB])
            if !TextureFiles.isImage(bytes) && !isWebP && !isKTX {
                add("image", path, "image \(index) is neither JPEG, PNG, WebP nor KTX2")
            }
            report.images += 1
        }
        return images
    }
}
