// SPDX-License-Identifier: Apache-2.0
import Spatial
import TestSupport
import Testing

@testable import TwinEngine

/// Text search against brute force, its order, and bad questions.
@Suite struct SearchTests {
    /// What a text is worth for a term, written down independently: 0 whole, 1 beginning, 2 part.
    private func worth(_ text: String?, _ term: String) -> Int? {
        guard let text = text?.lowercased() else { return nil }
        let term = term.lowercased()
        if text == term { return 0 }
        if text.hasPrefix(term) { return 1 }
        return text.contains(term) ? 2 : nil
    }

    @Test func countsEqualBruteForce() throws {
        let seed = UInt64.random(in: 0...UInt64(UInt32.max))
        var random = SeededGenerator(seed: seed)
        for _ in 0..<3 {
            var city = try QueryCity(rows: 600, kind: .point, sortedTexts: true, &random)
            city.edit(80, &random)
            let texts = city.truth.values.flatMap { [$0.values[3].text, $0.values[4].text, $0.values[6].text] }
                .compactMap { $0 }.filter { !$0.isEmpty && $0.allSatisfy { !$0.isWhitespace } }
            for _ in 0..<60 {
                let terms = try (0..<Int.random(in: 1...2, using: &random)).map { _ in
                    let text = Array(try #require(texts.randomElement(using: &random)))
                    let start = Int.random(in: 0..<text.count, using: &random)
                    return String(text[start..<Int.random(in: (start + 1)...text.count, using: &random)])
                }
                let question = try TextSearch(terms.joined(separator: " "), limit: 1000)
                let answer = question.answer([(view: city.view, masked: [])])
                let expected = city.truth.values.filter { feature in
                    terms.allSatisfy { term in
                        [3, 4, 6].contains { worth(feature.values[$0].text, term) != nil }
                    }
                }
                #expect(answer.total == expected.count, "seed \(seed), terms \(terms)")
                #expect(Set(answer.hits.map(\.feature.id)) == Set(expected.map(\.id)), "seed \(seed), terms \(terms)")
                let wholes = answer.hits.map { hit in
                    terms.reduce(0) { sum, term in
                        sum
                            + ([3, 4, 6].compactMap { worth(city.truth[hit.feature.id]?.values[$0].text, term) }.min()
                                ?? 9)
                    }
                }
                if terms.count == 1 { #expect(wholes == wholes.sorted(), "seed \(seed), terms \(terms)") }
            }
        }
    }

    @Test func aMaskedFieldIsNotSearched() throws {
        var random = SeededGenerator(seed: 5)
        let city = try QueryCity(rows: 200, kind: .point, sortedTexts: false, &random)
        let text = try #require(
            city.truth.values.compactMap { $0.values[4].text }.first { !$0.isEmpty && !$0.contains(" ") })
        let question = try TextSearch(text, limit: 10)
        let open = question.answer([(view: city.view, masked: [])])
        let masked = question.answer([(view: city.view, masked: ["t", "many", "code"])])
        #expect(open.total > 0 && masked.total == 0)
    }

    @Test func theLimitKeepsTheBest() throws {
        var random = SeededGenerator(seed: 9)
        let city = try QueryCity(rows: 900, kind: .point, sortedTexts: false, &random)
        let letter = try #require(city.truth.values.compactMap { $0.values[4].text?.last }.first { !$0.isWhitespace })
        let all = try TextSearch(String(letter), limit: 1000).answer([(view: city.view, masked: [])])
        for limit in [1, 2, 7, 50] {
            let some = try TextSearch(String(letter), limit: limit).answer([(view: city.view, masked: [])])
            #expect(some.total == all.total)
            #expect(some.hits.map(\.feature.id) == all.hits.prefix(limit).map(\.feature.id))
        }
    }

    @Test(arguments: [
        ("胶州路", "胶州路", 0), ("胶州路12号", "胶州路", 1), ("新胶州路", "胶州路", 2), ("胶洲路", "胶州路", 255), ("ABC-12", "ｂｃ－", 2),
        ("abc", "ABC", 0), ("州", "胶州", 255), ("aab", "ab", 2), ("a", "aa", 255), ("东东西", "东西", 2),
    ])
    func matches(text: String, term: String, expected: UInt8) throws {
        let question = try TextSearch(term, limit: 1)
        let bytes = Array(text.utf8)
        let found = TextSearch.match(bytes.span, question.terms[0])
        #expect(found == expected)
    }

    @Test(arguments: ["", "   ", "\u{3000}", String(repeating: "路", count: 67), "a b c d e f g h i"])
    func badQuestions(text: String) {
        #expect(throws: TwinError.self) { try TextSearch(text, limit: 10) }
    }

    @Test(arguments: [0, -1, 1001]) func badLimits(limit: Int) {
        #expect(throws: TwinError.self) { try TextSearch("路", limit: limit) }
    }
}
