import ShrinkGraph
import ShrinkTestSupport
import Testing

@testable import ShrinkOps

@Suite struct ConvTests {
  struct Case: Sendable {
    let x: [Int], w: [Int]
    var group = 1
    var strides: [Int]?, dilations: [Int]?, pads: [Int]?
    var bias = true

    var attributes: [String: Attribute.Value] {
      var result: [String: Attribute.Value] = ["group": .int(Int64(group))]
      for (name, values) in [("strides", strides), ("dilations", dilations), ("pads", pads)] {
        result[name] = values.map { .ints($0.map(Int64.init)) }
      }
      return result
    }
    var operands: [CaseOperand] { [.random(x), .random(w)] + (bias ? [.random([w[0]])] : []) }
  }

  static let cases = [
    Case(x: [2, 4, 5, 5], w: [6, 4, 3, 3]),
    Case(x: [2, 3, 7, 6], w: [5, 3, 3, 2], strides: [2, 1], dilations: [1, 2], pads: [1, 0, 2, 1]),
    Case(x: [2, 3, 9], w: [4, 3, 3], strides: [2], pads: [1, 1], bias: false),
    Case(x: [1, 2, 4, 5, 3], w: [3, 2, 2, 3, 3], pads: [0, 1, 1, 1, 1, 1]),
    Case(x: [2, 4, 5, 5], w: [8, 1, 3, 3], group: 4, pads: [1, 1, 1, 1]),
    Case(x: [2, 6, 5, 5], w: [6, 1, 3, 3], group: 6, bias: false),
    Case(x: [2, 4, 5, 5], w: [6, 2, 3, 3], group: 2),
    Case(x: [3, 70, 2, 2], w: [5, 70, 1, 1]),
  ]

  @Test(arguments: cases) func obeysTheLaws(_ c: Case) throws {
    for seed in 1...3 as ClosedRange<UInt64> {
      try checkLaws(
        "Conv", c.attributes, operands: c.operands, constants: [1, 2], isLinear: c.w[1] > 1, seed: seed)
    }
  }

  @Test(arguments: cases) func sumsOverTheWindow(_ c: Case) throws {
    var rng = SplitMix64(seed: 7)
    let (x, w, b) = (
      Tensor.random(c.x, using: &rng), Tensor.random(c.w, using: &rng), Tensor.random([c.w[0]], using: &rng)
    )
    let y = try NodeCase("Conv", c.attributes, operands: [x, w] + (c.bias ? [b] : [])).run()[0]
    let wanted = naive(c, x.elements(), w.elements(), c.bias ? b.elements() : nil, y.shape)
    #expect(y.difference(from: Tensor(shape: y.shape, wanted)) == nil)
  }

  private func naive(_ c: Case, _ x: [Float], _ w: [Float], _ b: [Float]?, _ shape: [Int]) -> [Float] {
    let rank = c.x.count - 2
    let strides = c.strides ?? [Int](repeating: 1, count: rank)
    let dilations = c.dilations ?? [Int](repeating: 1, count: rank)
    let pads = c.pads ?? [Int](repeating: 0, count: 2 * rank)
    let (input, kernel) = (Array(c.x.dropFirst(2)), Array(c.w.dropFirst(2)))
    let perGroup = c.w[0] / c.group
    return grid(shape).map { p in
      var sum = Double(b?[p[1]] ?? 0)
      for channel in 0..<c.w[1] {
        for (t, tap) in grid(kernel).enumerated() {
          var at: [Int] = []
          for i in 0..<rank { at.append(p[i + 2] * strides[i] + tap[i] * dilations[i] - pads[i]) }
          guard zip(at, input).allSatisfy({ $0 >= 0 && $0 < $1 }) else { continue }
          let index = flat([p[0], p[1] / perGroup * c.w[1] + channel] + at, in: c.x)
          sum += Double(x[index]) * Double(w[(p[1] * c.w[1] + channel) * kernel.reduce(1, *) + t])
        }
      }
      return Float(sum)
    }
  }

  @Test func readsAutoPad() throws {
    let x = Tensor(shape: [1, 1, 4], [1, 2, 3, 4] as [Float]), w = Tensor(shape: [1, 1, 2], [1, 10] as [Float])
    let run = { (pad: String) in
      try NodeCase("Conv", ["auto_pad": .string(Array(pad.utf8))], operands: [x, w]).run()[0].elements(Float.self)
    }
    #expect(try run("VALID") == [21, 32, 43])
    #expect(try run("SAME_UPPER") == [21, 32, 43, 4])
    #expect(try run("SAME_LOWER") == [10, 21, 32, 43])
  }

  @Test func takesNewWeightsAndNewSizes() throws {
    let op = try NodeCase("Conv", operands: [nil, nil].map { _ in Tensor(1) }).make()
    for (size, factor) in [(3, 1), (3, 2), (5, 2), (5, 3)] as [(Int, Float)] {
      let x = Tensor(shape: [1, 1, size, size], repeating: Float(1))
      let y = try op.run(Operands([x, Tensor(shape: [1, 1, 1, 1], [factor])]))[0]
      #expect(y == Tensor(shape: x.shape, repeating: factor))
    }
  }

  @Test func refusesWhatDoesNotFit() throws {
    func refuses(_ attributes: [String: Attribute.Value], _ x: [Int], _ w: [Int], b: [Int]? = nil) {
      let operands = [x, w] + (b.map { [$0] } ?? [])
      #expect(throws: OperatorError.self, "\(attributes) \(x) \(w)") {
        try NodeCase("Conv", attributes, operands: operands.map { Tensor(shape: $0, repeating: Float(0)) }).infer()
      }
    }
    refuses([:], [1, 2, 3, 3], [4, 3, 1, 1])
    refuses([:], [1, 2, 3, 3], [4, 2, 4, 1])
    refuses([:], [1, 2], [4, 2])
    refuses([:], [1, 2, 3], [4, 2, 1, 1])
    refuses([:], [1, 2, 3], [4, 2, 1], b: [3])
    refuses(["group": .int(0)], [1, 2, 3], [4, 2, 1])
    refuses(["group": .int(Int64.max)], [1, 2, 3], [4, 2, 1])
    refuses(["strides": .ints([0])], [1, 2, 3], [4, 2, 1])
    refuses(["strides": .ints([1, 1])], [1, 2, 3], [4, 2, 1])
    refuses(["pads": .ints([Int64.max, 0])], [1, 2, 3], [4, 2, 1])
    refuses(["pads": .ints([1])], [1, 2, 3], [4, 2, 1])
    refuses(["kernel_shape": .ints([2])], [1, 2, 3], [4, 2, 1])
    refuses(["auto_pad": .string(Array("MAYBE".utf8))], [1, 2, 3], [4, 2, 1])
    refuses(["strides": .int(1)], [1, 2, 3], [4, 2, 1])
  }

  @Test func namesTheTypeThatHasNoKernel() {
    let operands = [[1, 1, 2], [1, 1, 1]].map { Tensor(shape: $0, repeating: Int32(1)) }
    let error = #expect(throws: OperatorError.self) { try NodeCase("Conv", operands: operands).run() }
    #expect(error?.code == .unsupportedOperator && error?.fact.contains("int32") ?? false)
  }
}
