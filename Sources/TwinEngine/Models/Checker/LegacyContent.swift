// SPDX-License-Identifier: Apache-2.0
import Foundation

/// Content of 3D Tiles 1.0: batched and instanced models, points, and composites of these.
///
/// Source: OGC 3D Tiles 1.1, "Tile format specifications" (b3dm, i3dm, pnts, cmpt).
struct LegacyContent {
    typealias Damage = GLTFModel.Damage

    /// The first four bytes: `b3dm`, `i3dm` or `pnts`.
    let kind: String
    let features: [String: Any]
    let featureBytes: ArraySlice<UInt8>
    /// The model, or for instances its address; none in points.
    let payload: [UInt8]
    /// Of instances: the payload is a model and no address.
    let isEmbedded: Bool

    static func isLegacy(_ bytes: [UInt8]) -> Bool {
        ["b3dm", "i3dm", "pnts", "cmpt"].contains(String(decoding: bytes.prefix(4), as: UTF8.self))
    }

    private static func word(_ bytes: [UInt8], _ at: Int) -> Int {
        (0..<4).reduce(0) { $0 | Int(bytes[at + $1]) << (8 * $1) }
    }

    private static func checkHeader(_ bytes: [UInt8], _ size: Int) throws(Damage) {
        let kind = String(decoding: bytes.prefix(4), as: UTF8.self)
        guard bytes.count >= size else { throw Damage("\(kind): shorter than its header of \(size) bytes") }
        guard word(bytes, 4) == 1 else { throw Damage("\(kind): version \(word(bytes, 4)) is not 1") }
        guard word(bytes, 8) == bytes.count else {
            throw Damage("\(kind): byteLength is \(word(bytes, 8)), there are \(bytes.count) bytes")
        }
    }

    /// The contents of a composite; the bytes themselves for others.
    static func parts(_ bytes: [UInt8], depth: Int = 0) throws(Damage) -> [[UInt8]] {
        guard bytes.starts(with: "cmpt".utf8) else { return [bytes] }
        try checkHeader(bytes, 16)
        guard depth < 8 else { throw Damage("cmpt: composites within composites, more than 8 deep") }
        var parts: [[UInt8]] = []
        var at = 16
        for number in 0..<word(bytes, 12) {
            guard at + 12 <= bytes.count, case let length = word(bytes, at + 8), length >= 12,
                at + length <= bytes.count
            else { throw Damage("cmpt: part \(number) leaves the composite") }
            guard at % 8 == 0 else { throw Damage("cmpt: part \(number) does not begin at a multiple of 8") }
            parts += try Self.parts(Array(bytes[at..<at + length]), depth: depth + 1)
            at += length
        }
        return parts
    }

    init(_ bytes: [UInt8]) throws(Damage) {
        kind = String(decoding: bytes.prefix(4), as: UTF8.self)
        let size = kind == "i3dm" ? 32 : 28
        try Self.checkHeader(bytes, size)
        var ends = [size]
        for at in stride(from: 12, to: 28, by: 4) { ends.append((ends.last ?? 0) + Self.word(bytes, at)) }
        guard let last = ends.last, last <= bytes.count else { throw Damage("\(kind): its tables leave the content") }
        features = try Self.table(bytes[ends[0]..<ends[1]], "\(kind): the feature table")
        _ = try Self.table(bytes[ends[2]..<ends[3]], "\(kind): the batch table")
        featureBytes = bytes[ends[1]..<ends[2]]
        isEmbedded = kind == "b3dm" || kind == "i3dm" && Self.word(bytes, 28) == 1
        for (index, name) in [(1, "feature table's binary body"), (3, "batch table's binary body"), (4, "payload")]
        where ends[index] % 8 != 0 && ends[index] < bytes.count {
            throw Damage("\(kind): the \(name) does not begin at a multiple of 8 (3D Tiles, \"Padding\")")
        }
        guard bytes.count % 8 == 0 else {
            throw Damage("\(kind): byteLength \(bytes.count) is no multiple of 8 (3D Tiles, \"Padding\")")
        }
        var payload = Array(bytes[last...])
        // A model may be padded to the end of the content.
        if isEmbedded, payload.count >= 12, case let length = Self.word(payload, 8), length < payload.count,
            payload.count - length < 8
        {
            payload.removeLast(payload.count - length)
        }
        self.payload = payload
        let count = ["b3dm": "BATCH_LENGTH", "i3dm": "INSTANCES_LENGTH", "pnts": "POINTS_LENGTH"][kind] ?? ""
        guard (features[count] as? Int ?? -1) >= 0 else { throw Damage("\(kind): the feature table has no \(count)") }
        if kind == "pnts" { try checkPoints() }
        if kind == "i3dm", features["POSITION"] == nil, features["POSITION_QUANTIZED"] == nil {
            throw Damage("i3dm: the feature table has no POSITION")
        }
    }

