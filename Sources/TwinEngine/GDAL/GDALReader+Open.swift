// SPDX-License-Identifier: Apache-2.0
import CGDAL
import Foundation

extension GDALReader {
    @unsafe struct Opened {
        var dataset: OpaquePointer
        var layer: OpaquePointer
        var description: SourceDescription
        /// Kept until the data set is closed.
        var links: ShapefileLinks?
    }

    /// Opens the data set, chooses the layer and describes it.
    static func open(_ source: SourceDefinition, _ messages: GDALMessages) throws -> Opened {
        try checkExists(source)
        var options: [String] = []
        var notes: [String] = []
        var encoding = source.encoding
        if let encoding, !ShapefileEncoding.isKnown(codePage: encoding) {
            throw ReaderError(
                .encoding,
                "\(source.path): no such encoding as \"\(encoding)\"; write UTF-8, GBK or a name that `iconv -l` lists")
        }
        if encoding != nil, !isShapefile(source.path) {
            notes.append("`encoding` is for shapefiles and tables; GDAL decodes this format by what the file says")
        }
        if isShapefile(source.path) {
            if encoding == nil, let detected = ShapefileEncoding.detect(shapefile: source.path) {
                encoding = detected.name
                notes += detected.notes
                if detected.isGuess {
                    notes.append("encoding \(detected.name) detected from the bytes; state `encoding:` to be sure")
                }
            }
            if let encoding { options.append("ENCODING=\(encoding == "GBK" ? "CP936" : encoding)") }
        }
        let links = try ShapefileLinks(source.path)
        if links != nil { notes.append("it has no .shx; the index was restored from the .shp") }
        // GDAL rewrites the index of every shapefile while this option is set, so it is set for our own folder only.
        unsafe CPLSetThreadLocalConfigOption("SHAPE_RESTORE_SHX", links == nil ? nil : "YES")
        defer { unsafe CPLSetThreadLocalConfigOption("SHAPE_RESTORE_SHX", nil) }
        let dataset = unsafe try openDataset(source, links?.path ?? connection(source.path), options, messages)
        do {
            return unsafe try messages.collecting {
                let layer = try unsafe chooseLayer(dataset, source, messages)
                let description = unsafe describe(dataset, layer, encoding: encoding, source: source, notes: notes)
                return unsafe Opened(dataset: dataset, layer: layer, description: description, links: links)
            }
        } catch {
            _ = unsafe GDALClose(UnsafeMutableRawPointer(dataset))
            throw error
        }
    }

    static func isShapefile(_ path: String) -> Bool {
        path.lowercased().hasSuffix(".shp") || path.lowercased().hasSuffix(".dbf")
    }

    /// The path as GDAL wants it: a plain archive is opened as the folder that it is.
    static func connection(_ path: String) -> String {
        let name = path.lowercased()
        guard name.hasSuffix(".zip"), path.hasPrefix("/"), !path.hasPrefix("/vsi") else { return path }
        if [".gdb.zip", ".shp.zip", ".gpkg.zip"].contains(where: name.hasSuffix) { return path }
        return "/vsizip/" + path
    }

    private static func checkExists(_ source: SourceDefinition) throws {
        let path = source.path
        guard path.hasPrefix("/"), !path.hasPrefix("/vsi") else { return }
        guard FileManager.default.fileExists(atPath: path) else {
            throw ReaderError(.unreadable, "\(path): no such file; correct `path` of source '\(source.id)'")
        }
    }

    private static func openDataset(
        _ source: SourceDefinition, _ path: String, _ options: [String], _ messages: GDALMessages
    ) throws -> OpaquePointer {
        var list: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?
        for option in options { unsafe list = CSLAddString(list, option) }
        defer { unsafe CSLDestroy(list) }
        let openOptions = unsafe UnsafeMutableRawPointer(list)?.assumingMemoryBound(to: UnsafePointer<CChar>?.self)
        let flags = UInt32(GDAL_OF_VECTOR | GDAL_OF_READONLY)
        let handle = unsafe messages.collecting {
            unsafe GDALOpenEx(path, flags, nil, openOptions, nil)
        }
        guard let handle = unsafe handle else {
            throw ReaderError(
                .wrongFormat,
                "\(source.path): GDAL cannot open it: \(messages.lastError ?? "not a vector format it knows"); "
                    + "check that the file is whole and of the format its name says"
                    + (source.path.lowercased().hasSuffix(".zip")
                        ? "; of an archive, what lies at its top is read: unpack it where CityJSON, CityGML or folders are in it"
                        : ""))
        }
        return OpaquePointer(handle)
    }

