// SPDX-License-Identifier: Apache-2.0
import Foundation
import Spatial
import Tiles
import Yams

/// A 3D tileset that others made, such as a reality mesh (实景三维), registered in the project file.
public struct ExternalTileset: Sendable, Hashable {
    public var id: String
    public var title: LocalizedText
    /// A folder with `tileset.json`, as an absolute path.
    public var path: String
    /// Metres upward: for meshes whose heights are of another datum.
    public var heightOffset: Double
    public var department: String
    public var classification: Classification
}

extension ProjectReader {
    func tileset(_ node: ConfigurationNode) -> ExternalTileset {
        node.allow(["id", "title", "path", "height_offset", "department", "classification"])
        let id = node.required("id", example: "mesh")
        return ExternalTileset(
            id: id, title: node.localized("title", fallback: id),
            path: resolve(node.required("path", example: "mesh")), heightOffset: node.number("height_offset") ?? 0,
            department: node.required("department", example: "自然资源局"),
            classification: node.choice("classification", Classification.self) ?? .public)
    }
}

extension ExternalTileset {
    /// What the main document says of the whole tileset, in Earth-centred coordinates.
    struct Head {
        var volume: Tiles3DVolume
        var geometricError: Double
    }

    /// Reads the head of `tileset.json`.
    ///
    /// - Throws: `TwinError.model` if it is not there or has no root with a bounding volume.
    func head() throws -> Head {
        guard let data = FileManager.default.contents(atPath: path + "/tileset.json") else {
            throw TwinError(.model, "tileset '\(id)': there is no \(path)/tileset.json; correct `path`")
        }
        guard let document = Tiles3DChecker.object([UInt8](data)), let root = document["root"] as? [String: Any],
            let bounds = root["boundingVolume"] as? [String: Any]
        else { throw TwinError(.model, "tileset '\(id)': \(path)/tileset.json has no root with a boundingVolume") }
        let matrix = (root["transform"] as? [Double]).flatMap { $0.count == 16 ? Matrix4(m: $0) : nil } ?? .identity
        guard let volume = Tiles3DVolume(bounds)?.moved(by: matrix) else {
            throw TwinError(.model, "tileset '\(id)': its root's boundingVolume is no box, sphere or region")
        }
        return Head(volume: volume, geometricError: document["geometricError"] as? Double ?? 0)
    }

    /// The matrix that lifts the tileset by its offset, along the vertical at its centre.
    func lift(_ head: Head) -> Matrix4 {
        guard heightOffset != 0 else { return .identity }
        let up = LocalFrame.up(at: head.volume.sphere.center)
        let move = up * heightOffset
        return Matrix4(m: [1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, move.x, move.y, move.z, 1])
    }

    /// The bytes of a file of the tileset; nil where there is none, or it is outside the folder.
    public func content(path name: String) -> [UInt8]? {
        let parts = name.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.allSatisfy({ !$0.isEmpty && !$0.hasPrefix(".") && !$0.contains("\\") }) else { return nil }
        let folder = URL(fileURLWithPath: path).resolvingSymlinksInPath().path
        let file = URL(fileURLWithPath: folder + "/" + name).resolvingSymlinksInPath().path
        guard file.hasPrefix(folder + "/") else { return nil }
        return FileManager.default.contents(atPath: file).map { [UInt8]($0) }
    }
}

extension Tiles3DVolume {
    init?(_ bounds: [String: Any]) {
        if let numbers = bounds["box"] as? [Double], let box = Tiles3DVolume(box: numbers) {
            self = box
        } else if let numbers = bounds["sphere"] as? [Double], numbers.count == 4 {
            self = .sphere(SIMD3(numbers[0], numbers[1], numbers[2]), numbers[3])
        } else if let numbers = bounds["region"] as? [Double], numbers.count == 6 {
            self = .region(numbers)
        } else {
            return nil
        }
    }

    /// The volume in the frame above; regions stay where they are.
    func moved(by matrix: Matrix4) -> Tiles3DVolume {
        func turned(_ axis: SIMD3<Double>) -> SIMD3<Double> { matrix.apply(axis) - matrix.apply(.zero) }
        switch self {
        case .box(let center, let axes): return .box(matrix.apply(center), axes.map(turned))
        case .sphere(let center, let radius):
            let scale = [SIMD3(1.0, 0, 0), SIMD3(0, 1, 0), SIMD3(0, 0, 1)].map { axis in
                let moved = turned(axis)
                return (moved * moved).sum().squareRoot()
            }
            return .sphere(matrix.apply(center), radius * (scale.max() ?? 1))
        case .region: return self
        }
    }

    /// The region lifted by metres; others stay, as a transform lifts them.
    func lifted(by metres: Double) -> Tiles3DVolume {
        guard case .region(var numbers) = self else { return self }
        numbers[4] += metres
        numbers[5] += metres
        return .region(numbers)
    }

