// SPDX-License-Identifier: Apache-2.0
import CGDAL

/// Writes a one-band Float32 GeoTIFF row by row, north up, in EPSG:4549.
enum RasterWriter {
    /// - Parameters:
    ///   - west: left edge in metres; `north`: top edge; `cell`: pixel size in metres.
    ///   - row: values of row `r` (0 = northernmost), `width` of them.
    static func write(
        path: String, width: Int, height: Int, west: Double, north: Double, cell: Double, row: (Int) -> [Float]
    ) throws {
        GDALAllRegister()
        let driver = unsafe GDALGetDriverByName("GTiff")
        let made = unsafe withOptionList(["COMPRESS=DEFLATE", "PREDICTOR=3", "TILED=YES"]) { options in
            unsafe GDALCreate(driver, path, Int32(width), Int32(height), 1, GDT_Float32, options)
        }
        guard let dataset = unsafe made else {
            throw writeFailure(path, "cannot be created; is the folder writable?")
        }
        defer { unsafe GDALClose(dataset) }
        var transform = [west, cell, 0, north, 0, -cell]
        unsafe GDALSetGeoTransform(dataset, &transform)
        let reference = unsafe OSRNewSpatialReference(nil)
        defer { unsafe OSRDestroySpatialReference(reference) }
        unsafe OSRImportFromEPSG(reference, 4549)
        unsafe GDALSetSpatialRef(dataset, reference)
        let band = unsafe GDALGetRasterBand(dataset, 1)
        unsafe GDALSetRasterUnitType(band, "m")
        for index in 0..<height {
            var values = row(index)
            let status = unsafe values.withUnsafeMutableBytes { bytes in
                unsafe GDALRasterIO(
                    band, GF_Write, 0, Int32(index), Int32(width), 1, bytes.baseAddress, Int32(width), 1, GDT_Float32,
                    0, 0)
            }
            guard status == CE_None else { throw writeFailure(path, "row \(index) could not be written; disk full?") }
        }
    }
}
