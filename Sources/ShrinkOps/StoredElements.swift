import ShrinkGraph

/// Cuts tensors of every element type, packed ones among them.
package enum StoredElements {
  /// Keeps the given indices along one axis, in their order.
  package static func keeping(_ kept: [Int], axis: Int, of tensor: Tensor) throws(OperatorError) -> Tensor {
    guard tensor.dtype.bits < 8 else { return tensor.keeping(kept, axis: axis) }
    guard let numbers = LowPrecision.decoded(tensor) else { throw .unsupportedType(tensor.dtype) }
    return try LowPrecision.encoded(numbers.keeping(kept, axis: axis), tensor.dtype)
  }
}
