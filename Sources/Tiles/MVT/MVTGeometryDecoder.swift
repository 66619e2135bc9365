// SPDX-License-Identifier: Apache-2.0
import Spatial

/// Reads the command stream of one feature's geometry field (spec 4.3).
///
/// Coordinates wrap around at 32 bits, as the parameters are 32 bit (spec 4.3.2). Whether rings cross each other, which
/// clause 4.3.4.4 forbids too, is not checked.
struct MVTGeometryDecoder {
    private enum Command: UInt32 { case moveTo = 1, lineTo = 2, closePath = 7 }

    private var reader: ProtobufReader
    private var x: Int32 = 0
    private var y: Int32 = 0
    private(set) var xy: [Int32] = []
    private(set) var ringEnds: [UInt32] = []

    init(_ reader: ProtobufReader) { self.reader = reader }

    mutating func decode(_ kind: GeometryKind) throws(TileError) {
        switch kind {
        case .point: try decodePoints()
        case .line:
            repeat { try decodeLine() } while !reader.isAtEnd
        case .polygon:
            repeat { try decodeRing() } while !reader.isAtEnd
        }
    }

    private mutating func decodePoints() throws(TileError) {
        let count = try command(.moveTo, "4.3.4.2")
        guard count > 0 else { throw invalid("a point's MoveTo has a count of 0", "4.3.4.2") }
        xy.reserveCapacity(2 * count)
        for _ in 0..<count { try append() }
        ringEnds.append(UInt32(count) | ringStartsPart)
        guard reader.isAtEnd else { throw invalid("commands follow a point's MoveTo", "4.3.4.2") }
    }

    private mutating func decodeLine() throws(TileError) {
        guard try command(.moveTo, "4.3.4.3") == 1 else {
            throw invalid("a linestring's MoveTo must have a count of 1", "4.3.4.3")
        }
        try append()
        let count = try command(.lineTo, "4.3.4.3")
        guard count > 0 else { throw invalid("a linestring's LineTo has a count of 0", "4.3.4.3") }
        for _ in 0..<count { try appendLine() }
        ringEnds.append(UInt32(xy.count / 2) | ringStartsPart)
    }

    private mutating func decodeRing() throws(TileError) {
        let start = xy.count
        guard try command(.moveTo, "4.3.4.4") == 1 else {
            throw invalid("a ring's MoveTo must have a count of 1", "4.3.4.4")
        }
        try append()
        let count = try command(.lineTo, "4.3.4.4")
        guard count > 1 else { throw invalid("a ring's LineTo must have a count above 1", "4.3.4.4") }
        for _ in 0..<count { try appendLine() }
        guard try command(.closePath, "4.3.4.4") == 1 else {
            throw invalid("ClosePath must have a count of 1", "4.3.3.3")
        }
        guard x != xy[start] || y != xy[start + 1] else {
            throw invalid("a ring repeats its first point before ClosePath", "4.3.4.4")
        }
        let area = doubledArea(from: start)
        guard area >= 0 || start > 0 else {
            throw invalid("a polygon begins with an interior ring (of negative area)", "4.3.4.4")
        }
        // A ring without area SHOULD NOT be there; it stays with the part it follows.
        let startsPart = area > 0 || start == 0
        ringEnds.append(UInt32(xy.count / 2) | (startsPart ? ringStartsPart : 0))
    }

    /// The next command's count, checked against the bytes left before anything is reserved for it.
    private mutating func command(_ expected: Command, _ clause: StaticString) throws(TileError) -> Int {
        guard !reader.isAtEnd else { throw invalid("the geometry ends where \(expected) is due", clause) }
        let integer = try reader.varint32("a command integer (spec 4.3.1)")
        guard Command(rawValue: integer & 7) == expected else {
            throw invalid("command \(integer & 7) where \(expected) is due", clause)
        }
        let count = Int(integer >> 3)
        guard expected == .closePath || count <= reader.bytesLeft / 2 else {
            throw invalid("\(expected) announces \(count) points and \(reader.bytesLeft) bytes follow", "4.3.1")
        }
        return count
    }

    private mutating func append() throws(TileError) {
        x &+= Self.unzigzag(try reader.varint32("a parameter (spec 4.3.2)"))
        y &+= Self.unzigzag(try reader.varint32("a parameter (spec 4.3.2)"))
        xy.append(x)
        xy.append(y)
    }

    private mutating func appendLine() throws(TileError) {
        let (oldX, oldY) = (x, y)
        try append()
        guard x != oldX || y != oldY else { throw invalid("LineTo does not move the cursor", "4.3.3.2") }
    }

    private static func unzigzag(_ value: UInt32) -> Int32 {
        Int32(bitPattern: (value >> 1) ^ (0 &- (value & 1)))
    }

    /// Surveyor's formula, in floating point so that no input overflows; exact for coordinates below 2^25.
    private func doubledArea(from start: Int) -> Double {
        let originX = Double(xy[start]), originY = Double(xy[start + 1])
        var sum = 0.0, lastX = 0.0, lastY = 0.0
        var index = start + 2
        while index < xy.count {
            let x = Double(xy[index]) - originX, y = Double(xy[index + 1]) - originY
            sum += lastX * y - x * lastY
            (lastX, lastY) = (x, y)
            index += 2
        }
        return sum
    }

    private func invalid(_ message: String, _ clause: StaticString) -> TileError {
        TileError(.malformed, "\(message) (spec \(clause))")
    }
}
