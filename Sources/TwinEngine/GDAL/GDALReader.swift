// SPDX-License-Identifier: Apache-2.0
import CGDAL
import Foundation

/// Streams one layer of any vector source that GDAL opens, in columnar batches (OGR_L_GetArrowStream, RFC 86).
///
/// Thread use: one thread at a time; the data set belongs to this object and is closed with it.
@safe final class GDALReader: FeatureReader {
    private(set) var description: SourceDescription
    private let dataset: OpaquePointer
    private let layer: OpaquePointer
    private let links: ShapefileLinks?
    private let messages = GDALMessages()
    private var stream = unsafe ArrowArrayStream()
    private var columns: [ColumnPlan] = []
    private var identifierColumn: (index: Int, format: String)?
    private var geometryColumn: (index: Int, format: String)?
    private var read = 0
    private var streamIsOpen = false
    private var avoidsFastStream = false
    private var isFinished = false

    private struct ColumnPlan {
        var index: Int
        var format: String
        var type: SourceFieldType
        /// Arrow format of a list's elements.
        var elements: String?
    }

    /// Opens a source.
    ///
    /// - Parameters:
    ///   - fields: the source fields that are wanted; others are not decoded. Nil reads all.
    /// - Throws: `ReaderError` naming the path and what to change.
    init(source: SourceDefinition, fields: Set<String>?) throws {
        _ = GDALLibrary.ready
        let opened = try unsafe Self.open(source, messages)
        unsafe dataset = opened.dataset
        unsafe layer = opened.layer
        description = unsafe opened.description
        links = unsafe opened.links
        do {
            try prepare(source, fields)
        } catch {
            close()
            throw error
        }
    }

    deinit { close() }

    private func close() {
        if streamIsOpen {
            unsafe stream.release?(&stream)
            streamIsOpen = false
        }
        if !isClosed {
            isClosed = true
            messages.collecting { _ = unsafe GDALClose(UnsafeMutableRawPointer(dataset)) }
        }
    }
    private var isClosed = false

    private func prepare(_ source: SourceDefinition, _ fields: Set<String>?) throws {
        try messages.collecting { () throws -> Void in
            if let filter = source.filter {
                let status = unsafe filter.withCString {
                    unsafe OGR_L_SetAttributeFilter(UnsafeMutableRawPointer(layer), $0)
                }
                guard status == OGRERR_NONE else {
                    throw ReaderError(
                        .configuration,
                        "\(source.id): the filter `\(filter)` is not usable: \(messages.lastError ?? "syntax error"); "
                            + "the fields are \(description.fields.map(\.name).joined(separator: ", "))")
                }
            }
            if let fields { ignoreOthers(than: fields) }
            try openStream(source, fields)
        }
    }

    /// Tells the driver not to decode fields that no layer asks for. A driver that cannot is fine.
    private func ignoreOthers(than wanted: Set<String>) {
        let lowercased = Set(wanted.map { $0.lowercased() })
        let names = Set(description.fields.map { $0.name.lowercased() })
        let ignored = description.fields.map(\.name).filter { !lowercased.contains($0.lowercased()) }
        // Where a wanted field is missing, all stay, so that the message can list what there is.
        guard !ignored.isEmpty, names.isSuperset(of: lowercased) else { return }
        var list = unsafe ignored.map { unsafe strdup($0) }
        unsafe list.append(nil)
        unsafe list.withUnsafeMutableBufferPointer { buffer in
            let names = unsafe UnsafeMutableRawPointer(buffer.baseAddress)?
                .assumingMemoryBound(to: UnsafePointer<CChar>?.self)
            _ = unsafe OGR_L_SetIgnoredFields(UnsafeMutableRawPointer(layer), names)
        }
        unsafe list.forEach { unsafe free($0) }
    }

    /// GDAL's own Arrow code for GeoPackage loses truth values after the first (seen in 3.6.2); its general code does not.
    private func withSafeStream<R>(_ body: () throws -> R) rethrows -> R {
        guard avoidsFastStream else { return try body() }
        unsafe CPLSetThreadLocalConfigOption("OGR_GPKG_STREAM_BASE_IMPL", "YES")
        defer { unsafe CPLSetThreadLocalConfigOption("OGR_GPKG_STREAM_BASE_IMPL", nil) }
        return try body()
    }

    private func openStream(_ source: SourceDefinition, _ wanted: Set<String>?) throws {
        let lowercased = wanted.map { Set($0.map { $0.lowercased() }) }
        let hasTruth = description.fields.contains { field in
            field.type == .boolean && lowercased?.contains(field.name.lowercased()) ?? true
        }
        avoidsFastStream = description.driver == "GPKG" && hasTruth
        try withSafeStream { try openSafeStream(source) }
    }

