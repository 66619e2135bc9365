// swift-tools-version: 6.2
// SPDX-License-Identifier: Apache-2.0
import PackageDescription

let spatial = Target.Dependency.product(name: "Spatial", package: "TwinEngine")
let engine = Target.Dependency.product(name: "TwinEngine", package: "TwinEngine")

/// Our side of the benchmarks: programs that print their rows as lines of JSON. See core.py for what runs them.
let package = Package(
    name: "Benchmarks",
    dependencies: [.package(name: "TwinEngine", path: "..")],
    targets: [
        .executableTarget(name: "index-ours", dependencies: [spatial], path: "core/Sources/index-ours"),
        .executableTarget(name: "live-ours", dependencies: [spatial, engine], path: "live/Sources/live-ours"),
        .executableTarget(name: "query-ours", dependencies: [engine], path: "query/Sources/query-ours"),
        .executableTarget(
            name: "snapshot-ours", dependencies: [spatial, engine], path: "snapshot/Sources/snapshot-ours"),
    ],
    swiftLanguageModes: [.v6]
)
