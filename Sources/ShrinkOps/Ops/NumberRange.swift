import ShrinkGraph

/// Range: the numbers from a start up to a limit in equal steps.
package struct NumberRange: Operator {
  package static let names = ["Range"]
  package static let opsets = 11...28
  package static let inputs = 3...3

  package init(_ attributes: Attributes) {}

  package func infer(_ inputs: Operands<TensorType>) throws(OperatorError) -> [TensorType] {
    var bounds: [Tensor] = []
    for input in inputs.present {
      guard input.dtype == inputs[0].dtype else { throw .differentTypes(inputs[0].dtype, input.dtype) }
      guard let constant = input.constant else {
        throw .shapeDependsOnData
      }
      guard constant.count == 1 else { throw .invalid("a bound has \(constant.count) elements instead of one") }
      bounds.append(constant)
    }
    return [TensorType(inputs[0].dtype, try Axes.checked([try Self.length(bounds)], inputs[0].dtype))]
  }

  package func run(_ inputs: Operands<Tensor>) throws(OperatorError) -> [Tensor] {
    let count = try infer(inputs.types)[0].shape[0]
    switch inputs[0].dtype {
    case .float32: return [Self.numbers(inputs, count, Float.self)]
    case .float64: return [Self.numbers(inputs, count, Double.self)]
    case .float16, .bfloat16: return try Conversion.widening(inputs, run)
    default:
      let (start, step) = (inputs[0].integers?.first ?? 0, inputs[2].integers?.first ?? 0)
      let numbers = Tensor(shape: [count], Int64.self) { target in
        for i in 0..<count { (target.baseAddress.map { $0 + i })?.initialize(to: Int64(start &+ i &* step)) }
      }
      return [try Conversion.convert(numbers, to: inputs[0].dtype)]
    }
  }

  private static func numbers<T: Real>(_ inputs: Operands<Tensor>, _ count: Int, _: T.Type) -> Tensor {
    let (start, step) = (inputs[0].elements(T.self)[0], inputs[2].elements(T.self)[0])
    return Tensor(shape: [count], (0..<count).map { start + T($0) * step })
  }

  /// ⌈(limit − start) / step⌉, at least 0.
  private static func length(_ bounds: [Tensor]) throws(OperatorError) -> Int {
    let exact = bounds.compactMap { $0.integers?.first }
    if exact.count == 3 {
      let (distance, overflow) = exact[1].subtractingReportingOverflow(exact[0])
      guard exact[2] != 0, exact[2] > .min, distance > .min, !overflow else { throw .endless() }
      if distance == 0 || (distance < 0) != (exact[2] < 0) { return 0 }
      return (abs(distance) - 1) / abs(exact[2]) + 1
    }
    var numbers: [Double] = []
    for bound in bounds { numbers.append(try Conversion.convert(bound, to: .float64).elements(Double.self)[0]) }
    let length = ((numbers[1] - numbers[0]) / numbers[2]).rounded(.up)
    guard numbers[2] != 0, length < 0x1p53 else { throw .endless() }
    return Int(max(0, length))
  }
}

extension OperatorError {
  fileprivate static func endless() -> OperatorError { .invalid("the range has no end that its step reaches") }
}
