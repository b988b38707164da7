import ShrinkMath
import Testing

@Suite struct ConvolutionTests {
  struct Case: Sendable, CustomTestStringConvertible {
    let x: [Int]
    let w: [Int]
    var groups = 1
    var strides: [Int]
    var dilations: [Int]
    var begin: [Int]
    var end: [Int]
    var hasBias = true
    var testDescription: String { "x\(x) w\(w) g\(groups) s\(strides) d\(dilations) p\(begin)\(end) b\(hasBias)" }

    init(
      _ x: [Int], _ w: [Int], groups: Int = 1, strides: [Int]? = nil, dilations: [Int]? = nil, begin: [Int]? = nil,
      end: [Int]? = nil, hasBias: Bool = true
    ) {
      let ones = [Int](repeating: 1, count: x.count - 2)
      (self.x, self.w, self.groups, self.hasBias) = (x, w, groups, hasBias)
      (self.strides, self.dilations) = (strides ?? ones, dilations ?? ones)
      self.begin = begin ?? ones.map { _ in 0 }
      self.end = end ?? self.begin
    }

    static let all = [
      Case([2, 3, 8], [4, 3, 3]),
      Case([2, 3, 9], [4, 3, 3], strides: [2], dilations: [2], begin: [2], end: [1]),
      Case([3, 8, 16], [8, 1, 5], groups: 8, begin: [2]),
      Case([1, 1, 5, 5], [1, 1, 1, 1], hasBias: false),
      Case([2, 1, 12, 12], [6, 1, 5, 5]),
      Case([5, 3, 9, 7], [16, 3, 3, 3], begin: [1, 1]),
      Case([5, 16, 9, 7], [24, 16, 3, 3], strides: [2, 1], begin: [0, 1], end: [2, 1]),
      Case([2, 13, 9, 7], [5, 13, 3, 2], dilations: [2, 3], begin: [2, 1]),
      Case([2, 12, 6, 6], [8, 3, 3, 3], groups: 4, begin: [1, 1], hasBias: false),
      Case([3, 16, 10, 10], [16, 1, 3, 3], groups: 16, begin: [1, 1]),
      Case([3, 10, 10, 10], [20, 1, 3, 3], groups: 10, strides: [2, 2], begin: [1, 1]),
      Case([3, 8, 6, 5], [7, 8, 1, 1]),
      Case([3, 80, 6, 5], [20, 80, 1, 1], hasBias: false),
      Case([3, 80, 6, 5], [20, 80, 1, 1], strides: [2, 2]),
      Case([7, 96, 4, 4], [32, 96, 1, 1], begin: [1, 1]),
      Case([1, 16, 3, 3], [16, 16, 5, 5], begin: [3, 3]),
      Case([3, 16, 4, 4], [8, 16, 1, 1], begin: [2, 1], end: [0, 3]),
      Case([3, 16, 5, 5], [8, 16, 3, 3], begin: [5, 4]),
      Case([3, 16, 5, 5], [16, 1, 3, 3], groups: 16, begin: [5, 4]),
      Case([2, 16, 20, 20], [16, 1, 3, 3], groups: 16, strides: [3, 3], dilations: [4, 5], begin: [4, 5]),
      Case([2, 16, 2, 2], [16, 16, 3, 3], dilations: [6, 6], begin: [6, 6]),
      Case([2, 1, 30], [8, 1, 16], strides: [4], begin: [7], end: [9]),
      Case([2, 32, 1, 40], [32, 32, 1, 7], begin: [0, 3]),
      Case([2, 4, 5, 6, 7], [8, 4, 3, 3, 3], begin: [1, 1, 1]),
      Case(
        [2, 4, 5, 6, 7], [8, 2, 2, 3, 1], groups: 2, strides: [2, 1, 3], dilations: [1, 2, 1], begin: [0, 1, 0]),
      Case([0, 3, 8, 8], [4, 3, 3, 3]),
      Case([2, 3, 8, 8], [0, 3, 3, 3]),
      Case([2, 0, 8, 8], [4, 0, 3, 3]),
    ]
  }

  /// The definition: for each output point, the taps that fall into the input, and for each of them the channels.
  static func naive(_ c: Case, _ x: [Float], _ w: [Float], _ bias: [Float]?, _ yShape: [Int]) -> [Float] {
    let (plane, kernel) = (Grid(Array(c.x.dropFirst(2))), Grid(Array(c.w.dropFirst(2))))
    let (planeSize, taps) = (plane.shape.reduce(1, *), kernel.points)
    let perGroup = c.w[0] / c.groups
    return Grid(yShape).points.map { p in
      var sum = Double(bias?[p[1]] ?? 0)
      for (t, tap) in taps.enumerated() {
        let q = tap.indices.map { p[$0 + 2] * c.strides[$0] + tap[$0] * c.dilations[$0] - c.begin[$0] }
        guard q.indices.allSatisfy({ q[$0] >= 0 && q[$0] < plane.shape[$0] }) else { continue }
        var xAt = (p[0] * c.x[1] + p[1] / perGroup * c.w[1]) * planeSize + plane.offset(q)
        var wAt = p[1] * c.w[1] * taps.count + t
        for _ in 0..<c.w[1] {
          sum += Double(x[xAt]) * Double(w[wAt])
          (xAt, wAt) = (xAt + planeSize, wAt + taps.count)
        }
      }
      return Float(sum)
    }
  }