    private func openSafeStream(_ source: SourceDefinition) throws {
        // Small batches stay in the processor's cache between decoding and writing.
        let options = unsafe CSLAddString(nil, "MAX_FEATURES_IN_BATCH=\(featuresPerBatch)")
        defer { unsafe CSLDestroy(options) }
        guard unsafe OGR_L_GetArrowStream(UnsafeMutableRawPointer(layer), &stream, options) else {
            throw ReaderError(
                .syntax,
                "\(source.path): cannot read layer \(description.layer): \(messages.lastError ?? "no reason given")")
        }
        streamIsOpen = true
        var schema = unsafe ArrowSchema()
        guard unsafe stream.get_schema?(&stream, &schema) == 0 else {
            throw ReaderError(.syntax, "\(source.path): \(messages.lastError ?? "the driver gave no schema")")
        }
        defer { unsafe schema.release?(&schema) }
        var fields: [SourceField] = []
        for index in 0..<(unsafe Int(schema.n_children)) {
            guard let child = unsafe schema.children?[index] else { continue }
            let name = unsafe String(cString: child.pointee.name)
            let format = unsafe String(cString: child.pointee.format)
            if name == "OGC_FID" || (index == 0 && name == fidColumnName && format == "l") {
                identifierColumn = (index, format)
            } else if format == "z" || format == "Z", isGeometry(name) {
                geometryColumn = (index, format)
            } else if let type = unsafe ArrowColumns.fieldType(child) {
                let elements = unsafe format.hasPrefix("+") ? ArrowColumns.elementFormat(child) : nil
                columns.append(ColumnPlan(index: index, format: format, type: type, elements: elements))
                fields.append(SourceField(name: name, type: type))
            } else {
                description.notes.append("field \(name) of Arrow type \(format) is not read")
            }
        }
        description.fields = fields
    }

    private var fidColumnName: String {
        unsafe String(cString: OGR_L_GetFIDColumn(UnsafeMutableRawPointer(layer)))
    }

    private func isGeometry(_ name: String) -> Bool {
        let column = unsafe String(cString: OGR_L_GetGeometryColumn(UnsafeMutableRawPointer(layer)))
        return name == "wkb_geometry" || name == column
    }

    func next() throws -> FeatureBatch? {
        guard !isFinished else { return nil }
        var array = unsafe ArrowArray()
        let status = messages.collecting {
            withSafeStream { unsafe stream.get_next?(&stream, &array) ?? -1 }
        }
        guard status == 0 else {
            isFinished = true
            throw ReaderError(
                .syntax,
                "\(description.layer): reading stopped after \(read) features: "
                    + (messages.lastError ?? "the driver gave no reason"))
        }
        guard unsafe array.release != nil else {
            isFinished = true
            return nil
        }
        defer { unsafe array.release?(&array) }
        let count = unsafe Int(array.length)
        read += count
        return unsafe batch(array, count: count)
    }

    private func batch(_ array: ArrowArray, count: Int) -> FeatureBatch {
        var identifiers = (0..<count).map { Int64(read - count + $0) }
        if let column = identifierColumn, let child = unsafe array.children?[column.index] {
            identifiers = unsafe ArrowColumns.integers(child, format: column.format)
        }
        var geometry = StringColumn(bytes: [], offsets: Array(repeating: 0, count: count + 1))
        if let column = geometryColumn, let child = unsafe array.children?[column.index] {
            geometry = unsafe ArrowColumns.bytes(child, format: column.format)
            CurveLinearizer.linearize(&geometry)
        }
        let values = columns.compactMap { plan -> SourceColumn? in
            guard let child = unsafe array.children?[plan.index] else { return nil }
            return unsafe column(child, plan)
        }
        return FeatureBatch(
            count: count, sourceIDs: identifiers, geometry: geometry, columns: values, problems: [])
    }

    private func column(_ array: UnsafePointer<ArrowArray>, _ plan: ColumnPlan) -> SourceColumn {
        let valid = unsafe ArrowColumns.validity(array)
        let values: ColumnValues
        switch plan.type {
        case .integer: values = unsafe .integer(ArrowColumns.integers(array, format: plan.format))
        case .real: values = unsafe .real(ArrowColumns.reals(array, format: plan.format))
        case .boolean: values = unsafe .boolean(ArrowColumns.booleans(array))
        case .binary: values = unsafe .binary(ArrowColumns.bytes(array, format: plan.format))
        case .string where plan.elements != nil:
            values = unsafe .string(ArrowColumns.lists(array, format: plan.format, elements: plan.elements ?? ""))
        case .string where plan.format == "u" || plan.format == "U":
            values = unsafe .string(ArrowColumns.bytes(array, format: plan.format))
        default:
            let counts = unsafe ArrowColumns.integers(array, format: plan.format)
            values = .string(StringColumn(texts: counts.map { Self.temporal($0, plan.format) }))
        }
        return SourceColumn(values: values, valid: valid)
    }

    /// Text of a date, time or timestamp in Arrow's unit.
    private static func temporal(_ value: Int64, _ format: String) -> String {
        switch format {
        case "tdD": return Timestamp.text(day: value)
        case "tdm": return Timestamp.text(day: value / 86_400_000)
        default: break
        }
        let perMillisecond: (Int64) -> Int64 =
            switch format.dropFirst(2).first {
            case "s": { $0 * 1000 }
            case "u": { $0 / 1000 }
            case "n": { $0 / 1_000_000 }
            default: { $0 }
            }
        let text = Timestamp.text(milliseconds: perMillisecond(value))
        return format.hasPrefix("tt") ? String(text.dropFirst(11).dropLast()) : text
    }

    /// How many features the source claims to have and did not give.
    var lostCount: Int {
        guard let expected = description.featureCount else { return 0 }
        return max(0, expected - read)
    }

    var warnings: [String] { messages.warnings + messages.errors }
}
