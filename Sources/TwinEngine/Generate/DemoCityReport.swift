// SPDX-License-Identifier: Apache-2.0

/// What was written.
public struct DemoCityReport: Sendable {
    public var buildings = 0
    /// How many of them stand in villages.
    public var villageBuildings = 0
    /// Features by layer id of `city.yaml`.
    public var layers: [String: Int] = [:]
    /// Deliberate contradictions between plans, by kind; also in `conflicts.json`.
    public var conflicts: [String: Int] = [:]
    /// Files below the directory.
    public var files: [String] = []
}
