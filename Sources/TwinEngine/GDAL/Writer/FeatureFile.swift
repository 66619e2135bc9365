// SPDX-License-Identifier: Apache-2.0
import CGDAL
import Foundation
import Spatial

/// A file of features in a GIS format, written through GDAL.
public struct FeatureFile: Sendable {
    public enum Format: String, Sendable, CaseIterable {
        case flatGeobuf, geoPackage, csv
        /// All parts in one ZIP file; texts longer than 254 bytes are cut, names to 10 characters, as the format has it.
        case shapefile

        fileprivate var driver: String {
            switch self {
            case .flatGeobuf: "FlatGeobuf"
            case .geoPackage: "GPKG"
            case .csv: "CSV"
            case .shapefile: "ESRI Shapefile"
            }
        }

        fileprivate var ending: String {
            switch self {
            case .flatGeobuf: "fgb"
            case .geoPackage: "gpkg"
            case .csv: "csv"
            case .shapefile: "shz"
            }
        }
    }

    public var format: Format
    /// Of a Shapefile's table: `UTF-8` or `GBK`.
    public var encoding = "UTF-8"
    /// The properties that are written; nil for all that are visible.
    public var names: Set<String>?
    public var hasGeometry = true
    /// Bytes that the file may have.
    public var byteLimit = 4 << 30

    public init(format: Format) { self.format = format }

    /// Features that are looked up at a time.
    private static let chunk = 4096

    /// Writes all features that a query asks for into a new file of a folder that is there.
    ///
    /// Memory does not grow with the features, but for sorted queries. For one thread; any thread.
    /// - Returns: the file's path.
    /// - Throws: `TwinError.system` where the disk is full or the file grows beyond its limit.
    public func write(
        _ view: LayerView, _ query: FeatureQuery, masked: Set<String>, in output: GeometryOutput, folder: String
    ) throws -> String {
        _ = GDALLibrary.ready
        let path = "\(folder)/\(view.definition.id).\(format.ending)"
        let messages = GDALMessages()
        return try messages.collecting {
            let sink = try FeatureFileSink(self, view, masked: masked, output: output, path: path)
            var query = query
            let wanted = query.limit
            if !query.sort.isEmpty {
                for feature in try view.features(query, masked: masked).features { try sink.write(feature) }
            } else {
                query.countsMatches = false
                var written = 0
                while written < wanted {
                    query.limit = min(Self.chunk, wanted - written)
                    let answer = try view.features(query, masked: masked)
                    for feature in answer.features { try sink.write(feature) }
                    written += answer.features.count
                    try checkSize(folder)
                    guard let next = answer.next else { break }
                    query.cursor = next
                    query.offset = 0
                }
            }
            try sink.close(messages)
            return path
        }
    }

    private func checkSize(_ folder: String) throws {
        var bytes = 0
        for name in try FileManager.default.contentsOfDirectory(atPath: folder) {
            let size = try FileManager.default.attributesOfItem(atPath: "\(folder)/\(name)")[.size] as? Int
            bytes += size ?? 0
        }
        guard bytes <= byteLimit else {
            throw TwinError(
                .argument,
                "limit: the file grows beyond \(byteLimit >> 20) MB; ask for less, for example with bbox or limit=100000"
            )
        }
    }
}

/// The open file.
@safe private final class FeatureFileSink {
    private let view: LayerView
    private let output: GeometryOutput
    private let path: String
    private let hasGeometry: Bool
    /// Snapshot columns of the fields, in the order of the file.
    private var columns: [Int] = []
    private var dataset: GDALDatasetH?
    private var layer: OGRLayerH?
    private var definition: OGRFeatureDefnH?
    private let isTransactional: Bool
    private var count = 0
    private var flat = FlatCoordinates()
    private var wkb: [UInt8] = []

    init(_ file: FeatureFile, _ view: LayerView, masked: Set<String>, output: GeometryOutput, path: String) throws {
        self.view = view
        self.output = output
        self.path = path
        hasGeometry = file.hasGeometry
        isTransactional = file.format == .geoPackage
        guard let driver = unsafe GDALGetDriverByName(file.format.driver) else {
            throw writeFailure(path, "GDAL has no driver '\(file.format.driver)'; install a GDAL that writes it")
        }
        unsafe dataset = unsafe GDALCreate(driver, path, 0, 0, 0, GDT_Unknown, nil)
        guard unsafe dataset != nil else { throw writeFailure(path, "cannot be created; is the folder writable?") }
        try makeLayer(file)
        try makeFields(file, masked: masked)
        if isTransactional { unsafe GDALDatasetStartTransaction(dataset, 0) }
    }

    deinit { if let dataset = unsafe dataset { unsafe GDALClose(dataset) } }

    private func makeLayer(_ file: FeatureFile) throws {
        let kind = view.definition.geometry
        let reference = unsafe OSRNewSpatialReference(output.crs.system.wkt)
        defer { unsafe OSRDestroySpatialReference(reference) }
        unsafe OSRSetAxisMappingStrategy(reference, OAMS_TRADITIONAL_GIS_ORDER)
        let hasZ = view.hasHeights
        var type: OGRwkbGeometryType =
            switch kind {
            case .point: view.hasMultiPoints ? wkbMultiPoint : wkbPoint
            case .line: wkbMultiLineString
            case .polygon: wkbMultiPolygon
            }
        if hasZ { type = OGR_GT_SetZ(type) }
        if !hasGeometry { type = wkbNone }
        var options: [String] = []
        switch file.format {
        case .csv:
            if hasGeometry { options = [kind == .point && !view.hasMultiPoints ? "GEOMETRY=AS_XY" : "GEOMETRY=AS_WKT"] }
        case .shapefile: options = ["ENCODING=\(file.encoding == "GBK" ? "CP936" : "UTF-8")"]
        case .geoPackage: options = ["FID=fid"]
        case .flatGeobuf: break
        }
        let made = unsafe withOptionList(options) { list in
            unsafe GDALDatasetCreateLayer(dataset, view.definition.id, reference, type, list)
        }
        guard unsafe made != nil else { throw writeFailure(path, "the layer cannot be created") }
        unsafe layer = unsafe made
    }

