// SPDX-License-Identifier: Apache-2.0
import Spatial

/// What is here (一书): everything that touches a parcel, with shares that sum to it.
struct ParcelReport: Sendable {
    /// Where the parcel comes from.
    enum Origin: Sendable {
        case drawn
        case feature(AnalysisLayer, row: Int)
    }

    /// A class of one layer within the parcel.
    struct ClassShare: Sendable {
        var name: String
        var count = 0
        /// Square metres of polygons, metres of lines, 0 of points.
        var amount = 0.0
    }

    /// A feature that touches the parcel.
    struct FeatureShare: Sendable {
        var row: Int
        var amount: Double
    }

    /// Buildings, where a layer tells storeys or heights.
    struct Buildings: Sendable {
        var whole = 0
        var partial = 0
        var footprint = 0.0
        var floorArea = 0.0
        var withoutFloors = 0
        var greatestHeight: Double?
    }

    /// One layer within the parcel.
    struct Section: Sendable {
        var layer: AnalysisLayer
        var classField: String?
        var classes: [ClassShare] = []
        var features: [FeatureShare] = []
        var count = 0
        /// Square metres covered, each place once, and what is covered more than once.
        var covered = 0.0
        var multiple = 0.0
        var buildings: Buildings?
        /// Sums of fields that count people, by the share of each polygon that lies in the parcel.
        var people: [(field: String, sum: Double)] = []
    }

    /// The nearest feature of a layer that has none within.
    struct Nearest: Sendable {
        var layer: AnalysisLayer
        var row: Int
        /// Metres from the parcel's boundary.
        var distance: Double
    }

    var origin: Origin
    var geometry: FlatGeometry
    /// Square metres on the map and on the ellipsoid, metres.
    var area = 0.0
    var ellipsoidal = 0.0
    var perimeter = 0.0
    var center: LonLat
    var sections: [Section] = []
    /// All layers that were looked at, for the plan around the parcel.
    var layers: [AnalysisLayer] = []
    var nearest: [Nearest] = []
    /// Live terminals within, by code; nil where there are none to be had: on the command line, or without the right.
    var terminals: [LiveTerminal]?
    /// The change of the live index that they are as of.
    var liveSequence: UInt64?
    /// Metres within which the nearest were looked for.
    var reach: Double
}

/// Collects a parcel report.
struct ParcelSurvey: Sendable {
    /// Names of fields that count people.
    static let peopleFields = ["population", "residents", "people", "pop", "POP", "households", "人口", "户数"]

    var origin: ParcelReport.Origin
    var geometry: FlatGeometry
    var layers: [(layer: AnalysisLayer, field: String?)]
    var nearestLayers: [AnalysisLayer]
    /// Metres.
    var reach: Double
    /// Features listed per layer.
    var limit: Int
    let project: CityProject
    let coordinates: CityCoordinates
    var live: LiveSnapshot?

    func run(_ progress: AnalysisProgress) throws -> ParcelReport {
        let parcel = OverlayPolygon(geometry)
        let region = try PreparedRegion(polygon: geometry)
        let flat = FlatCoordinates(grid: geometry)
        let view = geometry.view
        var center = LonLat(longitude: .nan, latitude: .nan)
        if let middle = view.centroid {
            center = coordinates.lonLat(
                GridPoint(x: Int32(clamping: Int(middle.x.rounded())), y: Int32(clamping: Int(middle.y.rounded()))))
        }
        var report = ParcelReport(
            origin: origin, geometry: geometry, area: view.area,
            ellipsoidal: try coordinates.ellipsoidalArea(ofMillimetres: flat), perimeter: view.length, center: center,
            reach: reach)
        report.layers = layers.map(\.layer)
        progress.expect(layers.count + nearestLayers.count)
        let overlay = try PolygonOverlay()
        for (layer, field) in layers {
            do {
                let section = try section(layer, field, parcel, region, overlay)
                if section.count > 0 { report.sections.append(section) }
            } catch let error as SpatialError {
                throw TwinError(
                    .source, "layer \(layer.id) cannot be overlaid with the parcel; mend its polygons: \(error.message)"
                )
            }
            try progress.step()
        }
        for layer in nearestLayers {
            if !report.sections.contains(where: { $0.layer.id == layer.id }), let found = try nearest(layer) {
                report.nearest.append(found)
            }
            try progress.step()
        }
        if let live {
            report.liveSequence = live.sequence
            report.terminals = live.slots(in: region.box).compactMap { slot in
                let fix = live.fix(slot)
                return region.contains(fix.point) ? live.terminal(slot: slot, fix: fix) : nil
            }.sorted { $0.code < $1.code }
        }
        report.nearest.sort { ($0.distance, $0.layer.id) < ($1.distance, $1.layer.id) }
        return report
    }

