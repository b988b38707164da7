import ShrinkGraph
import ShrinkTestSupport
import Testing

@testable import ShrinkOps

/// Derivatives against central differences of the operator's own kernel in float64.
@Suite struct DifferentiableTests {
  /// One application of an operator.
  struct Case: Sendable, CustomStringConvertible {
    let name: String
    let shapes: [[Int]]
    var attributes: [String: Attribute.Value] = [:]
    /// Operands that are not drawn.
    var fixed: [Int: Tensor] = [:]
    /// Slots whose derivative is asked for.
    var slots = [0]
    var range: ClosedRange<Float> = -2...2
    var opset = 20
    var description: String { "\(name) \(shapes) \(attributes)" }
  }

  private static func ints(_ values: [Int64]) -> Tensor { Tensor(shape: [values.count], values) }
  private static func flag(_ on: Bool) -> Attribute.Value { .int(on ? 1 : 0) }

  static let activations: [Case] =
    [
      "Celu", "Elu", "Gelu", "HardSigmoid", "HardSwish", "LeakyRelu", "Relu", "Selu", "Sigmoid", "Softplus", "Softsign",
      "Mish", "ThresholdedRelu", "Shrink",
    ].map { Case(name: $0, shapes: [[3, 7]]) }
    + [
      Case(name: "Gelu", shapes: [[3, 7]], attributes: ["approximate": .string(Array("tanh".utf8))]),
      Case(name: "Swish", shapes: [[3, 7]], attributes: ["alpha": .float(1.5)], opset: 24),
      Case(name: "Clip", shapes: [[4, 5], [], []], fixed: [1: Tensor(Float(-0.7)), 2: Tensor(Float(1.1))]),
      Case(name: "PRelu", shapes: [[2, 3, 4], [3, 1]]),
    ]

  static let functions: [Case] =
    ["Abs", "Atan", "Asinh", "Cos", "Cosh", "Erf", "Exp", "Neg", "Sin", "Sinh", "Tanh"].map {
      Case(name: $0, shapes: [[3, 5]])
    } + ["Log", "Reciprocal", "Sqrt"].map { Case(name: $0, shapes: [[3, 5]], range: 0.5...2) }
    + ["Acos", "Asin", "Atanh", "Tan"].map { Case(name: $0, shapes: [[3, 5]], range: -0.8...0.8) }
    + [Case(name: "Acosh", shapes: [[3, 5]], range: 1.2...3)]

  static let arithmetic: [Case] = [
    Case(name: "Add", shapes: [[2, 3, 4], [3, 1]], slots: [0, 1]),
    Case(name: "Sub", shapes: [[4], [2, 3, 4]], slots: [0, 1]),
    Case(name: "Mul", shapes: [[2, 3, 4], [2, 1, 4]], slots: [0, 1]),
    Case(name: "Div", shapes: [[2, 3], [3]], slots: [0, 1], range: 0.5...2),
    Case(name: "Pow", shapes: [[2, 3], []], fixed: [1: Tensor(Float(3))], range: 0.5...2),
    Case(name: "Max", shapes: [[4, 9], [9], [4, 1]], slots: [0, 1, 2]),
    Case(name: "Min", shapes: [[4, 9], [9]], slots: [0, 1]),
    Case(name: "Sum", shapes: [[2, 3], [3]], slots: [0, 1]),
    Case(name: "Mean", shapes: [[2, 3], [3]], slots: [0, 1]),
    Case(
      name: "Where", shapes: [[2, 3], [2, 3], [3]],
      fixed: [0: Tensor(shape: [2, 3], [true, false, true, false, false, true])], slots: [1, 2]),
  ]

