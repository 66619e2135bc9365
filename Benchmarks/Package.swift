// swift-tools-version: 6.2
// SPDX-License-Identifier: Apache-2.0
import PackageDescription

/// Our side of the benchmarks: programs that print their rows as lines of JSON. See core.py for what runs them.
let package = Package(
    name: "Benchmarks",
    dependencies: [.package(name: "TwinEngine", path: "..")],
    targets: [
        .executableTarget(
            name: "index-ours", dependencies: [.product(name: "TwinEngine", package: "TwinEngine")],
            path: "core/Sources/index-ours"),
        .executableTarget(
            name: "live-ours", dependencies: [.product(name: "TwinEngine", package: "TwinEngine")],
            path: "live/Sources/live-ours"),
        .executableTarget(
            name: "query-ours", dependencies: [.product(name: "TwinEngine", package: "TwinEngine")],
            path: "query/Sources/query-ours"),
    ],
    swiftLanguageModes: [.v6]
)
