// SPDX-License-Identifier: Apache-2.0
public import CVector

extension Span where Element: BitwiseCopyable {
    /// Asks for the memory of an element before it is read, so that reads of many places wait together. Changes nothing;
    /// an index outside the span is ignored.
    @inlinable
    @inline(__always)
    public func fetch(_ index: Int) {
        guard indices.contains(index) else { return }
        // Safe: the index was checked, and a prefetch neither reads nor writes.
        unsafe withUnsafeBufferPointer { buffer in
            if let base = buffer.baseAddress { unsafe twin_prefetch(base + index) }
        }
    }
}
