import ShrinkGraph

/// Normalises each group of channels of each sample, then scales and shifts each channel (each group before opset 21).
package struct GroupNormalization: Operator {
  package static let names = ["GroupNormalization"]
  package static let opsets = 18...28
  package static let inputs = 3...3
  package var useOfAll: String { "normalises over all of them" }

  let epsilon: Float
  let groups: Int
  let isPerGroup: Bool

  package init(_ attributes: Attributes) throws(OperatorError) {
    epsilon = try attributes.float("epsilon", default: 1e-5)
    groups = try attributes.int("num_groups", default: 0)
    isPerGroup = attributes.opset < 21
    guard groups > 0 else { throw .invalid("num_groups is \(groups)") }
    guard try attributes.int("stash_type", default: 1) == 1 else { throw .unsupported("stash_type is not float32") }
  }

  package func infer(_ inputs: Operands<TensorType>) throws(OperatorError) -> [TensorType] {
    let x = inputs[0]
    guard x.shape.count > 1, x.shape[1] % groups == 0 else { throw .invalid("splits \(x.shape) into \(groups) groups") }
    let wanted = [isPerGroup ? groups : x.shape[1]]
    guard inputs[1].shape == wanted, inputs[2].shape == wanted else {
      throw .invalid("scales by \(inputs[1].shape) and shifts by \(inputs[2].shape) where \(wanted) belongs")
    }
    return [TensorType(x.dtype, x.shape)]
  }

  package func run(_ inputs: Operands<Tensor>) throws(OperatorError) -> [Tensor] {
    let x = inputs[0]
    _ = try infer(Operands(inputs.items.map { $0.map { TensorType($0.dtype, $0.shape) } }))
    let (scale, shift) = (try inputs[1].parameters(), try inputs[2].parameters())
    switch x.dtype {
    case .float32: return [try run(x, scale.map { Float($0) }, shift.map { Float($0) })]
    case .float64: return [try run(x, scale, shift)]
    default: return try Conversion.wideningFloats(inputs, run)
    }
  }

  private func run<T: FloatElement>(_ x: Tensor, _ scale: [T], _ shift: [T]) throws(OperatorError) -> Tensor {
    let (channels, plane) = (x.shape[1] / groups, x.shape.dropFirst(2).product)
    let rows = x.shape[0] * groups
    return try x.mapped(T.self) { x, y in
      normalize(x, y, rows: rows, length: channels * plane, epsilon: T(epsilon)) { row, to in
        let group = row % groups
        for c in 0..<channels {
          let (a, b) = (
            scale[isPerGroup ? group : group * channels + c], shift[isPerGroup ? group : group * channels + c]
          )
          for i in 0..<plane { to[c * plane + i] = to[c * plane + i] * a + b }
        }
      }
    }
  }

  /// Groups of channels may go whole: inside a group every channel has a part in the statistics of all.
  package func couple(_ c: inout Coupling) {
    c.tie(.input(0, 0), .output(0, 0))
    let channels = c.size(.input(0, 1))
    guard groups > 0, channels % groups == 0 else { return }
    let (group, inside) = (c.factor(groups), c.factor(channels / groups))
    c.pin(inside)
    for port in [Port.input(0, 1), .output(0, 1)] { c.split(port, into: [group, inside]) }
    for slot in 1...2 {
      c.split(.input(slot, 0), into: c.size(.input(slot, 0)) == channels ? [group, inside] : [group])
    }
  }

  package func resize(_ c: Coupling, to size: KeptAxes) -> [Resize] {
    let channels = c.size(.input(0, 1))
    let left = size(.input(0, 1))
    guard left < channels, channels % groups == 0 else { return [] }
    return [.attribute("num_groups", .int(Int64(left / (channels / groups))))]
  }
}
