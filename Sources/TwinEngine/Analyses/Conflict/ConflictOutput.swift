// SPDX-License-Identifier: Apache-2.0
import Spatial

/// The result of a plan-conflict analysis as GeoJSON with totals, as CSV, and as tables.
struct ConflictOutput: TabularOutput {
    let result: ConflictResult
    let record: AnalysisRecord
    let coordinates: CityCoordinates
    let limit: Int

    private var total: ClassPairSum { result.comparisons.reduce(into: ClassPairSum()) { $0 += $1.total } }

    func json() -> JSONBytes {
        var out = JSONBytes(capacity: 1 << 16)
        out.raw("{\"type\":\"FeatureCollection\",")
        record.append(to: &out)
        out.raw(",\"summary\":")
        summary(&out)
        let count = result.comparisons.reduce(0) { $0 + $1.conflicts.count }
        out.raw(",\"numberMatched\":")
        out.integer(count)
        out.raw(",\"numberReturned\":")
        out.integer(min(limit, count))
        out.raw(",\"features\":[")
        var number = 0
        for comparison in result.comparisons {
            for conflict in comparison.conflicts where number < limit {
                if number > 0 { out.raw(",") }
                number += 1
                feature(number, conflict, comparison, &out)
            }
        }
        out.raw("]}")
        return out
    }

    // MARK: Features

    private func feature(
        _ number: Int, _ conflict: Conflict, _ comparison: PlanComparison, _ out: inout JSONBytes
    ) {
        out.raw("{\"type\":\"Feature\",\"id\":")
        out.integer(number)
        out.raw(",\"geometry\":")
        out.polygon(conflict.geometry, coordinates)
        out.raw(",\"properties\":{")
        side("first", comparison.first, conflict.firstRow, conflict.firstClass, &out)
        out.raw(",")
        side("second", comparison.second, conflict.secondRow, conflict.secondClass, &out)
        out.raw(",\"area\":")
        out.fixed(conflict.area, 6)
        out.raw(",\"ellipsoidalArea\":")
        out.fixed(conflict.ellipsoidal, 6)
        out.raw(",\"shareOfFirst\":")
        out.fixed(conflict.firstArea > 0 ? conflict.area / conflict.firstArea : 0, 6)
        out.raw(",\"shareOfSecond\":")
        out.fixed(conflict.secondArea > 0 ? conflict.area / conflict.secondArea : 0, 6)
        if !result.districts.isEmpty {
            out.raw(",\"districts\":")
            out.list(conflict.districts) { out, entry in
                out.raw("{\"name\":")
                out.string(result.districts[entry.district])
                out.raw(",\"area\":")
                out.fixed(entry.area, 6)
                out.raw("}")
            }
        }
        out.raw("}}")
    }

    private func side(_ name: String, _ rows: PlanRows, _ row: Int, _ classIndex: Int, _ out: inout JSONBytes) {
        let view = rows.layer.view
        out.key("\(name)Layer")
        out.string(rows.layer.id)
        out.raw(",")
        out.key("\(name)Id")
        out.integer(view.id(row: row))
        if let code = view.value(row: row, column: view.codeColumn).text {
            out.raw(",")
            out.key("\(name)Code")
            out.string(code)
        }
        out.raw(",")
        out.key("\(name)Class")
        out.string(rows.classes[classIndex])
    }

    // MARK: Totals

    private func summary(_ out: inout JSONBytes) {
        let total = total
        out.raw("{\"conflicts\":")
        out.integer(total.conflicts)
        out.raw(",\"area\":")
        out.fixed(total.area, 6)
        out.raw(",\"ellipsoidalArea\":")
        out.fixed(total.ellipsoidal, 6)
        out.raw(",\"toleratedParts\":")
        out.integer(total.toleratedParts)
        out.raw(",\"toleratedArea\":")
        out.fixed(total.tolerated, 6)
        out.raw(",\"comparisons\":")
        out.list(result.comparisons) { compare($1, &$0) }
        out.raw(",\"byClass\":[")
        var isFirst = true
        for comparison in result.comparisons {
            for entry in comparison.classSums {
                if !isFirst { out.raw(",") }
                isFirst = false
                classes(entry, comparison, &out)
            }
        }
        out.raw("]")
        if !result.districts.isEmpty {
            out.raw(",\"byDistrict\":")
            out.list(byDistrict) { district($1, &$0) }
        }
        out.raw("}")
    }

