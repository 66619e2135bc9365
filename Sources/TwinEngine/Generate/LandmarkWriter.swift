// SPDX-License-Identifier: Apache-2.0

/// About forty buildings of the old town as CityJSON 2.0, LoD2: walls, pitched or flat roofs, semantics.
///
/// Source: CityJSON 2.0.1. Vertices are millimetres from the transform's translation; `referenceSystem` is the plane
/// system EPSG:4549, heights are metres above the 1985 datum as the project file declares.
final class LandmarkWriter: QuarterWriter {
    static let wanted = 40
    private var objects: [String] = []
    private var vertices: [String] = []
    private var origin: PlanPoint?
    private let folder: String
    private var low = (PlanPoint(.infinity, .infinity), Double.infinity)
    private var high = (PlanPoint(-.infinity, -.infinity), -Double.infinity)
    var count: Int { objects.count }

    init(folder: String) { self.folder = folder }

    func write(_ quarter: Quarter) throws {
        guard count < Self.wanted else { return }
        for block in quarter.blocks {
            for parcel in block.parcels {
                for building in parcel.buildings where building.rings.count == 1 && building.rings[0].count == 4 {
                    guard count < Self.wanted else { return }
                    add(building)
                }
            }
        }
    }

    private func vertex(_ p: PlanPoint, _ z: Double) -> Int {
        let start = origin ?? p
        origin = start
        low = (PlanPoint(min(low.0.x, p.x), min(low.0.y, p.y)), min(low.1, z))
        high = (PlanPoint(max(high.0.x, p.x), max(high.0.y, p.y)), max(high.1, z))
        vertices.append(
            "[\(Int(((p.x - start.x) * 1000).rounded())),\(Int(((p.y - start.y) * 1000).rounded())),"
                + "\(Int((z * 1000).rounded()))]"
        )
        return vertices.count - 1
    }

    /// Corners counter-clockwise from above; for pitched roofs the ridge runs along the longer side.
    ///
    ///     d7 --------- c6        r1, r2: ridge ends
    ///     |  r2 --- r1  |
    ///     a4 --------- b5
    private func add(_ building: PlannedBuilding) {
        var ring = building.rings[0]
        if (ring[1] - ring[0]).length < (ring[2] - ring[1]).length { ring = [ring[1], ring[2], ring[3], ring[0]] }
        let floor = ring.map { vertex($0, building.ground) }
        let eaves = ring.map { vertex($0, building.ground + building.height) }
        let pitched = building.floors <= 3
        var surfaces: [([Int], Int)] = [(floor.reversed(), 0)]
        for index in 0..<4 where !(pitched && index % 2 == 1) {
            let next = (index + 1) % 4
            surfaces.append(([floor[index], floor[next], eaves[next], eaves[index]], 1))
        }
        if pitched {
            let rise = (ring[2] - ring[1]).length * 0.28
            let top = building.ground + building.height + rise
            let west = vertex(ring[3].lerp(ring[0], 0.5), top)
            let east = vertex(ring[1].lerp(ring[2], 0.5), top)
            // Gable walls reach up to the ridge.
            surfaces.append(([floor[1], floor[2], eaves[2], east, eaves[1]], 1))
            surfaces.append(([floor[3], floor[0], eaves[0], west, eaves[3]], 1))
            surfaces.append(([eaves[0], eaves[1], east, west], 2))
            surfaces.append(([eaves[2], eaves[3], west, east], 2))
        } else {
            surfaces.append((eaves, 2))
        }
        let shells = surfaces.map { "[[\($0.0.map(String.init).joined(separator: ","))]]" }.joined(separator: ",")
        let kinds = surfaces.map { String($0.1) }.joined(separator: ",")
        let height = building.height + (pitched ? (ring[2] - ring[1]).length * 0.28 : 0)
        objects.append(
            "\"LM\(padded(count + 1, 4))\":{\"type\":\"Building\",\"attributes\":{\"name\":\"\(building.name)\","
                + "\"storeysAboveGround\":\(building.floors),\"measuredHeight\":\(fixed(height, 2)),"
                + "\"yearOfConstruction\":\(building.year),\"roofType\":\"\(pitched ? "坡屋顶" : "平屋顶")\"},"
                + "\"geometry\":[{\"type\":\"Solid\",\"lod\":\"2.2\",\"boundaries\":[[\(shells)]],"
                + "\"semantics\":{\"surfaces\":["
                + "{\"type\":\"GroundSurface\"},{\"type\":\"WallSurface\"},{\"type\":\"RoofSurface\"}],"
                + "\"values\":[[\(kinds)]]}}]}"
        )
    }

    func finish() throws {
        let start = origin ?? CityFrame.jiaozhou
        let extent = count > 0 ? [low.0.x, low.0.y, low.1, high.0.x, high.0.y, high.1] : [0, 0, 0, 0, 0, 0]
        var text =
            "{\"type\":\"CityJSON\",\"version\":\"2.0\",\"transform\":{\"scale\":[0.001,0.001,0.001],\"translate\":["
        text +=
            "\(fixed(start.x, 3)),\(fixed(start.y, 3)),0.0]},\"metadata\":{\"identifier\":\"jiaozhou-demo-landmarks\","
        text += "\"title\":\"胶州示范城地标建筑\",\"referenceSystem\":\"https://www.opengis.net/def/crs/EPSG/0/4549\","
        text += "\"geographicalExtent\":[\(extent.map { fixed($0, 3) }.joined(separator: ","))]},\"CityObjects\":{\n"
        text += objects.joined(separator: ",\n") + "\n},\"vertices\":[" + vertices.joined(separator: ",") + "]}\n"
        try FileStore.write(text, to: folder + "/landmarks.city.json")
    }
}
