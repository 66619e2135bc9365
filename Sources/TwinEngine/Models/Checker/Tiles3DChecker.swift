// SPDX-License-Identifier: Apache-2.0
import Foundation

/// Checks a 3D Tiles 1.1 tileset, what it says and what it shows: structure, implicit subtrees, content, and that every
/// vertex lies inside its bounding volumes.
///
/// Content other than glTF, and extensions unknown to the checker, are counted as not covered and not judged.
/// One checker runs one check. Thread use: one task. O(tiles + vertices); one content at a time is in memory.
/// Source: OGC 3D Tiles 1.1; glTF 2.0; EXT_mesh_features; EXT_structural_metadata; EXT_meshopt_compression.
public struct Tiles3DChecker {
    /// Metres by which a vertex may leave a volume: rounding of Float32 at a city's size.
    public static let tolerance = 0.01

    let source: Tiles3DSource
    var report = Tiles3DReport()
    private var openDocuments: [String] = []
    /// The content whose features were counted last, and their numbers.
    var counted: (path: String, ids: Set<Int>) = ("", [])
    /// The content whose positions were judged last, and their accessors: primitives may share them.
    var judged: (path: String, accessors: Set<Int>) = ("", [])
    /// The features of the content that was judged last.
    var lastShapes: Shapes?
    /// Extensions that something in the tileset has, seen so far.
    private var foundExtensions: Set<String> = []
    /// Those that the first document lists.
    private var entryExtensions: Set<String>?

    /// A tile's place in the world, as its parents made it.
    struct Frame {
        var toEarth = Matrix4.identity
        var error = Double.infinity
        /// The volumes of the tile and its parents, each with the matrix from its frame to Earth-centred coordinates.
        var volumes: [(volume: Tiles3DVolume, toEarth: Matrix4)] = []
        /// From a content's own origin to the tile's frame (`RTC_CENTER` of 3D Tiles 1.0).
        var placement = Matrix4.identity
        /// The document is of 3D Tiles 1.0, whose content is no glTF without an extension.
        var isOld = false
        /// Names in the document's extensionsUsed and extensionsRequired.
        var extensions: (used: Set<String>, required: Set<String>) = ([], [])
        /// The schema of the document's metadata.
        var schema: MetadataSchema?
        var groups = 0
        /// The tileset is one of ours, whose errors are measured in metres from the ground or from a coarser form.
        var isOwn = false
        /// Whether the tile's children replace it, as it says or inherits.
        var isReplaced = false
        var parentError = Double.infinity
        /// The tile stands for the one that named its document.
        var continues = false
        /// What the tile above shows in place of this one; nil if it stays.
        var coarse: Shapes?
    }

    /// Checks a tileset.
    ///
    /// - Parameter place: A folder with `tileset.json`, a JSON file, or a URL.
    /// - Throws: `TwinError` if there is no such place; everything else is a finding.
    public static func run(_ place: String) async throws -> Tiles3DReport {
        let (source, name) = try Tiles3DSource.open(place)
        var checker = Tiles3DChecker(source: source)
        await checker.check(document: name, isExternal: false, Frame())
        return checker.report
    }

    init(source: Tiles3DSource) { self.source = source }

    mutating func add(_ code: String, _ place: String, _ message: String) { report.add(code, place, message) }

    static func object(_ bytes: [UInt8]) -> [String: Any]? {
        // A byte order mark is not JSON (RFC 8259, clause 8.1).
        guard bytes.prefix(3) != [0xEF, 0xBB, 0xBF] else { return nil }
        do {
            return try JSONSerialization.jsonObject(with: Data(bytes)) as? [String: Any]
        } catch {
            return nil
        }
    }

