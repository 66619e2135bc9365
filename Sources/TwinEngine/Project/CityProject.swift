// SPDX-License-Identifier: Apache-2.0
public import Spatial

/// A text in Chinese and English, as shown to people.
public struct LocalizedText: Sendable, Hashable {
    public var zh: String
    public var en: String

    public init(zh: String, en: String) {
        self.zh = zh
        self.en = en
    }
}

/// A position in degrees, longitude first (OGC CRS84).
public struct LonLat: Sendable, Hashable {
    public var longitude: Double
    public var latitude: Double

    public init(longitude: Double, latitude: Double) {
        self.longitude = longitude
        self.latitude = latitude
    }
}

/// A box in degrees (OGC CRS84).
public struct LonLatBox: Sendable, Hashable {
    public var west: Double
    public var south: Double
    public var east: Double
    public var north: Double

    public init(west: Double, south: Double, east: Double, north: Double) {
        self.west = west
        self.south = south
        self.east = east
        self.north = north
    }

    public var center: LonLat {
        LonLat(longitude: (west + east) / 2, latitude: (south + north) / 2)
    }
}

/// The sensitivity grade of data (数据分级), from open to secret.
public enum Classification: String, Sendable, Hashable, CaseIterable, Comparable {
    case `public`
    case `internal`
    case restricted
    case confidential

    public static func < (left: Classification, right: Classification) -> Bool {
        left.rank < right.rank
    }

    var rank: Int { Self.allCases.firstIndex(of: self) ?? 0 }
}

/// Heights' reference surface (高程基准) and its separation from the ellipsoid.
public struct VerticalDatum: Sendable, Hashable {
    /// `EPSG:5737` (1985 national height datum), another code, or `unknown`.
    public var datum: String
    /// Metres from the ellipsoid up to the datum's zero surface, if one constant serves the city.
    public var geoidSeparation: Double?

    public static let unknown = VerticalDatum(datum: "unknown", geoidSeparation: nil)

    public init(datum: String, geoidSeparation: Double?) {
        self.datum = datum
        self.geoidSeparation = geoidSeparation
    }
}

/// A group of layers in the layer tree (专题).
public struct ThemeDefinition: Sendable, Hashable {
    public var id: String
    public var title: LocalizedText
}

/// The type of a layer's field.
public enum FieldType: String, Sendable, Hashable, CaseIterable {
    case string, integer, real, boolean, date, datetime
}

/// A field of a layer: where it comes from and what it means.
public struct FieldDefinition: Sendable, Hashable {
    public var name: String
    /// The source's field, `other_tags->KEY` for a key inside an hstore text, or nil where it has the same name.
    public var from: String?
    public var type: FieldType
    public var unit: String?
    public var title: LocalizedText

    /// The source field to read.
    public var sourceName: String { from ?? name }
}

/// Colours by the value of a field.
public struct CategoryStyle: Sendable, Hashable {
    public struct Entry: Sendable, Hashable {
        public var value: String
        public var color: String
    }
    public var field: String
    public var values: [Entry]
    public var other: String
}

/// How a layer is drawn; the map style and the legend are generated from it.
public struct LayerStyle: Sendable, Hashable {
    public enum Kind: String, Sendable, Hashable, CaseIterable {
        case fill, line, circle, symbol
    }
    public var kind: Kind
    public var color: String
    public var outline: String?
    public var opacity: Double
    /// Pixels: line width or circle radius.
    public var width: Double
    /// Shown when the page opens.
    public var visible: Bool
    /// The field that labels features.
    public var label: String?
    public var category: CategoryStyle?
}

