// SPDX-License-Identifier: Apache-2.0

extension QueryAnswer {
    /// Appends the answer as JSON: `{"version":…,"total":…,"layers":[…],"cursor":…}`.
    ///
    /// - Parameters:
    ///   - idsOnly: ids and distances instead of features.
    ///   - feature: writes one feature as GeoJSON.
    package func appendJSON(
        idsOnly: Bool, explains: Bool, elapsed: Double?, to out: inout JSONBytes,
        feature: (LayerAnswer, QueryHit, inout JSONBytes) -> Void
    ) {
        out.raw("{\"version\":")
        out.integer(version)
        if let elapsed {
            out.raw(",\"elapsedMs\":")
            out.fixed(elapsed, 3)
        }
        out.raw(",\"total\":")
        out.integer(total)
        out.raw(",\"layers\":[")
        for (index, answer) in layers.enumerated() {
            if index > 0 { out.raw(",") }
            let definition = answer.layer.definition
            out.raw("{\"id\":")
            out.string(definition.id)
            out.raw(",\"title\":")
            out.localized(definition.title)
            out.raw(",\"count\":")
            out.integer(answer.count)
            if explains { answer.plan.appendJSON(to: &out) }
            if !answer.classes.isEmpty { answer.appendClasses(to: &out) }
            answer.appendHits(idsOnly: idsOnly, to: &out, feature: feature)
            out.raw("}")
        }
        out.raw("]")
        if let next {
            out.raw(",\"cursor\":")
            out.string(next.token)
        }
        out.raw("}")
    }

    /// The answer as JSON with all fields, for the command line.
    public func json(idsOnly: Bool, explains: Bool) -> String {
        var out = JSONBytes(capacity: 4096)
        appendJSON(idsOnly: idsOnly, explains: explains, elapsed: nil, to: &out) { answer, hit, out in
            hit.feature.appendGeoJSON(
                distance: hit.distance, fields: answer.layer.definition.fields.indices, to: &out)
        }
        return String(decoding: out.bytes, as: UTF8.self)
    }

    /// The answer as tables.
    public func table() -> String {
        var text = "\(total) features, version \(version)\n\n"
        var rows = [["layer", "count", "found by", "class", "features", "sum"]]
        for answer in layers {
            let id = answer.layer.definition.id
            rows.append([id, String(answer.count), answer.plan.access, "", "", ""])
            for entry in answer.classes {
                rows.append([
                    "", "", "", entry.value?.described ?? "all", String(entry.count),
                    entry.sum.map { fixed($0, 2) } ?? "-",
                ])
            }
        }
        text += textTable(rows)
        var hits = [["layer", "id", "code", "distance (m)"]]
        for answer in layers {
            hits += answer.hits.map { hit in
                [
                    answer.layer.definition.id, String(hit.feature.id), hit.feature.code ?? "-",
                    hit.distance.map { fixed($0, 3) } ?? "-",
                ]
            }
        }
        if hits.count > 1 { text += "\n\n" + textTable(hits) }
        if let next { text += "\n\nnext page: --cursor \(next.token)" }
        return text
    }
}

extension LayerAnswer {
    fileprivate func appendClasses(to out: inout JSONBytes) {
        out.raw(",\"classes\":[")
        for (index, entry) in classes.enumerated() {
            if index > 0 { out.raw(",") }
            out.raw("{")
            switch entry.value {
            case nil: break
            case .null?: out.raw("\"value\":null,")
            case .text(let text)?:
                out.raw("\"value\":")
                out.string(text)
                out.raw(",")
            case .integer(let number)?:
                out.raw("\"value\":")
                out.integer(number)
                out.raw(",")
            case .boolean(let truth)?:
                out.raw("\"value\":")
                out.boolean(truth)
                out.raw(",")
            }
            out.raw("\"count\":")
            out.integer(entry.count)
            if let sum = entry.sum {
                out.raw(",\"sum\":")
                out.real(sum)
            }
            out.raw("}")
        }
        out.raw("]")
    }

    fileprivate func appendHits(
        idsOnly: Bool, to out: inout JSONBytes, feature: (LayerAnswer, QueryHit, inout JSONBytes) -> Void
    ) {
        guard classes.isEmpty else { return }
        out.raw(",\"returned\":")
        out.integer(hits.count)
        out.raw(",\"features\":[")
        for (index, hit) in hits.enumerated() {
            if index > 0 { out.raw(",") }
            guard idsOnly else {
                feature(self, hit, &out)
                continue
            }
            out.raw("{\"id\":")
            out.integer(hit.feature.id)
            if let distance = hit.distance {
                out.raw(",\"distance\":")
                out.fixed(distance, 3)
            }
            out.raw("}")
        }
        out.raw("]")
    }
}

extension QueryPlan {
    fileprivate func appendJSON(to out: inout JSONBytes) {
        out.raw(",\"plan\":{\"access\":")
        out.string(access)
        out.raw(",\"regionRows\":")
        out.integer(regionRows)
        out.raw(",\"filterShare\":")
        out.fixed(filterShare, 6)
        if let spaceCost, let attributeCost {
            out.raw(",\"spaceCostUs\":")
            out.fixed(spaceCost, 1)
            out.raw(",\"attributeCostUs\":")
            out.fixed(attributeCost, 1)
        }
        if let sortedCost {
            out.raw(",\"sortedCostUs\":")
            out.fixed(sortedCost, 1)
        }
        out.raw("}")
    }
}

extension ClassValue {
    fileprivate var described: String {
        switch self {
        case .null: "(none)"
        case .text(let text): text
        case .integer(let number): String(number)
        case .boolean(let truth): String(truth)
        }
    }
}
