import ShrinkGraph
import ShrinkMath

/// Loops that compute each element of the result from the same element of one operand.
enum Elementwise {
  /// Applies a function to every element, on several threads.
  @inline(__always)
  static func map<T: TensorElement, R: TensorElement>(_ x: Tensor, _ function: (T) -> R) -> Tensor {
    Tensor(shape: x.shape, R.self) { target in
      x.withElements(T.self) { source in
        guard let from = source.baseAddress, let to = target.baseAddress else { return }
        Parallel.forEach(source.count, minimumChunk: Walk.grain) { range in
          for i in range { (to + i).initialize(to: function(from[i])) }
        }
      }
    }
  }
}
