// SPDX-License-Identifier: Apache-2.0

/// Which reader opens a source.
public enum SourceFormat: String, Sendable, Hashable, CaseIterable {
    case gdal
    case csv
    case cityjson
    case citygml
    case epanet
    case pipeSurvey = "pipe-survey"
}

/// The order in which a source states its two horizontal coordinates.
public enum AxisOrder: String, Sendable, Hashable, CaseIterable {
    case eastingNorthing = "easting-northing"
    /// X is north (测量坐标), as survey tables have it.
    case northingEasting = "northing-easting"
    case lonLat = "lon-lat"
    case latLon = "lat-lon"

    /// The first coordinate of the source is the second of ours.
    var isSwapped: Bool { self == .northingEasting || self == .latLon }
}

/// A deliberate shift of Chinese consumer map data, undone on import.
public enum DatumShift: String, Sendable, Hashable, CaseIterable {
    case gcj02
    case bd09
}

/// What happens to an invalid geometry.
public enum InvalidGeometryPolicy: String, Sendable, Hashable, CaseIterable {
    case repair, reject, keep
}

/// Columns of a CSV that hold coordinates.
public struct CoordinateColumns: Sendable, Hashable {
    public var x: String?
    public var y: String?
    public var z: String?
    public var wkt: String?
}

/// Column names of underground survey tables (管点表/管线表).
public struct SurveyColumns: Sendable, Hashable {
    public enum Part: String, Sendable, Hashable, CaseIterable {
        case points, lines
    }
    /// Which of two statements about a level counts where they disagree.
    public enum Preference: String, Sendable, Hashable, CaseIterable {
        case depth, elevation
    }
    public var number: String
    public var north: String
    public var east: String
    public var ground: String
    public var from: String
    public var to: String
    public var fromDepth: String
    public var toDepth: String
    public var fromElevation: String
    public var toElevation: String
    public var prefer: Preference
    public var diameter: String
    public var part: Part
}

/// One GIS source of a city.
public struct SourceDefinition: Sendable, Hashable {
    public var id: String
    /// Absolute path, or a GDAL connection string.
    public var path: String
    public var format: SourceFormat
    public var layer: String?
    public var encoding: String?
    public var crs: String?
    /// Believe ``crs`` even if the file says otherwise.
    public var overridesCRS: Bool
    public var axisOrder: AxisOrder?
    public var datumShift: DatumShift?
    public var columns: CoordinateColumns?
    public var filter: String?
    public var invalid: InvalidGeometryPolicy
    /// Survey tables: absolute paths.
    public var points: String?
    public var lines: String?
    public var survey: SurveyColumns?
}
