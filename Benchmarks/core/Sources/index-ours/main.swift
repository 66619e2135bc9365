// SPDX-License-Identifier: Apache-2.0
import Glibc
import Spatial

func cpu(_ clock: clockid_t) -> Double {
    var time = timespec()
    clock_gettime(clock, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) * 1e-9
}

/// Seconds of CPU of this thread.
func timed(_ body: () -> Void) -> Double {
    let start = cpu(CLOCK_THREAD_CPUTIME_ID)
    body()
    return cpu(CLOCK_THREAD_CPUTIME_ID) - start
}

func wall(_ body: () -> Void) -> Double {
    let start = cpu(CLOCK_MONOTONIC)
    body()
    return cpu(CLOCK_MONOTONIC) - start
}

func report(_ row: String, _ value: Double, _ unit: String, _ check: Double) {
    print(
        "{\"row\": \"\(row)\", \"side\": \"TwinEngine\", \"value\": \(value), \"unit\": \"\(unit)\", \"check\": \(check)}"
    )
    fflush(nil)
}

func best(_ body: () -> Double) -> Double {
    var best = Double.infinity
    for _ in 0..<rounds { best = min(best, body()) }
    return best
}

func size(_ count: Int) -> String { count >= 1_000_000 ? "\(count / 1_000_000)M" : "\(count / 1000)k" }

func run(_ count: Int, clustered: Bool) {
    var random = SplitMix64(state: 42)
    let points = Workload.points(count, clustered: clustered, &random)
    let data = size(count) + (clustered ? " clustered" : "")
    let queries = 20_000
    let centres = Workload.centres(queries, of: points, clustered: clustered, &random)
    var tree = PackedPointTree(points)
    report("build, \(data)", best { timed { tree = PackedPointTree(points) } } * 1000, "ms", Double(tree.count))
    report(
        "build on two threads (wall), \(data)", best { wall { tree = PackedPointTree(points, threads: 2) } } * 1000,
        "ms", Double(tree.count))
    var found = RowBuffer()
    for (radius, name) in [(Int64(500_000), "500 m"), (100_000, "100 m")] {
        var hits = 0
        let rate = best {
            hits = 0
            return timed {
                let view = tree.view
                for centre in centres {
                    found.removeAll()
                    view.collect(GridCircle(center: centre, radius: radius), payload: tree.order.span, into: &found)
                    hits += found.count
                }
            }
        }
        report("radius \(name), \(data)", Double(queries) / rate, "queries/s", Double(hits) / Double(queries))
        let counting = best {
            hits = 0
            return timed {
                let view = tree.view
                for centre in centres { hits += view.count(in: GridCircle(center: centre, radius: radius)) }
            }
        }
        report("count \(name), \(data)", Double(queries) / counting, "queries/s", Double(hits) / Double(queries))
    }
    var scratch = NearestScratch()
    var sum = 0.0
    let rate = best {
        sum = 0
        return timed {
            let view = tree.view
            for centre in centres {
                view.nearest(to: centre, limit: 10, scratch: &scratch)
                sum += scratch.items[9].distanceSquared.squareRoot()
            }
        }
    }
    report("nearest 10, \(data)", Double(queries) / rate, "queries/s", sum / Double(queries))
}

let numbers = CommandLine.arguments.dropFirst().compactMap { Int($0) }
let rounds = numbers.first ?? 5
let sizes = numbers.count > 1 ? Array(numbers.dropFirst()) : [10_000, 100_000, 1_000_000, 10_000_000]
for count in sizes {
    run(count, clustered: false)
    if count == 1_000_000 { run(count, clustered: true) }
}