    /// A sphere around the volume, Earth-centred for regions.
    var sphere: (center: SIMD3<Double>, radius: Double) {
        switch self {
        case .sphere(let center, let radius): return (center, radius)
        case .box(let center, let axes):
            return (center, axes.reduce(0) { $0 + ($1 * $1).sum().squareRoot() })
        case .region(let n):
            func place(_ longitude: Double, _ latitude: Double, _ height: Double) -> SIMD3<Double> {
                LocalFrame.geocentric(
                    longitude: longitude * 180 / .pi, latitude: latitude * 180 / .pi, height: height)
            }
            let center = place((n[0] + n[2]) / 2, (n[1] + n[3]) / 2, (n[4] + n[5]) / 2)
            let corners = [n[0], n[2]].flatMap { x in
                [n[1], n[3]].flatMap { y in [n[4], n[5]].map { place(x, y, $0) } }
            }
            return (center, corners.reduce(0) { max($0, (($1 - center) * ($1 - center)).sum().squareRoot()) })
        }
    }

    var json: [String: Any] {
        switch self {
        case .box(let center, let axes): ["box": ([center] + axes).flatMap { [$0.x, $0.y, $0.z] }]
        case .sphere(let center, let radius): ["sphere": [center.x, center.y, center.z, radius]]
        case .region(let numbers): ["region": numbers]
        }
    }
}

extension LocalFrame {
    /// The vertical on the ellipsoid at an Earth-centred position, near the ground within a millionth of a degree.
    static func up(at place: SIMD3<Double>) -> SIMD3<Double> {
        let (a, b) = (6_378_137.0, 6_356_752.314_245)
        let normal = place / SIMD3(a * a, a * a, b * b)
        return normal / (normal * normal).sum().squareRoot()
    }
}

extension City {
    /// The city's root tileset: the models and external tilesets that a caller may see, each by its own document.
    ///
    /// - Parameters:
    ///   - models: Ids of models with their readable layers, in the order of the project.
    ///   - tilesets: Ids of external tilesets.
    /// - Returns: `tileset.json`, whose addresses are relative to `/3dtiles/`, and why tilesets were left out.
    public func rootTileset(
        models: [(id: String, layers: Set<String>)], tilesets: Set<String>, ground: ModelGround = .ellipsoid
    ) throws -> (json: [UInt8], problems: [String]) {
        var children: [[String: Any]] = []
        var spheres: [(center: SIMD3<Double>, radius: Double)] = []
        var problems: [String] = []
        var largest = 0.0
        func add(_ uri: String, _ volume: Tiles3DVolume, _ error: Double, _ transform: Matrix4, lift: Double = 0) {
            var child: [String: Any] = [
                "boundingVolume": volume.lifted(by: lift).json, "geometricError": error, "content": ["uri": uri],
            ]
            if transform.m != Matrix4.identity.m { child["transform"] = transform.m }
            children.append(child)
            spheres.append(volume.lifted(by: lift).moved(by: transform).sphere)
            largest = max(largest, error)
        }
        for (id, layers) in models {
            guard let model = try model(id, layers: layers, ground: ground), let head = model.head else { continue }
            let prefix = ground == .flat ? "\(id)/flat" : id
            add("\(prefix)/tileset.json", head.volume, head.geometricError, .identity)
        }
        for tileset in project.tilesets where tilesets.contains(tileset.id) {
            do {
                let head = try tileset.head()
                add(
                    "\(tileset.id)/tileset.json", head.volume, head.geometricError, tileset.lift(head),
                    lift: tileset.heightOffset)
            } catch {
                problems.append("\(error)")
            }
        }
        let all = Self.around(spheres)
        let document: [String: Any] = [
            "asset": ["version": "1.1", "generator": "TwinEngine"], "geometricError": max(largest, all.radius),
            "root": [
                "boundingVolume": Tiles3DVolume.sphere(all.center, all.radius).json, "geometricError": largest,
                "refine": "ADD", "children": children,
            ] as [String: Any],
        ]
        let data = try JSONSerialization.data(
            withJSONObject: document, options: [.sortedKeys, .withoutEscapingSlashes])
        return ([UInt8](data), problems)
    }

    private static func around(_ spheres: [(center: SIMD3<Double>, radius: Double)]) -> (
        center: SIMD3<Double>, radius: Double
    ) {
        guard !spheres.isEmpty else { return (SIMD3(0, 0, 0), 1) }
        let center = spheres.reduce(SIMD3<Double>.zero) { $0 + $1.center } / Double(spheres.count)
        let radius = spheres.reduce(0) { largest, sphere in
            let gap = sphere.center - center
            return max(largest, (gap * gap).sum().squareRoot() + sphere.radius)
        }
        return (center, radius + 1)
    }
}

extension CityModel {
    /// The bounds of the whole model in Earth-centred coordinates, and the error of not showing it.
    var head: ExternalTileset.Head? {
        guard let (box, error) = planHead else { return nil }
        let numbers = [
            box.center.x, box.center.y, box.center.z, (box.max.x - box.min.x) / 2, 0, 0, 0, (box.max.y - box.min.y) / 2,
            0,
            0, 0, (box.max.z - box.min.z) / 2,
        ]
        return Tiles3DVolume(box: numbers).map {
            ExternalTileset.Head(volume: $0.moved(by: Matrix4(m: frame.frame.toGeocentric)), geometricError: error)
        }
    }
}
