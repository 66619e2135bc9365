// swift-tools-version: 6.2
// SPDX-License-Identifier: Apache-2.0
import PackageDescription

/// Settings shared by every target of ours.
///
/// Warnings are errors where `TWIN_STRICT` is set, as scripts/test does, and not everywhere, so that a newer compiler's
/// new warning does not break a user's build.
let settings: [SwiftSetting] =
    [
        .enableUpcomingFeature("ExistentialAny"),
        .enableUpcomingFeature("MemberImportVisibility"),
        .enableUpcomingFeature("InternalImportsByDefault"),
        .enableExperimentalFeature("Lifetimes"),
        .strictMemorySafety(),
    ] + (Context.environment["TWIN_STRICT"] == nil ? [] : [.treatAllWarnings(as: .error)])

let package = Package(
    name: "TwinEngine",
    products: [
        .library(name: "Spatial", targets: ["Spatial"]),
        .library(name: "Tiles", targets: ["Tiles"]),
        .library(name: "TwinEngine", targets: ["TwinEngine"]),
        .library(name: "TileServer", targets: ["TileServer"]),
        .executable(name: "twin", targets: ["twin"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.0"),
        .package(url: "https://github.com/apple/swift-http-types", from: "1.8.0"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.0"),
        .package(url: "https://github.com/apple/swift-metrics", from: "2.13.0"),
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.0"),
        .package(url: "https://github.com/groue/GRDB.swift", from: "7.10.0"),
        .package(url: "https://github.com/hummingbird-project/hummingbird", from: "2.28.0"),
        .package(url: "https://github.com/jpsim/Yams", from: "6.2.0"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
    ],
    targets: [
        // System libraries: a module map and a shim header each, nothing else.
        .systemLibrary(name: "CGEOS", pkgConfig: "geos", providers: [.apt(["libgeos-dev"])]),
        .systemLibrary(name: "CPROJ", pkgConfig: "proj", providers: [.apt(["libproj-dev"])]),
        .systemLibrary(name: "CGDAL", pkgConfig: "gdal", providers: [.apt(["libgdal-dev"])]),
        .systemLibrary(name: "CSpatiaLite", pkgConfig: "spatialite", providers: [.apt(["libspatialite-dev"])]),
        .systemLibrary(name: "CCrypto", pkgConfig: "libcrypto", providers: [.apt(["libssl-dev"])]),
        .systemLibrary(name: "CDeflate", pkgConfig: "libdeflate", providers: [.apt(["libdeflate-dev"])]),
        .systemLibrary(name: "CZstd", pkgConfig: "libzstd", providers: [.apt(["libzstd-dev"])]),
        .systemLibrary(name: "CBrotli", pkgConfig: "libbrotlidec", providers: [.apt(["libbrotli-dev"])]),
        .systemLibrary(name: "CMeshopt", providers: [.apt(["libmeshoptimizer-dev"])]),
        // No library: the instructions that Swift has no word for.
        .systemLibrary(name: "CVector"),

        // The house: dependencies run one way, top to bottom.
        .target(name: "Spatial", dependencies: ["CGEOS", "CPROJ", "CVector"], swiftSettings: settings),
        .target(
            name: "Tiles", dependencies: ["Spatial", "CDeflate", "CZstd", "CBrotli", "CMeshopt"],
            swiftSettings: settings),
        .target(
            name: "TwinEngine",
            dependencies: [
                "Spatial", "Tiles", "CCrypto", "CGDAL", "CSpatiaLite",
                .product(name: "GRDB", package: "GRDB.swift"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "Yams", package: "Yams"),
            ],
            resources: [.embedInCode("Profiles/Builtin")],
            swiftSettings: settings),
        .target(
            name: "TileServer",
            dependencies: [
                "Spatial", "Tiles", "TwinEngine",
                .product(name: "HTTPTypes", package: "swift-http-types"),
                .product(name: "Hummingbird", package: "hummingbird"),
                .product(name: "HummingbirdCore", package: "hummingbird"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "CoreMetrics", package: "swift-metrics"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
            ],
            resources: [.copy("Web")],
            swiftSettings: settings),
        .executableTarget(
            name: "twin",
            dependencies: [
                "Spatial", "Tiles", "TwinEngine", "TileServer",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
                .product(name: "Logging", package: "swift-log"),
            ],
            swiftSettings: settings),

        .target(name: "TestSupport", path: "Tests/TestSupport", swiftSettings: settings),
        .testTarget(name: "SpatialTests", dependencies: ["Spatial", "TestSupport"], swiftSettings: settings),
        .testTarget(name: "TilesTests", dependencies: ["Tiles", "Spatial", "TestSupport"], swiftSettings: settings),
        .testTarget(
            name: "TwinEngineTests", dependencies: ["TwinEngine", "Spatial", "Tiles", "TestSupport"],
            swiftSettings: settings),
        .testTarget(
            name: "TileServerTests",
            dependencies: [
                "TileServer", "TwinEngine", "Spatial", "Tiles", "TestSupport",
                .product(name: "HTTPTypes", package: "swift-http-types"),
                .product(name: "Hummingbird", package: "hummingbird"),
                .product(name: "HummingbirdTesting", package: "hummingbird"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOEmbedded", package: "swift-nio"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
            ],
            swiftSettings: settings),
    ],
    swiftLanguageModes: [.v6]
)
