// SPDX-License-Identifier: Apache-2.0
import Foundation

extension Tiles3DChecker {
    /// What an implicit root says.
    struct Implicit {
        var isOctree: Bool
        var subtreeLevels: Int
        var availableLevels: Int
        var subtreeURI: String
        var contents: [[String: Any]]
        var rootVolume: Tiles3DVolume?

        var dimensions: Int { isOctree ? 3 : 2 }
        func tileCount(_ levels: Int) -> Int { ((1 << (dimensions * levels)) - 1) / (isOctree ? 7 : 3) }

        func uri(_ template: String, _ at: (level: Int, x: Int, y: Int, z: Int)) -> String {
            template.replacingOccurrences(of: "{level}", with: String(at.level))
                .replacingOccurrences(of: "{x}", with: String(at.x)).replacingOccurrences(of: "{y}", with: String(at.y))
                .replacingOccurrences(of: "{z}", with: String(at.z))
        }

        /// The volume of a tile whose subtree states none: the root's, divided.
        func volume(_ at: (level: Int, x: Int, y: Int, z: Int)) -> Tiles3DVolume? {
            let parts = Double(sign: .plus, exponent: at.level, significand: 1)
            switch rootVolume {
            case .box(let center, let axes):
                let steps = [at.x, at.y, isOctree ? at.z : 0]
                var (middle, halves) = (center, axes)
                for axis in 0..<dimensions {
                    halves[axis] = axes[axis] / parts
                    middle += halves[axis] * (2 * Double(steps[axis]) + 1 - parts)
                }
                return .box(middle, halves)
            case .region(let r):
                func cut(_ low: Double, _ high: Double, _ step: Int) -> (Double, Double) {
                    (low + (high - low) / parts * Double(step), low + (high - low) / parts * Double(step + 1))
                }
                let (west, east) = cut(r[0], r[2] < r[0] ? r[2] + 2 * .pi : r[2], at.x)
                let (south, north) = cut(r[1], r[3], at.y)
                let (low, high) = isOctree ? cut(r[4], r[5], at.z) : (r[4], r[5])
                return .region([west, south, east, north, low, high])
            default: return nil
            }
        }
    }

    mutating func checkImplicit(_ tile: [String: Any], _ place: String, _ path: String, _ frame: Frame) async {
        if tile["children"] != nil { add("implicit", place, "an implicit root has no children") }
        if tile["metadata"] != nil { add("implicit", place, "an implicit root has no metadata") }
        let contents = contents(of: tile, place)
        if contents.contains(where: { $0["boundingVolume"] != nil }) {
            add("implicit", place, "an implicit root's content has no boundingVolume")
        }
        guard let tiling = tile["implicitTiling"] as? [String: Any] else {
            return add("type", place, "implicitTiling is no object")
        }
        let scheme = tiling["subdivisionScheme"] as? String
        guard scheme == "QUADTREE" || scheme == "OCTREE" else {
            return add("implicit", place, "subdivisionScheme is not QUADTREE or OCTREE")
        }
        guard let levels = tiling["subtreeLevels"] as? Int, (1...10).contains(levels),
            let available = tiling["availableLevels"] as? Int, (1...40).contains(available)
        else { return add("implicit", place, "subtreeLevels and availableLevels are whole numbers of 1 or more") }
        guard let uri = (tiling["subtrees"] as? [String: Any])?["uri"] as? String else {
            return add("implicit", place, "the subtrees have no uri")
        }
        var implicit = Implicit(
            isOctree: scheme == "OCTREE", subtreeLevels: levels, availableLevels: available, subtreeURI: uri,
            contents: contents)
        var templates = [uri]
        for content in contents {
            if let text = content["uri"] as? String { templates.append(text) }
        }
        let wanted: Set<String> = implicit.isOctree ? ["level", "x", "y", "z"] : ["level", "x", "y"]
        for template in templates {
            let parts = template.split(separator: "{", omittingEmptySubsequences: false).dropFirst()
            let names = Set(parts.map { $0.split(separator: "}", omittingEmptySubsequences: false)[0] })
            guard Set(names.map(String.init)) == wanted else {
                return add("implicit", place, "\(template) does not have the variables \(wanted.sorted())")
            }
        }
        if case .sphere = frame.volumes.last?.volume {
            return add("implicit", place, "a sphere cannot be divided: use a box or region")
        }
        implicit.rootVolume = frame.volumes.last?.volume
        await check(subtree: (0, 0, 0, 0), implicit, path, frame, parents: [:])
    }

    /// A property of a subtree's tile table, as doubles per tile.
    private func tileValues(
        _ file: SubtreeFile, _ semantic: String, _ frame: Frame, width: Int
    ) -> [[Double]]? {
        guard let index = file.json["tileMetadata"] as? Int,
            let tables = file.json["propertyTables"] as? [[String: Any]], tables.indices.contains(index),
            let name = tables[index]["class"] as? String, let count = tables[index]["count"] as? Int, count >= 0,
            let (id, property) = frame.schema?.classes[name]?.properties.first(where: {
                $0.value.semantic == semantic
            }),
            let values = (tables[index]["properties"] as? [String: [String: Any]])?[id]?["values"] as? Int,
            let bytes = file.view(values)
        else { return nil }
        let size = property.componentName == "FLOAT32" ? 4 : 8
        guard bytes.count == count * width * size else { return nil }
        return (0..<count).map { tile in
            (0..<width).map { GLTFModel.number(bytes, (tile * width + $0) * size, size == 4 ? 5126 : 5130) }
        }
    }

