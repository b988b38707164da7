import Foundation
import ShrinkGraph

/// Windows of signal processing: Σ (-1)ᵏ aₖ cos(2πkn / N), with N the size, or one less when it is not periodic.
///
/// Source: Harris, "On the use of windows for harmonic analysis with the discrete Fourier transform", 1978.
package struct SignalWindow: Operator {
  package static let names = ["BlackmanWindow", "HammingWindow", "HannWindow"]
  package static let opsets = 17...28
  package static let inputs = 1...1

  private let factors: [Double]
  private let isPeriodic: Bool
  private let dtype: DType

  package init(_ attributes: Attributes) throws(OperatorError) {
    switch attributes.opType {
    case "BlackmanWindow": factors = [0.42, 0.5, 0.08]
    case "HammingWindow": factors = [25.0 / 46, 21.0 / 46]
    default: factors = [0.5, 0.5]
    }
    isPeriodic = try attributes.int("periodic", default: 1) != 0
    dtype = try attributes.numericType("output_datatype")
  }

  package func infer(_ inputs: Operands<TensorType>) throws(OperatorError) -> [TensorType] {
    guard let size = inputs[0].constant else { throw .shapeDependsOnData }
    guard let sizes = size.integers, sizes.count == 1 else { throw .invalid("has a size of shape \(size.shape)") }
    return [TensorType(dtype, try Axes.checked([sizes[0]], .float64))]
  }

  package func run(_ inputs: Operands<Tensor>) throws(OperatorError) -> [Tensor] {
    let size = try infer(inputs.types)[0].shape[0]
    let period = Double(max(1, isPeriodic ? size : size - 1))
    let window = Tensor(shape: [size], Double.self) { to in
      for n in 0..<size {
        var (sum, sign) = (0.0, 1.0)
        for (k, factor) in factors.enumerated() {
          sum += sign * factor * cos(2 * .pi * Double(k * n) / period)
          sign = -sign
        }
        to[n] = sum
      }
    }
    return [try Conversion.convert(window, to: dtype)]
  }
}

extension Attributes {
  /// An element type that is a number, float32 when it is left out.
  func numericType(_ name: String) throws(OperatorError) -> DType {
    let number = try int(name, default: Int(DType.float32.rawValue))
    guard let dtype = DType(rawValue: Int32(clamping: number)), dtype != .bool, Conversion.isNumeric(dtype) else {
      throw .unsupported("element type \(number) in attribute '\(name)'")
    }
    return dtype
  }
}
