import ShrinkGraph

/// Comparisons of two operands that are broadcast together.
package struct Comparison: Operator {
  package static let names = Function.allCases.map(\.rawValue)
  package static let opsets = 1...28
  package static let inputs = 2...2

  /// Which comparison.
  enum Function: String, CaseIterable {
    case equal = "Equal"
    case greater = "Greater"
    case greaterOrEqual = "GreaterOrEqual"
    case less = "Less"
    case lessOrEqual = "LessOrEqual"
  }
  private let function: Function
  private let placement: Broadcast.Placement

  package init(_ attributes: Attributes) throws(OperatorError) {
    guard let function = Function(rawValue: attributes.opType) else {
      throw .unsupported("the function \(attributes.opType)")
    }
    self.function = function
    placement = try Broadcast.Placement(attributes)
  }

  package func infer(_ inputs: Operands<TensorType>) throws(OperatorError) -> [TensorType] {
    guard inputs[0].dtype == inputs[1].dtype else { throw .differentTypes(inputs[0].dtype, inputs[1].dtype) }
    return [try .sized(.bool, placement.shape(inputs))]
  }

  package func run(_ inputs: Operands<Tensor>) throws(OperatorError) -> [Tensor] {
    let shape = try infer(inputs.types)[0].shape
    return try compute(try placement.placed(inputs), shape)
  }

  private func compute(_ inputs: Operands<Tensor>, _ shape: [Int]) throws(OperatorError) -> [Tensor] {
    let (a, b) = (inputs[0], inputs[1])
    switch a.dtype {
    case .float32: return [compute(a, b, shape, Float.self)]
    case .float64: return [compute(a, b, shape, Double.self)]
    case .int64: return [compute(a, b, shape, Int64.self)]
    case .int32: return [compute(a, b, shape, Int32.self)]
    case .uint64: return [compute(a, b, shape, UInt64.self)]
    case .bool where function == .equal: return [Broadcast.map(a, b, to: shape) { (x: Bool, y: Bool) in x == y }]
    case .bool: throw .unsupportedType(a.dtype)
    default:
      return try Conversion.widening(inputs) { (x: Operands<Tensor>) throws(OperatorError) in try compute(x, shape) }
    }
  }

  package func couple(_ c: inout Coupling) { placement.couple(&c) }

  @inline(__always)
  private func compute<T: Comparable & TensorElement>(_ a: Tensor, _ b: Tensor, _ shape: [Int], _: T.Type) -> Tensor {
    switch function {
    case .equal: Broadcast.map(a, b, to: shape) { (x: T, y: T) in x == y }
    case .greater: Broadcast.map(a, b, to: shape) { (x: T, y: T) in x > y }
    case .greaterOrEqual: Broadcast.map(a, b, to: shape) { (x: T, y: T) in x >= y }
    case .less: Broadcast.map(a, b, to: shape) { (x: T, y: T) in x < y }
    case .lessOrEqual: Broadcast.map(a, b, to: shape) { (x: T, y: T) in x <= y }
    }
  }
}
