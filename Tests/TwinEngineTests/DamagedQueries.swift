// SPDX-License-Identifier: Apache-2.0
import Foundation
import Spatial
import TestSupport

@testable import TwinEngine

/// Asks the query engine about a snapshot whose bytes cannot be trusted: one question of every region, its output, filter
/// and way by chance. Answers are not looked at: what counts is that there is one, or an error with a reason.
enum DamagedQueries {
    static func ask(_ damaged: LayerView, _ random: inout SeededGenerator) throws {
        let view = withFields(damaged)
        let city = CityView(version: 1, layers: [view])
        let coordinates = view.coordinates
        let here = coordinates.lonLat(GridPoint(x: 0, y: 0))
        func near(_ east: Double, _ north: Double) -> LonLat {
            LonLat(longitude: here.longitude + east, latitude: here.latitude + north)
        }
        let regions: [SpatialQuery.Region] = [
            .everywhere, .circle(here, metres: 700), .circle(here, metres: 90_000),
            .nearest(here, count: 9, metres: nil),
            .box(LonLatBox(west: here.longitude, south: here.latitude, east: here.longitude + 1, north: 40)),
            .polygon(QueryPolygon(ring: [here, near(0.02, 0), near(0.02, 0.02)])),
            .corridor([here, near(0.01, 0.003), near(0.02, 0)], metres: 120),
        ]
        let outputs = Self.outputs(view)
        let filters = Self.filters(view)
        for region in regions {
            var query = SpatialQuery(
                layers: [view.definition.id], region: region,
                output: outputs.randomElement(using: &random) ?? .counts)
            query.filter = filters.randomElement(using: &random) ?? nil
            query.limit = 5
            query.access = SpatialQuery.Access.allCases.randomElement(using: &random) ?? .automatic
            do {
                _ = try city.answer(query, in: coordinates)
            } catch let error as TwinError where error.code == .argument {
                // A class column that damage gave too many values.
            }
        }
    }

    private static func outputs(_ view: LayerView) -> [SpatialQuery.Output] {
        let fields = view.definition.fields
        let number = fields.first { $0.type == .integer || $0.type == .real }
            .map { SpatialQuery.Measure.field($0.name) }
        return [.features, .counts, .sums(by: nil, of: .area)]
            + fields.filter { $0.type != .real }.prefix(3).map { .sums(by: $0.name, of: number) }
    }

    private static func filters(_ view: LayerView) -> [ColumnFilter?] {
        var filters: [ColumnFilter?] = [nil]
        for field in view.definition.fields {
            switch field.type {
            case .integer: filters.append(.compare(field.name, .greaterOrEqual, .integer(0)))
            case .real: filters.append(.compare(field.name, .less, .real(0.5)))
            case .boolean: filters.append(.compare(field.name, .equal, .boolean(true)))
            default:
                filters.append(.like(field.name, LikePattern("%宅%")))
                filters.append(.compare(field.name, .greaterOrEqual, .text("住宅")))
            }
        }
        return filters
    }

    /// The same layer with its columns as fields.
    private static func withFields(_ view: LayerView) -> LayerView {
        let fields = view.snapshot.metadata.columns.prefix { $0.type != .binary }.map { column in
            let type: FieldType =
                switch column.type {
                case .integer: .integer
                case .real: .real
                case .boolean: .boolean
                case .text, .binary: .string
                }
            return FieldDefinition(
                name: column.name, from: nil, type: type, unit: nil, title: LocalizedText(zh: "", en: ""))
        }
        let former = view.definition
        let definition = LayerDefinition(
            id: former.id, title: former.title, theme: former.theme, department: former.department,
            classification: .public, geometry: former.geometry, sources: [], code: nil, isBase: false, zoom: 0...22,
            fields: fields, style: former.style)
        return LayerView(
            definition: definition, snapshot: view.snapshot, delta: view.delta, coordinates: view.coordinates)
    }
}
