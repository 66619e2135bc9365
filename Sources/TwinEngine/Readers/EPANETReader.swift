// SPDX-License-Identifier: Apache-2.0

/// Reads the nodes or the links of an EPANET 2 water network (`.inp`).
///
/// Lengths and elevations are given in metres, diameters in millimetres (a tank's in metres), demands in litres a
/// second, whatever the file's units; `roughness` and `setting` stay as they are, for their meaning depends on the
/// head loss formula and the kind of valve. The file names no CRS.
///
/// The network is held in memory: about 1 kB a link.
package struct EPANETReader: FeatureReader {
    package enum Layer: String, Sendable, CaseIterable {
        case nodes, links
    }

    private static let nodeFields: [SourceField] = [
        .init(name: "id", type: .string), .init(name: "type", type: .string), .init(name: "elevation", type: .real),
        .init(name: "demand", type: .real), .init(name: "pattern", type: .string),
        .init(name: "init_level", type: .real), .init(name: "min_level", type: .real),
        .init(name: "max_level", type: .real), .init(name: "diameter", type: .real), .init(name: "tag", type: .string),
    ]
    private static let linkFields: [SourceField] = [
        .init(name: "id", type: .string), .init(name: "type", type: .string), .init(name: "from", type: .string),
        .init(name: "to", type: .string), .init(name: "length", type: .real), .init(name: "diameter", type: .real),
        .init(name: "roughness", type: .real), .init(name: "status", type: .string),
        .init(name: "valve_type", type: .string), .init(name: "setting", type: .string),
        .init(name: "tag", type: .string),
    ]

    private let network: EPANETNetwork
    private let layer: Layer
    private let units: EPANETUnits
    private var index = 0
    private var pending: [SourceProblem]
    package let description: SourceDescription

    /// - Throws: `ReaderError` for a file that is not an EPANET network, a SWMM model by name.
    package init(path: String, layer: Layer, encoding: String? = nil) throws {
        try self.init(bytes: SourceBytes(path: path), layer: layer, encoding: encoding)
    }

    package init(bytes: SourceBytes, layer: Layer, encoding: String? = nil) throws {
        let network = try EPANETNetwork(bytes: bytes, encoding: encoding)
        guard let units = EPANETUnits(flow: network.flowUnits) else {
            throw ReaderError(
                .configuration, "\(bytes.path): [OPTIONS] Units \(network.flowUnits) is not a flow unit of EPANET")
        }
        self.network = network
        self.units = units
        self.layer = layer
        pending = layer == .nodes ? network.nodeProblems : network.linkProblems
        var notes = network.notes
        let isMetric = units.metres == 1
        notes.append(
            "flow unit \(network.flowUnits): lengths in \(isMetric ? "m" : "ft, converted to m"), diameters in "
                + (isMetric ? "mm" : "inches, converted to mm"))
        let strays = network.position.keys.count { !network.hasNode($0) }
        if strays > 0 { notes.append("\(strays) coordinates belong to no node") }
        let looseBends = network.bends.keys.count { !network.hasLink($0) }
        if looseBends > 0 { notes.append("bends of \(looseBends) links that do not exist") }
        description = SourceDescription(
            driver: "EPANET", layer: layer.rawValue, encoding: network.encoding,
            fields: layer == .nodes ? Self.nodeFields : Self.linkFields,
            geometryType: layer == .nodes ? "Point" : "LineString",
            featureCount: layer == .nodes ? network.nodes.count : network.links.count, notes: notes)
    }

    package mutating func next() throws -> FeatureBatch? {
        var builder = FeatureBatchBuilder(fields: description.fields)
        builder.problems = pending
        pending = []
        let count = layer == .nodes ? network.nodes.count : network.links.count
        while !builder.isFull, index < count {
            do {
                switch layer {
                case .nodes: try addNode(network.nodes[index], to: &builder)
                case .links: try addLink(network.links[index], to: &builder)
                }
            } catch {
                let id = layer == .nodes ? network.nodes[index].id : network.links[index].id
                builder.reject(id: id, reason: error.reason, text: error.text)
            }
            index += 1
        }
        return builder.isEmpty ? nil : builder.take()
    }

    private func addNode(
        _ node: EPANETNetwork.Node, to builder: inout FeatureBatchBuilder
    ) throws(TableRowError) {
        guard let place = network.position[node.id] else {
            throw TableRowError(
                reason: "missing-coordinates", text: "line \(node.line): [COORDINATES] does not have this node")
        }
        func quantity(_ at: Int, _ factor: Double) throws(TableRowError) -> SourceValue {
            guard at < node.words.count else { return .null }
            guard let value = EPANETNetwork.number(node.words[at]) else {
                throw TableRowError(
                    reason: "malformed-line", text: "line \(node.line): \"\(node.words[at])\" is not a number")
            }
            return .real(value * factor)
        }
        let isTank = node.type == "tank"
        let isJunction = node.type == "junction"
        let patternAt = isJunction ? 2 : 1
        var demand = isJunction ? try quantity(1, units.litresPerSecond) : .null
        if let sum = network.demands[node.id] { demand = .real(sum * units.litresPerSecond) }
        builder.append(
            id: Int64(node.line), wkb: SourceGeometry.point(x: place.x, y: place.y),
            values: [
                .text(node.id), .text(node.type), try quantity(0, units.metres), demand,
                !isTank && node.words.count > patternAt ? .text(node.words[patternAt]) : .null,
                isTank ? try quantity(1, units.metres) : .null, isTank ? try quantity(2, units.metres) : .null,
                isTank ? try quantity(3, units.metres) : .null, isTank ? try quantity(4, units.metres) : .null,
                network.nodeTags[node.id].map { .text($0) } ?? .null,
            ])
    }

    private func addLink(
        _ link: EPANETNetwork.Link, to builder: inout FeatureBatchBuilder
    ) throws(TableRowError) {
        let (from, to) = (try end(link.from, of: link), try end(link.to, of: link))
        let line = [from.x, from.y] + (network.bends[link.id] ?? []) + [to.x, to.y]
        func quantity(_ at: Int, _ factor: Double) throws(TableRowError) -> SourceValue {
            guard at < link.words.count, let value = EPANETNetwork.number(link.words[at]) else {
                throw TableRowError(
                    reason: "malformed-line",
                    text: "line \(link.line): word \(at + 4) of the \(link.type) is not a number")
            }
            return .real(value * factor)
        }
        var (length, diameter, roughness) = (SourceValue.null, SourceValue.null, SourceValue.null)
        var (status, valve, setting) = (
            network.status[link.id].map { SourceValue.text($0) }, SourceValue.null,
            SourceValue.null
        )
        switch link.type {
        case "pipe":
            length = try quantity(0, units.metres)
            diameter = try quantity(1, units.millimetres)
            if link.words.count > 2 { roughness = try quantity(2, 1) }
            // Length, diameter, roughness, minor loss, status; the last two may be missing.
            if status == nil, let word = link.words.dropFirst(3).first(where: { EPANETNetwork.number($0) == nil }) {
                status = .text(word)
            }
            status = status ?? .text("Open")
        case "valve":
            diameter = try quantity(0, units.millimetres)
            valve = .text(link.words[1].uppercased())
            if link.words.count > 2 { setting = .text(link.words[2]) }
        default:
            setting = link.words.isEmpty ? .null : .text(link.words.joined(separator: " "))
        }
        builder.append(
            id: Int64(link.line), wkb: SourceGeometry.line(line, hasZ: false),
            values: [
                .text(link.id), .text(link.type), .text(link.from), .text(link.to), length, diameter, roughness,
                status ?? .null, valve, setting, network.linkTags[link.id].map { .text($0) } ?? .null,
            ])
    }

    private func end(
        _ node: String, of link: EPANETNetwork.Link
    ) throws(TableRowError) -> (x: Double, y: Double) {
        guard network.hasNode(node) else {
            throw TableRowError(reason: "unknown-node", text: "line \(link.line): there is no node \"\(node)\"")
        }
        guard let place = network.position[node] else {
            throw TableRowError(
                reason: "missing-coordinates", text: "line \(link.line): node \"\(node)\" has no coordinates")
        }
        return place
    }
}
