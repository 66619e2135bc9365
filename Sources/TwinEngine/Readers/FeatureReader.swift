// SPDX-License-Identifier: Apache-2.0

/// The type of a source field, before the project's field map is applied.
package enum SourceFieldType: Sendable, Equatable {
    case string, integer, real, boolean, date, datetime, binary
}

/// One attribute that a source offers.
package struct SourceField: Sendable, Equatable {
    package var name: String
    package var type: SourceFieldType

    package init(name: String, type: SourceFieldType) {
        self.name = name
        self.type = type
    }
}

/// Variable-length values laid end to end: value `i` is `bytes[offsets[i] ..< offsets[i + 1]]`.
///
/// Text is UTF-8. An empty value is a null geometry in a geometry column.
package struct StringColumn: Sendable {
    package var bytes: [UInt8]
    /// One more than there are values; the first is 0.
    package var offsets: [Int]

    package init(bytes: [UInt8] = [], offsets: [Int] = [0]) {
        self.bytes = bytes
        self.offsets = offsets
    }

    package var count: Int { offsets.count - 1 }

    /// The bytes of value `index`.
    package subscript(index: Int) -> ArraySlice<UInt8> { bytes[offsets[index]..<offsets[index + 1]] }

    /// Value `index` as text.
    package func text(_ index: Int) -> String { String(decoding: self[index], as: UTF8.self) }

    package mutating func append(_ value: some Sequence<UInt8>) {
        bytes.append(contentsOf: value)
        offsets.append(bytes.count)
    }
}

/// The values of one column of a batch. Dates are ISO 8601 text.
package enum ColumnValues: Sendable {
    case integer([Int64])
    case real([Double])
    case boolean([Bool])
    case string(StringColumn)
    case binary(StringColumn)
}

/// One column of a batch. A value whose `valid` entry is false is null, and what `values` holds for it means nothing.
package struct SourceColumn: Sendable {
    package var values: ColumnValues
    /// nil when every value is valid.
    package var valid: [Bool]?

    package init(values: ColumnValues, valid: [Bool]? = nil) {
        self.values = values
        self.valid = valid
    }

    package func isNull(_ index: Int) -> Bool { valid.map { !$0[index] } ?? false }
}

/// A feature that was lost while reading: which one, a stable reason code to count by, and the words for a person.
package struct SourceProblem: Sendable, Equatable {
    /// What the source calls the feature: its id, or `line 17`, or `row 3`.
    package var id: String
    /// Lower-case words joined by hyphens, such as `missing-coordinates`.
    package var reason: String
    package var text: String

    package init(id: String, reason: String, text: String) {
        self.id = id
        self.reason = reason
        self.text = text
    }
}

/// Some features of a source, column by column.
package struct FeatureBatch: Sendable {
    package var count: Int
    /// The source's own numbers (feature id, row, line); they order a report and are not the record's ids.
    package var sourceIDs: [Int64]
    /// ISO WKB in the source's CRS, easting (or longitude) first; empty is a null geometry.
    package var geometry: StringColumn
    /// In the order of `SourceDescription.fields`.
    package var columns: [SourceColumn]
    /// Features lost since the last batch. They are not among `count`.
    package var problems: [SourceProblem]

    package init(
        count: Int, sourceIDs: [Int64], geometry: StringColumn, columns: [SourceColumn], problems: [SourceProblem]
    ) {
        self.count = count
        self.sourceIDs = sourceIDs
        self.geometry = geometry
        self.columns = columns
        self.problems = problems
    }
}

/// What a reader found out about its source before the first feature.
package struct SourceDescription: Sendable {
    package var driver: String
    package var layer: String
    /// WKT or `EPSG:n`; nil when the source does not say.
    package var crs: String?
    package var encoding: String?
    package var fields: [SourceField]
    /// `Point`, `LineString`, `MultiPolygon`, ... or `Unknown`.
    package var geometryType: String
    package var featureCount: Int?
    /// Remarks for the import report; a reader may add to them until its last batch.
    package var notes: [String]

    package init(
        driver: String, layer: String, crs: String? = nil, encoding: String? = nil, fields: [SourceField] = [],
        geometryType: String, featureCount: Int? = nil, notes: [String] = []
    ) {
        self.driver = driver
        self.layer = layer
        self.crs = crs
        self.encoding = encoding
        self.fields = fields
        self.geometryType = geometryType
        self.featureCount = featureCount
        self.notes = notes
    }
}

/// Reads one layer of one source, a batch at a time.
///
/// A reader is used by one thread. A bad feature becomes a `SourceProblem` and reading goes on; a source that cannot
/// be read at all throws `ReaderError`.
///
/// ```swift
/// var reader = try CityJSONReader(path: "delfshaven.city.json")
/// while let batch = try reader.next() { store(batch) }
/// ```
package protocol FeatureReader {
    var description: SourceDescription { get }
    /// The next batch of about 4096 features, or nil after the last.
    mutating func next() throws -> FeatureBatch?
}

/// How many features a reader gathers in a batch.
package let featuresPerBatch = 4096
