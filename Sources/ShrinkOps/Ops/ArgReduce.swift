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
    switch x.dtype {
    case .float32: return [find(x, axis, shape, Float.self)]
    case .float64: return [find(x, axis, shape, Double.self)]
    case .int64: return [find(x, axis, shape, Int64.self)]
    case .int32: return [find(x, axis, shape, Int32.self)]
    case .int8: return [find(x, axis, shape, Int8.self)]
    case .int16: return [find(x, axis, shape, Int16.self)]
    case .uint16: return [find(x, axis, shape, UInt16.self)]
    case .uint32: return [find(x, axis, shape, UInt32.self)]
    case .uint64: return [find(x, axis, shape, UInt64.self)]
    case .uint8: return [find(x, axis, shape, UInt8.self)]
    case .float16, .bfloat16: return try Conversion.widening(inputs, run)
    default: throw .unsupportedType(x.dtype)
    }
  }

  package func couple(_ c: inout Coupling) {
    guard let axis = try? Axes.position(axis, rank: c.inputs[0].shape.count) else { return }
    Reduction.couple(&c, [axis], keepsAxes: keepsAxis)
  }

  private func find<T: Comparable & TensorElement>(_ x: Tensor, _ axis: Int, _ shape: [Int], _: T.Type) -> Tensor {
    let length = x.shape[axis]
    let inner = Tensor.count(Array(x.shape[(axis + 1)...]))
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
