import ShrinkGraph
import ShrinkOps

@testable import ShrinkReduce

/// Sites without a graph around them.
enum TestSites {
  /// A dense layer whose units take `block` columns each, interleaved by channel.
  static func dense(units: Int, block: Int, outputs: Int, hasBias: Bool) -> Site {
    let channels = units * block
    return Site(
      node: NodeID(0), data: ValueID(0), weight: ValueID(1), output: ValueID(2), rule: DenseRule(),
      product: LinearProduct(channels: channels, taps: 1, outputs: outputs, positions: 1, isPadded: false),
      outputAxis: 1, bias: hasBias ? .operand(2) : .none,
      units: (0..<channels).map { UnitRef(group: 0, unit: $0 / block) }, index: 0)
  }

  /// The one group that a dense site reads.
  static func groups(of site: Site) -> [ChannelGroup] {
    let count = Set(site.units.compactMap { $0?.unit }).count
    return [ChannelGroup(name: "units", count: count, axes: [], producers: [], readers: [0], between: [])]
  }
}

/// y = x W + b with W: channels × outputs, for tests that must not depend on an operator.
struct DenseRule: LinearOperator {
  static let names = ["Dense"]
  static let opsets = 1...99
  static let inputs = 2...3
  static let data = 0
  static let weight = 1
  static let bias: Int? = 2
  init(_ attributes: Attributes) {}
  init() {}
  func infer(_ inputs: Operands<TensorType>) -> [TensorType] { [] }
  func run(_ inputs: Operands<Tensor>) -> [Tensor] { [] }
  func product(_ inputs: Operands<TensorType>) -> LinearProduct? { nil }
  func outputAxis(rank: Int) -> Int { rank - 1 }
  func gatherRows(_ x: Tensor, weight: TensorType, positions: [Int], into rows: UnsafeMutablePointer<Float>) {}
  func gatherOutputs(_ y: Tensor, positions: [Int], into rows: UnsafeMutablePointer<Float>) {}
  func matrixOrder(weight: TensorType) -> [Int] { Array(0..<Tensor.count(weight.shape)) }
}
