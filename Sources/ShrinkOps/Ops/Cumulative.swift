import ShrinkGraph
import ShrinkMath

/// Running sums and products along an axis.
package struct Cumulative: Operator {
  package static let names = ["CumProd", "CumSum"]
  package static let opsets = 11...28
  package static let inputs = 2...2
  package var useOfAll: String { "runs over them in their order" }

  private let isProduct: Bool
  private let isExclusive: Bool
  private let isReverse: Bool

  package init(_ attributes: Attributes) throws(OperatorError) {
    isProduct = attributes.opType == "CumProd"
    isExclusive = try attributes.int("exclusive", default: 0) != 0
    isReverse = try attributes.int("reverse", default: 0) != 0
  }

  package func infer(_ inputs: Operands<TensorType>) throws(OperatorError) -> [TensorType] {
    if let axis = inputs[1].constant { _ = try self.axis(axis, rank: inputs[0].shape.count) }
    return [TensorType(inputs[0].dtype, inputs[0].shape)]
  }

  private func axis(_ operand: Tensor, rank: Int) throws(OperatorError) -> Int {
    guard let axes = operand.integers, axes.count == 1 else {
      throw .invalid("has an axis of type \(operand.dtype) and shape \(operand.shape)")
    }
    return try Axes.position(axes[0], rank: rank)
  }

  package func run(_ inputs: Operands<Tensor>) throws(OperatorError) -> [Tensor] {
    let x = inputs[0]
    switch x.dtype {
    case .float32: return [try run(inputs, first: Float(isProduct ? 1 : 0), isProduct ? { $0 * $1 } : { $0 + $1 })]
    case .float64: return [try run(inputs, first: isProduct ? 1.0 : 0.0, isProduct ? { $0 * $1 } : { $0 + $1 })]
    case .int64: return [try run(inputs, first: Int64(isProduct ? 1 : 0), isProduct ? { $0 &* $1 } : { $0 &+ $1 })]
    case .uint64: return [try run(inputs, first: UInt64(isProduct ? 1 : 0), isProduct ? { $0 &* $1 } : { $0 &+ $1 })]
    case .int32, .uint32, .float16, .bfloat16:
      // The axis may have the type of the data, and is not to be widened into it.
      return try Conversion.widening(Operands([x])) { (wide) throws(OperatorError) in
        try run(Operands([wide[0], inputs[1]]))
      }
    default: throw .noKernel(for: x.dtype)
    }
  }

  private func run<T: TensorElement>(
    _ inputs: Operands<Tensor>, first: T, _ step: (T, T) -> T
  ) throws(OperatorError) -> Tensor {
    let x = inputs[0]
    let axis = try axis(inputs[1], rank: x.rank)
    guard x.count > 0 else { return x }
    let (length, inner) = (x.shape[axis], x.shape[(axis + 1)...].product)
    return try x.mapped(T.self) { x, y in
      Parallel.forEach(
        inputs[0].count / (length * inner), minimumChunk: max(1, Walk.grain / (length * inner))
      ) { blocks in
        for block in blocks {
          for i in 0..<length {
            let place = { (i: Int) in (block * length + (isReverse ? length - 1 - i : i)) * inner }
            let (to, own) = (y + place(i), x + place(i))
            if i == 0 {
              for k in 0..<inner { (to + k).initialize(to: isExclusive ? first : own[k]) }
            } else {
              let (before, added) = (y + place(i - 1), isExclusive ? x + place(i - 1) : own)
              for k in 0..<inner { (to + k).initialize(to: step(before[k], added[k])) }
            }
          }
        }
      }
    }
  }

  package func couple(_ c: inout Coupling) {
    guard let constant = c.inputs[1].constant, let axis = try? axis(constant, rank: c.inputs[0].shape.count) else {
      return
    }
    c.tieAll(input: 0, output: 0, except: [axis])
  }
}
