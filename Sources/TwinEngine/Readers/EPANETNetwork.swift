// SPDX-License-Identifier: Apache-2.0

/// The parts of an EPANET input file (EPANET 2.2 user manual, appendix C) that have a place on a map.
struct EPANETNetwork {
    enum Section: String {
        case junctions = "[JUNC", reservoirs = "[RESE", tanks = "[TANK", pipes = "[PIPE", pumps = "[PUMP"
        case valves = "[VALV", demands = "[DEMA", status = "[STAT", coordinates = "[COOR", vertices = "[VERT"
        case tags = "[TAGS", options = "[OPTI"
    }

    struct Node {
        var id: String
        var type: String
        var line: Int
        /// The words after the id.
        var words: [String]
    }

    struct Link {
        var id: String
        var type: String
        var line: Int
        var from: String
        var to: String
        /// The words after the second node.
        var words: [String]
    }

    private(set) var nodes: [Node] = []
    private(set) var links: [Link] = []
    private(set) var position: [String: (x: Double, y: Double)] = [:]
    private(set) var bends: [String: [Double]] = [:]
    /// Sums of the DEMANDS section, which replaces the demand of a junction's own line.
    private(set) var demands: [String: Double] = [:]
    private(set) var status: [String: String] = [:]
    private(set) var nodeTags: [String: String] = [:]
    private(set) var linkTags: [String: String] = [:]
    private(set) var flowUnits = "GPM"
    /// Lines that are no node or link, by layer: a node's bad line is not a lost link.
    private(set) var nodeProblems: [SourceProblem] = []
    private(set) var linkProblems: [SourceProblem] = []
    private(set) var encoding: String
    private(set) var notes: [String] = []
    private var nodeLines: [String: Int] = [:]
    private var linkLines: [String: Int] = [:]

    /// Sections that only a storm water model has.
    private static let stormWater: Set<String> = [
        "[SUBCATCHMENTS]", "[CONDUITS]", "[OUTFALLS]", "[XSECTIONS]", "[RAINGAGES]", "[SUBAREAS]",
    ]

    init(bytes: SourceBytes, encoding: String?) throws {
        let text = try SourceText(bytes, encoding: encoding)
        self.encoding = text.encoding
        var section: Section?
        var hasSection = false
        var (start, line) = (text.start, 0)
        while start < text.bytes.count {
            let end = text.bytes.firstIndex(of: 0x0A, from: start, to: text.bytes.count)
            line += 1
            let words = Self.words(text, start..<end)
            start = end + 1
            guard let first = words.first else { continue }
            guard first.hasPrefix("[") else {
                if let section { add(words, to: section, line: line) }
                continue
            }
            let name = first.uppercased()
            if Self.stormWater.contains(name) {
                throw ReaderError(
                    .wrongFormat,
                    "\(bytes.path) is a SWMM storm water model (section \(name) in line \(line)), not an EPANET "
                        + "water network; export its nodes and links as GeoPackage or Shapefile and import those")
            }
            if name == "[END]" { break }
            section = Section(rawValue: String(name.prefix(5)))
            hasSection = hasSection || section != nil
        }
        guard hasSection, !nodes.isEmpty || !links.isEmpty else {
            throw ReaderError(
                .wrongFormat,
                "\(bytes.path) is not an EPANET input file: it has no [JUNCTIONS], [RESERVOIRS] or [PIPES] with entries"
            )
        }
        notes += text.notes
    }

    /// The words of a line up to its comment.
    private static func words(_ text: SourceText, _ range: Range<Int>) -> [String] {
        let end = text.bytes.firstIndex(of: UInt8(ascii: ";"), from: range.lowerBound, to: range.upperBound)
        return text.text(range.lowerBound..<end).split { $0 == " " || $0 == "\t" || $0 == "\r" || $0 == "," }
            .map(String.init)
    }

