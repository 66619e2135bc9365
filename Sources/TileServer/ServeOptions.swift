// SPDX-License-Identifier: Apache-2.0
public import TwinEngine

/// How `twin serve` serves. The defaults suit one machine in a trusted network.
public struct ServeOptions: Sendable {
    /// Address to listen on; `0.0.0.0` for every interface.
    public var host = "127.0.0.1"
    public var port = 8080
    /// The store, whose folder `live` keeps the observation log; nil keeps observations in memory only.
    public var store: String?
    /// The folder with third-party JavaScript, served under `/vendor`.
    public var vendorDirectory: String?
    /// The access file with tokens; nil opens public layers and ingest to everybody, and closes the rest.
    public var accessFile: String?
    /// Play the traces that the project names, marked as simulated.
    public var replay = false
    /// Make up values for ledger terminals that report none, marked as simulated.
    public var simulate = false
    /// Seconds of silence after which a terminal outside the ledger disappears from the map; nil keeps it.
    public var liveTimeToLive: Int64?
    /// PMTiles and MBTiles files that are served as tilesets under their own names.
    public var archives: [String] = []
    /// Who may read them: an archive does not say.
    public var archiveClassification = Classification.public
    /// Rasters of heights that are served as terrain, with heights above the project's vertical datum.
    public var terrain: [String] = []
    /// Who may read them: fine heights are often not public.
    public var terrainClassification = Classification.public
    /// Whether a feature can only be changed by a client that names its state in `If-Match`.
    public var requiresIfMatch = false
    public var limits = ServerLimits()

    public init() {}
}

/// Bounds that keep one client from taking the server away from the others.
public struct ServerLimits: Sendable {
    /// Largest request body, bytes.
    public var bodyBytes = 32 << 20
    /// Seconds for a request's body to arrive, and for an idle connection to be closed.
    public var requestSeconds: Int64 = 60
    /// Jobs that compute at the same time; 0 takes one per core, at least two.
    public var workers = 0
    /// Jobs that compute or wait; more are answered 503 with Retry-After.
    public var queuedJobs = 512
    /// Batches of observations in work or waiting; more are answered 429 with Retry-After.
    public var queuedBatches = 32
    /// Bytes of the tile cache.
    public var cacheBytes = 256 << 20
    /// Open connections.
    public var connections = 4096
    /// Open event streams.
    public var streams = 512

    public init() {}
}
