// SPDX-License-Identifier: Apache-2.0
internal import Dispatch

/// Runs writers side by side: each file is written by one thread at a time, in the quarters' order.
final class WriterLanes {
    /// One writer and what it last failed with.
    private final class Lane: @unchecked Sendable {
        // `@unchecked` because a lane is touched by one iteration of `concurrentPerform` at a time, and by the caller
        // only after all iterations have returned.
        let writer: any QuarterWriter
        var failure: (any Error)?

        init(_ writer: any QuarterWriter) { self.writer = writer }

        func run(_ body: (any QuarterWriter) throws -> Void) {
            do { try body(writer) } catch { failure = error }
        }
    }

    private let lanes: [Lane]

    /// - Parameter writers: the slowest first.
    init(_ writers: [any QuarterWriter]) { lanes = writers.map(Lane.init) }

    func write(_ quarters: [Quarter]) throws {
        let lanes = lanes
        DispatchQueue.concurrentPerform(iterations: lanes.count) { index in
            lanes[index].run { writer in for quarter in quarters { try writer.write(quarter) } }
        }
        try rethrow()
    }

    func finish() throws {
        let lanes = lanes
        DispatchQueue.concurrentPerform(iterations: lanes.count) { index in
            lanes[index].run { try $0.finish() }
        }
        try rethrow()
    }

    private func rethrow() throws {
        for lane in lanes { if let failure = lane.failure { throw failure } }
    }
}

/// Builds quarters side by side.
enum QuarterLanes {
    private final class Share: @unchecked Sendable {
        // `@unchecked` because each share is filled by one iteration of `concurrentPerform` and read after all of them.
        var quarters: [Quarter] = []
    }

    /// Quarters in the order of their places.
    static func build(_ frame: CityFrame, _ places: ArraySlice<DemoCity.Place>) -> [Quarter] {
        let size = 12
        let shares = (0..<((places.count + size - 1) / size)).map { _ in Share() }
        let first = places.startIndex
        DispatchQueue.concurrentPerform(iterations: shares.count) { index in
            let start = first + index * size
            shares[index].quarters = places[start..<min(places.endIndex, start + size)].map {
                Quarter(frame, $0.column, $0.row)
            }
        }
        return shares.flatMap(\.quarters)
    }
}
