import ShrinkGraph
import ShrinkOps

/// How far numbers may be apart: |found − wanted| ≤ absolute + relative · |wanted|, as numpy's `assert_allclose` has it.
package struct Tolerance: Sendable, Equatable {
  /// Share of the wanted number.
  package var relative: Double
  /// Distance that is always allowed.
  package var absolute: Double

  /// The tolerance of ONNX's backend runner (onnx/backend/test/runner, `rtol` and `atol`).
  package static let backend = Tolerance(relative: 1e-3, absolute: 1e-7)

  /// Makes a tolerance.
  package init(relative: Double, absolute: Double) {
    self.relative = relative
    self.absolute = absolute
  }

  /// The exceptions for 16-bit elements, as a share: two units in the last place, since runtimes round intermediate
  /// results at different places.
  private static func unit(_ dtype: DType) -> Double {
    switch dtype {
    case .float16: 0x1p-9
    case .bfloat16: 0x1p-7
    default: 0
    }
  }

  /// What sets two tensors apart: type, shape, or the element that is off the most; nil when nothing does.
  package func difference(_ found: Tensor, _ wanted: Tensor) -> String? {
    guard found.dtype == wanted.dtype, found.shape == wanted.shape else {
      return "is \(found.dtype)\(found.shape), not \(wanted.dtype)\(wanted.shape)"
    }
    guard let a = found.numbers, let b = wanted.numbers else {
      return found == wanted ? nil : "elements of type \(found.dtype) differ"
    }
    let relative = max(relative, Self.unit(found.dtype))
    var worst: (index: Int, excess: Double)?
    for i in a.indices where a[i] != b[i] && !(a[i].isNaN && b[i].isNaN) {
      let excess = abs(a[i] - b[i]) - absolute - relative * abs(b[i])
      if !(excess <= 0) || !b[i].isFinite, !(excess <= worst?.excess ?? -.infinity) { worst = (i, excess) }
    }
    return worst.map { "element \($0.index) of \(found.shape) is \(a[$0.index]), not \(b[$0.index])" }
  }
}
