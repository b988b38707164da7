import ShrinkGraph
import ShrinkMath

/// Moves every element into a range, whose ends are attributes before opset 11 and operands from there on.
package struct Clip: Operator {
  package static let names = ["Clip"]
  package static let opsets = 1...28
  package static let inputs = 1...3

  private let low: Float?
  private let high: Float?

  package init(_ attributes: Attributes) throws(OperatorError) {
    low = attributes.opset < 11 ? try attributes.float("min") : nil
    high = attributes.opset < 11 ? try attributes.float("max") : nil
  }

  package func infer(_ inputs: Operands<TensorType>) throws(OperatorError) -> [TensorType] {
    let x = inputs[0]
    for slot in 1..<3 {
      guard let bound = inputs.optional(slot) else { continue }
      guard bound.shape.allSatisfy({ $0 == 1 }), bound.dtype == x.dtype else {
        throw .invalid("a bound has type \(bound.dtype)\(bound.shape) where one element of type \(x.dtype) belongs")
      }
    }
    return [TensorType(x.dtype, x.shape)]
  }

  package func run(_ inputs: Operands<Tensor>) throws(OperatorError) -> [Tensor] {
    let x = inputs[0]
    _ = try infer(Operands(inputs.items.map { $0.map { TensorType($0.dtype, $0.shape) } }))
    if x.dtype == .float16 || x.dtype == .bfloat16 { return try Conversion.widening(inputs, run) }
    let result: Tensor =
      switch x.dtype {
      case .float32: try clip(inputs, low ?? -.infinity, high ?? .infinity)
      case .float64: try clip(inputs, low.map(Double.init) ?? -.infinity, high.map(Double.init) ?? .infinity)
      case .int64: try clip(inputs, Int64.min, .max)
      case .int32: try clip(inputs, Int32.min, .max)
      case .int16: try clip(inputs, Int16.min, .max)
      case .int8: try clip(inputs, Int8.min, .max)
      case .uint64: try clip(inputs, UInt64.min, .max)
      case .uint32: try clip(inputs, UInt32.min, .max)
      case .uint16: try clip(inputs, UInt16.min, .max)
      case .uint8: try clip(inputs, UInt8.min, .max)
      default: throw .noKernel(for: x.dtype)
      }
    return [result]
  }

  private func clip<T: TensorElement & Comparable>(
    _ inputs: Operands<Tensor>, _ lowest: T, _ highest: T
  ) throws(OperatorError) -> Tensor {
    let low = inputs.optional(1)?.elements(T.self).first ?? lowest
    let high = inputs.optional(2)?.elements(T.self).first ?? highest
    let count = inputs[0].count
    return try inputs[0].mapped(T.self) { x, y in
      Parallel.forEach(count, minimumChunk: parallelGrain) { range in
        for i in range {
          let raised = x[i] < low ? low : x[i]
          y[i] = raised > high ? high : raised
        }
      }
    }
  }

  package func couple(_ c: inout Coupling) { c.tieAll(input: 0, output: 0) }
}