    private struct Availability {
        var tiles: [Bool]
        var contents: [[Bool]] = []
        var children: [Bool] = []
    }

    private static func availability(
        _ file: SubtreeFile, _ implicit: Implicit
    ) throws(SubtreeFile.Damage) -> Availability {
        let count = implicit.tileCount(implicit.subtreeLevels)
        var bits = Availability(tiles: try file.bits(file.json["tileAvailability"], count, "tileAvailability"))
        let streams = file.json["contentAvailability"] as? [Any]
        guard
            file.json["contentAvailability"] == nil
                || (1...max(1, implicit.contents.count)).contains(streams?.count ?? 0)
        else {
            throw SubtreeFile.Damage("contentAvailability is no list of as many entries as the root has contents")
        }
        for stream in streams ?? [] { bits.contents.append(try file.bits(stream, count, "contentAvailability")) }
        bits.children = try file.bits(
            file.json["childSubtreeAvailability"], 1 << (implicit.dimensions * implicit.subtreeLevels),
            "childSubtreeAvailability")
        return bits
    }

    private mutating func check(
        subtree at: (level: Int, x: Int, y: Int, z: Int), _ implicit: Implicit, _ path: String, _ frame: Frame,
        parents: [Int: Double]
    ) async {
        let target = Tiles3DSource.resolve(implicit.uri(implicit.subtreeURI, at), from: path)
        report.subtrees += 1
        guard let bytes = await source.read(target) else {
            return add("missing", target, "a subtree that is available")
        }
        var file: SubtreeFile
        do { file = try SubtreeFile(bytes) } catch { return add("subtree", target, error.message) }
        do { try await file.load(source, target) } catch { return add("subtree", target, error.message) }
        let bits: Availability
        do {
            bits = try Self.availability(file, implicit)
            try file.checkReferences(available: bits.tiles.count { $0 })
        } catch { return add("subtree", target, error.message) }
        let read = file
        _ = checkTables(file.json["propertyTables"], frame.schema, target, start: { _ in nil }) { index in
            guard let bytes = read.view(index) else { throw SubtreeFile.Damage("there is no view \(index)") }
            return Array(bytes)
        }
        let boxes = tileValues(file, "TILE_BOUNDING_BOX", frame, width: 12)
        let errors = tileValues(file, "TILE_GEOMETRIC_ERROR", frame, width: 1)
        if !bits.tiles[0] { add("availability", target, "the subtree's root is not available") }
        var row = 0
        var rootError = frame.error
        for _ in 0..<at.level { rootError /= 2 }
        var known = parents
        for local in 0..<implicit.subtreeLevels {
            var inLevel: [Int: Double] = [:]
            for morton in 0..<(1 << (implicit.dimensions * local)) {
                let bit = implicit.tileCount(local) + morton
                let parent = morton >> implicit.dimensions
                guard bits.tiles[bit] else {
                    if bits.contents.contains(where: { $0[bit] }) {
                        add("availability", target, "content at \(local)/\(morton) without its tile")
                    }
                    continue
                }
                report.tiles += 1
                if local > 0, !bits.tiles[implicit.tileCount(local - 1) + parent] {
                    add("availability", target, "tile \(local)/\(morton) has no parent")
                }
                let place = Self.place(at, local, morton, implicit)
                if place.level >= implicit.availableLevels {
                    add("availability", target, "a tile at level \(place.level) beyond availableLevels")
                }
                var own = frame
                own.error = errors?[row][0] ?? rootError / Double(1 << local)
                if let above = local == 0 ? known[-1] : known[parent] {
                    own.parentError = above
                    if own.error > above {
                        add("geometricError", "\(target) \(local)/\(morton)", "\(own.error) is more than \(above)")
                    }
                }
                inLevel[morton] = own.error
                let volume = boxes.flatMap { Tiles3DVolume(box: $0[row]) } ?? implicit.volume(place)
                if let volume { own.volumes.append((volume, frame.toEarth)) }
                row += 1
                for (index, content) in implicit.contents.enumerated() {
                    guard index < bits.contents.count, bits.contents[index][bit], let uri = content["uri"] as? String
                    else { continue }
                    await check(
                        content: content, uri: implicit.uri(uri, place), "\(target) \(local)/\(morton)", path, own)
                }
            }
            known = inLevel
        }
        for morton in bits.children.indices where bits.children[morton] {
            let parent = morton >> implicit.dimensions
            if !bits.tiles[implicit.tileCount(implicit.subtreeLevels - 1) + parent] {
                add("availability", target, "child subtree \(morton) has no parent tile")
            }
            let place = Self.place(at, implicit.subtreeLevels, morton, implicit)
            await check(
                subtree: place, implicit, path, frame, parents: known[parent].map { [-1: $0] } ?? [:])
        }
    }

    /// Where a tile of a subtree is in the whole tree: the bits of its Morton number, x lowest.
    private static func place(
        _ at: (level: Int, x: Int, y: Int, z: Int), _ local: Int, _ morton: Int, _ implicit: Implicit
    ) -> (level: Int, x: Int, y: Int, z: Int) {
        var steps = [0, 0, 0]
        for bit in 0..<local {
            for axis in 0..<implicit.dimensions {
                steps[axis] |= (morton >> (implicit.dimensions * bit + axis) & 1) << bit
            }
        }
        return (
            at.level + local, at.x << local | steps[0], at.y << local | steps[1],
            implicit.isOctree ? at.z << local | steps[2] : 0
        )
    }
}