    private static func table(_ bytes: ArraySlice<UInt8>, _ name: String) throws(Damage) -> [String: Any] {
        guard !bytes.isEmpty else { return [:] }
        guard let object = Tiles3DChecker.object(Array(bytes)) else { throw Damage("\(name) is not a JSON object") }
        return object
    }

    private func checkPoints() throws(Damage) {
        for (name, size) in [("POSITION", 12), ("POSITION_QUANTIZED", 6)] {
            guard let entry = features[name] as? [String: Any] else { continue }
            let length = (features["POINTS_LENGTH"] as? Int ?? 0).multipliedReportingOverflow(by: size)
            guard let offset = entry["byteOffset"] as? Int, offset >= 0, !length.overflow,
                length.partialValue <= featureBytes.count - offset
            else { throw Damage("pnts: \(name) leaves the feature table") }
            return
        }
        if (features["extensions"] as? [String: Any])?["3DTILES_draco_point_compression"] == nil {
            throw Damage("pnts: the feature table has no POSITION")
        }
    }

    /// Where the content's own origin is (`RTC_CENTER`).
    var centre: SIMD3<Double> {
        guard let numbers = features["RTC_CENTER"] as? [Double], numbers.count == 3 else { return .zero }
        return SIMD3(numbers[0], numbers[1], numbers[2])
    }

    /// The positions of points that are not compressed, from the content's origin, z up; nil where they are.
    var points: [Double]? {
        let count = features["POINTS_LENGTH"] as? Int ?? 0
        if let offset = (features["POSITION"] as? [String: Any])?["byteOffset"] as? Int {
            return MetadataColumn.numbers(Array(featureBytes.dropFirst(offset)), "FLOAT32", 3 * count)
        }
        guard let offset = (features["POSITION_QUANTIZED"] as? [String: Any])?["byteOffset"] as? Int,
            let low = features["QUANTIZED_VOLUME_OFFSET"] as? [Double], low.count == 3,
            let size = features["QUANTIZED_VOLUME_SCALE"] as? [Double], size.count == 3
        else { return nil }
        let steps = MetadataColumn.numbers(Array(featureBytes.dropFirst(offset)), "UINT16", 3 * count)
        return steps.enumerated().map { low[$0 % 3] + $1 / 65535 * size[$0 % 3] }
    }
}

extension Tiles3DChecker {
    /// Content of 3D Tiles 1.0, its models and the places of vertices and points.
    mutating func check(legacy bytes: [UInt8], _ path: String, _ frame: Frame) async {
        do {
            for part in try LegacyContent.parts(bytes) {
                guard LegacyContent.isLegacy(part) else {
                    report.notCovered["content of unknown form", default: 0] += 1
                    continue
                }
                let content = try LegacyContent(part)
                var frame = frame
                let centre = content.centre
                frame.placement.m.replaceSubrange(12..<15, with: [centre.x, centre.y, centre.z])
                switch content.kind {
                case "b3dm": await check(model: content.payload, path, frame)
                case "pnts": checkPoints(content, path, frame)
                default:
                    // Where instances stand is not read; their model is judged without a volume.
                    report.notCovered["places of i3dm instances", default: 0] += 1
                    frame.volumes = []
                    if content.isEmbedded {
                        await check(model: content.payload, path, frame)
                    } else {
                        await checkAddress(content.payload, path)
                    }
                }
            }
        } catch let damage {
            add("model", path, damage.message)
        }
    }

    private mutating func checkAddress(_ bytes: [UInt8], _ path: String) async {
        let text = String(decoding: bytes, as: UTF8.self).trimmingCharacters(in: .whitespaces.union(["\0"]))
        if await source.read(Tiles3DSource.resolve(text, from: path)) == nil {
            add("missing", path, "i3dm: there is no model \(text)")
        }
    }

    private mutating func checkPoints(_ content: LegacyContent, _ path: String, _ frame: Frame) {
        guard let points = content.points else {
            report.notCovered["compressed points of pnts", default: 0] += 1
            return
        }
        report.vertices += points.count / 3
        // Points are z-up already: undo the turn of models.
        let upright = Matrix4(m: [1, 0, 0, 0, 0, 0, -1, 0, 0, 1, 0, 0, 0, 0, 0, 1])
        judge(outside: outside(points, upright, frame), path)
    }
}