  static let products: [Case] = [
    Case(name: "MatMul", shapes: [[2, 3, 4], [4, 5]], slots: [0, 1]),
    Case(name: "MatMul", shapes: [[3, 4], [2, 4, 5]], slots: [0, 1]),
    Case(name: "MatMul", shapes: [[4], [2, 4, 5]], slots: [0, 1]),
    Case(name: "MatMul", shapes: [[2, 3, 4], [4]], slots: [0, 1]),
    Case(
      name: "Gemm", shapes: [[3, 4], [4, 5], [5]], attributes: ["alpha": .float(0.5), "beta": .float(2)],
      slots: [0, 1, 2]),
    Case(
      name: "Gemm", shapes: [[4, 3], [5, 4]], attributes: ["transA": .int(1), "transB": .int(1)], slots: [0, 1]),
    Case(name: "Gemm", shapes: [[4, 3], [4, 5]], attributes: ["transA": .int(1)], slots: [0, 1]),
    Case(name: "Conv", shapes: [[2, 3, 6, 7], [4, 3, 3, 3], [4]], attributes: ["pads": .ints([1, 0, 1, 2])]),
    Case(
      name: "Conv", shapes: [[2, 4, 7, 6], [6, 2, 3, 2]], attributes: ["strides": .ints([2, 3]), "group": .int(2)]),
    Case(name: "Conv", shapes: [[1, 4, 9], [4, 1, 3]], attributes: ["dilations": .ints([2]), "group": .int(4)]),
    Case(name: "ConvTranspose", shapes: [[2, 3, 4, 5], [3, 2, 3, 3]], attributes: ["strides": .ints([2, 2])]),
    Case(
      name: "ConvTranspose", shapes: [[1, 4, 5], [4, 2, 3]],
      attributes: ["strides": .ints([2]), "group": .int(2), "pads": .ints([1, 1]), "output_padding": .ints([1])]),
  ]

  static let normalizations: [Case] = [
    Case(
      name: "BatchNormalization", shapes: [[2, 3, 4], [3], [3], [3], [3]],
      fixed: [4: Tensor(shape: [3], [0.5, 1, 2] as [Float])]),
    Case(name: "LayerNormalization", shapes: [[2, 3, 4], [4], [4]]),
    Case(name: "LayerNormalization", shapes: [[2, 3, 4], [3, 4]], attributes: ["axis": .int(1)]),
    Case(name: "RMSNormalization", shapes: [[2, 3, 4], [4]], opset: 23),
    Case(name: "InstanceNormalization", shapes: [[2, 3, 5], [3], [3]]),
    Case(name: "GroupNormalization", shapes: [[2, 4, 3], [4], [4]], attributes: ["num_groups": .int(2)], opset: 21),
    Case(name: "Softmax", shapes: [[2, 3, 4]], attributes: ["axis": .int(1)]),
    Case(name: "Softmax", shapes: [[2, 3, 4]], attributes: ["axis": .int(1)], opset: 11),
    Case(name: "LogSoftmax", shapes: [[2, 3, 4]]),
  ]

  static let reductions: [Case] =
    ["ReduceL1", "ReduceL2", "ReduceLogSumExp", "ReduceMax", "ReduceMean", "ReduceMin", "ReduceSum", "ReduceSumSquare"]
    .map {
      Case(name: $0, shapes: [[2, 3, 4], []], fixed: [1: ints([1])])
    } + [
      Case(name: "ReduceLogSum", shapes: [[2, 3], []], fixed: [1: ints([1])], range: 0.5...2),
      Case(
        name: "ReduceMean", shapes: [[2, 3, 4]], attributes: ["axes": .ints([0, 2]), "keepdims": .int(0)], opset: 13),
      Case(
        name: "MaxPool", shapes: [[2, 2, 5, 6]],
        attributes: ["kernel_shape": .ints([3, 2]), "pads": .ints([1, 0, 1, 0])]),
      Case(
        name: "AveragePool", shapes: [[2, 2, 5, 6]],
        attributes: ["kernel_shape": .ints([3, 3]), "pads": .ints([1, 1, 1, 1]), "strides": .ints([2, 2])]),
      Case(
        name: "AveragePool", shapes: [[1, 2, 6]],
        attributes: ["kernel_shape": .ints([2]), "pads": .ints([1, 1]), "count_include_pad": .int(1)]),
      Case(name: "GlobalAveragePool", shapes: [[2, 3, 4, 2]]),
      Case(name: "GlobalMaxPool", shapes: [[2, 3, 4, 2]]),
    ]