    // MARK: Layers

    private func section(
        _ layer: AnalysisLayer, _ field: String?, _ parcel: OverlayPolygon, _ region: PreparedRegion,
        _ overlay: PolygonOverlay
    ) throws -> ParcelReport.Section {
        var section = ParcelReport.Section(layer: layer, classField: field)
        let column = try field.map { try layer.field($0, "layers") }
        let own: Int? = if case .feature(let home, let row) = origin, home.id == layer.id { row } else { nil }
        var rows: [Int] = []
        layer.view.searchRows(parcel.box) { row in
            if row != own, layer.view.withGeometry(row: row, { region.intersects($0) }) { rows.append(row) }
            return true
        }
        var classes: [String: ParcelReport.ClassShare] = [:]
        var pieces: [FlatCoordinates] = []
        var buildings = BuildingCounter(layer, project)
        var people = PeopleCounter(layer)
        for row in rows {
            let amount: Double
            switch layer.definition.geometry {
            case .point: amount = 0
            case .line: amount = try length(layer, row, parcel, region, overlay)
            case .polygon:
                let polygon = layer.view.withGeometry(row: row) { OverlayPolygon($0) }
                guard let piece = try shared(parcel, polygon, overlay) else { continue }
                pieces.append(piece)
                amount = piece.planarArea / 1e6
                buildings?.add(row, amount, of: polygon.area)
                people?.add(row, polygon.area > 0 ? min(1, amount / polygon.area) : 1)
            }
            if layer.definition.geometry == .line, amount == 0 { continue }
            if layer.definition.geometry != .polygon { people?.add(row, 1) }
            let name = column.map { layer.view.value(row: row, column: $0).text ?? PlanRows.unclassified } ?? ""
            classes[name, default: ParcelReport.ClassShare(name: name)].count += 1
            classes[name]?.amount += amount
            section.count += 1
            section.features.append(ParcelReport.FeatureShare(row: row, amount: amount))
        }
        section.classes = classes.values.sorted { ($1.amount, $1.count, $0.name) < ($0.amount, $0.count, $1.name) }
        section.features.sort { ($1.amount, layer.view.id(row: $0.row)) < ($0.amount, layer.view.id(row: $1.row)) }
        if layer.definition.geometry == .polygon {
            section.covered = try overlay.coveredArea(pieces) / 1e6
            section.multiple = section.classes.reduce(0) { $0 + $1.amount } - section.covered
        }
        section.buildings = buildings?.result
        section.people = people?.sums ?? []
        return section
    }

    private func shared(
        _ parcel: OverlayPolygon, _ polygon: OverlayPolygon, _ overlay: PolygonOverlay
    ) throws -> FlatCoordinates? {
        switch try overlay.shared(parcel, polygon) {
        case .none: nil
        case .wholeFirst: FlatCoordinates(grid: parcel.geometry)
        case .wholeSecond: FlatCoordinates(grid: polygon.geometry)
        case .part(let flat): flat
        }
    }

