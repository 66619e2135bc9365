// SPDX-License-Identifier: Apache-2.0
import Foundation

/// One execution of an analysis that somebody asked for in the background.
public struct Job: Sendable, Hashable, Codable {
    public enum State: String, Sendable, Hashable, Codable {
        case accepted, running, successful, failed, dismissed

        public var isFinished: Bool { self != .accepted && self != .running }
    }

    public var id: String
    public var analysis: String
    public var state: State
    /// What it does, or why it failed.
    public var message: String
    /// 0 to 100.
    public var progress: Int
    /// RFC 3339.
    public var created: String
    public var started: String?
    public var finished: String?
    public var updated: String
    /// The name of the token of whoever sent it; nil for an anonymous caller.
    public var owner: String?
    /// The inputs as JSON.
    public var inputs: String
    /// Media type of the result.
    public var mediaType: String?
    /// Whether the caller wants the result inside a document of results, or as it is.
    public var isDocument: Bool
    /// Whether the inputs were at fault.
    public var isCallersFault: Bool
}

/// The clock of jobs.
enum JobClock {
    static func now() -> String { LiveTime.format(Int64((Date().timeIntervalSince1970 * 1000).rounded())) }
}