    mutating func check(document path: String, isExternal: Bool, _ outer: Frame) async {
        guard !openDocuments.contains(path) else {
            return add("cycle", path, "the tileset contains itself: \(openDocuments.joined(separator: " > "))")
        }
        guard let bytes = await source.read(path) else { return add("missing", path, "there is no such file") }
        guard let json = Self.object(bytes) else { return add("json", path, "not a JSON object") }
        openDocuments.append(path)
        defer { openDocuments.removeLast() }
        var frame = outer
        frame.isOwn = (json["asset"] as? [String: Any])?["generator"] as? String == "TwinEngine"
        frame.continues = isExternal
        checkHead(json, path)
        frame.isOld = (json["asset"] as? [String: Any])?["version"] as? String == "1.0"
        frame.extensions = checkExtensions(json, path)
        frame.schema = await schema(of: json, path)
        checkStatistics(json, frame.schema, path)
        frame.groups = checkGroups(json, path, frame)
        checkMetadata(json["metadata"], path, frame)
        if let error = checkError(json["geometricError"], path), !isExternal { frame.error = error }
        guard let root = json["root"] as? [String: Any] else { return add("root", path, "the tileset has no root") }
        if root["refine"] == nil { add("refine", path, "the root has no `refine`: ADD or REPLACE") }
        await check(tile: root, "root", in: path, frame)
        guard !isExternal else { return }
        for name in frame.extensions.used.subtracting(foundExtensions).sorted() {
            report.note("extensions", path, "\(name) is in extensionsUsed, and nothing has it")
        }
    }

    private mutating func checkHead(_ json: [String: Any], _ path: String) {
        guard let asset = json["asset"] as? [String: Any] else {
            return add("asset", path, "the tileset has no `asset`")
        }
        if !["1.0", "1.1"].contains(asset["version"] as? String ?? "") {
            add("asset", path, "asset.version is not 1.0 or 1.1")
        }
        if let version = asset["tilesetVersion"], !(version is String) {
            add("type", path, "tilesetVersion is no text")
        }
        guard let properties = json["properties"] else { return }
        guard let properties = properties as? [String: Any] else { return add("type", path, "properties is no object") }
        for (name, value) in properties {
            let range = value as? [String: Any]
            guard let low = range?["minimum"] as? Double, let high = range?["maximum"] as? Double, low <= high else {
                add("properties", path, "properties.\(name) wants minimum and maximum, in this order")
                continue
            }
        }
    }

    private mutating func checkExtensions(
        _ json: [String: Any], _ path: String
    ) -> (used: Set<String>, required: Set<String>) {
        var lists: [String: Set<String>] = [:]
        for key in ["extensionsUsed", "extensionsRequired"] {
            guard let value = json[key] else { continue }
            guard let names = value as? [String], !names.isEmpty, Set(names).count == names.count else {
                add("extensions", path, "\(key) wants one or more different names")
                continue
            }
            lists[key] = Set(names)
        }
        let (used, required) = (lists["extensionsUsed"] ?? [], lists["extensionsRequired"] ?? [])
        for name in required.subtracting(used) { add("extensions", path, "\(name) is required and not used") }
        var found: Set<String> = []
        var mistaken: Set<String> = []
        var hasPlainExtras = false
        func walk(_ value: Any, _ depth: Int) {
            guard depth < 64 else { return }
            if let object = value as? [String: Any] {
                for (key, item) in object {
                    if key == "extras" {
                        if !(item is [String: Any]) { hasPlainExtras = true }
                        continue
                    }
                    if key == "extensions", let names = item as? [String: Any] {
                        found.formUnion(names.keys)
                        for (name, value) in names where !(value is [String: Any]) { mistaken.insert(name) }
                    }
                    walk(item, depth + 1)
                }
            } else if let list = value as? [Any] {
                for item in list { walk(item, depth + 1) }
            }
        }
        walk(json, 0)
        for name in found.subtracting(used).sorted() { add("extensions", path, "\(name) is not in extensionsUsed") }
        for name in mistaken.sorted() { add("extensions", path, "the extension \(name) is no object") }
        if hasPlainExtras { report.note("extras", path, "extras is no object, which readers may not expect") }
        for name in found.subtracting(entryExtensions ?? found).sorted() {
            add("extensions", path, "\(name) is not in extensionsUsed of the entry tileset (3D Tiles, \"Extensions\")")
        }
        if entryExtensions == nil { entryExtensions = used }
        foundExtensions.formUnion(found)
        for name in found { report.notCovered["tileset extension \(name)", default: 0] += 1 }
        if let own = json["extensions"], !(own is [String: Any]) { add("type", path, "extensions is no object") }
        return (used, required)
    }

