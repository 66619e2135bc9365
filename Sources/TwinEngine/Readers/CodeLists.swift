// SPDX-License-Identifier: Apache-2.0
import Foundation

/// The code lists that a CityGML file names (`codeSpace`), each read once: codes by what they stand for.
///
/// A list is taken if it lies in the source's folder or below, or in a folder `codelists` beside one of the five folders
/// above, as PLATEAU's data sets have it. Addresses are not fetched. A list that is not there, lies elsewhere or is no
/// `gml:Dictionary` is named once in the import report; its codes stay codes.
/// Source: GML 3.1.1 §16 (dictionaries); Standard Data Product Specification for 3D City Model (PLATEAU), code lists.
struct CodeLists {
    /// Bytes of one list.
    static let largest = 16 << 20

    private let folder: URL
    private let places: [String]
    /// Lists by the name that the file gives them; nil for one that is not taken.
    private var lists: [String: [String: String]?] = [:]
    private var refused: [String: [String]] = [:]
    private var unknown: [String: Int] = [:]

    /// - Parameter source: the file that names the lists.
    init(source: String) {
        folder = URL(fileURLWithPath: source).deletingLastPathComponent().standardizedFileURL.resolvingSymlinksInPath()
        var places = [folder.path + "/"]
        var above = folder
        for _ in 0..<5 where above.path != "/" {
            above.deleteLastPathComponent()
            let lists = above.appendingPathComponent("codelists").resolvingSymlinksInPath().path
            // A link to elsewhere does not open that place.
            if lists.hasPrefix(above.path) { places.append(lists + "/") }
        }
        self.places = places
    }

    /// What a code stands for; nil if its list is not taken or does not have it, which is counted.
    mutating func name(_ code: String, in codeSpace: String) -> String? {
        if lists[codeSpace] == nil { lists[codeSpace] = .some(load(codeSpace)) }
        guard let list = lists[codeSpace] ?? nil else { return nil }
        if let name = list[code] { return name }
        unknown[codeSpace, default: 0] += 1
        return nil
    }

    /// Forgets what was counted: a reader that goes through its file twice counts once.
    mutating func countAgain() { unknown = [:] }

    private mutating func load(_ codeSpace: String) -> [String: String]? {
        func refuse(_ reason: String) -> [String: String]? {
            refused[reason, default: []].append(codeSpace)
            return nil
        }
        guard !codeSpace.contains(":"), !codeSpace.hasPrefix("/"), !codeSpace.isEmpty else {
            return refuse("named by an address, which is not fetched")
        }
        let file = folder.appendingPathComponent(codeSpace).standardizedFileURL.resolvingSymlinksInPath()
        guard places.contains(where: { file.path.hasPrefix($0) }) else {
            return refuse("outside the source's folder and the folders `codelists` above it")
        }
        guard FileManager.default.fileExists(atPath: file.path) else { return refuse("missing") }
        do {
            let bytes = try SourceBytes(path: file.path)
            guard bytes.count <= Self.largest else { return refuse("larger than \(Self.largest >> 20) MB") }
            guard let list = try Self.entries(bytes), !list.isEmpty else { return refuse("no gml:Dictionary of codes") }
            return list
        } catch {
            return refuse("not readable as XML")
        }
    }

    /// Codes (`name`) and what they stand for (`description`); nil if the file is no dictionary.
    private static func entries(_ bytes: SourceBytes) throws -> [String: String]? {
        var scanner = XMLScanner(bytes)
        var found: [String: String] = [:]
        var isDictionary = false
        while let event = try scanner.next() {
            guard case .start(let name, let attributes, let isEmpty) = event else { continue }
            if !isDictionary {
                guard name == "Dictionary" else { return nil }
                isDictionary = true
            } else if name == "Definition" {
                let entry = try scanner.tree(name, attributes, isEmpty: isEmpty)
                guard let code = entry.first("name")?.text, let text = entry.first("description")?.text,
                    !code.isEmpty, !text.isEmpty, found[code] == nil
                else { continue }
                found[code] = text
            }
        }
        return found
    }

    /// For the import report.
    var notes: [String] {
        func some(_ names: [String]) -> String {
            names.sorted().prefix(3).joined(separator: ", ") + (names.count > 3 ? ", …" : "")
        }
        let taken = lists.values.count { $0 != nil }
        var notes = taken > 0 ? ["\(taken) code lists read: what codes stand for is in fields ending in _name"] : []
        for (reason, names) in refused.sorted(by: { $0.key < $1.key }) {
            notes.append("\(names.count) code lists are \(reason); their codes stay codes: \(some(names))")
        }
        if !unknown.isEmpty {
            let count = unknown.values.reduce(0, +)
            notes.append("\(count) codes are not in their lists: \(some(Array(unknown.keys)))")
        }
        return notes
    }
}
