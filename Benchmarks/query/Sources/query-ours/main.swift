// SPDX-License-Identifier: Apache-2.0
import Foundation
import TwinEngine

// Times questions to a store on one thread, and prints a JSON line a row. Its peer is postgis.py beside it.
//
//     query-ours STORE LAYER LON LAT CLASS NUMBER VALUE [plans]
//
// With `plans` it asks each question in every way, beside what the planner believes each costs: what its constants in
// LayerSearch.choose are taken from.

/// CPU milliseconds of this process so far.
func processMilliseconds() -> Double {
    var time = timespec()
    // Safe: the kernel fills a struct of ours.
    unsafe clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
    return Double(time.tv_sec) * 1e3 + Double(time.tv_nsec) / 1e6
}

struct Row: Encodable {
    var row: String
    var program = "TwinEngine"
    var cpuMin: Double
    var cpuMedian: Double
    var cpuFirst: Double
    var runs: Int
    var count: Int
    var hits: Int
    var classes: Int
    var access: String

    enum CodingKeys: String, CodingKey {
        case row, program, runs, count, hits, classes, access
        case cpuMin = "cpu_ms_min"
        case cpuMedian = "cpu_ms_median"
        case cpuFirst = "cpu_ms_first"
    }
}

/// Asks the same question several times and prints what the process spent on it.
func measure(_ name: String, _ query: SpatialQuery, _ city: City, runs: Int = 15) throws {
    let view = city.view()
    let coordinates = city.coordinates
    var times: [Double] = []
    var last: LayerAnswer?
    for _ in 0..<runs {
        let start = processMilliseconds()
        let answer = try view.answer(query, in: coordinates)
        times.append(processMilliseconds() - start)
        last = answer.layers.first
    }
    guard let last, let first = times.first else { return }
    times.sort()
    let row = Row(
        row: name, cpuMin: times[0], cpuMedian: times[runs / 2], cpuFirst: first, runs: runs, count: last.count,
        hits: last.hits.count, classes: last.classes.count, access: last.plan.access)
    print(String(decoding: try JSONEncoder().encode(row), as: UTF8.self))
}

let arguments = CommandLine.arguments
guard arguments.count == 8 || arguments.count == 9 && arguments[8] == "plans",
    let longitude = Double(arguments[3]), let latitude = Double(arguments[4])
else {
    print("usage: query-ours STORE LAYER LON LAT CLASS NUMBER VALUE [plans]")
    exit(2)
}
let city = try City.open(store: arguments[1])
let layer = arguments[2]
let center = LonLat(longitude: longitude, latitude: latitude)
let (className, number) = (arguments[5], arguments[6])
let conditions = ColumnFilter.and([
    .compare(className, .equal, .text(arguments[7])), .compare(number, .greaterOrEqual, .integer(6)),
])
if arguments.count == 9 {
    try comparePlans(city, layer, center, className: className, number: number, value: arguments[7])
    exit(0)
}
for metres in [500.0, 5000] {
    var query = SpatialQuery(layers: [layer], region: .circle(center, metres: metres))
    query.limit = 10_000
    try measure("radius \(Int(metres)) m ids and distances", query, city)
    query.output = .counts
    try measure("radius \(Int(metres)) m count", query, city)
    query.output = .sums(by: className, of: .area)
    try measure("radius \(Int(metres)) m area by class", query, city)
    query.output = .sums(by: className, of: .field(number))
    try measure("radius \(Int(metres)) m number by class", query, city)
    query.output = .counts
    query.filter = conditions
    try measure("radius \(Int(metres)) m two conditions, count", query, city)
}
// A street of 300 corners that winds through the data for some 15 km.
let street = (0..<300).map { step in
    let along = Double(step) / 299
    return LonLat(
        longitude: center.longitude + 0.12 * (along - 0.5),
        latitude: center.latitude + 0.01 * sin(along * 12 * .pi))
}
for metres in [100.0, 500] {
    var query = SpatialQuery(layers: [layer], region: .corridor(street, metres: metres), output: .counts)
    try measure("corridor \(Int(metres)) m count", query, city)
    query.output = .sums(by: className, of: .area)
    try measure("corridor \(Int(metres)) m area by class", query, city)
}
var filtered = SpatialQuery(layers: [layer], region: .everywhere, output: .counts)
filtered.filter = conditions
try measure("column filter, two conditions, count", filtered, city, runs: 25)
for (name, pattern) in [("beginning", "B070%"), ("part", "%07000%")] {
    // Codes are different in every row.
    filtered.filter = .like("code", LikePattern(pattern))
    try measure("column filter, \(name) of a text, count", filtered, city)
}
let nearest = SpatialQuery(layers: [layer], region: .nearest(center, count: 10, metres: nil))
try measure("nearest 10", nearest, city, runs: 200)
