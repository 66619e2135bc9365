// SPDX-License-Identifier: Apache-2.0
internal import CGDAL

/// From the demo city's metres (EPSG:4549) to another system, easting/longitude first. One thread at a time.
@safe final class PlanTransform {
    private let handle: OGRCoordinateTransformationH

    init(to epsg: Int32) throws {
        let source = unsafe OSRNewSpatialReference(nil)
        let target = unsafe OSRNewSpatialReference(nil)
        defer {
            unsafe OSRDestroySpatialReference(source)
            unsafe OSRDestroySpatialReference(target)
        }
        guard unsafe OSRImportFromEPSG(source, 4549) == OGRERR_NONE,
            unsafe OSRImportFromEPSG(target, epsg) == OGRERR_NONE
        else { throw GDALWriteError("EPSG:\(epsg)", "is unknown to PROJ; is its database installed?") }
        unsafe OSRSetAxisMappingStrategy(source, OAMS_TRADITIONAL_GIS_ORDER)
        unsafe OSRSetAxisMappingStrategy(target, OAMS_TRADITIONAL_GIS_ORDER)
        guard let made = unsafe OCTNewCoordinateTransformation(source, target) else {
            throw GDALWriteError("EPSG:\(epsg)", "has no transformation from EPSG:4549")
        }
        unsafe handle = unsafe made
    }

    deinit { unsafe OCTDestroyCoordinateTransformation(handle) }

    func callAsFunction(_ point: PlanPoint) -> PlanPoint {
        var x = point.x
        var y = point.y
        unsafe OCTTransform(handle, 1, &x, &y, nil)
        return PlanPoint(x: x, y: y)
    }

    func callAsFunction(_ points: [PlanPoint]) -> [PlanPoint] {
        var xs = points.map(\.x)
        var ys = points.map(\.y)
        unsafe OCTTransform(handle, Int32(points.count), &xs, &ys, nil)
        return zip(xs, ys).map { PlanPoint(x: $0, y: $1) }
    }
}
