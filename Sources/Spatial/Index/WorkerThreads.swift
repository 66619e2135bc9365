// SPDX-License-Identifier: Apache-2.0
#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// Runs the shares of a computation on threads of its own: started, used and joined within one call.
///
/// Plain threads because this target knows neither Foundation nor Dispatch, and because the concurrency pool is not for
/// work that never waits. Starting one takes some 20 µs.
package enum WorkerThreads {
    private struct Share {
        let body: (Int) -> Void
        let index: Int
    }

    /// Calls `body` with every number below `count`, each on a thread of its own, number 0 on the caller's.
    ///
    /// `body` must not touch what another share touches. A share whose thread cannot be started runs on the caller's.
    package static func run(_ count: Int, _ body: (Int) -> Void) {
        if count <= 1 { return body(0) }
        withoutActuallyEscaping(body) { body in
            var shares = (0..<count).map { Share(body: body, index: $0) }
            unsafe shares.withUnsafeMutableBufferPointer { shares in
                var threads: [pthread_t] = []
                for index in 1..<count {
                    #if canImport(Darwin)
                        var thread: pthread_t?
                    #else
                        var thread = pthread_t()
                    #endif
                    // Safe: the buffer outlives the threads, which are joined below.
                    let status = unsafe pthread_create(&thread, nil, WorkerThreads.start, shares.baseAddress! + index)
                    #if canImport(Darwin)
                        if status == 0, let thread { threads.append(thread) }
                    #else
                        if status == 0 { threads.append(thread) }
                    #endif
                    if status != 0 { body(index) }
                }
                body(0)
                for thread in threads { pthread_join(thread, nil) }
            }
        }
    }

    #if canImport(Darwin)
        private static let start: @convention(c) (UnsafeMutableRawPointer) -> UnsafeMutableRawPointer? = { raw in
            // Safe: the pointer is to a share that the starter keeps until this thread is joined.
            let share = unsafe raw.assumingMemoryBound(to: Share.self).pointee
            share.body(share.index)
            return nil
        }
    #else
        private static let start: @convention(c) (UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? = { raw in
            // Safe: the pointer is to a share that the starter keeps until this thread is joined.
            let share = unsafe raw!.assumingMemoryBound(to: Share.self).pointee
            share.body(share.index)
            return nil
        }
    #endif

    /// The part of `count` things that a share does.
    static func part(_ share: Int, of shares: Int, _ count: Int) -> Range<Int> {
        (count / shares * share + min(share, count % shares))..<(count / shares * (share + 1)
            + min(share + 1, count % shares))
    }
}