/// A layer (图层) of the city base map.
public struct LayerDefinition: Sendable, Hashable {
    public var id: String
    public var title: LocalizedText
    public var theme: String
    /// The owner department (权属部门).
    public var department: String
    public var classification: Classification
    public var geometry: GeometryKind
    /// Ids of the sources that feed it.
    public var sources: [String]
    /// The source field that holds a feature's permanent code; ids stay with codes across imports.
    public var code: String?
    /// Part of the `basemap` tileset.
    public var isBase: Bool
    public var zoom: ClosedRange<Int>
    public var fields: [FieldDefinition]
    public var style: LayerStyle
    /// What the layer's tiles hold; nil follows ``LayerTiles/standard(_:)`` of the geometry.
    public var tiles: LayerTiles? = nil
    /// The code system that the layer's features are classed by.
    public var codes: LayerCodes? = nil
    /// Further code fields, whose values the import checks.
    public var checks: [CodeCheck] = []
    /// The level of detail that the project states; nil follows from the content.
    public var cimLevel: CIMLevel? = nil
    /// Whether the store keeps what changes overwrite (历史).
    public var keepsHistory = true

    public func fieldIndex(_ name: String) -> Int? {
        fields.firstIndex { $0.name == name }
    }
}

public enum ModelKind: String, Sendable, Hashable, CaseIterable {
    case buildings, pipes
    /// Street assets and fixtures of pipes, as instances of few shapes.
    case parts
}

/// A 3D model made from layers.
public struct ModelDefinition: Sendable, Hashable {
    public var id: String
    public var kind: ModelKind
    public var title: LocalizedText
    public var layers: [String]
    /// Field with the height in metres (buildings).
    public var height: String?
    /// Field with the number of storeys (buildings).
    public var floors: String?
    /// Metres per storey where only storeys are known.
    public var storeyHeight: Double
    /// Field with the ground height in metres; nil places the model on 0.
    public var ground: String?
    /// Field with the outside diameter in millimetres (pipes).
    public var diameter: String?
    /// Fields with the depth of start and end in metres below ground (pipes).
    public var depthFrom: String?
    public var depthTo: String?
    /// Metres below ground where no depth is known.
    public var defaultDepth: Double
    /// Field whose value chooses the colour.
    public var colorBy: String?
    /// What else is known of pipes.
    public var pipes = PipeFields()
    /// What is known of street assets.
    public var parts = PartFields()
    /// The level of detail that the project states; nil follows from the content.
    public var cimLevel: CIMLevel? = nil
    /// Roofs, parts and storeys (buildings).
    public var building = BuildingDefinition()
}

/// Where a scenario opens the map.
public struct ScenarioView: Sendable, Hashable {
    public var center: LonLat
    public var zoom: Double
    public var pitch: Double
    public var bearing: Double
}

/// The radius query that a scenario starts with.
public struct ScenarioQuery: Sendable, Hashable {
    public var at: LonLat?
    /// Metres.
    public var radius: Double
    public var layers: [String]
}

/// A department's scenario (应用场景): layers, a view, and a first question.
public struct ScenarioDefinition: Sendable, Hashable {
    public var id: String
    public var title: LocalizedText
    public var department: String
    public var description: LocalizedText
    public var layers: [String]
    public var view: ScenarioView?
    public var query: ScenarioQuery?
}

/// Where live terminals come from.
public struct LiveDefinition: Sendable, Hashable {
    /// The layer that is the terminal ledger (感知终端台账).
    public var ledger: String?
    /// A CSV of positions that `twin serve --replay` plays, as an absolute path.
    public var replay: String?
}

/// A city as declared in `city.yaml`.
public struct CityProject: Sendable, Hashable {
    public var id: String
    public var name: LocalizedText
    /// The horizontal coordinate system (projected), as PROJ reads it.
    public var crs: String
    public var vertical: VerticalDatum
    public var extent: LonLatBox
    public var themes: [ThemeDefinition]
    public var sources: [SourceDefinition]
    public var layers: [LayerDefinition]
    public var models: [ModelDefinition]
    public var scenarios: [ScenarioDefinition]
    public var live: LiveDefinition?
    /// Absolute paths of profile files by kind; kinds that are not here have the profile that comes with the engine.
    public var profiles: [String: String] = [:]
    public var terrain: TerrainDefinition? = nil
    /// 3D tilesets that others made.
    public var tilesets: [ExternalTileset] = []
    /// The folder of the project file; relative paths start here.
    public var folder: String

    public func layer(_ id: String) -> LayerDefinition? {
        layers.first { $0.id == id }
    }

    public func source(_ id: String) -> SourceDefinition? {
        sources.first { $0.id == id }
    }
}
