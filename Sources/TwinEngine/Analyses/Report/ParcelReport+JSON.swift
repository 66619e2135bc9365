// SPDX-License-Identifier: Apache-2.0
import Spatial

extension ParcelReport {
    /// The report as JSON; `limit` features are listed per layer.
    func json(_ record: AnalysisRecord, _ coordinates: CityCoordinates, limit: Int) -> JSONBytes {
        var out = JSONBytes(capacity: 1 << 14)
        out.raw("{")
        record.append(to: &out)
        out.raw(",\"parcel\":")
        parcel(coordinates, &out)
        out.raw(",\"layers\":")
        out.list(sections) { section($1, limit, &$0) }
        out.raw(",\"nearest\":")
        out.list(nearest) { out, entry in
            out.raw("{\"layer\":")
            out.string(entry.layer.id)
            out.raw(",\"title\":")
            out.localized(entry.layer.definition.title)
            out.raw(",\"distance\":")
            out.fixed(entry.distance, 3)
            out.raw(",")
            feature(entry.layer, entry.row, &out)
            out.raw("}")
        }
        out.raw(",\"reach\":")
        out.real(reach)
        out.raw(",\"live\":")
        live(limit, &out)
        out.raw("}")
        return out
    }

    /// Sensors within with what they last said; null where the analysis has no live index.
    private func live(_ limit: Int, _ out: inout JSONBytes) {
        guard let terminals, let liveSequence else { return out.raw("null") }
        out.raw("{\"sequence\":")
        out.integer(Int64(bitPattern: liveSequence))
        out.raw(",\"count\":")
        out.integer(terminals.count)
        out.raw(",\"terminals\":")
        out.list(terminals.prefix(limit)) { $1.appendFeature(to: &$0) }
        out.raw("}")
    }

    private func parcel(_ coordinates: CityCoordinates, _ out: inout JSONBytes) {
        out.raw("{")
        if case .feature(let layer, let row) = origin {
            out.raw("\"layer\":")
            out.string(layer.id)
            out.raw(",")
            feature(layer, row, &out)
            out.raw(",")
        }
        out.raw("\"area\":")
        out.fixed(area, 6)
        out.raw(",\"ellipsoidalArea\":")
        out.fixed(ellipsoidal, 6)
        out.raw(",\"perimeter\":")
        out.fixed(perimeter, 3)
        out.raw(",\"center\":")
        out.position(center)
        out.raw(",\"geometry\":")
        out.polygon(FlatCoordinates(grid: geometry), coordinates)
        out.raw("}")
    }

    /// `"id":…,"code":…,"properties":{…}` with the fields that the caller sees.
    private func feature(_ layer: AnalysisLayer, _ row: Int, _ out: inout JSONBytes) {
        out.raw("\"id\":")
        out.integer(layer.view.id(row: row))
        if let code = layer.view.value(row: row, column: layer.view.codeColumn).text {
            out.raw(",\"code\":")
            out.string(code)
        }
        out.raw(",\"properties\":{")
        var isFirst = true
        for (column, field) in layer.definition.fields.enumerated() where !layer.masked.contains(field.name) {
            if !isFirst { out.raw(",") }
            isFirst = false
            out.key(field.name)
            out.value(layer.view.value(row: row, column: column))
        }
        out.raw("}")
    }

    private func section(_ section: Section, _ limit: Int, _ out: inout JSONBytes) {
        let kind = section.layer.definition.geometry
        let measure = kind == .polygon ? "area" : "length"
        out.raw("{\"layer\":")
        out.string(section.layer.id)
        out.raw(",\"title\":")
        out.localized(section.layer.definition.title)
        out.raw(",\"geometry\":")
        out.string("\(kind)")
        out.raw(",\"count\":")
        out.integer(section.count)
        if let field = section.classField {
            out.raw(",\"classField\":")
            out.string(field)
        }
        if kind == .polygon {
            for (name, value) in [
                ("covered", section.covered), ("uncovered", area - section.covered),
                ("coveredMoreThanOnce", section.multiple), ("coveredShare", area > 0 ? section.covered / area : 0),
            ] {
                out.raw(",")
                out.key(name)
                out.fixed(value, 6)
            }
        }
        out.raw(",\"classes\":")
        out.list(section.classes) { out, entry in
            out.raw("{\"class\":")
            out.string(entry.name)
            out.raw(",\"count\":")
            out.integer(entry.count)
            self.amount(entry.amount, kind, measure, &out)
            out.raw("}")
        }
        if let buildings = section.buildings { self.buildings(buildings, &out) }
        if !section.people.isEmpty {
            out.raw(",\"people\":{")
            for (index, entry) in section.people.enumerated() {
                if index > 0 { out.raw(",") }
                out.key(entry.field)
                out.fixed(entry.sum, 3)
            }
            out.raw("}")
        }
        out.raw(",\"returned\":")
        out.integer(min(limit, section.features.count))
        out.raw(",\"features\":")
        out.list(section.features.prefix(limit)) { out, entry in
            out.raw("{")
            feature(section.layer, entry.row, &out)
            self.amount(entry.amount, kind, measure, &out)
            out.raw("}")
        }
        out.raw("}")
    }

    private func amount(_ amount: Double, _ kind: GeometryKind, _ measure: String, _ out: inout JSONBytes) {
        guard kind != .point else { return }
        out.raw(",")
        out.key(measure)
        out.fixed(amount, kind == .polygon ? 6 : 3)
        guard kind == .polygon else { return }
        out.raw(",\"share\":")
        out.fixed(area > 0 ? amount / area : 0, 8)
    }

    private func buildings(_ buildings: Buildings, _ out: inout JSONBytes) {
        out.raw(",\"buildings\":{\"whole\":")
        out.integer(buildings.whole)
        out.raw(",\"partial\":")
        out.integer(buildings.partial)
        out.raw(",\"withoutFloors\":")
        out.integer(buildings.withoutFloors)
        for (name, value) in [
            ("footprint", buildings.footprint), ("floorArea", buildings.floorArea),
            ("floorAreaRatio", area > 0 ? buildings.floorArea / area : 0),
            ("density", area > 0 ? buildings.footprint / area : 0),
        ] {
            out.raw(",")
            out.key(name)
            out.fixed(value, 6)
        }
        if let height = buildings.greatestHeight {
            out.raw(",\"greatestHeight\":")
            out.fixed(height, 3)
        }
        out.raw("}")
    }
}
