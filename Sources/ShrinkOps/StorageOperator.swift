import ShrinkGraph

/// An operator that files put between a weight and its layer to hold it in another type or order.
package protocol StorageOperator: Operator {
  /// Operands from which the operator computes `result`, or comes as close to it as their types allow.
  ///
  /// `operands` are those that it has in the file, cut to the shape of `result` where they could be; they give types and
  /// the way of storing. Nil where nothing comes close.
  func operands(for result: Tensor, like operands: Operands<Tensor>) throws(OperatorError) -> Operands<Tensor>?
}
