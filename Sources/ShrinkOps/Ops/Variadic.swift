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
  private let function: Function

  package init(_ attributes: Attributes) throws(OperatorError) {
    guard let function = Function(rawValue: attributes.opType) else {
      throw .unsupported("the function \(attributes.opType)")
    }
    self.function = function
  }

  package func infer(_ inputs: Operands<TensorType>) throws(OperatorError) -> [TensorType] {
    let dtype = inputs[0].dtype
    for input in inputs.present where input.dtype != dtype { throw .differentTypes(dtype, input.dtype) }
    return [TensorType(dtype, try Broadcast.shape(inputs.present.map(\.shape)))]
  }

  package func run(_ inputs: Operands<Tensor>) throws(OperatorError) -> [Tensor] {
    _ = try infer(inputs.types)
    return switch inputs[0].dtype {
    case .float32: [try compute(inputs.present, Float.self)]
    case .float64: [try compute(inputs.present, Double.self)]
    case .int64: [try computeInteger(inputs.present, Int64.self)]
    case .int32: [try computeInteger(inputs.present, Int32.self)]
    case .uint64: [try computeInteger(inputs.present, UInt64.self)]
    case .bool: throw .unsupportedType(inputs[0].dtype)
    default: try Conversion.widening(inputs, run)
    }
  }

  package func couple(_ c: inout Coupling) { Broadcast.couple(&c) }

  /// Joins the operands from left to right.
  private func fold(_ inputs: [Tensor], _ join: (Tensor, Tensor, [Int]) -> Tensor) throws(OperatorError) -> Tensor {
    var result = inputs[0]
    for input in inputs.dropFirst() {
      result = join(result, input, try Broadcast.shape([result.shape, input.shape]))
    }
    return result
  }

  private func compute<T: Real>(_ inputs: [Tensor], _: T.Type) throws(OperatorError) -> Tensor {
    // A number that is not a number wins, on either side.
    switch function {
    case .max: return try fold(inputs) { Broadcast.map($0, $1, to: $2) { (x: T, y: T) in y > x || y != y ? y : x } }
    case .min: return try fold(inputs) { Broadcast.map($0, $1, to: $2) { (x: T, y: T) in y < x || y != y ? y : x } }
    case .sum: return try fold(inputs) { Broadcast.map($0, $1, to: $2) { (x: T, y: T) in x + y } }
    case .mean:
      let sum = try fold(inputs) { Broadcast.map($0, $1, to: $2) { (x: T, y: T) in x + y } }
      let count = T(inputs.count)
      return Elementwise.map(sum) { (x: T) in x / count }
    }
  }

  private func computeInteger<T: FixedWidthInteger & TensorElement>(
    _ inputs: [Tensor], _: T.Type
  ) throws(OperatorError) -> Tensor {
    switch function {
    case .max: return try fold(inputs) { Broadcast.map($0, $1, to: $2) { (x: T, y: T) in max(x, y) } }
    case .min: return try fold(inputs) { Broadcast.map($0, $1, to: $2) { (x: T, y: T) in min(x, y) } }
    case .sum, .mean: throw .unsupportedType(T.dtype)
    }
  }
}