    /// The whole and its parts: conflicting + tolerated + agreeing + uncovered − multiple = the first plan's area.
    private func compare(_ comparison: PlanComparison, _ out: inout JSONBytes) {
        let sum = comparison.total
        out.raw("{\"first\":")
        out.string(comparison.first.layer.id)
        out.raw(",\"second\":")
        out.string(comparison.second.layer.id)
        out.raw(",\"firstPolygons\":")
        out.integer(comparison.first.rows.count)
        out.raw(",\"secondPolygons\":")
        out.integer(comparison.second.rows.count)
        for (name, value) in [("firstArea", comparison.area), ("conflicting", sum.area), ("tolerated", sum.tolerated)] {
            out.raw(",")
            out.key(name)
            out.fixed(value, 6)
        }
        if comparison.isReconciled {
            for (name, value) in [
                ("agreeing", sum.agreed), ("uncovered", comparison.area - comparison.covered),
                ("coveredMoreThanOnce", comparison.multiple), ("residual", comparison.residual),
            ] {
                out.raw(",")
                out.key(name)
                out.fixed(value, 6)
            }
        }
        let statistics = comparison.statistics
        out.raw(",\"pairs\":{")
        for (index, (name, count)) in [
            ("boxes", statistics.pairs), ("convex", statistics.convex), ("whole", statistics.whole),
            ("apart", statistics.apart), ("measured", statistics.measured), ("overlaid", statistics.overlaid),
            ("repaired", statistics.repaired),
        ].enumerated() {
            if index > 0 { out.raw(",") }
            out.key(name)
            out.integer(count)
        }
        out.raw("}}")
    }

    private func classes(
        _ entry: (pair: ClassPair, sum: ClassPairSum), _ comparison: PlanComparison, _ out: inout JSONBytes
    ) {
        out.raw("{\"firstLayer\":")
        out.string(comparison.first.layer.id)
        out.raw(",\"firstClass\":")
        out.string(comparison.first.classes[entry.pair.first])
        out.raw(",\"secondLayer\":")
        out.string(comparison.second.layer.id)
        out.raw(",\"secondClass\":")
        out.string(comparison.second.classes[entry.pair.second])
        out.raw(",\"verdict\":")
        out.string(entry.sum.agreeing > 0 ? "agrees" : "conflicts")
        out.raw(",\"count\":")
        out.integer(entry.sum.agreeing > 0 ? entry.sum.agreeing : entry.sum.conflicts)
        out.raw(",\"area\":")
        out.fixed(entry.sum.agreeing > 0 ? entry.sum.agreed : entry.sum.area, 6)
        if entry.sum.agreeing == 0 {
            out.raw(",\"ellipsoidalArea\":")
            out.fixed(entry.sum.ellipsoidal, 6)
            out.raw(",\"toleratedParts\":")
            out.integer(entry.sum.toleratedParts)
            out.raw(",\"toleratedArea\":")
            out.fixed(entry.sum.tolerated, 6)
        }
        out.raw("}")
    }

    private struct DistrictSum {
        var name: String?
        var count = 0
        var area = 0.0
    }

    /// The area of conflicts in each district, and last in none. The parts sum to the area of all conflicts, unless
    /// districts overlap: then the last is below 0.
    private var byDistrict: [DistrictSum] {
        var sums = result.districts.map { DistrictSum(name: $0) }
        var rest = DistrictSum(name: nil)
        for comparison in result.comparisons {
            for conflict in comparison.conflicts {
                var inside = 0.0
                for entry in conflict.districts {
                    sums[entry.district].count += 1
                    sums[entry.district].area += entry.area
                    inside += entry.area
                }
                let outside = conflict.area - inside
                rest.area += outside
                if outside > PolygonOverlay.leastArea / 1e6 { rest.count += 1 }
            }
        }
        return sums.filter { $0.count > 0 } + [rest]
    }

