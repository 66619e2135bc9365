// SPDX-License-Identifier: Apache-2.0
import Foundation
import Synchronization

/// Tells a person how far an import is: one line that moves on a terminal, plain lines otherwise.
public final class ImportProgress: Sendable {
    public enum Style: Sendable {
        case bar, lines, silent
    }
    private let style: Style
    private let output: @Sendable (String) -> Void
    private let last = Mutex<ContinuousClock.Instant?>(nil)

    /// - Parameter output: takes text as it is to be written; `bar` texts begin with a carriage return.
    public init(style: Style, output: @escaping @Sendable (String) -> Void) {
        self.style = style
        self.output = output
    }

    public static let silent = ImportProgress(style: .silent) { _ in }

    func started(_ text: String) {
        if style == .lines { output(text + "\n") }
    }

    func advanced(_ name: String, _ count: Int, of total: Int?) {
        guard style == .bar else { return }
        let now = ContinuousClock.now
        let isDue = last.withLock { last in
            if let last, now - last < .milliseconds(100) { return false }
            last = now
            return true
        }
        guard isDue else { return }
        let width = 24
        guard let total, total > 0 else {
            output("\r\u{1B}[K\(name)  \(count)")
            return
        }
        let filled = min(width, count * width / total)
        let bar = String(repeating: "█", count: filled) + String(repeating: "░", count: width - filled)
        output("\r\u{1B}[K\(bar) \(min(100, count * 100 / total)) %  \(name)  \(count)/\(total)")
    }

    func finished(_ report: SourceReport) {
        guard style != .silent else { return }
        let seconds = fixed(report.seconds, 2)
        let text =
            report.status == .failed
            ? "\(report.source) -> \(report.layer): FAILED"
            : "\(report.source) -> \(report.layer): \(report.kept) kept, \(report.rejectedCount) rejected, \(seconds) s"
        output((style == .bar ? "\r\u{1B}[K" : "") + text + "\n")
    }
}
