// SPDX-License-Identifier: Apache-2.0
public import Spatial

/// A run of a layer's features as they are written, with the keys and values that they are the first to use.
///
/// Its bytes hold as long as the pieces before it use the same keys and values in the same order.
public struct LayerPiece: Sendable, Hashable {
    /// `features` fields of the layer.
    public fileprivate(set) var features: [UInt8] = []
    /// By ``LayerTileEncoder/intern(key:)``.
    public fileprivate(set) var keys: [Int] = []
    /// `values` fields of the layer.
    public fileprivate(set) var values: [UInt8] = []
    fileprivate(set) var valueEnds: [Int] = []

    public init() {}

    /// The layer's bytes before its features: tag, length, version and name.
    ///
    /// - Parameter rest: bytes of the features, of the `keys` and `values` fields and of ``tail``.
    public static func head(_ name: String, rest: Int) -> [UInt8] {
        var inner: [UInt8] = [15 << 3, 2]
        inner.appendField(1 << 3 | 2, text: name)
        var head: [UInt8] = [3 << 3 | 2]
        head.appendVarint(inner.count + rest)
        return head + inner
    }

    /// The `keys` field of a name.
    public static func key(_ name: String) -> [UInt8] {
        var field: [UInt8] = []
        field.appendField(3 << 3 | 2, text: name)
        return field
    }

    /// The layer's bytes after its values.
    public static let tail: [UInt8] = {
        var tail: [UInt8] = [5 << 3]
        tail.appendVarint(LayerWriter.extent)
        return tail
    }()
}

extension LayerTileEncoder {
    /// Whether a layer can be written piece by piece: what becomes of a feature must not depend on the other ones.
    public static func hasPieces(_ kind: GeometryKind, _ rules: TileRules, zoom: Int) -> Bool {
        guard rules.maximumFeatures == nil else { return false }
        return switch kind {
        case .point: rules.points == .all || zoom >= rules.pointsBelowZoom
        case .line: !rules.joinsLines || zoom >= rules.joinsBelowZoom
        case .polygon: !rules.labelsPolygons
        }
    }

    /// Bytes of geometry since the last piece.
    public var pieceBytes: Int { geometry.bytes.count + tags.count * 2 + records.count * 8 }

    /// Ends a piece with the features since the last one.
    public mutating func takePiece() -> LayerPiece {
        var piece = LayerPiece()
        let knownKeys = writer.keyOrder.count, knownValues = writer.valueOrder.count
        writer.features.removeAll(keepingCapacity: true)
        writer.grow(table)
        for record in records { writer.appendFeature(record, tags, geometry.bytes) }
        piece.features = writer.features
        piece.keys = Array(writer.keyOrder[knownKeys...])
        // Every value is of a feature that was written, so that they are used in the order in which they came.
        let start = knownValues == 0 ? 0 : table.valueEnds[knownValues - 1]
        piece.values = Array(table.values[start...])
        piece.valueEnds = table.valueEnds[knownValues...].map { $0 - start }
        records.removeAll(keepingCapacity: true)
        tags.removeAll(keepingCapacity: true)
        geometry.bytes.removeAll(keepingCapacity: true)
        return piece
    }

    /// Takes the keys and values of a piece that comes before what is added next.
    public mutating func adopt(_ piece: LayerPiece) {
        table.adopt(piece.values, piece.valueEnds)
        writer.grow(table)
        for key in piece.keys { writer.use(key: key) }
        for value in writer.valueOrder.count..<table.valueEnds.count { writer.use(value: value) }
    }
}