    private func makeFields(_ file: FeatureFile, masked: Set<String>) throws {
        try add("id", OFTInteger64)
        let definition = view.definition
        if definition.code != nil, !masked.contains("code"), file.names?.contains("code") ?? true {
            try add("code", OFTString)
            columns.append(view.codeColumn)
        }
        for (index, field) in definition.fields.enumerated() where !masked.contains(field.name) {
            guard file.names?.contains(field.name) ?? true else { continue }
            let type: OGRFieldType =
                switch field.type {
                case .integer: OFTInteger64
                case .real: OFTReal
                case .boolean: OFTInteger
                case .string: OFTString
                case .date: OFTDate
                case .datetime: OFTDateTime
                }
            try add(field.name, type, isBoolean: field.type == .boolean)
            columns.append(index)
        }
        unsafe self.definition = unsafe OGR_L_GetLayerDefn(layer)
    }

    private func add(_ name: String, _ type: OGRFieldType, isBoolean: Bool = false) throws {
        let field = unsafe OGR_Fld_Create(name, type)
        defer { unsafe OGR_Fld_Destroy(field) }
        if isBoolean { unsafe OGR_Fld_SetSubType(field, OFSTBoolean) }
        guard unsafe OGR_L_CreateField(layer, field, 1) == OGRERR_NONE else {
            throw writeFailure(path, "the field '\(name)' cannot be created")
        }
    }

    func write(_ feature: Feature) throws {
        let made = unsafe OGR_F_Create(definition)
        defer { unsafe OGR_F_Destroy(made) }
        unsafe OGR_F_SetFieldInteger64(made, 0, feature.id)
        for (place, column) in columns.enumerated() {
            let index = Int32(place + 1)
            switch view.value(row: feature.row, column: column) {
            case .null, .binary: unsafe OGR_F_SetFieldNull(made, index)
            case .integer(let number): unsafe OGR_F_SetFieldInteger64(made, index, number)
            case .real(let number): unsafe OGR_F_SetFieldDouble(made, index, number)
            case .boolean(let truth): unsafe OGR_F_SetFieldInteger(made, index, truth ? 1 : 0)
            case .string(let text): unsafe OGR_F_SetFieldString(made, index, text)
            }
        }
        if hasGeometry { unsafe try setGeometry(feature, made) }
        guard unsafe OGR_L_CreateFeature(layer, made) == OGRERR_NONE else {
            throw writeFailure(path, "feature \(feature.id) could not be written; is the disk full?")
        }
        count += 1
        guard isTransactional, count % 50_000 == 0 else { return }
        unsafe GDALDatasetCommitTransaction(dataset)
        unsafe GDALDatasetStartTransaction(dataset, 0)
    }

    private func setGeometry(_ feature: Feature, _ made: OGRFeatureH?) throws {
        flat.removeAll()
        flat.kind = view.definition.geometry
        let heights = view.heights(row: feature.row)
        feature.withGeometry { geometry in
            for vertex in 0..<geometry.vertexCount {
                let position = output.eastNorth(geometry.vertex(vertex))
                flat.xy.append(position.x)
                flat.xy.append(position.y)
            }
            for index in geometry.ringEnds.indices { flat.ringEnds.append(geometry.ringEnds[index]) }
        }
        for height in heights { flat.z.append(Double(height) / 1000) }
        wkb.removeAll(keepingCapacity: true)
        let isSinglePoint = flat.kind == .point && !view.hasMultiPoints
        try WKBWriter(form: isSinglePoint ? .simplest : .multi).encode(flat, into: &wkb)
        var shape: OGRGeometryH?
        let status = unsafe wkb.withUnsafeBytes { bytes in
            unsafe OGR_G_CreateFromWkb(bytes.baseAddress, nil, &shape, Int32(clamping: bytes.count))
        }
        guard status == OGRERR_NONE else {
            throw writeFailure(path, "feature \(feature.id) has a geometry that GDAL refuses")
        }
        unsafe OGR_F_SetGeometryDirectly(made, shape)
    }

    func close(_ messages: GDALMessages) throws {
        guard let open = unsafe dataset else { return }
        if isTransactional { unsafe GDALDatasetCommitTransaction(open) }
        unsafe GDALClose(open)
        unsafe dataset = nil
        if let error = messages.errors.last { throw TwinError(.system, "\(path): could not be finished", cause: error) }
    }
}

extension LayerView {
    /// Whether features have heights.
    var hasHeights: Bool {
        let snapshot = snapshot
        if let heights = snapshot.heights, !heights.isEmpty { return true }
        return delta.features.contains { !$0.geometry.z.isEmpty }
    }

    /// Whether a feature of a point layer has several points.
    var hasMultiPoints: Bool {
        guard definition.geometry == .point else { return false }
        return !snapshot.isPointLayer || delta.features.contains { $0.geometry.vertexCount > 1 }
    }
}
