// SPDX-License-Identifier: Apache-2.0
import Synchronization
import TwinEngine

/// Layers as they were, kept for those who ask for the same moment again: pages, and the tiles of one map.
///
/// A past state never changes, but it reads the snapshot of the present: it is made anew when that is another. Any thread.
final class PastLayers: Sendable {
    private struct Key: Hashable {
        var layer: String
        var version: Int64
    }

    private struct Entry {
        var past: LayerView
        var present: LayerView
        var use: UInt64
    }

    private struct State {
        var entries: [Key: Entry] = [:]
        var clock: UInt64 = 0
    }

    private let limit: Int
    private let state = Mutex(State())

    /// - Parameter limit: states that are kept; each holds what changed since.
    init(limit: Int = 16) { self.limit = limit }

    /// A layer at a version, from the record's history. O(changes since) the first time: call it on a worker.
    ///
    /// - Throws: `TwinError.argument` for a layer without history or a version before it.
    func layer(_ present: ReadableLayer, at version: Int64, _ city: City) throws -> ReadableLayer {
        let key = Key(layer: present.id, version: version)
        let known = state.withLock { state -> LayerView? in
            guard let entry = state.entries[key], entry.present === present.view else { return nil }
            state.clock += 1
            state.entries[key]?.use = state.clock
            return entry.past
        }
        if let known { return ReadableLayer(view: known, masked: present.masked) }
        let past = try city.past(layer: present.id, at: version)
        state.withLock { state in
            state.clock += 1
            state.entries[key] = Entry(past: past, present: present.view, use: state.clock)
            while state.entries.count > limit, let oldest = state.entries.min(by: { $0.value.use < $1.value.use }) {
                state.entries[oldest.key] = nil
            }
        }
        return ReadableLayer(view: past, masked: present.masked)
    }
}

/// Which state of layers a request asks for.
enum PastRequest {
    static let version = RouteParameter.query(
        "version",
        "The state of layers with `history: true` at a version of the store, an instant, a day (its end in UTC) or now.",
        example: "\"now\"")

    /// What tiles take: the page may use either.
    static let names = ["version", "datetime"]

    /// The layer that a request for features reads: `version`, and `datetime` on layers that have a history and no date.
    ///
    /// Of an interval it is the state at its end. It may read the record: call it on a worker.
    /// - Throws: 400 with the parameter that is wrong.
    static func layer(
        _ present: ReadableLayer, _ query: QueryParameters, _ server: CityServer
    ) throws -> ReadableLayer {
        if let text = query["version"] { return try layer(present, text, "version", server) }
        guard let text = query["datetime"], present.timeField == nil, present.definition.keepsHistory else {
            return present
        }
        let period = try ItemsRequest.period(text)
        return try layer(present, period.end ?? "now", "datetime", server)
    }

    /// Layers at the moment that a request for a tile names; those that keep no history as they are now.
    static func layers(
        _ present: [ReadableLayer], _ text: String, _ parameter: String, _ server: CityServer
    ) throws -> [ReadableLayer] {
        guard present.contains(where: \.definition.keepsHistory) else {
            throw Problem.parameter(parameter, "no layer of this tileset keeps a history; leave \(parameter) out")
        }
        return try present.map { $0.definition.keepsHistory ? try layer($0, text, parameter, server) : $0 }
    }

    private static func layer(
        _ present: ReadableLayer, _ text: String, _ parameter: String, _ server: CityServer
    ) throws -> ReadableLayer {
        do {
            let moment = try server.city.moment(text)
            if text == "now" { return present }
            return try server.past.layer(present, at: moment.version, server.city)
        } catch let error as TwinError where error.code == .argument {
            let example = parameter == "version" ? "version=now" : "datetime=2099-01-01T00:00:00Z"
            throw Problem.parameter(parameter, error.message + "; for example \(example)")
        }
    }
}
