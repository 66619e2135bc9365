// SPDX-License-Identifier: Apache-2.0
import Spatial

/// A layer after its access decision, as an analysis reads it.
public struct AnalysisLayer: Sendable {
    public let view: LayerView
    /// Fields that the caller may not see: they are neither classified, filtered nor written.
    public let masked: Set<String>

    public init(view: LayerView, masked: Set<String>) {
        self.view = view
        self.masked = masked
    }

    public var id: String { view.definition.id }
    public var definition: LayerDefinition { view.definition }

    /// The position of a field that the caller sees.
    ///
    /// - Throws: `TwinError.argument` for any other name; a masked field and a missing one read alike.
    func field(_ name: String, _ parameter: String) throws -> Int {
        let visible = definition.fields.filter { !masked.contains($0.name) }.map(\.name)
        guard visible.contains(name), let index = definition.fieldIndex(name) else {
            let hint = nearest(to: name, in: visible).map { "; did you mean '\($0)'?" } ?? ""
            throw TwinError(
                .argument,
                "\(parameter): layer \(id) has no field '\(name.prefix(80))'\(hint) It has: "
                    + visible.joined(separator: ", "))
        }
        return index
    }

    /// The field that classes the layer: the one that its style colours by, else one with a usual name.
    var classField: String? {
        let visible = definition.fields.map(\.name).filter { !masked.contains($0) }
        if let styled = definition.style.category?.field, visible.contains(styled) { return styled }
        return ["land_use", "class", "type", "kind", "zone", "category", "use", "name"].first(where: visible.contains)
    }
}

/// What an analysis runs on: one consistent view of the city, and the layers that its caller may read.
public struct AnalysisScope: Sendable {
    public let city: City
    public let view: CityView
    public let coordinates: CityCoordinates
    public let project: CityProject
    /// The live terminals, where a server has them and the caller may read them.
    public let live: LiveSnapshot?
    /// The masked fields of a layer that the caller may read.
    private let decide: @Sendable (LayerView) throws -> Set<String>
    /// The same without an audit record, nil where the caller may not read it.
    private let sees: @Sendable (LayerView) -> Set<String>?

    /// - Parameters:
    ///   - decide: the access decision of one layer that a request names; throws where it is denied.
    ///   - live: the terminals that the caller may read.
    ///   - sees: the same for lists of all layers; nil leaves the layer out.
    public init(
        city: City, view: CityView, live: LiveSnapshot? = nil,
        decide: @escaping @Sendable (LayerView) throws -> Set<String>,
        sees: @escaping @Sendable (LayerView) -> Set<String>?
    ) {
        self.city = city
        self.view = view
        coordinates = city.coordinates
        project = city.project
        self.live = live
        self.decide = decide
        self.sees = sees
    }

    /// All layers and fields, for the owner of the store's files.
    public init(city: City) {
        self.init(city: city, view: city.view(), decide: { _ in [] }, sees: { _ in [] })
    }

    /// A layer that the request names.
    ///
    /// - Throws: `TwinError.argument` for an unknown one, and what the access decision throws.
    func layer(_ id: String, _ parameter: String) throws -> AnalysisLayer {
        guard let layer = view.layer(id) else {
            let known = readable().map(\.id)
            let hint = nearest(to: id, in: known).map { "; did you mean '\($0)'?" } ?? ""
            throw TwinError(
                .argument,
                "\(parameter): there is no layer '\(id.prefix(80))'\(hint) There are: \(known.joined(separator: ", "))")
        }
        return AnalysisLayer(view: layer, masked: try decide(layer))
    }

    /// A layer of polygons that the request names.
    func polygonLayer(_ id: String, _ parameter: String) throws -> AnalysisLayer {
        let layer = try layer(id, parameter)
        guard layer.definition.geometry == .polygon else {
            throw TwinError(
                .argument,
                "\(parameter): layer \(id) holds \(layer.definition.geometry)s; name a layer of polygons")
        }
        return layer
    }

    /// All layers that the caller may read, in the project's order.
    func readable() -> [AnalysisLayer] {
        view.layers.compactMap { layer in sees(layer).map { AnalysisLayer(view: layer, masked: $0) } }
    }
}
