import ShrinkGraph
import ShrinkOps

/// A node that multiplies each channel by a constant and adds a constant: BatchNormalization, or the Add, Sub, Mul or Div
/// of a constant, which is how some exporters write a batch normalisation or a bias.
struct ChannelAffine {
  /// What it reads.
  let from: ValueID
  /// What it makes.
  let to: ValueID
  private let factors: [Double]
  private let shifts: [Double]
  /// Shape of the constant, to be aligned with the end of the operand's shape; nil where it stands on axis 1 anyway.
  private let shape: [Int]?

  /// Nil for any other node, and where a number is not finite.
  init?(_ node: Node, in graph: Graph) {
    guard node.domain.isEmpty, graph.opset >= 7, let to = node.outputs.first ?? nil else { return nil }
    let parts =
      node.opType == "BatchNormalization" ? Self.normalization(node, in: graph) : Self.elementwise(node, in: graph)
    guard let parts, (parts.factors + parts.shifts).allSatisfy(\.isFinite) else { return nil }
    (from, self.to, factors, shifts, shape) = (parts.from, to, parts.factors, parts.shifts, parts.shape)
  }

  private typealias Parts = (from: ValueID, factors: [Double], shifts: [Double], shape: [Int]?)

  /// With y = s · (x − m) / √(v + ε) + b the factor is s / √(v + ε).
  private static func normalization(_ node: Node, in graph: Graph) -> Parts? {
    guard node.inputs.count == 5, node.outputs.dropFirst().allSatisfy({ $0 == nil }), let from = node.inputs[0] else {
      return nil
    }
    let attributes = Attributes(node, opset: graph.opset)
    guard (try? attributes.int("training_mode", default: 0)) == 0, (try? attributes.int("spatial", default: 1)) == 1,
      let epsilon = try? attributes.float("epsilon", default: 1e-5)
    else { return nil }
    let parameters = node.inputs.dropFirst().compactMap { $0.flatMap { graph[$0].constant?.doubles } }
    guard parameters.count == 4, parameters.allSatisfy({ $0.count == parameters[0].count }) else { return nil }
    let factors = zip(parameters[0], parameters[3]).map { $0 / ($1 + Double(epsilon)).squareRoot() }
    return (from, factors, factors.indices.map { parameters[1][$0] - parameters[2][$0] * factors[$0] }, nil)
  }

  private static func elementwise(_ node: Node, in graph: Graph) -> Parts? {
    guard node.inputs.count == 2, let a = node.inputs[0], let b = node.inputs[1] else { return nil }
    let (left, right) = (graph[a].constant, graph[b].constant)
    guard (left == nil) != (right == nil), let constant = left ?? right, let c = constant.doubles else { return nil }
    let from = left == nil ? a : b
    let (ones, zeros) = (c.map { _ in 1.0 }, c.map { _ in 0.0 })
    switch node.opType {
    case "Add": return (from, ones, c, constant.shape)
    case "Mul": return (from, c, zeros, constant.shape)
    case "Sub":
      return left == nil ? (from, ones, c.map { -$0 }, constant.shape) : (from, c.map { _ in -1 }, c, constant.shape)
    case "Div": return left == nil ? (from, c.map { 1 / $0 }, zeros, constant.shape) : nil
    default: return nil
    }
  }

  /// Factor and shift of each of `channels` on axis 1 of an operand of rank `rank`; nil where it is no matter of channels.
  func channels(_ channels: Int, rank: Int) -> (factors: [Double], shifts: [Double])? {
    guard let shape else { return factors.count == channels ? (factors, shifts) : nil }
    guard shape.count <= rank else { return nil }
    if factors.count == 1 {
      return ([Double](repeating: factors[0], count: channels), [Double](repeating: shifts[0], count: channels))
    }
    let at = 1 - (rank - shape.count)
    guard at >= 0, shape[at] == channels, factors.count == channels else { return nil }
    return (factors, shifts)
  }
}

extension Tensor {
  /// The elements of a float32 tensor, in Float64.
  var doubles: [Double]? { dtype == .float32 ? withElements(Float.self) { $0.map(Double.init) } : nil }
}
