// SPDX-License-Identifier: Apache-2.0

/// Finds what each scenario looks at: a block of the wanted use, or a planted conflict, nearest to where the scenario
/// plays. Memory does not grow with the city.
final class SceneAnchors: QuarterWriter {
    enum Target: Sendable {
        case block(LandUse)
        /// A kind of `PlanConflict`.
        case conflict(String)
    }

    /// By scenario; scenarios not listed look at their place itself.
    static let targets: [String: Target] = [
        "fire": .block(.oldHousing), "gas_leak": .block(.commerce), "main_burst": .block(.housing),
        "hazmat": .block(.industry), "power_cut": .block(.hospital), "plan_review": .conflict("class"),
        "three_lines": .conflict("redline"), "land_supply": .block(.housing), "height_check": .conflict("height"),
        "farmland": .conflict("farmland"), "pipe_survey": .block(.industry), "school_catchment": .block(.school),
        "security": .block(.government), "heating": .block(.housing), "parks": .block(.park), "air": .block(.park),
        "old_town": .block(.oldHousing), "sewage": .block(.housing), "lighting": .block(.commerce),
    ]

    private let wanted: [(id: String, use: LandUse, place: PlanPoint)]
    private var best: [(distance: Double, place: PlanPoint?)]
    private let places: [String: PlanPoint]

    init(_ frame: CityFrame) {
        let scenes = ProjectText.sceneShares.map { scene in
            (id: scene.id, place: frame.place(scene.s * frame.radius, scene.t * frame.radius))
        }
        places = Dictionary(uniqueKeysWithValues: scenes.map { ($0.id, $0.place) })
        wanted = scenes.compactMap { scene in
            guard case .block(let use)? = Self.targets[scene.id] else { return nil }
            return (scene.id, use, scene.place)
        }
        best = wanted.map { _ in (Double.infinity, nil) }
    }

    func write(_ quarter: Quarter) throws {
        guard quarter.plan.zone.isUrban else { return }
        for block in quarter.blocks {
            for (index, scene) in wanted.enumerated() where scene.use == block.use {
                let distance = (block.center - scene.place).length
                if distance < best[index].distance { best[index] = (distance, block.center) }
            }
        }
    }

    func finish() throws {}

    /// Where a scenario's view and query centre.
    func center(_ id: String, _ conflicts: [PlanConflict]) -> PlanPoint {
        let place = places[id] ?? CityFrame.jiaozhou
        if let index = wanted.firstIndex(where: { $0.id == id }) { return best[index].place ?? place }
        guard case .conflict(let kind)? = Self.targets[id] else { return place }
        let near = conflicts.filter { $0.kind == kind }
            .min { ($0.place - place).length < ($1.place - place).length }
        return near?.place ?? place
    }
}
