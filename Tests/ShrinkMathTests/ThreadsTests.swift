import ShrinkMath
import Synchronization
import Testing

/// The number of threads may move last digits, nothing more.
///
/// Serialised, because the number is one for the whole process.
@Suite(.serialized) struct ThreadsTests {
  struct Results {
    var floats: [Float] = []
    var doubles: [Double] = []
  }

  static func results(threads: Int) throws -> Results {
    Threads.set(threads)
    #expect(Threads.count == threads)
    var random = Random(seed: 50)
    var results = Results()
    for c in ConvolutionTests.Case.all + [.init([9, 32, 28, 28], [32, 32, 3, 3], begin: [1, 1])] {
      let (x, w) = (random.floats(c.x.reduce(1, *)), random.floats(c.w.reduce(1, *)))
      let y = try ConvolutionTests.convolve(try ConvolutionTests.make(c), c, x, w, nil, id: 1)
      results.floats += y
    }
    var c = [Float](repeating: 0, count: 40 * 40 * 8)
    let a = random.floats(c.count)
    try Gemm.batched(batch: 8, m: 40, n: 40, k: 40, a: a, strideA: 1600, b: a, strideB: 1600, c: &c, strideC: 1600)
    results.floats += c
    var gram = Matrix(rows: 80, columns: 80)
    let rows = random.floats(80 * 5000)
    rows.withUnsafeBufferPointer { gram.symmetricAccumulate(rows: $0, count: 5000) }
    gram.symmetrize()
    results.doubles += gram.values + (try LeastSquares.ridge(gram: gram, cross: gram, ridge: 1)).values
    return results
  }

  @Test func oneAndTwoThreadsAgree() throws {
    let before = Threads.count
    defer { Threads.set(before) }
    let (one, two) = (try Self.results(threads: 1), try Self.results(threads: 2))
    #expect(largestDifference(one.floats, two.floats) < 1e-5)
    #expect(largestDifference(one.doubles, two.doubles) < 1e-9)
    #expect(try Self.results(threads: 2).floats == two.floats)
  }

  @Test func nestedLoopsRunInline() {
    let before = Threads.count
    defer { Threads.set(before) }
    Threads.set(2)
    Parallel.forEach(8) { _ in
      let ranges = Mutex([Range<Int>]())
      Parallel.forEach(8) { range in ranges.withLock { $0.append(range) } }
      #expect(ranges.withLock { $0 } == [0..<8])
    }
  }

  @Test func atLeastOneThread() {
    let before = Threads.count
    defer { Threads.set(before) }
    Threads.set(-3)
    #expect(Threads.count == 1)
  }
}