  static func convolve(_ convolution: Convolution, _ c: Case, _ x: [Float], _ w: [Float], _ bias: [Float]?, id: UInt64?)
    throws -> [Float]
  {
    let yShape = try convolution.outputShape(xShape: c.x, wShape: c.w)
    var y = [Float](repeating: .nan, count: yShape.reduce(1, *))
    try w.withUnsafeBufferPointer { w in
      var empty: Float = 0
      try withUnsafePointer(to: &empty) { nowhere in
        if let bias {
          try convolution.run(
            x: x, xShape: c.x, w: w.baseAddress ?? nowhere, wShape: c.w, bias: bias, y: &y, yShape: yShape,
            weightsID: id)
        } else {
          try convolution.run(
            x: x, xShape: c.x, w: w.baseAddress ?? nowhere, wShape: c.w, bias: nil, y: &y, yShape: yShape,
            weightsID: id)
        }
      }
    }
    return y
  }

  static func make(_ c: Case) throws -> Convolution {
    try Convolution(
      groups: c.groups, strides: c.strides, dilations: c.dilations, padsBegin: c.begin, padsEnd: c.end)
  }

  @Test(arguments: Case.all) func equalsLoops(_ c: Case) throws {
    var random = Random(seed: 30)
    let (x, w) = (random.floats(c.x.reduce(1, *)), random.floats(c.w.reduce(1, *)))
    let bias = c.hasBias ? random.floats(max(1, c.w[0])) : nil
    let convolution = try Self.make(c)
    let expected = Self.naive(c, x, w, bias, try convolution.outputShape(xShape: c.x, wShape: c.w))
    for id in [nil, 1, 1, 2, nil] as [UInt64?] {
      let y = try Self.convolve(convolution, c, x, w, bias, id: id)
      #expect(largestDifference(y, expected) < 1e-4)
    }
  }

  @Test func largeBatchesAreCutIntoSlices() throws {
    let c = Case([37, 16, 40, 40], [24, 16, 3, 3], strides: [3, 3], begin: [1, 1])
    var random = Random(seed: 31)
    let (x, w, bias) = (random.floats(c.x.reduce(1, *)), random.floats(c.w.reduce(1, *)), random.floats(24))
    let whole = try Self.convolve(try Self.make(c), c, x, w, bias, id: 1)
    let image = 16 * 40 * 40
    let last = Case([1, 16, 40, 40], c.w, strides: [3, 3], begin: [1, 1])
    let alone = try Self.convolve(try Self.make(last), last, Array(x[(36 * image)...]), w, bias, id: 1)
    #expect(largestDifference(Array(whole.suffix(alone.count)), alone) < 1e-5)
    #expect(whole.allSatisfy { $0.isFinite })
  }

  @Test(arguments: [1, 96]) func changedWeightsAreSeen(_ channels: Int) throws {
    let c = Case([3, channels, 4, 4], [8, channels, 1, 1])
    var random = Random(seed: 32)
    let x = random.floats(c.x.reduce(1, *))
    var w = random.floats(c.w.reduce(1, *))
    let convolution = try Self.make(c)
    for id in [nil, nil, 1, 2] as [UInt64?] {
      w[0] += 1
      let y = try Self.convolve(convolution, c, x, w, nil, id: id)
      #expect(largestDifference(y, Self.naive(c, x, w, nil, [3, 8, 4, 4])) < 1e-4)
    }
  }

  @Test func oneObjectServesManyShapes() throws {
    let convolution = try Convolution(strides: [1, 1], dilations: [1, 1], padsBegin: [1, 1], padsEnd: [1, 1])
    var random = Random(seed: 33)
    let w = random.floats(8 * 4 * 9)
    for size in [3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 3, 7] {
      let c = Case([2, 4, size, size], [8, 4, 3, 3], begin: [1, 1])
      let x = random.floats(c.x.reduce(1, *))
      let y = try Self.convolve(convolution, c, x, w, nil, id: 5)
      #expect(largestDifference(y, Self.naive(c, x, w, nil, [2, 8, size, size])) < 1e-4)
    }
  }

  @Test func refusesShapesThatDoNotFit() throws {
    let convolution = try Convolution(strides: [1, 1], dilations: [1, 1], padsBegin: [0, 0], padsEnd: [0, 0])
    let huge = Int.max / 2
    for (x, w) in [
      ([1, 3, 8], [4, 3, 3, 3]), ([1, 3, 8, 8], [4, 2, 3, 3]), ([1, 3, 8, 8], [4, 3, 0, 3]),
      ([1, 3, huge, huge], [4, 3, 3, 3]), ([1, -3, 8, 8], [4, -3, 3, 3]),
    ] {
      #expect(throws: MathError.self) { try convolution.outputShape(xShape: x, wShape: w) }
    }
    #expect(throws: MathError.self) {
      try Convolution(strides: [0], dilations: [1], padsBegin: [0], padsEnd: [0])
    }
    #expect(throws: MathError.self) {
      try Convolution(strides: [1], dilations: [1], padsBegin: [-1], padsEnd: [0])
    }
    #expect(throws: MathError.self) {
      try Convolution(groups: 0, strides: [1], dilations: [1], padsBegin: [0], padsEnd: [0])
    }
    #expect(throws: MathError.self) {
      try Convolution(strides: [1, 1], dilations: [1], padsBegin: [0], padsEnd: [0])
    }
  }
}

/// Row-major index arithmetic for any rank.
struct Grid {
  let shape: [Int]

  init(_ shape: [Int]) { self.shape = shape }

  func offset(_ point: [Int]) -> Int { zip(shape, point).reduce(0) { $0 * $1.0 + $1.1 } }

  var points: [[Int]] {
    (0..<shape.reduce(1, *)).map { index in
      var (rest, point) = (index, shape)
      for axis in shape.indices.reversed() {
        point[axis] = rest % shape[axis]
        rest /= shape[axis]
      }
      return point
    }
  }
}
