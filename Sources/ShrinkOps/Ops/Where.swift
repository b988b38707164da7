import ShrinkGraph

/// Takes each element from the second operand where the first is true, from the third elsewhere; all are broadcast.
package struct Where: Operator {
  package static let names = ["Where"]
  package static let opsets = 9...28
  package static let inputs = 3...3

  package init(_ attributes: Attributes) {}

  package func infer(_ inputs: Operands<TensorType>) throws(OperatorError) -> [TensorType] {
    guard inputs[0].dtype == .bool else { throw .unsupportedType(inputs[0].dtype) }
    guard inputs[1].dtype == inputs[2].dtype else { throw .differentTypes(inputs[1].dtype, inputs[2].dtype) }
    return [TensorType(inputs[1].dtype, try Broadcast.shape(inputs.present.map(\.shape)))]
  }

  package func run(_ inputs: Operands<Tensor>) throws(OperatorError) -> [Tensor] {
    let type = try infer(inputs.types)[0]
    let shape = try Axes.checked(type.shape, type.dtype)
    return switch type.dtype.bits {
    case 8: [choose(inputs, type.dtype, shape, UInt8.self)]
    case 16: [choose(inputs, type.dtype, shape, UInt16.self)]
    case 32: [choose(inputs, type.dtype, shape, UInt32.self)]
    case 64: [choose(inputs, type.dtype, shape, UInt64.self)]
    default: throw .unsupportedType(type.dtype)
    }
  }

  package func couple(_ c: inout Coupling) { Broadcast.couple(&c) }

  private func choose<T>(_ inputs: Operands<Tensor>, _ dtype: DType, _ shape: [Int], _: T.Type) -> Tensor {
    let walk = Walk(shape, strides: inputs.present.map { Broadcast.strides($0.shape, in: shape) })
    let count = Tensor.count(shape)
    let storage = TensorStorage(byteCount: count * MemoryLayout<T>.stride)
    let target = storage.bytes.bindMemory(to: T.self, capacity: count)
    inputs[0].withElements(Bool.self) { condition in
      inputs[1].withBytes { second in
        inputs[2].withBytes { third in
          guard let condition = condition.baseAddress, let second = second.baseAddress,
            let third = third.baseAddress
          else { return }
          let (x, y) = (second.assumingMemoryBound(to: T.self), third.assumingMemoryBound(to: T.self))
          let (s, t, u) = (walk.step(0), walk.step(1), walk.step(2))
          walk.forEachRun { to, i, j, k, count in
            for n in 0..<count {
              target[to + n] = condition[i + n * s] ? x[j + n * t] : y[k + n * u]
            }
          }
        }
      }
    }
    return Tensor(dtype: dtype, shape: shape, storage: storage)
  }
}
