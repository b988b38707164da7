import COneDNN

/// Loops over ranges on several threads with a partition that depends only on their length and the thread count.
package enum Parallel {
  /// Chunks per thread: a few, so that one slow core does not hold up the rest.
  private static let chunksPerThread = 4

  /// Calls `body` once for each chunk of `0..<count`, at least `minimumChunk` long, and returns when all are done.
  ///
  /// Chunks run at the same time: bodies must write to disjoint memory. Runs inline when there is one chunk, one
  /// thread, or when the caller is itself such a body.
  package static func forEach(_ count: Int, minimumChunk: Int = 1, _ body: (Range<Int>) -> Void) {
    guard count > 0 else { return }
    let threads = Threads.count
    let most = count / max(1, minimumChunk)
    guard threads > 1, most > 1 else { return body(0..<count) }
    let chunks = min(most, threads * chunksPerThread)
    withoutActuallyEscaping(body) { body in
      var work = Work(body: body, count: count, chunks: chunks, threads: min(threads, chunks))
      shrink_parallel(
        Int32(work.threads),
        { context, thread in
          context?.assumingMemoryBound(to: Work.self).pointee.run(Int(thread))
        }, &work)
    }
  }

  /// A loop cut into chunks, dealt out to the threads in turn.
  ///
  /// Several threads call the body: `forEach` asks its callers for disjoint writes.
  private struct Work {
    let body: (Range<Int>) -> Void
    let count: Int
    let chunks: Int
    let threads: Int

    func run(_ thread: Int) {
      let (size, longer) = (count / chunks, count % chunks)
      for chunk in stride(from: thread, to: chunks, by: threads) {
        let start = chunk * size + min(chunk, longer)
        body(start..<(start + size + (chunk < longer ? 1 : 0)))
      }
    }
  }
}
