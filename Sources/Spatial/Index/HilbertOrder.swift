// SPDX-License-Identifier: Apache-2.0

/// The orders in which the curve goes through the four quadrants of a square: two bits, `flip` and `swap`.
///
/// Source: the turns of the curve in Warren, "Hacker's Delight", 2nd edition, chapter 16.
struct HilbertTurn: BitwiseCopyable {
    let bits: UInt8

    static let start = HilbertTurn(bits: 0)

    /// The column and row (0 or 1) of the quadrant that comes as number 0..<4, and the turn within it.
    func quadrant(_ number: Int) -> (x: Int, y: Int, turn: HilbertTurn) {
        let (x, y) = (number >> 1, (number ^ number >> 1) & 1)
        let (flip, swap) = (Int(bits >> 1), Int(bits & 1))
        // Within the lower quadrants the curve runs transposed, and backwards in the second of them.
        let turned = y == 1 ? bits : bits ^ 1 ^ UInt8(x << 1)
        return swap == 0
            ? (x ^ flip, y ^ flip, HilbertTurn(bits: turned)) : (y ^ flip, x ^ flip, HilbertTurn(bits: turned))
    }
}

/// The order of the cells of a grid along the Hilbert curve.
enum HilbertOrder {
    /// Calls `visit` for every cell of a grid of `columns` by `rows`, in order: the column, the row, and how the curve
    /// turns within. O(cells) for grids that are not much longer than wide, O(cells × log) for any.
    static func visit(columns: Int, rows: Int, _ visit: (Int, Int, HilbertTurn) -> Void) {
        visit1(columns, rows, x: 0, y: 0, side: side(max(columns, rows)), turn: .start, visit)
    }

    private static func side(_ longest: Int) -> Int {
        var side = 1
        while side < longest { side *= 2 }
        return side
    }

    private static func visit1(
        _ columns: Int, _ rows: Int, x: Int, y: Int, side: Int, turn: HilbertTurn,
        _ visit: (Int, Int, HilbertTurn) -> Void
    ) {
        if x >= columns || y >= rows { return }
        if side == 1 { return visit(x, y, turn) }
        let half = side / 2
        for number in 0..<4 {
            let part = turn.quadrant(number)
            visit1(columns, rows, x: x + part.x * half, y: y + part.y * half, side: half, turn: part.turn, visit)
        }
    }

    /// Levels that one look-up resolves, at most: 32 × 32 cells.
    static let tableLevels = 5

    /// The place of each cell of a square of `1 << level` along the curve, for each turn of it: row by row from
    /// ``tableStart(_:_:)``.
    static let ranks: [UInt16] = makeTables().ranks
    /// The turn within each cell, by its place.
    static let turns: [UInt8] = makeTables().turns

    /// Where the table of a level from 1 to ``tableLevels`` begins.
    @inline(__always)
    static func tableStart(_ level: Int, _ turn: HilbertTurn) -> Int {
        // Four tables of 4, four of 16, … before it.
        (1 << (2 * level + 2) - 16) / 3 + Int(turn.bits) << (2 * level)
    }

    private static func makeTables() -> (ranks: [UInt16], turns: [UInt8]) {
        var ranks = [UInt16](repeating: 0, count: tableStart(tableLevels + 1, .start))
        var turns = [UInt8](repeating: 0, count: ranks.count)
        for level in 1...tableLevels {
            let side = 1 << level
            for bits in 0..<UInt8(4) {
                let start = tableStart(level, HilbertTurn(bits: bits))
                var rank = 0
                visit1(side, side, x: 0, y: 0, side: side, turn: HilbertTurn(bits: bits)) { x, y, turn in
                    ranks[start + y * side + x] = UInt16(rank)
                    turns[start + rank] = turn.bits
                    rank += 1
                }
            }
        }
        return (ranks, turns)
    }
}
