// SPDX-License-Identifier: Apache-2.0
import Testing

@testable import TwinEngine

/// Values of property tables: good ones pass, and each kind of damage is named.
@Suite struct MetadataColumnTests {
    private static var schema: [String: Any] {
        [
            "id": "s",
            "classes": [
                "c": [
                    "properties": [
                        "number": ["type": "SCALAR", "componentType": "INT16", "min": -5, "max": 12, "noData": 99],
                        "share": [
                            "type": "SCALAR", "componentType": "UINT8", "normalized": true, "offset": 10, "scale": 2,
                            "min": 10.5, "max": 12,
                        ],
                        "place": ["type": "VEC2", "componentType": "FLOAT32", "max": [4, 5]],
                        "list": ["type": "SCALAR", "componentType": "UINT8", "array": true],
                        "pair": ["type": "SCALAR", "componentType": "UINT8", "array": true, "count": 2],
                        "flags": ["type": "BOOLEAN", "array": true, "count": 3],
                        "words": ["type": "STRING", "array": true],
                        "kind": ["type": "ENUM", "enumType": "kinds", "noData": "none"],
                    ]
                ]
            ],
            "enums": [
                "kinds": [
                    "valueType": "UINT8",
                    "values": [
                        ["name": "none", "value": 255], ["name": "a", "value": 1], ["name": "b", "value": 2],
                    ],
                ]
            ],
        ] as [String: Any]
    }

    /// What is wrong with a column; nil where it holds.
    private static func judge(
        _ id: String, rows: Int, _ views: [[UInt8]], _ stored: [String: Any] = [:]
    ) throws -> String? {
        var mistakes: [String] = []
        let schema = MetadataSchema(schema) { mistakes.append($0.message) }
        #expect(mistakes == [])
        let property = try #require(schema.classes["c"]?.properties[id])
        var told: [String: Any] = ["values": 0, "arrayOffsets": 1, "stringOffsets": 2, "arrayOffsetType": "UINT8"]
        told["stringOffsetType"] = "UINT8"
        told.merge(stored) { $1 }
        do {
            let column = try MetadataColumn(told, property, rows: rows) { views[$0] }
            var range = MetadataRange(property, told)
            try range.take(column)
            try range.judge(told)
        } catch let mistake as MetadataSchema.Mistake {
            return mistake.message
        }
        return nil
    }

    @Test(
        arguments: [
            ("number", 3, [[10, 0, 12, 0, 99, 0]]), ("share", 2, [[255, 64]]),
            ("place", 1, [[0, 0, 128, 64, 0, 0, 160, 64]]),
            ("list", 2, [[1, 2, 3], [0, 0, 3]]), ("pair", 2, [[1, 2, 3, 4]]), ("flags", 3, [[0xFF, 1]]),
            ("words", 2, [Array("abc".utf8), [0, 1, 2], [0, 1, 3]]), ("kind", 3, [[1, 255, 2]]),
        ] as [(String, Int, [[UInt8]])])
    func good(id: String, rows: Int, views: [[UInt8]]) throws {
        #expect(try Self.judge(id, rows: rows, views) == nil)
    }

    @Test(
        arguments: [
            ("number", 2, [[13, 0, 1, 0]], "beyond the max 12"),
            ("number", 2, [[1, 0, 0xFA, 0xFF]], "beyond the min -5"),
            ("number", 2, [[1, 0, 1]], "3 bytes for 2 numbers of INT16"), ("share", 1, [[0]], "beyond the min 10.5"),
            ("place", 1, [[0, 0, 192, 127, 0, 0, 0, 0]], "a value is nan"),
            ("place", 1, [[0, 0, 0, 0, 0, 0, 192, 64]], "beyond the max 5"),
            ("list", 2, [[1, 2, 3], [0, 3, 2]], "fall"), ("list", 2, [[1, 2, 3], [0, 3]], "2 bytes for 2 values"),
            ("list", 2, [[1, 2, 3], [0, 3, 4]], "3 bytes for 4 numbers"), ("pair", 2, [[1, 2, 3]], "3 bytes for 4"),
            ("flags", 3, [[0xFF]], "1 bytes for 9 booleans"),
            ("words", 1, [[0xFF, 0x41], [0, 1], [0, 2]], "not UTF-8"),
            ("words", 1, [Array("ab".utf8), [0, 1], [0, 3]], "leave the text"),
            ("kind", 1, [[7]], "no value of the enum"),
        ] as [(String, Int, [[UInt8]], String)])
    func bad(id: String, rows: Int, views: [[UInt8]], words: String) throws {
        let found = try #require(try Self.judge(id, rows: rows, views))
        #expect(found.contains(words), "\(found)")
    }

    /// What a table says of its least and greatest values must be that, and its factors replace the class's.
    @Test func whatATableSays() throws {
        #expect(try Self.judge("number", rows: 2, [[1, 0, 7, 0]], ["min": 1, "max": 7]) == nil)
        let wrong = try Self.judge("number", rows: 2, [[1, 0, 7, 0]], ["min": 0])
        #expect(wrong?.contains("the min is 1.0, not 0.0") == true)
        #expect(try Self.judge("share", rows: 1, [[0]], ["offset": 11]) == nil)
    }
}