    /// Metres of a line within the parcel.
    private func length(
        _ layer: AnalysisLayer, _ row: Int, _ parcel: OverlayPolygon, _ region: PreparedRegion,
        _ overlay: PolygonOverlay
    ) throws -> Double {
        if region.classify(layer.view.box(row: row)) == .inside {
            return layer.view.withGeometry(row: row) { $0.length }
        }
        let line = FlatCoordinates(grid: layer.view.geometry(row: row))
        return try overlay.length(of: line, in: parcel) / 1000
    }

    private func nearest(_ layer: AnalysisLayer) throws -> ParcelReport.Nearest? {
        var radius = min(250, reach)
        while true {
            let region = try PreparedRegion(around: geometry, millimetres: Int64(radius * 1000))
            var best: ParcelReport.Nearest?
            layer.view.searchRows(region.box) { row in
                let squared = layer.view.withGeometry(row: row) { region.distanceSquared(ifWithin: $0) }
                if let squared, squared.squareRoot() / 1000 < best?.distance ?? .infinity {
                    best = ParcelReport.Nearest(layer: layer, row: row, distance: squared.squareRoot() / 1000)
                }
                return true
            }
            if best != nil || radius >= reach { return best }
            radius = min(reach, radius * 3)
        }
    }
}

/// Sums storeys and footprints of a layer of buildings.
struct BuildingCounter {
    private let layer: AnalysisLayer
    private let floors: Int?
    private let height: Int?
    private(set) var result = ParcelReport.Buildings()

    /// Nil for a layer that no 3D model of buildings uses and that has no field `floors`.
    init?(_ layer: AnalysisLayer, _ project: CityProject) {
        let model = project.models.first { $0.kind == .buildings && $0.layers.contains(layer.id) }
        func field(_ name: String?) -> Int? {
            guard let name, !layer.masked.contains(name) else { return nil }
            return layer.definition.fieldIndex(name)
        }
        floors = field(model?.floors) ?? field("floors")
        height = field(model?.height) ?? field("height")
        guard model != nil || floors != nil else { return nil }
        self.layer = layer
    }

    mutating func add(_ row: Int, _ inside: Double, of footprint: Double) {
        if inside >= footprint * (1 - 1e-9) { result.whole += 1 } else { result.partial += 1 }
        result.footprint += inside
        if let count = floors.flatMap({ layer.view.value(row: row, column: $0).number }), count > 0 {
            result.floorArea += inside * count
        } else {
            result.floorArea += inside
            result.withoutFloors += 1
        }
        if let height = height.flatMap({ layer.view.value(row: row, column: $0).number }) {
            result.greatestHeight = max(result.greatestHeight ?? height, height)
        }
    }
}

/// Sums fields that count people.
private struct PeopleCounter {
    private let layer: AnalysisLayer
    private let columns: [(name: String, column: Int)]
    private var totals: [Double]

    init?(_ layer: AnalysisLayer) {
        self.layer = layer
        columns = layer.definition.fields.indices.compactMap { index in
            let field = layer.definition.fields[index]
            guard ParcelSurvey.peopleFields.contains(field.name), !layer.masked.contains(field.name),
                field.type == .integer || field.type == .real
            else { return nil }
            return (field.name, index)
        }
        guard !columns.isEmpty else { return nil }
        totals = columns.map { _ in 0 }
    }

    mutating func add(_ row: Int, _ share: Double) {
        for (place, entry) in columns.enumerated() {
            totals[place] += share * (layer.view.value(row: row, column: entry.column).number ?? 0)
        }
    }

    var sums: [(field: String, sum: Double)] { zip(columns, totals).map { ($0.name, $1) } }
}

extension LayerView {
    /// A copy of a row's geometry, flat. O(vertices).
    func geometry(row: Int) -> FlatGeometry {
        withGeometry(row: row) { view in
            var copy = FlatGeometry(kind: view.kind)
            copy.xy.reserveCapacity(view.xy.count)
            for index in view.xy.indices { copy.xy.append(view.xy[index]) }
            for index in view.ringEnds.indices { copy.ringEnds.append(view.ringEnds[index]) }
            return copy
        }
    }
}