  static let moves: [Case] = [
    Case(name: "Concat", shapes: [[2, 3], [2, 1], [2, 2]], attributes: ["axis": .int(1)], slots: [0, 1, 2]),
    Case(name: "DepthToSpace", shapes: [[1, 8, 2, 3]], attributes: ["blocksize": .int(2)]),
    Case(name: "SpaceToDepth", shapes: [[1, 2, 4, 6]], attributes: ["blocksize": .int(2)]),
    Case(name: "Expand", shapes: [[3, 1], []], fixed: [1: ints([2, 3, 4])]),
    Case(name: "Flatten", shapes: [[2, 3, 4]]),
    Case(name: "Gather", shapes: [[4, 3], []], attributes: ["axis": .int(0)], fixed: [1: ints([2, 2, 0])]),
    Case(
      name: "GatherElements", shapes: [[2, 3], []], attributes: ["axis": .int(1)],
      fixed: [1: Tensor(shape: [2, 2], [0, 2, 1, 1] as [Int64])]),
    Case(name: "GatherND", shapes: [[2, 3], []], fixed: [1: Tensor(shape: [2, 2], [0, 2, 1, 1] as [Int64])]),
    Case(name: "Identity", shapes: [[2, 3]]),
    Case(name: "Pad", shapes: [[2, 3], []], fixed: [1: ints([0, 1, 1, -1])]),
    Case(
      name: "Pad", shapes: [[2, 3], []], attributes: ["mode": .string(Array("reflect".utf8))],
      fixed: [1: ints([1, 2, 0, 1])]),
    Case(
      name: "Resize", shapes: [[1, 2, 3, 4], [0], []], fixed: [2: Tensor(shape: [4], [1, 1, 2, 1.5] as [Float])]),
    Case(
      name: "Resize", shapes: [[1, 2, 3, 4], [0], []], attributes: ["mode": .string(Array("linear".utf8))],
      fixed: [2: Tensor(shape: [4], [1, 1, 2, 0.5] as [Float])]),
    Case(
      name: "Resize", shapes: [[2, 5], [0], [0], []],
      attributes: ["mode": .string(Array("cubic".utf8)), "exclude_outside": .int(1)], fixed: [3: ints([2, 8])]),
    Case(name: "Reshape", shapes: [[2, 6], []], fixed: [1: ints([3, 4])]),
    Case(
      name: "Slice", shapes: [[4, 5], [], [], [], []],
      fixed: [1: ints([3, 0]), 2: ints([-5, 5]), 3: ints([0, 1]), 4: ints([-2, 2])]),
    Case(name: "Split", shapes: [[2, 5], []], attributes: ["axis": .int(1)], fixed: [1: ints([2, 3])]),
    Case(name: "Squeeze", shapes: [[2, 1, 3]]),
    Case(name: "Tile", shapes: [[2, 3], []], fixed: [1: ints([2, 1])]),
    Case(name: "Transpose", shapes: [[2, 3, 4]], attributes: ["perm": .ints([2, 0, 1])]),
    Case(name: "Unsqueeze", shapes: [[2, 3], []], fixed: [1: ints([1])]),
  ]

  static let recurrent: [Case] = [
    Case(name: "LSTM", shapes: [[5, 2, 3], [1, 16, 3], [1, 16, 4], [1, 32]]),
    Case(
      name: "LSTM", shapes: [[4, 3, 2], [1, 8, 2], [1, 8, 2]], attributes: ["direction": .string(Array("reverse".utf8))]
    ),
    Case(
      name: "LSTM", shapes: [[4, 2, 3], [2, 8, 3], [2, 8, 2], [2, 16], [], [2, 2, 2], [2, 2, 2]],
      attributes: ["direction": .string(Array("bidirectional".utf8))],
      fixed: [4: Tensor(shape: [2], [4, 4] as [Int32])]),
    Case(name: "LSTM", shapes: [[2, 4, 3], [1, 8, 3], [1, 8, 2], [1, 16]], attributes: ["layout": .int(1)]),
  ]

  static let all = activations + functions + arithmetic + products + normalizations + reductions + moves + recurrent

  @Test(arguments: all) func derivativeIsTheSlope(_ c: Case) throws {
    try Slopes(c).check()
  }

