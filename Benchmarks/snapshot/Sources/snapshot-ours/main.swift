// SPDX-License-Identifier: Apache-2.0
//
// What opening a snapshot costs, and what of it becomes resident:
//
//     snapshot-ours STORE/snapshots/LAYER.VERSION.snapshot [STORE]
//
// prints JSON lines. Time is CPU time of the thread; runs are separate openings of the same file.

import Glibc
import Spatial
import TwinEngine

/// CPU milliseconds of this thread.
func cpu() -> Double {
    var time = timespec()
    _ = unsafe clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
    return Double(time.tv_sec) * 1000 + Double(time.tv_nsec) / 1e6
}

func wall() -> Double {
    var time = timespec()
    _ = unsafe clock_gettime(CLOCK_MONOTONIC, &time)
    return Double(time.tv_sec) * 1000 + Double(time.tv_nsec) / 1e6
}

func text(of path: String) -> String {
    guard let file = unsafe fopen(path, "r") else { return "" }
    defer { unsafe fclose(file) }
    var bytes: [UInt8] = []
    while true {
        let byte = unsafe getc(file)
        if byte == EOF { return String(decoding: bytes, as: UTF8.self) }
        bytes.append(UInt8(truncatingIfNeeded: byte))
    }
}

/// Kilobytes of a file's mappings that are resident in this process.
func resident(_ path: String) -> Int {
    var isIt = false
    var total = 0
    for line in text(of: "/proc/self/smaps").split(separator: "\n") {
        let words = line.split(separator: " ")
        if words.count > 4, words[0].contains("-") { isIt = line.hasSuffix(path) }
        if isIt, words.first == "Rss:", words.count > 1 { total += Int(words[1]) ?? 0 }
    }
    return total
}

func rounded(_ value: Double) -> Double { (value * 1000).rounded() / 1000 }

func line(_ pairs: KeyValuePairs<String, Any>) {
    print("{" + pairs.map { "\"\($0)\": " + ($1 is String ? "\"\($1)\"" : "\($1)") }.joined(separator: ", ") + "}")
}

func median(_ values: [Double]) -> Double { values.sorted()[values.count / 2] }

guard CommandLine.arguments.count > 1, let real = unsafe realpath(CommandLine.arguments[1], nil) else {
    print("usage: snapshot-ours STORE/snapshots/LAYER.VERSION.snapshot [STORE]")
    exit(2)
}
let path = unsafe String(cString: real)

do {
    var times: [Double] = []
    var walls: [Double] = []
    for _ in 0..<21 {
        let (start, began) = (cpu(), wall())
        let file = try SnapshotFile(path: path)
        times.append(cpu() - start)
        walls.append(wall() - began)
        withExtendedLifetime(file) {}
    }
    let file = try SnapshotFile(path: path)
    line([
        "bench": "snapshot-open", "features": file.count, "vertices": file.vertexCount, "bytes": file.byteCount,
        "first_cpu_ms": rounded(times[0]), "first_wall_ms": rounded(walls[0]), "min_cpu_ms": rounded(times.min() ?? 0),
        "median_cpu_ms": rounded(median(times)), "resident_kb": resident(path),
    ])
    let box = file.box
    let small = GridBox(
        minX: box.minX / 2 + box.maxX / 2, minY: box.minY / 2 + box.maxY / 2,
        maxX: box.minX / 2 + box.maxX / 2 + 1_000_000, maxY: box.minY / 2 + box.maxY / 2 + 1_000_000)
    line([
        "bench": "snapshot-resident", "after": "one box of 1 km", "features": file.count(in: small),
        "resident_kb": resident(path),
    ])
    let (start, began) = (cpu(), wall())
    let damage = file.verify()
    line([
        "bench": "snapshot-verify", "whole": damage == nil ? 1 : 0, "cpu_ms": rounded(cpu() - start),
        "wall_ms": rounded(wall() - began), "resident_kb": resident(path),
    ])
    let layer = file.sections.reduce(0) { $0 + $1.bytes }
    for section in file.sections { line(["bench": "snapshot-bytes", "section": section.name, "bytes": section.bytes]) }
    for column in file.columns { line(["bench": "snapshot-bytes", "column": column.name, "bytes": column.bytes]) }
    line([
        "bench": "snapshot-memory", "layer_bytes": layer, "coordinate_bytes": file.vertexCount * 8,
        "ratio": rounded(Double(layer) / Double(max(1, file.vertexCount * 8))),
    ])
    if CommandLine.arguments.count > 2 {
        var times: [Double] = []
        for _ in 0..<5 {
            let start = cpu()
            let city = try City.open(store: CommandLine.arguments[2])
            times.append(cpu() - start)
            withExtendedLifetime(city) {}
        }
        line([
            "bench": "city-open", "first_cpu_ms": rounded(times[0]), "min_cpu_ms": rounded(times.min() ?? 0),
            "median_cpu_ms": rounded(median(times)),
        ])
    }
} catch {
    print("\(error)")
    exit(1)
}
