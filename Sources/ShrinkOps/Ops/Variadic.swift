import ShrinkGraph

/// Max, Min, Sum and Mean of any number of operands that are broadcast together.
package struct Variadic: Operator {
  package static let names = Function.allCases.map(\.rawValue)
  package static let opsets = 1...28
  package static let inputs = 1...Int.max

  /// Which function.
  enum Function: String, CaseIterable {
    case max = "Max"
    case mean = "Mean"
    case min = "Min"
    case sum = "Sum"
  }
  let function: Function

  package init(_ attributes: Attributes) throws(OperatorError) {
    guard let function = Function(rawValue: attributes.opType) else {
      throw .unsupported("the function \(attributes.opType)")
    }
    self.function = function
  }

  package func infer(_ inputs: Operands<TensorType>) throws(OperatorError) -> [TensorType] {
    let dtype = inputs[0].dtype
    for input in inputs.present where input.dtype != dtype { throw .differentTypes(dtype, input.dtype) }
    return [try .sized(dtype, Broadcast.shape(inputs.present.map(\.shape)))]
  }

  package func run(_ inputs: Operands<Tensor>) throws(OperatorError) -> [Tensor] {
    let dtype = try infer(inputs.types)[0].dtype
    guard dtype != .bool else { throw .unsupportedType(dtype) }
    var operands: [Tensor] = []
    for input in inputs.present { operands.append(try input.computable()) }
    let result = try Folding(function: function, operands: operands).run(operands[0].dtype)
    return [result.dtype == dtype ? result : try Conversion.convert(result, to: dtype)]
  }

  package func couple(_ c: inout Coupling) { Broadcast.couple(&c) }

  /// Joins the operands from left to right.
  private struct Folding: NumberKernel {
    let function: Function
    let operands: [Tensor]

    func run<T: NumberElement>(_ type: T.Type) throws(OperatorError) -> Tensor {
      switch function {
      case .max: return try fold(T.greater)
      case .min: return try fold(T.smaller)
      case .sum: return try fold(T.sum)
      case .mean:
        let (sum, count) = (try fold(T.sum), Double(operands.count))
        switch sum.dtype {
        case .float32: return Elementwise.map(sum) { (x: Float) in x / Float(count) }
        case .float64: return Elementwise.map(sum) { (x: Double) in x / count }
        default: throw .unsupportedType(sum.dtype)
        }
      }
    }

    @inline(__always)
    private func fold<T: NumberElement>(_ join: (T, T) -> T) throws(OperatorError) -> Tensor {
      var result = operands[0]
      for operand in operands.dropFirst() {
        let shape = try Broadcast.shape([result.shape, operand.shape])
        result = Broadcast.map(result, operand, to: shape, join)
      }
      return result
    }
  }
}