    mutating func checkError(_ value: Any?, _ place: String) -> Double? {
        guard let error = value as? Double, error.isFinite, error >= 0 else {
            add("geometricError", place, "geometricError is missing or no number of 0 or more")
            return nil
        }
        return error
    }

    private mutating func check(tile: [String: Any], _ name: String, in path: String, _ outer: Frame) async {
        report.tiles += 1
        let place = "\(path) \(name)"
        var frame = outer
        if let value = tile["transform"] {
            if let matrix = checkTransform(value, place) { frame.toEarth = outer.toEarth * matrix }
        }
        if let error = checkError(tile["geometricError"], place) {
            if error > outer.error {
                let message = "\(error) is more than the parent's \(outer.error)"
                // What the specification says of children it does not say of the root of an external tileset.
                if outer.continues {
                    report.note("geometricError", place, message)
                } else {
                    add("geometricError", place, message)
                }
            }
            frame.error = error
        }
        frame.parentError = outer.continues ? outer.parentError : outer.error
        frame.continues = false
        frame.isReplaced = (tile["refine"] as? String).map { $0 == "REPLACE" } ?? outer.isReplaced
        lastShapes = nil
        if let refine = tile["refine"], !["ADD", "REPLACE"].contains(refine as? String ?? "") {
            add("refine", place, "`refine` is not ADD or REPLACE")
        }
        if let volume = checkVolume(tile["boundingVolume"], place, isRequired: true) {
            frame.volumes.append((volume, frame.toEarth))
        }
        if let value = tile["viewerRequestVolume"] { _ = checkVolume(value, place, isRequired: true) }
        checkMetadata(tile["metadata"], place, frame)
        if tile["implicitTiling"] != nil { return await checkImplicit(tile, place, path, frame) }
        for content in contents(of: tile, place) {
            await check(content: content, place, path, frame)
        }
        frame.coarse = frame.isReplaced ? lastShapes : nil
        guard let value = tile["children"] else { return }
        guard let children = value as? [Any], !children.isEmpty else {
            return add("children", place, "`children` wants one or more tiles; leave it out of leaves")
        }
        for (index, child) in children.enumerated() {
            guard let child = child as? [String: Any] else {
                add("type", place, "child \(index) is no object")
                continue
            }
            await check(tile: child, "\(name)/\(index)", in: path, frame)
        }
    }

    private mutating func checkTransform(_ value: Any, _ place: String) -> Matrix4? {
        guard let numbers = value as? [Double], numbers.count == 16, numbers.allSatisfy(\.isFinite) else {
            add("transform", place, "a transform is 16 numbers")
            return nil
        }
        let matrix = Matrix4(m: numbers)
        guard numbers[3] == 0, numbers[7] == 0, numbers[11] == 0, numbers[15] == 1 else {
            add("transform", place, "the transform is not affine (3D Tiles, \"Tile transforms\")")
            return nil
        }
        if abs(matrix.determinant) <= 1e-12 {
            report.note("transform", place, "the transform cannot be inverted: it makes everything flat")
        }
        return matrix
    }

