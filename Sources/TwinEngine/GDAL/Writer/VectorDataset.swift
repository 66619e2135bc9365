// SPDX-License-Identifier: Apache-2.0
import CGDAL

/// A column of a written layer.
struct WriterField: Sendable {
    enum Kind: Sendable { case text, integer, real }
    var name: String
    var kind: Kind
    var width: Int32
    var precision: Int32

    static func text(_ name: String, _ width: Int32 = 0) -> WriterField {
        WriterField(name: name, kind: .text, width: width, precision: 0)
    }
    static func integer(_ name: String, _ width: Int32 = 0) -> WriterField {
        WriterField(name: name, kind: .integer, width: width, precision: 0)
    }
    static func real(_ name: String, _ width: Int32 = 0, _ precision: Int32 = 0) -> WriterField {
        WriterField(name: name, kind: .real, width: width, precision: precision)
    }
}

/// The geometry type of a written layer.
enum WriterGeometry: Sendable {
    case point, line, polygon

    fileprivate var native: OGRwkbGeometryType {
        switch self {
        case .point: wkbPoint
        case .line: wkbLineString
        case .polygon: wkbPolygon
        }
    }
}

/// A value of a written feature.
enum WriterValue: Sendable {
    case text(String)
    case integer(Int)
    case real(Double)
    case null
}

/// A vector file being written through GDAL. One thread at a time; call ``close()`` to learn about late failures.
@safe final class VectorDataset {
    let path: String
    private var handle: GDALDatasetH?
    private let isTransactional: Bool
    private var pending = 0

    /// Rows between commits of a GeoPackage: large enough to amortise the commit, small enough for flat memory.
    private static let rowsPerTransaction = 100_000

    init(path: String, driver: String) throws {
        self.path = path
        isTransactional = driver == "GPKG"
        GDALAllRegister()
        guard let found = unsafe GDALGetDriverByName(driver) else {
            throw writeFailure(path, "GDAL has no driver '\(driver)'; install a GDAL that writes it")
        }
        // A generated file is made anew after a crash, so SQLite need neither wait for the disk nor keep a journal.
        let quick = ["OGR_SQLITE_SYNCHRONOUS", "OGR_SQLITE_JOURNAL"]
        for key in quick { unsafe CPLSetThreadLocalConfigOption(key, "OFF") }
        defer { for key in quick { unsafe CPLSetThreadLocalConfigOption(key, nil) } }
        unsafe handle = unsafe GDALCreate(found, path, 0, 0, 0, GDT_Unknown, nil)
        guard unsafe handle != nil else { throw writeFailure(path, "cannot be created; is the folder writable?") }
    }

    deinit {
        if let handle = unsafe handle { unsafe GDALClose(handle) }
    }

    /// - Parameter options: driver creation options as `KEY=VALUE`.
    func addLayer(
        _ name: String, _ geometry: WriterGeometry, epsg: Int32, fields: [WriterField], options: [String] = []
    ) throws -> VectorLayer {
        let reference = unsafe OSRNewSpatialReference(nil)
        defer { unsafe OSRDestroySpatialReference(reference) }
        guard unsafe OSRImportFromEPSG(reference, epsg) == OGRERR_NONE else {
            throw writeFailure(path, "EPSG:\(epsg) is unknown to PROJ; is its database installed?")
        }
        unsafe OSRSetAxisMappingStrategy(reference, OAMS_TRADITIONAL_GIS_ORDER)
        // No spatial index: it costs a third of the time, and whoever reads the file streams it from end to end.
        let all = isTransactional ? options + ["SPATIAL_INDEX=NO"] : options
        let made = unsafe withOptionList(all) { list in
            unsafe GDALDatasetCreateLayer(handle, name, reference, geometry.native, list)
        }
        guard let layer = unsafe made else {
            throw writeFailure(path, "layer '\(name)' cannot be created")
        }
        for field in fields {
            let type = field.kind == .text ? OFTString : field.kind == .integer ? OFTInteger64 : OFTReal
            let definition = unsafe OGR_Fld_Create(field.name, type)
            defer { unsafe OGR_Fld_Destroy(definition) }
            unsafe OGR_Fld_SetWidth(definition, field.width)
            unsafe OGR_Fld_SetPrecision(definition, field.precision)
            guard unsafe OGR_L_CreateField(layer, definition, 1) == OGRERR_NONE else {
                throw writeFailure(path, "field '\(field.name)' cannot be created")
            }
        }
        return unsafe VectorLayer(dataset: self, layer: layer)
    }

    func wrote() throws {
        guard isTransactional else { return }
        if pending == 0 { unsafe GDALDatasetStartTransaction(handle, 0) }
        pending += 1
        if pending >= Self.rowsPerTransaction { try commit() }
    }

    private func commit() throws {
        guard pending > 0 else { return }
        pending = 0
        guard unsafe GDALDatasetCommitTransaction(handle) == OGRERR_NONE else {
            throw writeFailure(path, "rows could not be committed; is the disk full?")
        }
    }

    func close() throws {
        guard let open = unsafe handle else { return }
        try commit()
        CPLErrorReset()
        unsafe GDALClose(open)
        unsafe handle = nil
        if CPLGetLastErrorType() == CE_Failure { throw writeFailure(path, "could not be finished") }
    }
}

/// A layer of a ``VectorDataset``.
@safe final class VectorLayer {
    private let dataset: VectorDataset
    private let layer: OGRLayerH
    private let definition: OGRFeatureDefnH?
    private(set) var count = 0

    init(dataset: VectorDataset, layer: OGRLayerH) {
        self.dataset = dataset
        unsafe self.layer = unsafe layer
        unsafe definition = unsafe OGR_L_GetLayerDefn(layer)
    }

    /// Appends one feature; values in the order of the layer's fields.
    func write(_ geometry: borrowing WKBBuilder, _ values: [WriterValue]) throws {
        try dataset.wrote()
        let feature = unsafe OGR_F_Create(definition)
        defer { unsafe OGR_F_Destroy(feature) }
        var shape: OGRGeometryH?
        let bytes = geometry.bytes
        let status = unsafe bytes.withUnsafeBytes { buffer in
            unsafe OGR_G_CreateFromWkb(buffer.baseAddress, nil, &shape, Int32(buffer.count))
        }
        guard status == OGRERR_NONE else {
            throw writeFailure(dataset.path, "feature \(count) has no valid geometry")
        }
        unsafe OGR_F_SetGeometryDirectly(feature, shape)
        for (index, value) in values.enumerated() {
            switch value {
            case .text(let text): unsafe OGR_F_SetFieldString(feature, Int32(index), text)
            case .integer(let number): unsafe OGR_F_SetFieldInteger64(feature, Int32(index), Int64(number))
            case .real(let number): unsafe OGR_F_SetFieldDouble(feature, Int32(index), number)
            case .null: break
            }
        }
        guard unsafe OGR_L_CreateFeature(layer, feature) == OGRERR_NONE else {
            throw writeFailure(dataset.path, "feature \(count) could not be written; is the disk full?")
        }
        count += 1
    }
}
