import ShrinkMath
import Testing

@Suite struct GemmTests {
  struct Case: Sendable, CustomTestStringConvertible {
    let (m, n, k): (Int, Int, Int)
    let (transposeA, transposeB): (Bool, Bool)
    let (alpha, beta): (Float, Float)
    let gap: Int

    init(
      m: Int, n: Int, k: Int, transposeA: Bool = false, transposeB: Bool = false, alpha: Float = 1, beta: Float = 0,
      gap: Int = 0
    ) {
      (self.m, self.n, self.k, self.gap) = (m, n, k, gap)
      (self.transposeA, self.transposeB, self.alpha, self.beta) = (transposeA, transposeB, alpha, beta)
    }

    var testDescription: String { "\(m)×\(n)×\(k) \(transposeA) \(transposeB) \(alpha) \(beta) +\(gap)" }

    static let all: [Case] = [(1, 1, 1), (3, 5, 7), (1, 9, 4), (9, 1, 4), (40, 33, 65), (3, 2, 0), (0, 2, 3)].flatMap {
      size in
      [(false, false), (true, false), (false, true), (true, true)].flatMap { transposes in
        [(Float(1), Float(0), 0), (0.5, 2, 3), (-1, 1, 1)].map { factors in
          Case(
            m: size.0, n: size.1, k: size.2, transposeA: transposes.0, transposeB: transposes.1, alpha: factors.0,
            beta: factors.1, gap: factors.2)
        }
      }
    }
  }

  static func naive(_ g: Case, _ a: [Float], _ lda: Int, _ b: [Float], _ ldb: Int, _ c: inout [Float], _ ldc: Int) {
    for i in 0..<g.m {
      for j in 0..<g.n {
        var sum = Float(0)
        for p in 0..<g.k {
          sum += (g.transposeA ? a[p * lda + i] : a[i * lda + p]) * (g.transposeB ? b[j * ldb + p] : b[p * ldb + j])
        }
        c[i * ldc + j] = g.alpha * sum + (g.beta == 0 ? 0 : g.beta * c[i * ldc + j])
      }
    }
  }

  @Test(arguments: Case.all) func singleEqualsLoops(_ g: Case) throws {
    var random = Random(seed: 20)
    let lda = (g.transposeA ? g.m : g.k) + g.gap
    let ldb = (g.transposeB ? g.k : g.n) + g.gap
    let ldc = g.n + g.gap
    let a = random.floats(max(1, (g.transposeA ? g.k : g.m) * lda))
    let b = random.floats(max(1, (g.transposeB ? g.n : g.k) * ldb))
    var c = random.floats(max(1, g.m * ldc))
    var expected = c
    Self.naive(g, a, lda, b, ldb, &expected, ldc)
    try Gemm.single(
      transposeA: g.transposeA, transposeB: g.transposeB, m: g.m, n: g.n, k: g.k, alpha: g.alpha, a: a, lda: lda,
      b: b, ldb: ldb, beta: g.beta, c: &c, ldc: ldc)
    #expect(largestDifference(c, expected) < 1e-4)
  }

  @Test(arguments: [0, 1, 2, 7, 50], [false, true]) func batchedEqualsSingles(_ batch: Int, _ shared: Bool) throws {
    var random = Random(seed: 21)
    let (m, n, k) = (6, 5, 9)
    let a = random.floats(max(1, batch) * m * k)
    let b = random.floats(max(1, batch) * k * n)
    var c = [Float](repeating: .nan, count: batch * m * n)
    try Gemm.batched(
      batch: batch, m: m, n: n, k: k, a: a, strideA: m * k, b: b, strideB: shared ? 0 : k * n, c: &c, strideC: m * n)
    var expected = c
    for i in 0..<batch {
      var one = [Float](repeating: 0, count: m * n)
      let bs = Array(b[(shared ? 0 : i * k * n)...])
      Self.naive(Case(m: m, n: n, k: k), Array(a[(i * m * k)...]), k, bs, n, &one, n)
      expected.replaceSubrange((i * m * n)..<((i + 1) * m * n), with: one)
    }
    #expect(largestDifference(c, expected) < 1e-5)
  }

  @Test func refusesLeadingDimensionsThatAreTooSmall() {
    let a = [Float](repeating: 0, count: 16)
    var c = a
    #expect(throws: MathError.self) { try Gemm.single(m: 4, n: 4, k: 4, a: a, lda: 3, b: a, c: &c) }
    #expect(throws: MathError.self) { try Gemm.single(m: -1, n: 4, k: 4, a: a, b: a, c: &c) }
  }

  @Test(arguments: Case.all) func computesInFloat64AsInFloat32(_ g: Case) throws {
    let (lda, ldb, ldc) = ((g.transposeA ? g.m : g.k) + g.gap, (g.transposeB ? g.k : g.n) + g.gap, g.n + g.gap)
    let draw = { (count: Int, seed: Int) in (0..<max(1, count)).map { Float(($0 * 7 + seed) % 23 - 11) / 8 } }
    let a = draw((g.transposeA ? g.k : g.m) * lda, 1), b = draw((g.transposeB ? g.n : g.k) * ldb, 2)
    var wanted = draw(g.m * ldc, 3)
    var found = wanted.map(Double.init)
    Self.naive(g, a, lda, b, ldb, &wanted, ldc)
    try found.withUnsafeMutableBufferPointer { c in
      guard let c = c.baseAddress else { return }
      try Gemm.double(
        transposeA: g.transposeA, transposeB: g.transposeB, m: g.m, n: g.n, k: g.k, alpha: Double(g.alpha),
        a: a.map(Double.init), lda: lda, b: b.map(Double.init), ldb: ldb, beta: Double(g.beta), c: c, ldc: ldc)
    }
    #expect(zip(found, wanted).allSatisfy { abs($0 - Double($1)) < 1e-3 })
  }
}
