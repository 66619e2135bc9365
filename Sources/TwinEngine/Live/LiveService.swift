// SPDX-License-Identifier: Apache-2.0
public import Logging
import Spatial

/// Live sensing of a city: the index, its durable log, and the ledger that fills it at start.
public final class LiveService: Sendable {
    public let index: LiveIndex
    /// What changed, serialised once for all that follow.
    public let broadcast: LiveBroadcast
    /// How sensitive the live terminals are: as the ledger layer says, public without one.
    public let classification: Classification
    private let log: ObservationLog?
    private let logger: Logger

    /// What became of one batch.
    public struct Report: Sendable {
        public var accepted: Int
        public var rejected: [LiveRejection]
    }

    /// Opens the live part of a city: registers the ledger's terminals, then replays the observation log.
    ///
    /// - Parameters:
    ///   - city: gives the grid, the ledger layer and its features.
    ///   - directory: the store; observations go to `directory/live`. Nil keeps them in memory only.
    ///   - timeToLive: seconds of silence after which a terminal outside the ledger disappears.
    /// - Throws: `TwinError.system` if the log cannot be read or made.
    public init(city: City, directory: String?, timeToLive: Int64? = nil, logger: Logger) throws {
        self.logger = logger
        let extent = city.project.extent
        let index = LiveIndex(timeToLive: timeToLive) { (position) throws(SpatialError) in
            guard extent.isNear(position) else {
                throw SpatialError(
                    .coordinates, "lon \(position.longitude), lat \(position.latitude) is far outside the city's extent"
                )
            }
            return try city.gridPoint(position)
        } place: { point in
            city.lonLat(point)
        }
        self.index = index
        broadcast = LiveBroadcast(index)
        log = try directory.map { try ObservationLog(directory: $0 + "/live", logger: logger) }
        let ledger = city.project.live?.ledger.flatMap { city.view().layer($0) }
        classification = ledger?.definition.classification ?? .public
        if let ledger { register(ledger, city) }
        if let log {
            let unreadable = try log.replay { index.apply(index.admit($0).admitted) }
            if unreadable > 0 {
                logger.warning("observation log has unreadable lines", metadata: ["lines": "\(unreadable)"])
            }
            // What has expired needs no place in the next checkpoint. Judged by its own time, not by its absence: a
            // batch may be durable and not yet applied.
            log.setRetention { observation, now in
                let seconds = observation.timeToLive.map(Int64.init) ?? timeToLive ?? 0
                return seconds == 0 || observation.time >= now - seconds * 1000 || index.isKnown(observation.code)
            }
        }
        let count = index.publish().count
        logger.info("live index ready", metadata: ["terminals": "\(count)"])
    }

    /// Reads, logs and applies one batch. Returns after the accepted observations are durable and can be seen. Blocks on
    /// the disk.
    ///
    /// - Parameters:
    ///   - body: NDJSON or GeoJSON, as ``LiveParser`` reads it.
    ///   - now: milliseconds since 1970, the time of observations that state none.
    /// - Throws: `TwinError.system` if the log cannot be written; then nothing of the batch was applied.
    public func ingest(_ body: [UInt8], now: Int64) throws -> Report {
        var parser = LiveParser(now: now)
        parser.parse(body)
        let (admitted, refused) = index.admit(parser.observations)
        if let log, !admitted.isEmpty {
            var lines = JSONBytes(capacity: body.count)
            for (observation, _) in admitted { observation.append(to: &lines) }
            try log.append(lines.bytes, now: now)
        }
        index.apply(admitted)
        index.flush()
        let rejected = (parser.rejections + refused).sorted { $0.line < $1.line }
        return Report(accepted: admitted.count, rejected: rejected)
    }

    /// Lists the ledger's terminals: the field `code` (or the feature's id), `name` and `kind` if the layer has them.
    private func register(_ ledger: LayerView, _ city: City) {
        let definition = ledger.definition
        let fields = ["code", "name", "kind"].map { definition.fieldIndex($0) }
        var failures = 0
        let everywhere = GridBox(minX: .min, minY: .min, maxX: .max, maxY: .max)
        ledger.search(everywhere) { feature in
            let texts = fields.map { $0.flatMap { text(feature.value($0)) } }
            let box = feature.box
            let middle = GridPoint(
                x: Int32((Int64(box.minX) + Int64(box.maxX)) / 2), y: Int32((Int64(box.minY) + Int64(box.maxY)) / 2))
            do {
                try index.register(
                    code: texts[0] ?? feature.code ?? "\(definition.id)-\(feature.id)", name: texts[1], kind: texts[2],
                    position: city.lonLat(middle))
            } catch {
                failures += 1
            }
            return true
        }
        if failures > 0 {
            logger.warning("ledger terminals off the city grid", metadata: ["count": "\(failures)"])
        }
    }

    private func text(_ value: FieldValue) -> String? {
        switch value {
        case .null: nil
        case .string(let text): text.isEmpty ? nil : text
        case .integer(let number): "\(number)"
        case .real(let number): "\(number)"
        case .boolean(let flag): "\(flag)"
        case .binary: nil
        }
    }
}

extension LonLatBox {
    /// Whether a position lies in the box, sides included.
    func contains(_ position: LonLat) -> Bool {
        position.longitude >= west && position.longitude <= east && position.latitude >= south
            && position.latitude <= north
    }

    /// Whether a position lies in the box or within a quarter of its size around it, where the city's grid is accurate.
    fileprivate func isNear(_ position: LonLat) -> Bool {
        let marginX = (east - west) / 4 + 0.01
        let marginY = (north - south) / 4 + 0.01
        return position.longitude >= west - marginX && position.longitude <= east + marginX
            && position.latitude >= south - marginY && position.latitude <= north + marginY
    }
}
