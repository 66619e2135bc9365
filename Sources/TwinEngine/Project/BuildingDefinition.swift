// SPDX-License-Identifier: Apache-2.0
import Yams

/// What of a buildings model comes from which field, beyond height and ground. Names are those of the layers' fields.
public struct BuildingDefinition: Sendable, Hashable {
    /// The parts of a roof, after OSM's Simple 3D Buildings.
    public struct RoofFields: Sendable, Hashable {
        public var shape: String?
        /// Metres from eaves to ridge.
        public var height: String?
        /// Degrees of the slope, where there is no height.
        public var angle: String?
        /// Storeys below the roof, where there is neither.
        public var floors: String?
        /// The bearing that a slope faces: degrees, or N, NNE, …
        public var direction: String?
        /// `along` or `across`.
        public var orientation: String?
        /// `#rrggbb`.
        public var colour: String?
    }

    public var roof = RoofFields()
    /// Metres above the ground at which a part begins.
    public var minHeight: String?
    /// Storeys above the ground at which a part begins, where there is no height.
    public var minFloors: String?
    /// Whether a feature is a part of a building: yes for any value but none, `no`, `false` and 0.
    public var part: String?
    /// `#rrggbb` of the walls.
    public var colour: String?
    /// The field that says what a building is used for, and metres per storey by its values.
    public var use: String?
    public var storeyHeights: [String: Double] = [:]

    public init() {}

    /// All fields that are named.
    var fields: [String] {
        [
            roof.shape, roof.height, roof.angle, roof.floors, roof.direction, roof.orientation, roof.colour, minHeight,
            minFloors, part, colour, use,
        ].compactMap(\.self)
    }
}

extension ProjectReader {
    /// The keys that a model of kind `buildings` has and others do not.
    static let buildingKeys = ["roof", "min_height", "min_floors", "part", "wall_color", "storey_heights"]

    func buildings(_ node: ConfigurationNode) -> BuildingDefinition {
        var building = BuildingDefinition()
        building.minHeight = node.string("min_height")
        building.minFloors = node.string("min_floors")
        building.part = node.string("part")
        building.colour = node.string("wall_color")
        if let roof = node.child("roof") {
            roof.allow(["shape", "height", "angle", "floors", "direction", "orientation", "color"])
            building.roof = BuildingDefinition.RoofFields(
                shape: roof.string("shape"), height: roof.string("height"), angle: roof.string("angle"),
                floors: roof.string("floors"), direction: roof.string("direction"),
                orientation: roof.string("orientation"), colour: roof.string("color"))
        }
        if let storeys = node.child("storey_heights") {
            storeys.allow(["field", "values"])
            building.use = storeys.required("field", example: "use")
            for (key, value) in storeys.child("values")?.pairs ?? [] {
                guard let metres = value.string.flatMap(Double.init), metres > 0, metres.isFinite else {
                    storeys.fail("'\(storeys.path).values' needs metres for each use, for example `{商业: 4.2}`")
                    continue
                }
                building.storeyHeights[key.string ?? ""] = metres
            }
        }
        return building
    }
}
