import ShrinkGraph

/// ArgMax and ArgMin: where along an axis the extreme element stands.
package struct ArgReduce: Operator {
  package static let names = ["ArgMax", "ArgMin"]
  package static let opsets = 1...28
  package static let inputs = 1...1
  private let isMax: Bool
  private let axis: Int
  private let keepsAxis: Bool
  private let takesLast: Bool

  package init(_ attributes: Attributes) throws(OperatorError) {
    isMax = attributes.opType == "ArgMax"
    axis = try attributes.int("axis", default: 0)
    keepsAxis = try attributes.int("keepdims", default: 1) != 0
    takesLast = try attributes.int("select_last_index", default: 0) != 0
  }

  package func infer(_ inputs: Operands<TensorType>) throws(OperatorError) -> [TensorType] {
    let shape = inputs[0].shape
    let axis = try Axes.position(axis, rank: shape.count)
    guard shape[axis] > 0 else { throw .invalid("axis \(axis) of a tensor of shape \(shape) has no elements") }
    return [TensorType(.int64, Reduction.shape(shape, [axis], keepsAxes: keepsAxis))]
  }

  package func run(_ inputs: Operands<Tensor>) throws(OperatorError) -> [Tensor] {
    let (x, shape) = (inputs[0], try infer(inputs.types)[0].shape)
    let axis = try Axes.position(axis, rank: x.rank)
    guard x.dtype != .bool else { throw .unsupportedType(x.dtype) }
    let wide = try x.computable()
    return [try Search(x: wide, axis: axis, shape: shape, isMax: isMax, takesLast: takesLast).run(wide.dtype)]
  }

  package func couple(_ c: inout Coupling) {
    guard let axis = try? Axes.position(axis, rank: c.inputs[0].shape.count) else { return }
    Reduction.couple(&c, [axis], keepsAxes: keepsAxis)
  }

  private struct Search: NumberKernel {
    let x: Tensor
    let axis: Int
    let shape: [Int]
    let isMax: Bool
    let takesLast: Bool

    func run<T: NumberElement>(_ type: T.Type) throws(OperatorError) -> Tensor {
      let length = x.shape[axis]
      let inner = x.shape[(axis + 1)...].product
      return Tensor(shape: shape, Int64.self) { target in
        x.withElements(T.self) { source in
          for i in target.indices {
            let first = i / inner * length * inner + i % inner
            var best = 0
            for k in 1..<max(1, length) {
              let (new, old) = (source[first + k * inner], source[first + best * inner])
              if isMax ? new > old : new < old { best = k } else if takesLast, new == old { best = k }
            }
            target[i] = Int64(best)
          }
        }
      }
    }
  }
}