    private static func chooseLayer(
        _ dataset: OpaquePointer, _ source: SourceDefinition, _ messages: GDALMessages
    ) throws -> OpaquePointer {
        let handle = unsafe UnsafeMutableRawPointer(dataset)
        let count = unsafe GDALDatasetGetLayerCount(handle)
        let names = (0..<count).compactMap { index -> String? in
            guard let layer = unsafe GDALDatasetGetLayer(handle, index) else { return nil }
            return unsafe String(cString: OGR_L_GetName(layer))
        }
        if let wanted = source.layer {
            // The OSM driver reads all layers unless it is told which one matters.
            if unsafe driverName(dataset) == "OSM" {
                messages.collecting {
                    let result = unsafe GDALDatasetExecuteSQL(handle, "SET interest_layers = \(wanted)", nil, nil)
                    unsafe GDALDatasetReleaseResultSet(handle, result)
                }
            }
            guard let layer = unsafe GDALDatasetGetLayerByName(handle, wanted) else {
                throw ReaderError(
                    .configuration,
                    "\(source.path): there is no layer '\(wanted)'; it has \(names.joined(separator: ", "))")
            }
            return OpaquePointer(layer)
        }
        guard count == 1, let layer = unsafe GDALDatasetGetLayer(handle, 0) else {
            throw ReaderError(
                .configuration,
                count == 0
                    ? "\(source.path): it has no layer"
                    : "\(source.path): it has \(count) layers; add `layer:` with one of \(names.joined(separator: ", "))"
            )
        }
        return OpaquePointer(layer)
    }

    private static func driverName(_ dataset: OpaquePointer) -> String {
        guard let driver = unsafe GDALGetDatasetDriver(UnsafeMutableRawPointer(dataset)) else { return "unknown" }
        return unsafe String(cString: GDALGetDriverShortName(driver))
    }

    private static func describe(
        _ dataset: OpaquePointer, _ layer: OpaquePointer, encoding: String?, source: SourceDefinition, notes: [String]
    ) -> SourceDescription {
        let handle = unsafe UnsafeMutableRawPointer(layer)
        var crs: String?
        if let reference = unsafe OGR_L_GetSpatialRef(handle) {
            var text: UnsafeMutablePointer<CChar>?
            if unsafe OSRExportToWktEx(reference, &text, nil) == OGRERR_NONE, let text = unsafe text {
                crs = unsafe String(cString: text)
            }
            unsafe VSIFree(text)
        }
        var fields: [SourceField] = []
        if let definition = unsafe OGR_L_GetLayerDefn(handle) {
            for index in 0..<(unsafe OGR_FD_GetFieldCount(definition)) {
                guard let field = unsafe OGR_FD_GetFieldDefn(definition, index) else { continue }
                fields.append(
                    SourceField(
                        name: unsafe String(cString: OGR_Fld_GetNameRef(field)),
                        type: unsafe OGR_Fld_GetSubType(field) == OFSTBoolean && OGR_Fld_GetType(field) == OFTInteger
                            ? .boolean : fieldType(OGR_Fld_GetType(field))))
            }
        }
        let driver = unsafe driverName(dataset)
        let textEncoding = unsafe encoding ?? shapefileEncoding(handle)
        // Counting an OSM extract reads it whole; the reader counts while it reads instead.
        let isCountCheap = unsafe OGR_L_TestCapability(handle, "FastFeatureCount") != 0
        let count = isCountCheap && source.filter == nil ? unsafe Int(OGR_L_GetFeatureCount(handle, 0)) : -1
        return SourceDescription(
            driver: driver, layer: unsafe String(cString: OGR_L_GetName(handle)), crs: crs,
            encoding: textEncoding,
            fields: fields, geometryType: unsafe String(cString: OGRGeometryTypeToName(OGR_L_GetGeomType(handle))),
            featureCount: count >= 0 ? count : nil, notes: notes)
    }

    /// What GDAL took a shapefile's encoding from: its .cpg or its language driver.
    private static func shapefileEncoding(_ layer: OGRLayerH) -> String? {
        guard let text = unsafe GDALGetMetadataItem(layer, "SOURCE_ENCODING", "SHAPEFILE") else { return nil }
        let name = unsafe String(cString: text)
        return name.isEmpty ? nil : name
    }

    private static func fieldType(_ type: OGRFieldType) -> SourceFieldType {
        switch type {
        case OFTInteger, OFTInteger64: .integer
        case OFTReal: .real
        case OFTDate: .date
        case OFTDateTime: .datetime
        case OFTBinary: .binary
        default: .string
        }
    }
}