    private func district(_ sum: DistrictSum, _ out: inout JSONBytes) {
        out.raw("{\"district\":")
        if let name = sum.name { out.string(name) } else { out.raw("null") }
        out.raw(",\"count\":")
        out.integer(sum.count)
        out.raw(",\"area\":")
        out.fixed(sum.area, 6)
        out.raw("}")
    }

    // MARK: Texts

    func csv() -> String {
        var text = "first_layer,first_id,first_class,second_layer,second_id,second_class,area_m2,ellipsoidal_area_m2\n"
        var number = 0
        for comparison in result.comparisons {
            for conflict in comparison.conflicts where number < limit {
                number += 1
                let cells = [
                    comparison.first.layer.id, String(comparison.first.layer.view.id(row: conflict.firstRow)),
                    comparison.first.classes[conflict.firstClass], comparison.second.layer.id,
                    String(comparison.second.layer.view.id(row: conflict.secondRow)),
                    comparison.second.classes[conflict.secondClass], fixed(conflict.area, 3),
                    fixed(conflict.ellipsoidal, 3),
                ]
                text += cells.map(csvCell).joined(separator: ",") + "\n"
            }
        }
        return text
    }

    func table() -> String {
        let total = total
        var text =
            "\(total.conflicts) conflicts, \(fixed(total.area, 2)) m² (\(fixed(total.ellipsoidal, 2)) m² on the "
            + "ellipsoid); \(total.toleratedParts) parts of \(fixed(total.tolerated, 2)) m² tolerated; store version "
            + "\(record.version)\n"
        for comparison in result.comparisons {
            let sum = comparison.total
            text += "\n\(comparison.first.layer.id) × \(comparison.second.layer.id)\n"
            var rows = [
                ["part", "m²"], ["conflicting", fixed(sum.area, 2)],
                ["tolerated", fixed(sum.tolerated, 2)],
            ]
            if comparison.isReconciled {
                rows += [
                    ["agreeing", fixed(sum.agreed, 2)],
                    ["uncovered", fixed(comparison.area - comparison.covered, 2)],
                    ["covered more than once", fixed(-comparison.multiple, 2)],
                ]
            }
            rows.append(["\(comparison.first.layer.id), whole", fixed(comparison.area, 2)])
            text += textTable(rows) + "\n\n"
            let pairs = comparison.classSums.filter { $0.sum.conflicts > 0 }
            text +=
                textTable(
                    [["first", "second", "conflicts", "m²"]]
                        + pairs.prefix(20).map {
                            [
                                comparison.first.classes[$0.pair.first], comparison.second.classes[$0.pair.second],
                                String($0.sum.conflicts), fixed($0.sum.area, 2),
                            ]
                        }) + "\n"
            if pairs.count > 20 { text += "(\(pairs.count - 20) more pairs of classes in the JSON)\n" }
        }
        if !result.districts.isEmpty {
            text += "\n"
            text += textTable(
                [["district", "conflicts", "m²"]]
                    + byDistrict.map {
                        [$0.name ?? "(outside)", String($0.count), fixed($0.area, 2)]
                    })
        }
        return text
    }
}

extension PlanComparison {
    /// Sums of pairs of classes, the greatest conflict first, then the greatest agreement.
    var classSums: [(pair: ClassPair, sum: ClassPairSum)] {
        sums.map { ($0.key, $0.value) }.sorted {
            if $0.1.area != $1.1.area { return $0.1.area > $1.1.area }
            if $0.1.agreed != $1.1.agreed { return $0.1.agreed > $1.1.agreed }
            return ($0.0.first, $0.0.second) < ($1.0.first, $1.0.second)
        }
    }

    /// What the parts miss of the whole: rounding only. Conflicts, tolerated and agreeing parts are measured pair by pair,
    /// what is covered in one sweep over all of the second plan, so that an error of either shows here.
    var residual: Double {
        let sum = total
        return sum.area + sum.tolerated + sum.agreed - multiple - covered
    }
}
