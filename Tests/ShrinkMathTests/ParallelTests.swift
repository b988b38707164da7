import ShrinkMath
import Synchronization
import Testing

@Suite struct ParallelTests {
  @Test(arguments: [0, 1, 2, 7, 8, 9, 1000], [1, 3, 100]) func coversEachIndexOnce(_ count: Int, _ chunk: Int) {
    let seen = Mutex([Int](repeating: 0, count: count))
    Parallel.forEach(count, minimumChunk: chunk) { range in
      #expect(count < 2 * chunk || range.count >= chunk)
      seen.withLock { for i in range { $0[i] += 1 } }
    }
    #expect(seen.withLock { $0.allSatisfy { $0 == 1 } })
  }
}