  /// Every operator with a derivative is in the list above but for those that are flat or only convert.
  @Test func everyDerivativeIsTested() {
    let tested = Set(Self.all.map(\.name))
    let types = OperatorTable.all.filter { $0 is any Differentiable.Type && $0.names != ["Cast", "CastLike"] }
    for type in types { #expect(type.names.contains(where: tested.contains), "\(type.names)") }
    #expect(types.count >= 35)
  }

  /// The gradient of the gates, summed over positions, is that of the bias.
  @Test(arguments: recurrent.filter { $0.shapes.count > 3 && $0.attributes["direction"] == nil })
  func gatesOfAnLSTM(_ c: Case) throws {
    let slopes = try Slopes(c)
    let gates = try #require(try slopes.pullback().hidden[1]).elements(Float.self)
    let width = c.shapes[3][1] / 2
    for j in 0..<width {
      let sum = stride(from: j, to: gates.count, by: width).reduce(0.0) { $0 + Double(gates[$1]) }
      var direction = [Double](repeating: 0, count: 2 * width)
      direction[width + j] = 1
      #expect(abs(sum - (try slopes.slope(of: 3, along: direction))) < 1e-4)
    }
  }
}

/// One application, its derivative, and the slopes that it should have.
private struct Slopes {
  private let c: DifferentiableTests.Case
  private let rule: any Differentiable
  private let operands: [Tensor?]
  private let cotangents: [Tensor]
  private let results: [Tensor]

  init(_ c: DifferentiableTests.Case) throws {
    self.c = c
    var rng = SplitMix64(seed: 7)
    operands = c.shapes.indices.map { slot in
      c.fixed[slot]
        ?? Tensor(
          shape: c.shapes[slot],
          (0..<Tensor.count(c.shapes[slot])).map { _ in Float.random(in: c.range, using: &rng) })
    }
    let count = c.name == "LSTM" ? 3 : c.name == "Split" ? 2 : 1
    let node = Node(
      c.name, inputs: c.shapes.indices.map { ValueID($0) }, outputs: (0..<count).map { ValueID(100 + $0) },
      attributes: c.attributes.sorted { $0.key < $1.key }.map { Attribute($0.key, $0.value) })
    rule = try #require(OperatorTable.make(node, opset: c.opset) as? any Differentiable)
    results = try rule.run(Operands(operands))
    cotangents = results.map { y in
      Tensor(shape: y.shape, (0..<y.count).map { _ in Float.random(in: -1...1, using: &rng) })
    }
  }

  func pullback() throws -> Gradients {
    try rule.pullback(
      Pullback(
        inputs: Operands(operands), outputs: results, cotangents: cotangents,
        wanted: c.shapes.indices.map(c.slots.contains)))
  }

  /// Central difference of Σ v y along a direction of one operand, in float64.
  func slope(of slot: Int, along direction: [Double]) throws -> Double {
    let step = 1e-5
    func value(_ factor: Double) throws -> Double {
      var wide: [Tensor?] = []
      for operand in operands {
        wide.append(
          try operand.map { (t) throws(OperatorError) in
            t.dtype == .float32 ? try Conversion.convert(t, to: .float64) : t
          })
      }
      let x = try #require(wide[slot])
      wide[slot] = Tensor(shape: x.shape, zip(x.elements(Double.self), direction).map { $0 + factor * step * $1 })
      return try zip(rule.run(Operands(wide)), cotangents).reduce(0.0) { total, pair in
        total + zip(pair.0.elements(Double.self), pair.1.elements(Float.self)).reduce(0) { $0 + $1.0 * Double($1.1) }
      }
    }
    return (try value(1) - value(-1)) / (2 * step)
  }

  func check() throws {
    let gradients = try pullback()
    var rng = SplitMix64(seed: 8)
    for slot in c.slots {
      let gradient = try #require(gradients.operands[slot])
      #expect(gradient.shape == c.shapes[slot] || c.fixed[slot] != nil)
      let g = gradient.elements(Float.self)
      let size = g.reduce(0.0) { $0 + Double($1) * Double($1) }.squareRoot()
      #expect(size > 0)
      for _ in 0..<4 {
        let direction = g.map { _ in Double.random(in: -1...1, using: &rng) }
        let expected = try slope(of: slot, along: direction)
        let found = zip(g, direction).reduce(0.0) { $0 + Double($1.0) * $1.1 }
        #expect(abs(found - expected) <= 2e-4 * size + 1e-5, "slot \(slot): \(found), not \(expected)")
      }
    }
  }
}
