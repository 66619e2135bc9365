// SPDX-License-Identifier: Apache-2.0
import ArgumentParser

/// How many threads a build may take.
struct WorkerThreads: ParsableArguments {
    @Option(name: .long, help: "Worker threads; all cores if left out.")
    var threads: Int?

    func validate() throws {
        guard threads ?? 1 >= 1, threads ?? 1 <= 256 else { throw ValidationError("--threads must be 1 to 256") }
    }
}
