import ShrinkGraph

extension Tensor {
  /// Whether every element of a float32 tensor is a finite number; true for other types.
  var isFinite: Bool {
    guard dtype == .float32 else { return true }
    return withElements(Float.self) { elements in
      // Zero times a finite number is zero; anything else makes the sum no number. No branch, so that it runs in vectors.
      var sums = SIMD16<Float>()
      let whole = elements.count / 16 * 16
      for i in stride(from: 0, to: whole, by: 16) {
        for lane in 0..<16 { sums[lane] += elements[i + lane] * 0 }
      }
      return sums == SIMD16<Float>() && elements[whole...].allSatisfy(\.isFinite)
    }
  }
}
