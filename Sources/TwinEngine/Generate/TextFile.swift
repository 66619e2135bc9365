// SPDX-License-Identifier: Apache-2.0
internal import Glibc

/// A text file written through one buffer, in the encodings that departments send.
@safe final class TextFile {
    enum Encoding { case utf8, utf8WithMark, gbk }

    let path: String
    private var file: UnsafeMutablePointer<FILE>?
    private let converter: iconv_t?
    private var buffer: [UInt8] = []
    private(set) var rows = 0
    private var isInRow = false

    /// Bytes kept before they go to the file.
    private static let bufferSize = 1 << 18

    init(_ path: String, _ encoding: Encoding = .utf8) throws {
        self.path = path
        unsafe file = unsafe fopen(path, "wb")
        unsafe converter = encoding == .gbk ? unsafe iconv_open("GBK", "UTF-8") : nil
        guard unsafe file != nil else { throw TwinError(.system, "\(path) cannot be created", cause: reasonOfSystem()) }
        if encoding == .utf8WithMark { buffer += [0xEF, 0xBB, 0xBF] }
    }

    deinit {
        if let file = unsafe file { unsafe fclose(file) }
        if let converter = unsafe converter { unsafe iconv_close(converter) }
    }

    func write(_ text: String) throws {
        buffer.append(contentsOf: text.utf8)
        if buffer.count > Self.bufferSize { try flush() }
    }

    /// One row of a table; values hold no commas.
    func row(_ values: String...) throws {
        for (index, value) in values.enumerated() {
            if index > 0 { buffer.append(44) }
            buffer.append(contentsOf: value.utf8)
        }
        buffer.append(10)
        rows += 1
        if buffer.count > Self.bufferSize { try flush() }
    }

    /// Puts one value of a row; ``endRow()`` ends it. Faster than ``row(_:)``, which makes a string of every value.
    func put(_ text: String) {
        comma()
        buffer.append(contentsOf: text.utf8)
    }

    func put(_ value: Double, _ digits: Int) {
        comma()
        DigitWriter.append(value, digits, to: &buffer)
    }

    func put(_ number: Int) {
        comma()
        DigitWriter.append(number, to: &buffer)
    }

    /// A value made by `body` from bytes that need no recoding.
    func put(_ body: (inout [UInt8]) -> Void) {
        comma()
        body(&buffer)
    }

    func endRow() throws {
        buffer.append(10)
        isInRow = false
        rows += 1
        if buffer.count > Self.bufferSize { try flush() }
    }

    /// Pieces of free text, for formats other than tables.
    func append(_ text: String) { buffer.append(contentsOf: text.utf8) }
    func append(_ value: Double, _ digits: Int) { DigitWriter.append(value, digits, to: &buffer) }
    func append(_ number: Int, minimum: Int) { DigitWriter.append(number, minimum: minimum, to: &buffer) }
    func flushIfFull() throws { if buffer.count > Self.bufferSize { try flush() } }

    private func comma() {
        if isInRow { buffer.append(44) }
        isInRow = true
    }

    private func flush() throws {
        let bytes = unsafe converter != nil ? try recoded() : buffer
        buffer.removeAll(keepingCapacity: true)
        let written = unsafe bytes.withUnsafeBytes { unsafe fwrite($0.baseAddress, 1, $0.count, file) }
        guard written == bytes.count else {
            throw TwinError(.system, "\(path) cannot be written; is the disk full?", cause: reasonOfSystem())
        }
    }

    private func recoded() throws -> [UInt8] {
        var output = [UInt8](repeating: 0, count: buffer.count + 16)
        var left = output.count
        var rest = buffer.count
        let status = unsafe buffer.withUnsafeMutableBytes { input in
            unsafe output.withUnsafeMutableBytes { result in
                var from = unsafe input.baseAddress?.assumingMemoryBound(to: CChar.self)
                var to = unsafe result.baseAddress?.assumingMemoryBound(to: CChar.self)
                return unsafe iconv(converter, &from, &rest, &to, &left)
            }
        }
        guard status != -1 else {
            throw TwinError(.system, "\(path) holds a character that GBK lacks", cause: reasonOfSystem())
        }
        return Array(output[..<(output.count - left)])
    }

    func close() throws {
        guard let open = unsafe file else { return }
        try flush()
        let status = unsafe fclose(open)
        unsafe file = nil
        guard status == 0 else { throw TwinError(.system, "\(path) could not be finished", cause: reasonOfSystem()) }
    }
}

/// What the operating system said last.
private func reasonOfSystem() -> String {
    let code = errno
    guard let text = unsafe strerror(code) else { return "errno \(code)" }
    return unsafe String(cString: text)
}