    mutating func checkVolume(_ value: Any?, _ place: String, isRequired: Bool) -> Tiles3DVolume? {
        guard let object = value as? [String: Any] else {
            if isRequired || value != nil { add("boundingVolume", place, "boundingVolume is missing or no object") }
            return nil
        }
        if let box = object["box"] {
            if let volume = (box as? [Double]).flatMap(Tiles3DVolume.init(box:)) { return volume }
        } else if let region = object["region"] {
            if let r = region as? [Double], r.count == 6, r.allSatisfy(\.isFinite), abs(r[0]) <= .pi + 1e-9,
                abs(r[2]) <= .pi + 1e-9, abs(r[1]) <= .pi / 2 + 1e-9, abs(r[3]) <= .pi / 2 + 1e-9, r[1] <= r[3],
                r[4] <= r[5]
            {
                return .region(r)
            }
        } else if let sphere = object["sphere"] {
            if let s = sphere as? [Double], s.count == 4, s.allSatisfy(\.isFinite), s[3] >= 0 {
                return .sphere(SIMD3(s[0], s[1], s[2]), s[3])
            }
        } else if let extensions = object["extensions"] as? [String: Any], !extensions.isEmpty {
            report.notCovered["bounding volume \(extensions.keys.sorted()[0])", default: 0] += 1
            return nil
        }
        add("boundingVolume", place, "no valid box, region or sphere")
        return nil
    }

    mutating func contents(of tile: [String: Any], _ place: String) -> [[String: Any]] {
        if tile["content"] != nil, tile["contents"] != nil { add("content", place, "both content and contents") }
        if let content = tile["content"] {
            if let content = content as? [String: Any] { return [content] }
            add("type", place, "content is no object")
        }
        if let value = tile["contents"] {
            if let list = value as? [[String: Any]], !list.isEmpty { return list }
            add("type", place, "contents is no list of objects")
        }
        return []
    }

    /// Judges a content's own words, then what is behind its address.
    mutating func check(
        content: [String: Any], uri given: String? = nil, _ place: String, _ path: String, _ outer: Frame
    ) async {
        var frame = outer
        if let value = content["boundingVolume"],
            let volume = checkVolume(value, "\(place) content", isRequired: true)
        {
            if let outer = frame.volumes.last, outer.toEarth.m == frame.toEarth.m,
                volume.leaves(outer.volume, frame.toEarth) > Self.tolerance
            {
                add("boundingVolume", place, "the content's boundingVolume is not inside the tile's")
            }
            frame.volumes.append((volume, frame.toEarth))
        }
        checkMetadata(content["metadata"], place, frame)
        if let value = content["group"] {
            if let group = value as? Int, frame.groups > group, group >= 0 {
            } else {
                add("group", place, "the content's group does not exist")
            }
        }
        guard let uri = given ?? content["uri"] as? String ?? content["url"] as? String, !uri.isEmpty else {
            return add("content", place, "the content has no uri")
        }
        let target = Tiles3DSource.resolve(uri, from: path)
        if target.hasSuffix(".json") { return await check(document: target, isExternal: true, frame) }
        report.contents += 1
        guard let bytes = await source.read(target) else { return add("missing", target, "named by \(place)") }
        await check(bytes: bytes, target, place, path, frame)
    }

    /// Content of a form that the checker knows, and the extension that the form needs.
    private mutating func check(
        bytes: [UInt8], _ target: String, _ place: String, _ path: String, _ frame: Frame
    ) async {
        if bytes.starts(with: "glTF".utf8) || target.hasSuffix(".gltf") {
            let name = "3DTILES_content_gltf"
            foundExtensions.insert(name)
            if frame.isOld, !frame.extensions.used.contains(name) {
                add("extensions", place, "a glTF as content of 3D Tiles 1.0 wants \(name) in extensionsUsed")
            }
            await check(model: bytes, target, frame)
        } else if LegacyContent.isLegacy(bytes) {
            await check(legacy: bytes, target, frame)
        } else {
            let isPackage = target.hasSuffix(".3tz")
            if isPackage {
                let name = "MAXAR_content_3tz"
                foundExtensions.insert(name)
                if !frame.extensions.required.contains(name) {
                    add("extensions", place, "a 3tz as content wants \(name) in extensionsRequired")
                }
                if !bytes.starts(with: "PK".utf8) { add("content", target, "a 3tz that is no ZIP archive") }
            }
            let magic = String(decoding: bytes.prefix(4), as: UTF8.self).filter { $0.isASCII && $0.isLetter }
            report.notCovered[
                "content \(isPackage ? "3tz" : magic.isEmpty ? "of unknown form" : magic)", default: 0] += 1
        }
    }
}
