import ShrinkGraph
import ShrinkOps

@testable import ShrinkReduce

/// Sites without a graph around them.
enum TestSites {
  /// A dense layer whose units take `block` columns each, interleaved by channel.
  static func dense(units: Int, block: Int, outputs: Int, hasBias: Bool) -> Site {
    let channels = units * block
    return dense((0..<channels).map { [UnitRef(group: 0, unit: $0 / block)] }, outputs: outputs, hasBias: hasBias)
  }

  /// A dense layer whose channels belong to the given units.
  static func dense(_ units: [[UnitRef]], outputs: Int, hasBias: Bool) -> Site {
    let product = LinearProduct(channels: units.count, taps: 1, outputs: outputs, positions: 1, isPadded: false)
    return Site(
      node: NodeID(0), applications: [NodeID(0)], data: ValueID(0), weight: ValueID(1), output: ValueID(2),
      rule: DenseRule(), part: (0, 1), reading: DenseReading(product: product), bias: hasBias ? .operand(2) : .none,
      units: units, index: 0)
  }

  /// The groups that a dense site reads.
  static func groups(of site: Site) -> [ChannelGroup] {
    let refs = Set(site.units.joined())
    return Set(refs.map(\.group)).sorted().map { g in group(of: refs.count { $0.group == g }) }
  }

  /// A group of which nothing but the size is known.
  static func group(of count: Int) -> ChannelGroup {
    ChannelGroup(
      name: "units", kind: .channels, count: count, axes: [], producers: [], readers: [0], pairs: [], between: [])
  }
}

/// y = x W + b with W: channels × outputs, for tests that must not depend on an operator.
struct DenseRule: LinearOperator {
  static let names = ["Dense"]
  static let opsets = 1...99
  static let inputs = 2...3
  init(_ attributes: Attributes) {}
  init() {}
  func infer(_ inputs: Operands<TensorType>) -> [TensorType] { [] }
  func run(_ inputs: Operands<Tensor>) -> [Tensor] { [] }
  func readings(_ inputs: Operands<TensorType>) -> [any LinearReading] { [] }
}

/// The one linear map of `DenseRule`.
struct DenseReading: LinearReading {
  let product: LinearProduct
  var data: Port { .input(0, 1) }
  var weight: Int { 1 }
  var bias: Int? { 2 }
  var output: Port? { .output(0, 1) }
  func gatherRows(
    _ x: Tensor, _ operands: Operands<Tensor>, positions: [Int], into rows: UnsafeMutablePointer<Float>
  ) {}
  func gatherOutputs(_ y: Tensor, positions: [Int], into rows: UnsafeMutablePointer<Float>) {}
  func matrixOrder() -> [Int] { Array(0..<product.channels * product.outputs) }
}
