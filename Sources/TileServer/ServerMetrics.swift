// SPDX-License-Identifier: Apache-2.0
import CoreMetrics
import Synchronization

/// A swift-metrics backend that keeps its series in memory and writes them as Prometheus text (format 0.0.4).
///
/// The server's own figures go through it, and what libraries report once it is the system's factory.
/// Thread use: any.
final class ServerMetrics: MetricsFactory {
    private struct Key: Hashable {
        var label: String
        var labels: String
    }

    private let all = Mutex<[Key: any MetricSeries]>([:])

    /// The series of a name and its dimensions, made on first use.
    private func series<S: MetricSeries>(_ label: String, _ dimensions: [(String, String)], _ make: () -> S) -> S {
        let labels = dimensions.map { "\($0.0)=\"\(Self.escaped($0.1))\"" }.joined(separator: ",")
        let key = Key(label: label, labels: labels)
        return all.withLock { all in
            if let known = all[key] as? S { return known }
            let new = make()
            all[key] = new
            return new
        }
    }

    private static func escaped(_ value: String) -> String {
        // Searching texts costs microseconds, and this runs for each request.
        let isPlain = !value.utf8.contains { byte in
            byte == UInt8(ascii: "\\") || byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\n")
        }
        return isPlain
            ? value
            : value.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"").replacing("\n", with: "\\n")
    }

    func makeCounter(label: String, dimensions: [(String, String)]) -> any CounterHandler {
        series(label, dimensions) { CounterSeries() }
    }

    func makeMeter(label: String, dimensions: [(String, String)]) -> any MeterHandler {
        series(label, dimensions) { GaugeSeries() }
    }

    func makeRecorder(label: String, dimensions: [(String, String)], aggregate: Bool) -> any RecorderHandler {
        aggregate ? series(label, dimensions) { HistogramSeries() } : series(label, dimensions) { GaugeSeries() }
    }

    func makeTimer(label: String, dimensions: [(String, String)]) -> any TimerHandler {
        series(label, dimensions) { HistogramSeries() }
    }

    func destroyCounter(_ handler: any CounterHandler) { remove(handler) }
    func destroyMeter(_ handler: any MeterHandler) { remove(handler) }
    func destroyRecorder(_ handler: any RecorderHandler) { remove(handler) }
    func destroyTimer(_ handler: any TimerHandler) { remove(handler) }

    private func remove(_ handler: AnyObject) {
        all.withLock { all in all = all.filter { $0.value !== handler } }
    }

    /// Adds one finished request.
    func record(method: String, route: String, status: Int, duration: Duration) {
        timer(method: method, route: route, status: status).recordNanoseconds(Int64(duration / .nanoseconds(1)))
    }

    /// The series of requests of a kind.
    func timer(method: String, route: String, status: Int) -> any TimerHandler {
        makeTimer(
            label: "twin_http_request_duration_seconds",
            dimensions: [("method", method), ("route", route), ("status", String(status))])
    }

    /// Puts the present value of something that the server counts elsewhere.
    func set(_ label: String, _ value: Double) {
        Meter(label: label, dimensions: [], factory: self).set(value)
    }

    /// All series as Prometheus text, sorted.
    func exposition() -> String {
        let sorted = all.withLock { $0 }.sorted { ($0.key.label, $0.key.labels) < ($1.key.label, $1.key.labels) }
        var text = ""
        var label = ""
        for (key, series) in sorted {
            // Prometheus names have no dots or dashes.
            let name = String(key.label.map { $0.isASCII && ($0.isLetter || $0.isNumber) ? $0 : "_" })
            if key.label != label {
                text += "# TYPE \(name) \(series.type(name))\n"
                label = key.label
            }
            series.write(name, key.labels, to: &text)
        }
        return text
    }
}

/// One line or group of lines of the exposition.
private protocol MetricSeries: AnyObject, Sendable {
    func type(_ name: String) -> String
    func write(_ name: String, _ labels: String, to text: inout String)
}

private func line(_ name: String, _ labels: String, _ value: String) -> String {
    labels.isEmpty ? "\(name) \(value)\n" : "\(name){\(labels)} \(value)\n"
}

private final class CounterSeries: MetricSeries, CounterHandler {
    private let value = Atomic<Int64>(0)

    func increment(by amount: Int64) { value.wrappingAdd(amount, ordering: .relaxed) }
    func reset() { value.store(0, ordering: .relaxed) }
    func type(_ name: String) -> String { "counter" }

    func write(_ name: String, _ labels: String, to text: inout String) {
        text += line(name, labels, String(value.load(ordering: .relaxed)))
    }
}

private final class GaugeSeries: MetricSeries, MeterHandler, RecorderHandler {
    private let value = Mutex<Double>(0)

    func set(_ value: Int64) { set(Double(value)) }
    func set(_ value: Double) { self.value.withLock { $0 = value } }
    func increment(by amount: Double) { value.withLock { $0 += amount } }
    func decrement(by amount: Double) { value.withLock { $0 -= amount } }
    func record(_ value: Int64) { set(Double(value)) }
    func record(_ value: Double) { set(value) }
    /// What only grows is a counter, by Prometheus' naming convention.
    func type(_ name: String) -> String { name.hasSuffix("_total") ? "counter" : "gauge" }

    func write(_ name: String, _ labels: String, to text: inout String) {
        let value = value.withLock { $0 }
        let isWhole = value == value.rounded() && value.magnitude < 1e15
        text += line(name, labels, isWhole ? String(Int64(value)) : String(value))
    }
}

/// Seconds or plain values in fixed buckets.
private final class HistogramSeries: MetricSeries, TimerHandler, RecorderHandler {
    private struct State {
        var count: UInt64 = 0
        var sum = 0.0
        var buckets = [UInt64](repeating: 0, count: HistogramSeries.bounds.count)
    }

    /// Upper bounds, seconds.
    private static let bounds = [0.001, 0.005, 0.025, 0.1, 0.5, 2.5]
    private let state = Mutex<State>(State())

    func recordNanoseconds(_ duration: Int64) { record(Double(duration) / 1e9) }
    func record(_ value: Int64) { record(Double(value)) }

    func record(_ value: Double) {
        state.withLock { state in
            state.count += 1
            state.sum += value
            for (index, bound) in Self.bounds.enumerated() where value <= bound { state.buckets[index] += 1 }
        }
    }

    func type(_ name: String) -> String { "histogram" }

    func write(_ name: String, _ labels: String, to text: inout String) {
        let state = state.withLock { $0 }
        let prefix = labels.isEmpty ? "" : labels + ","
        for (index, bound) in Self.bounds.enumerated() {
            text += line("\(name)_bucket", "\(prefix)le=\"\(bound)\"", String(state.buckets[index]))
        }
        text += line("\(name)_bucket", "\(prefix)le=\"+Inf\"", String(state.count))
        text += line("\(name)_sum", labels, String(state.sum))
        text += line("\(name)_count", labels, String(state.count))
    }
}