    private mutating func add(_ words: [String], to section: Section, line: Int) {
        switch section {
        case .junctions: addNode("junction", words, line)
        case .reservoirs: addNode("reservoir", words, line)
        case .tanks: addNode("tank", words, line)
        case .pipes: addLink("pipe", words, line, least: 5)
        case .pumps: addLink("pump", words, line, least: 3)
        case .valves: addLink("valve", words, line, least: 5)
        case .coordinates:
            if words.count >= 3, let x = Self.number(words[1]), let y = Self.number(words[2]) {
                position[words[0]] = (x, y)
            } else {
                notes.append("line \(line): a coordinate is not two numbers")
            }
        case .vertices:
            if words.count >= 3, let x = Self.number(words[1]), let y = Self.number(words[2]) {
                bends[words[0], default: []] += [x, y]
            } else {
                notes.append("line \(line): a bend of a link is not two numbers")
            }
        case .demands:
            if words.count >= 2, let demand = Self.number(words[1]) { demands[words[0], default: 0] += demand }
        case .status: if words.count >= 2 { status[words[0]] = words[1] }
        case .tags:
            guard words.count >= 3 else { return }
            let tag = words[2...].joined(separator: " ")
            if words[0].uppercased() == "NODE" { nodeTags[words[1]] = tag } else { linkTags[words[1]] = tag }
        case .options: if words.count >= 2, words[0].uppercased() == "UNITS" { flowUnits = words[1].uppercased() }
        }
    }

    private mutating func addNode(_ type: String, _ words: [String], _ line: Int) {
        guard nodeLines[words[0]] == nil else {
            nodeProblems.append(
                SourceProblem(
                    id: words[0], reason: "duplicate-id",
                    text: "line \(line): line \(nodeLines[words[0]] ?? 0) has a node of this id"))
            return
        }
        nodeLines[words[0]] = line
        nodes.append(Node(id: words[0], type: type, line: line, words: Array(words.dropFirst())))
    }

    private mutating func addLink(_ type: String, _ words: [String], _ line: Int, least: Int) {
        guard words.count >= least else {
            linkProblems.append(
                SourceProblem(
                    id: words[0], reason: "malformed-line",
                    text: "line \(line): a \(type) needs \(least) words, there are \(words.count)"))
            return
        }
        guard linkLines[words[0]] == nil else {
            linkProblems.append(
                SourceProblem(
                    id: words[0], reason: "duplicate-id",
                    text: "line \(line): line \(linkLines[words[0]] ?? 0) has a link of this id"))
            return
        }
        linkLines[words[0]] = line
        links.append(
            Link(id: words[0], type: type, line: line, from: words[1], to: words[2], words: Array(words.dropFirst(3))))
    }

    static func number(_ word: String) -> Double? { Double(word).flatMap { $0.isFinite ? $0 : nil } }

    func hasNode(_ id: String) -> Bool { nodeLines[id] != nil }
    func hasLink(_ id: String) -> Bool { linkLines[id] != nil }
}

/// What a network's flow unit says about its other units (EPANET 2.2 user manual, appendix A).
struct EPANETUnits {
    /// Metres in a unit of length.
    let metres: Double
    /// Millimetres in a unit of diameter.
    let millimetres: Double
    /// Litres a second in a unit of flow.
    let litresPerSecond: Double

    private static let flows: [String: (isMetric: Bool, litres: Double)] = [
        "CFS": (false, 28.316846592), "GPM": (false, 0.0630901964), "MGD": (false, 43.8126363889),
        "IMGD": (false, 52.6167824074), "AFD": (false, 14.2764101568), "LPS": (true, 1), "LPM": (true, 1.0 / 60),
        "MLD": (true, 1e6 / 86400), "CMH": (true, 1 / 3.6), "CMD": (true, 1 / 86.4), "CMS": (true, 1000),
    ]

    /// nil for a unit that EPANET does not have.
    init?(flow: String) {
        guard let unit = Self.flows[flow] else { return nil }
        (metres, millimetres) = unit.isMetric ? (1, 1) : (0.3048, 25.4)
        litresPerSecond = unit.litres
    }
}
