import ShrinkGraph

extension Tensor {
  /// What sets two tensors apart: type, shape, or the first element that is off; nil when nothing does.
  ///
  /// `tolerance` is relative to elements above 1. Elements that are not numbers equal each other.
  package func difference(from other: Tensor, tolerance: Double = 1e-5) -> String? {
    guard dtype == other.dtype, shape == other.shape else {
      return "\(dtype)\(shape) is not \(other.dtype)\(other.shape)"
    }
    guard dtype == .float32 || dtype == .float64 else { return self == other ? nil : "elements differ" }
    let (a, b) = (doubles, other.doubles)
    for i in a.indices where a[i] != b[i] && !(a[i].isNaN && b[i].isNaN) {
      let isClose = abs(a[i] - b[i]) <= tolerance * max(1, abs(b[i]))
      if !isClose { return "element \(i) is \(a[i]), not \(b[i])" }
    }
    return nil
  }

  /// The elements of a float32 or float64 tensor.
  package var doubles: [Double] {
    dtype == .float64 ? elements(Double.self) : elements(Float.self).map(Double.init)
  }

  /// The same tensor with zeros at one index of an axis.
  func zeroing(_ index: Int, axis: Int) -> Tensor {
    let (size, inner) = (shape[axis], Tensor.count(Array(shape[(axis + 1)...])) * dtype.bits / 8)
    let copy = TensorStorage(byteCount: byteCount)
    withBytes { if let base = $0.baseAddress { copy.bytes.copyMemory(from: base, byteCount: byteCount) } }
    for i in 0..<Tensor.count(Array(shape[..<axis])) {
      (copy.bytes + (i * size + index) * inner).initializeMemory(as: UInt8.self, repeating: 0, count: inner)
    }
    return Tensor(dtype: dtype, shape: shape, storage: copy)
  }
}
