// SPDX-License-Identifier: Apache-2.0

/// Buildings and lots as two departments deliver them: GBK shapefiles, one with zone-prefixed eastings
/// (EPSG:4528) and no .cpg, one without prefix (EPSG:4549) and with .cpg.
final class BuildingWriter: QuarterWriter {
    private let buildingFile: VectorDataset
    private let parcelFile: VectorDataset
    private let buildings: VectorLayer
    private let parcels: VectorLayer
    private let folder: String
    private var wkb = WKBBuilder()
    var buildingCount: Int { buildings.count }
    var parcelCount: Int { parcels.count }

    /// EPSG:4528 is EPSG:4549 with the zone number 40 before the easting (GB/T 24356 and the EPSG definitions).
    static let zonePrefix = 40_000_000.0

    init(folder: String) throws {
        self.folder = folder
        buildingFile = try VectorDataset(path: folder + "/buildings.shp", driver: "ESRI Shapefile")
        parcelFile = try VectorDataset(path: folder + "/parcels.shp", driver: "ESRI Shapefile")
        buildings = try buildingFile.addLayer(
            "buildings", .polygon, epsg: 4528,
            fields: [
                .text("编码", 20), .text("名称", 48), .integer("层数", 4), .real("高度", 8, 2), .text("用途", 12),
                .text("结构", 16),
                .integer("建成年份", 4), .real("地面高程", 8, 2),
            ], options: ["ENCODING=GBK"])
        parcels = try parcelFile.addLayer(
            "parcels", .polygon, epsg: 4549,
            fields: [
                .text("宗地代码", 20), .text("地类编码", 8), .text("地类名称", 24), .real("面积", 12, 2), .text("权利人", 48),
                .text("坐落", 48),
            ], options: ["ENCODING=GBK"])
    }

    func write(_ quarter: Quarter) throws {
        for block in quarter.blocks {
            for parcel in block.parcels {
                try write(parcel, block, quarter)
            }
        }
    }

    private func write(_ parcel: PlannedParcel, _ block: PlannedBlock, _ quarter: Quarter) throws {
        wkb.polygon([parcel.ring])
        try parcels.write(
            wkb,
            [
                .text("370281GB" + padded(parcels.count + 1, 8)), .text(parcel.use.code), .text(parcel.use.title),
                .real((parcel.area * 100).rounded() / 100), .text(parcel.name), .text(block.name),
            ])
        for building in parcel.buildings {
            wkb.polygon(building.rings.map { $0.map { PlanPoint($0.x + Self.zonePrefix, $0.y) } })
            try buildings.write(
                wkb,
                [
                    .text("370281F" + padded(buildings.count + 1, 9)), .text(building.name), .integer(building.floors),
                    .real(building.height), .text(building.use.building), .text(building.structure),
                    .integer(building.year), .real((building.ground * 100).rounded() / 100),
                ])
        }
    }

    func finish() throws {
        try buildingFile.close()
        try parcelFile.close()
        // The survey department forgets the code page: the project file says GBK instead.
        try FileStore.removeIfPresent(folder + "/buildings.cpg")
    }
}
