/// One declared size: ONNX allows a number, a symbol shared between tensors, or nothing.
package enum Dim: Sendable, Equatable {
  case known(Int)
  case symbol(String)
  case unknown

  /// The number, where there is one.
  package var size: Int? { if case .known(let size) = self { size } else { nil } }
}

/// What a model declares of a tensor.
package struct DeclaredType: Sendable, Equatable {
  /// Element type.
  package var dtype: DType
  /// Sizes; nil when not even the rank is declared.
  package var dims: [Dim]?

  /// Makes a declaration.
  package init(_ dtype: DType, _ dims: [Dim]?) {
    self.dtype = dtype
    self.dims = dims
  }
}

/// What is known of a tensor before it is computed: its type and shape, and its elements where they are constant.
package struct TensorType: Sendable, Equatable {
  /// Element type.
  package var dtype: DType
  /// Size of each axis.
  package var shape: [Int]
  /// The elements, where they do not depend on the model's inputs.
  package var constant: Tensor?

  /// Makes a type.
  package init(_ dtype: DType, _ shape: [Int], constant: Tensor? = nil) {
    self.dtype = dtype
    self.shape = shape
    self.constant = constant
  }

  /// The type of a tensor whose elements are known.
  package init(constant: Tensor) { self.init(constant.dtype, constant.shape, constant: constant) }
}
