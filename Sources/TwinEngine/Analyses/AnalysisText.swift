// SPDX-License-Identifier: Apache-2.0

/// A cell of a CSV (RFC 4180). A text that a spreadsheet would take for a formula gets an apostrophe in front.
func csvCell(_ text: String) -> String {
    var text = text
    if let first = text.first, "=+@\t\r".contains(first) || first == "-" && Double(text) == nil { text = "'" + text }
    guard text.contains(where: { $0 == "," || $0 == "\"" || $0.isNewline }) else { return text }
    return "\"" + text.split(separator: "\"", omittingEmptySubsequences: false).joined(separator: "\"\"") + "\""
}
