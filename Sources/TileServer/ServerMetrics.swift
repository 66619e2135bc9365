// SPDX-License-Identifier: Apache-2.0
import Synchronization

/// Counts and durations of requests by route and status, written as Prometheus text.
final class ServerMetrics: Sendable {
    private struct Key: Hashable {
        var method: String
        var route: String
        var status: Int
    }

    private struct Series {
        var count: UInt64 = 0
        var seconds = 0.0
        var buckets = [UInt64](repeating: 0, count: ServerMetrics.bounds.count)
    }

    /// Upper bounds of the duration histogram, seconds.
    private static let bounds = [0.001, 0.005, 0.025, 0.1, 0.5, 2.5]

    private let series = Mutex<[Key: Series]>([:])

    /// Adds one finished request.
    func record(method: String, route: String, status: Int, duration: Duration) {
        let parts = duration.components
        let seconds = Double(parts.seconds) + Double(parts.attoseconds) / 1e18
        series.withLock { series in
            let key = Key(method: method, route: route, status: status)
            series[key, default: Series()].count += 1
            series[key, default: Series()].seconds += seconds
            for (index, bound) in Self.bounds.enumerated() where seconds <= bound {
                series[key, default: Series()].buckets[index] += 1
            }
        }
    }

    /// The exposition text (Prometheus text format 0.0.4), with more lines appended.
    func exposition(_ more: [(name: String, type: String, help: String, value: Double)]) -> String {
        let all = series.withLock { $0 }
        let keys = all.keys.sorted { ($0.route, $0.method, $0.status) < ($1.route, $1.method, $1.status) }
        var text = """
            # HELP twin_http_request_duration_seconds Time from the request's head to the finished answer.
            # TYPE twin_http_request_duration_seconds histogram

            """
        for key in keys {
            guard let one = all[key] else { continue }
            let labels = "method=\"\(key.method)\",route=\"\(key.route)\",status=\"\(key.status)\""
            for (index, bound) in Self.bounds.enumerated() {
                text += "twin_http_request_duration_seconds_bucket{\(labels),le=\"\(bound)\"} \(one.buckets[index])\n"
            }
            text += "twin_http_request_duration_seconds_bucket{\(labels),le=\"+Inf\"} \(one.count)\n"
            text += "twin_http_request_duration_seconds_sum{\(labels)} \(one.seconds)\n"
            text += "twin_http_request_duration_seconds_count{\(labels)} \(one.count)\n"
        }
        for line in more {
            text += "# HELP \(line.name) \(line.help)\n# TYPE \(line.name) \(line.type)\n"
            let whole = line.value == line.value.rounded() && line.value.magnitude < 1e15
            text += "\(line.name) \(whole ? "\(Int64(line.value))" : "\(line.value)")\n"
        }
        return text
    }
}
