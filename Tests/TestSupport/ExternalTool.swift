// SPDX-License-Identifier: Apache-2.0
public import Foundation

/// A program of the machine that a test takes as a judge, such as `ogrinfo`.
///
/// Tests say `.enabled(if: ExternalTool("ogrinfo").isAvailable)`, so that its absence shows as skipped.
public struct ExternalTool: Sendable {
    public let name: String
    public let path: String?

    public init(_ name: String) {
        self.name = name
        let folders = (ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin").split(separator: ":")
        path = folders.map { "\($0)/\(name)" }.first { FileManager.default.isExecutableFile(atPath: $0) }
    }

    /// A program by its whole path, or an absent one.
    public init(path: String?) {
        name = path ?? "absent"
        self.path = path.flatMap { FileManager.default.isExecutableFile(atPath: $0) ? $0 : nil }
    }

    /// The `twin` that was built beside the tests, or that `TWIN_BINARY` names.
    public static let twin: ExternalTool = {
        if let named = ProcessInfo.processInfo.environment["TWIN_BINARY"] { return ExternalTool(path: named) }
        // The running test bundle lies in the folder of the built products.
        let folders = CommandLine.arguments.filter { $0.contains(".xctest") }
            .map { URL(fileURLWithPath: $0).deletingLastPathComponent() }
        let candidates = folders.flatMap { [$0, $0.deletingLastPathComponent()] }.map {
            $0.appendingPathComponent("twin").path
        }
        return ExternalTool(path: candidates.first { FileManager.default.isExecutableFile(atPath: $0) })
    }()

    public var isAvailable: Bool { path != nil }

    public struct Failure: Error, CustomStringConvertible {
        public let description: String
    }

    /// Starts the program without waiting for it.
    public func start(_ arguments: [String]) throws -> Process {
        guard let path else { throw Failure(description: "\(name) is not there") }
        let process = Process()
        process.executableURL = URL(fileURLWithPath: path)
        process.arguments = arguments
        process.standardOutput = FileHandle.nullDevice
        process.standardError = FileHandle.nullDevice
        try process.run()
        return process
    }

    /// Runs the program to its end and returns what it printed.
    /// - Throws: `Failure` with its error text when its status is not 0.
    @discardableResult
    public func run(_ arguments: [String]) throws -> String {
        guard let path else { throw Failure(description: "\(name) is not there") }
        let process = Process()
        process.executableURL = URL(fileURLWithPath: path)
        process.arguments = arguments
        let output = Pipe()
        process.standardOutput = output
        process.standardError = output
        try process.run()
        let data = output.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        let text = String(decoding: data, as: UTF8.self)
        guard process.terminationStatus == 0 else {
            throw Failure(
                description:
                    "\(name) \(arguments.joined(separator: " ")) ended with \(process.terminationStatus): \(text)")
        }
        return text
    }
}
