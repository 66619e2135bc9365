// SPDX-License-Identifier: Apache-2.0
import Spatial

/// A moment of a city's past: a version of its change log, and when that was written.
public struct CityMoment: Sendable, Hashable {
    public let version: Int64
    /// RFC 3339 in UTC; nil for version 0.
    public let time: String?
}

extension City {
    /// The moment that a text names: a version (`4711`), a time (`2026-11-21T08:00:00Z`), a day (`2026-11-21`: its end in
    /// UTC) or `now`.
    ///
    /// - Throws: `TwinError.argument` for anything else, and for a version that is not there yet.
    public func moment(_ text: String) throws -> CityMoment {
        let newest = try store.version()
        if text == "now" { return try CityMoment(version: newest, time: store.moment(of: newest)) }
        if let version = Int64(text), version >= 0 {
            guard version <= newest else {
                throw TwinError(.argument, "the store has no version \(version) yet; its newest is \(newest)")
            }
            return try CityMoment(version: version, time: store.moment(of: version))
        }
        let isDay = text.utf8.count == 10
        guard let milliseconds = LiveTime.parse((isDay ? text + "T23:59:59.999Z" : text).utf8) else {
            throw TwinError(
                .argument,
                "'\(text)' is no moment; give a version (4711), a time (2026-11-21T08:00:00Z), a day (2026-11-21) or now"
            )
        }
        let version = try store.version(at: StoreTime.text(milliseconds))
        return try CityMoment(version: version, time: store.moment(of: version))
    }

    /// A layer as it was at a version. Everything that reads a view works on it: queries, items, tiles.
    ///
    /// The features that changed since are put back from the record's history; the others are read from the present
    /// snapshot. O(changes since) in time and memory.
    /// - Throws: `TwinError.notFound` for an unknown layer, `argument` for a version before the layer's history begins or
    ///   for a layer that keeps none.
    public func past(layer id: String, at version: Int64) throws -> LayerView {
        guard let present = view().layer(id) else {
            throw TwinError(.notFound, "there is no layer '\(id)'; `twin info` lists them")
        }
        guard let start = try store.historyStart(layer: id) else {
            throw TwinError(
                .argument, "the layer '\(id)' keeps no history; set `history: true` in city.yaml and import again")
        }
        guard version >= start else {
            let since = try store.moment(of: start).map { " of \($0)" } ?? ""
            throw TwinError(
                .argument,
                "the history of layer '\(id)' begins with version \(start)\(since); ask for that or a later one")
        }
        let states = try store.pastStates(
            present.definition, hasSolid: present.hasSolids, at: version, coordinates)
        let kept = present.delta.features.filter { !states.changed.contains($0.id) }
        let hidden = states.changed.compactMap { present.snapshot.row(id: $0) }
        let delta = LayerDelta(
            features: kept + states.features, hiddenRows: present.delta.hiddenRows.union(hidden), version: version,
            isPast: true)
        return LayerView(
            definition: present.definition, snapshot: present.snapshot, delta: delta, coordinates: present.coordinates)
    }
}

/// Times as the change log writes them: RFC 3339 in UTC, always with milliseconds, so that they sort as texts.
enum StoreTime {
    static func text(_ milliseconds: Int64) -> String {
        let text = LiveTime.format(milliseconds)
        return text.utf8.count == 20 ? text.dropLast() + ".000Z" : text
    }
}
