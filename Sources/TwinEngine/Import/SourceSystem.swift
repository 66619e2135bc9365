// SPDX-License-Identifier: Apache-2.0
import Spatial
import Synchronization

/// Decides which coordinate system a source is in, and explains a source that does not fall on its city.
struct SourceSystemResolver {
    let source: SourceDefinition
    let frame: CityCoordinates

    /// The system to read the source in.
    ///
    /// - Parameters:
    ///   - stated: what the file says.
    ///   - sample: interleaved raw coordinates of some features, for the comparison and for suggestions.
    /// - Throws: `TwinError.source` if nobody states a system, or file and project contradict each other.
    func resolve(stated: String?, sample: [Double]) throws -> CoordinateSystem {
        guard let declared = source.crs else {
            guard let stated, !stated.isEmpty else {
                throw TwinError(
                    .source,
                    "source '\(source.id)' does not say its coordinate system; add `crs:` to it\(suggestion(sample))")
            }
            return try horizontal(stated)
        }
        let wanted = try system(declared)
        guard let stated, !stated.isEmpty, !source.overridesCRS else { return wanted }
        let found = try horizontal(stated)
        guard found != wanted, try disagree(found, wanted, sample) else { return wanted }
        throw TwinError(
            .source,
            "source '\(source.id)': the file says \(found.code ?? found.name), the project says \(declared); remove `crs:`, "
                + "or add `override_crs: true` if the file is wrong")
    }

    /// Systems by the text that states them: PROJ takes milliseconds to identify one, and a city's sources share few.
    private static let known = Mutex<[String: CoordinateSystem]>([:])

    private func system(_ text: String) throws(SpatialError) -> CoordinateSystem {
        if let found = Self.known.withLock({ $0[text] }) { return found }
        let made = try CoordinateSystem(text)
        Self.known.withLock { $0[text] = made }
        return made
    }

    private func horizontal(_ text: String) throws -> CoordinateSystem {
        do throws(SpatialError) {
            return try system(text)
        } catch {
            throw TwinError(
                .source,
                "source '\(source.id)': its coordinate system is not usable; state the right one with `crs:` and "
                    + "`override_crs: true`", cause: error.message)
        }
    }

    /// Whether two systems put the sample more than a metre apart.
    private func disagree(_ first: CoordinateSystem, _ second: CoordinateSystem, _ sample: [Double]) throws -> Bool {
        var one = sample
        var other = sample
        let failedOne = try CoordinateTransformer(from: first, to: frame.system).transform(&one)
        let failedOther = try CoordinateTransformer(from: second, to: frame.system).transform(&other)
        if failedOne != failedOther { return true }
        return zip(one, other).contains { abs($0 - $1) > 1 }
    }

    // MARK: Suggestions

    /// Fraction of the sample inside the city's extent when read in a system, with the axes swapped or not.
    private func share(_ system: CoordinateSystem, swapped: Bool, _ sample: [Double]) throws -> Double {
        var points = sample
        if swapped {
            for index in stride(from: 0, to: points.count - 1, by: 2) { points.swapAt(index, index + 1) }
        }
        _ = try CoordinateTransformer(from: system, to: frame.system).transform(&points)
        var inside = 0
        for index in stride(from: 0, to: points.count - 1, by: 2)
        where frame.extent.contains(x: points[index], y: points[index + 1]) {
            inside += 1
        }
        return sample.isEmpty ? 0 : Double(inside) / Double(sample.count / 2)
    }

    /// Systems that Chinese and international data comes in, the likeliest first.
    private var candidates: [String] {
        var list = [source.crs ?? frame.system.definition, frame.system.definition, "EPSG:4326", "EPSG:3857"]
        if let code = frame.system.code, code.hasPrefix("EPSG:"), let number = Int(code.dropFirst(5)) {
            // CGCS2000 3-degree: 4513-4533 with the zone in the easting, 4534-4554 by central meridian without it.
            if (4534...4554).contains(number) { list.append("EPSG:\(number - 21)") }
            if (4513...4533).contains(number) { list.append("EPSG:\(number + 21)") }
        }
        list += ["EPSG:4490", "EPSG:4610", "EPSG:4214"]
        return list
    }

    /// ` (…)` with the first system and axis order that puts most of the sample into the city, or nothing.
    func suggestion(_ sample: [Double]) -> String {
        for definition in candidates {
            do {
                let system = try CoordinateSystem(definition)
                for swapped in [false, true] where try share(system, swapped: swapped, sample) >= 0.8 {
                    let order = system.isGeographic ? "lat-lon" : "northing-easting"
                    let axis = swapped ? " and `axis_order: \(order)`" : ""
                    return "; its coordinates fall into the city with `crs: \(definition)`\(axis)"
                }
            } catch {
                // A system that PROJ cannot use here is no suggestion.
                continue
            }
        }
        guard sample.count >= 2 else { return "" }
        return "; its first coordinates are \(sample[0]) \(sample[1])"
    }

    /// The failure of a source none of whose features is in the city.
    func misplaced(_ report: SourceReport, _ sample: [Double]) -> TwinError {
        let current = source.crs ?? report.sourceCRS ?? "its coordinate system"
        return TwinError(
            .source,
            "source '\(source.id)': none of its \(report.read) features lies in the city's extent when read in "
                + "\(current)\(suggestion(sample)); correct the source's `crs`, `axis_order` or `override_crs`, "
                + "or the city's `extent`")
    }
}
