// SPDX-License-Identifier: Apache-2.0

/// The key and value tables of one layer, each entry once (spec 4.4).
struct MVTValueTable: Sendable {
    private var names: [String] = []
    private var written: [Int] = []
    private var order: [Int] = []
    private var values: [UInt8] = []
    private var count = 0
    private var indices: [MVTValue: Int] = [:]
    private var codes: [[Int32]] = []

    mutating func removeAll() {
        names.removeAll(keepingCapacity: true)
        written.removeAll(keepingCapacity: true)
        order.removeAll(keepingCapacity: true)
        values.removeAll(keepingCapacity: true)
        indices.removeAll(keepingCapacity: true)
        for index in codes.indices { codes[index].removeAll(keepingCapacity: true) }
        count = 0
    }

    mutating func intern(key: String) -> Int {
        if let known = names.firstIndex(of: key) { return known }
        names.append(key)
        written.append(-1)
        if codes.count < names.count { codes.append([]) }
        return names.count - 1
    }

    /// The written index of a key, given on its first use.
    mutating func use(key: Int) -> Int {
        if written[key] < 0 {
            written[key] = order.count
            order.append(key)
        }
        return written[key]
    }

    mutating func index(of value: MVTValue) -> Int {
        if let known = indices[value] { return known }
        let index = count
        indices[value] = index
        count += 1
        var body: [UInt8] = []
        switch value {
        case .string(let text): body.appendField(1 << 3 | 2, text: text)
        case .double(let number):
            body.append(3 << 3 | 1)
            body.appendLittleEndian(number.bitPattern)
        // int_value costs ten bytes when negative; sint_value is then shorter.
        case .int(let number) where number < 0:
            body.append(6 << 3)
            body.appendVarint(UInt64(bitPattern: (number << 1) ^ (number >> 63)))
        case .int(let number):
            body.append(4 << 3)
            body.appendVarint(UInt64(number))
        case .uint(let number):
            body.append(5 << 3)
            body.appendVarint(number)
        case .bool(let flag):
            body.append(7 << 3)
            body.append(flag ? 1 : 0)
        }
        values.appendField(4 << 3 | 2, body)
        return index
    }

    mutating func index(key: Int, code: Int, text: (Int) -> String) -> Int {
        if code < codes[key].count, codes[key][code] >= 0 { return Int(codes[key][code]) }
        let found = index(of: .string(text(code)))
        if code >= codes[key].count {
            codes[key].append(contentsOf: repeatElement(-1, count: code + 1 - codes[key].count))
        }
        codes[key][code] = Int32(found)
        return found
    }

    func write(to output: inout [UInt8]) {
        for key in order { output.appendField(3 << 3 | 2, text: names[key]) }
        output.append(contentsOf: values)
    }
}
