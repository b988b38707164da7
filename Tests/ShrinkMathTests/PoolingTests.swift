import ShrinkMath
import Testing

@Suite struct PoolingTests {
  struct Case: Sendable, CustomTestStringConvertible {
    let x: [Int]
    let kernel: [Int]
    let strides: [Int]
    let dilations: [Int]
    let begin: [Int]
    let end: [Int]
    let ceil: Bool
    var testDescription: String { "x\(x) k\(kernel) s\(strides) d\(dilations) p\(begin)\(end) ceil \(ceil)" }

    init(
      _ x: [Int], _ kernel: [Int], strides: [Int]? = nil, dilations: [Int]? = nil, begin: [Int]? = nil,
      end: [Int]? = nil, ceil: Bool = false
    ) {
      let ones = kernel.map { _ in 1 }
      (self.x, self.kernel, self.ceil) = (x, kernel, ceil)
      (self.strides, self.dilations) = (strides ?? kernel, dilations ?? ones)
      self.begin = begin ?? kernel.map { _ in 0 }
      self.end = end ?? self.begin
    }

    var y: [Int] {
      Array(x.prefix(2))
        + kernel.indices.map { i in
          let room = x[i + 2] + begin[i] + end[i] - dilations[i] * (kernel[i] - 1) - 1
          let length = (ceil ? room + strides[i] - 1 : room) / strides[i] + 1
          return (length - 1) * strides[i] >= x[i + 2] + begin[i] ? length - 1 : length
        }
    }

    static let all = [
      Case([2, 3, 8], [2]),
      Case([2, 3, 9], [3], strides: [2], dilations: [2], begin: [1]),
      Case([2, 3, 8, 8], [2, 2]),
      Case([2, 9, 7, 9], [3, 3], strides: [2, 2], begin: [1, 1]),
      Case([2, 9, 7, 9], [3, 3], strides: [2, 1], begin: [0, 1], end: [1, 0]),
      Case([1, 4, 8, 8], [3, 3], strides: [2, 2], ceil: true),
      Case([1, 4, 8, 8], [3, 3], strides: [2, 2], begin: [1, 1], ceil: true),
      Case([1, 4, 6, 7], [2, 3], strides: [3, 2], begin: [1, 0], ceil: true),
      Case([1, 4, 12, 12], [3, 2], strides: [1, 2], dilations: [2, 3], begin: [1, 1]),
      Case([2, 5, 6, 6], [6, 6]),
      Case([2, 3, 4, 5, 6], [2, 2, 2], strides: [1, 2, 2], begin: [1, 0, 1]),
      Case([1, 2, 5, 6, 7], [2, 3, 2], strides: [2, 1, 1], dilations: [1, 2, 2]),
      Case([1, 2, 4, 4], [2, 2], strides: [1, 1], begin: [3, 2]),
      Case([0, 3, 8, 8], [2, 2]),
      Case([2, 0, 8, 8], [2, 2]),
    ]
  }

  static func naive(_ kind: Pooling.Kind, _ c: Case, _ x: [Float]) -> [Float] {
    Grid(c.y).points.map { p in
      var (sum, highest, read, counted) = (Float(0), -Float.greatestFiniteMagnitude, 0, 0)
      for tap in Grid(c.kernel).points {
        let q = tap.indices.map { p[$0 + 2] * c.strides[$0] + tap[$0] * c.dilations[$0] - c.begin[$0] }
        if q.indices.allSatisfy({ q[$0] < c.x[$0 + 2] + c.end[$0] }) { counted += 1 }
        guard q.indices.allSatisfy({ q[$0] >= 0 && q[$0] < c.x[$0 + 2] }) else { continue }
        let value = x[Grid(c.x).offset(Array(p.prefix(2)) + q)]
        (sum, highest, read) = (sum + value, max(highest, value), read + 1)
      }
      switch kind {
      case .maximum: return highest
      case .average(let countIncludePad): return read == 0 ? 0 : sum / Float(countIncludePad ? counted : read)
      }
    }
  }

  static let kinds: [Pooling.Kind] = [.maximum, .average(countIncludePad: true), .average(countIncludePad: false)]

  @Test(arguments: Case.all, kinds)
  func equalsLoops(_ c: Case, _ kind: Pooling.Kind) throws {
    var random = Random(seed: 40)
    let x = random.floats(c.x.reduce(1, *))
    let pooling = try Pooling(
      kind, kernel: c.kernel, strides: c.strides, dilations: c.dilations, padsBegin: c.begin, padsEnd: c.end)
    for _ in 0..<2 {
      var y = [Float](repeating: .nan, count: c.y.reduce(1, *))
      try pooling.run(x: x, xShape: c.x, y: &y, yShape: c.y)
      #expect(largestDifference(y, Self.naive(kind, c, x)) < 1e-5)
    }
  }

  @Test func refusesShapesThatDoNotFit() throws {
    let pooling = try Pooling(
      .maximum, kernel: [2, 2], strides: [2, 2], dilations: [1, 1], padsBegin: [0, 0], padsEnd: [0, 0])
    let x = [Float](repeating: 0, count: 64)
    var y = x
    for (xShape, yShape) in [([1, 1, 8], [1, 1, 4]), ([1, 1, 8, 8], [1, 1, 5, 4]), ([1, 1, 8, 8], [1, 2, 4, 4])] {
      #expect(throws: MathError.self) { try pooling.run(x: x, xShape: xShape, y: &y, yShape: yShape) }
    }
    #expect(throws: MathError.self) {
      try Pooling(.maximum, kernel: [0], strides: [1], dilations: [1], padsBegin: [0], padsEnd: [0])
    }
  }
}
