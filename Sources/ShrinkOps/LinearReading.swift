import ShrinkGraph

/// An operator inside which something is linear in an activation, with constant weights: where a relation between units
/// can be absorbed.
package protocol LinearOperator: Operator {
  /// The linear maps, for operands and results of these types; none when the weights are not of a form that is followed.
  ///
  /// Their order and number follow from the shapes of the weights and the attributes alone.
  func readings(_ inputs: Operands<TensorType>) -> [any LinearReading]
}

/// A linear map with constant weights inside an operator, for operands of given types.
///
/// Seen as a matrix product, one row for each sample and position: `outputs = rows · matrix + bias`. Columns of a row
/// stand in the order of the contracted axis, taps of a kernel innermost: column = channel · taps + tap.
package protocol LinearReading: Sendable {
  /// The axis that is summed over: of an operand, or of a result that the operator feeds back to itself.
  var data: Port { get }
  /// The axis that says which units the channels belong to: that of `data`, or one that stands for it.
  var channelAxis: Port { get }
  /// First index of that axis that the map reads; it reads `product.channels` of them.
  var firstChannel: Int { get }
  /// Operand slots.
  var weight: Int { get }
  /// Slot of the bias; nil when the operator has none.
  var bias: Int? { get }
  /// The axis of a result that the columns of the product stand on; nil where no result shows them (gates of an LSTM).
  var output: Port? { get }
  /// First index of that axis that the map makes; it makes `product.outputs` of them.
  var firstOutput: Int { get }
  /// The sizes of the product.
  var product: LinearProduct { get }
  /// Factors that the operator puts before the product and before the bias (Gemm's alpha and beta; 1 and 1 for others).
  var factors: (product: Float, bias: Float) { get }
  /// Copies the rows at `positions` (each in 0 ..< all positions of the batch, samples outermost) as
  /// `positions.count` × `channels · taps` floats, row-major; `x` is the tensor that `data` names. Padding reads as zero.
  func gatherRows(
    _ x: Tensor, _ operands: Operands<Tensor>, positions: [Int], into rows: UnsafeMutablePointer<Float>)
  /// Copies the outputs at `positions` as `positions.count` × `outputs` floats, row-major; `y` is the result that `output`
  /// names.
  func gatherOutputs(_ y: Tensor, positions: [Int], into rows: UnsafeMutablePointer<Float>)
  /// Element of the weight tensor (flat, row-major) that stands at each place of the `channels · taps` × `outputs` matrix,
  /// row-major.
  func matrixOrder() -> [Int]
  /// Elements of the bias tensor that stand for the outputs; nil where a tensor of this shape does not.
  func biasOrder(_ shape: [Int]) -> [Int]?
  /// Shape of a bias where there is none yet.
  var biasShape: [Int] { get }
}

extension LinearReading {
  package var channelAxis: Port { data }
  package var firstChannel: Int { 0 }
  package var firstOutput: Int { 0 }
  package var factors: (product: Float, bias: Float) { (1, 1) }
  package var biasShape: [Int] { [product.outputs] }
  package func biasOrder(_ shape: [Int]) -> [Int]? {
    shape.product == biasShape.product ? Array(firstOutput..<firstOutput + product.outputs) : nil
  }
}

/// A linear map whose results the operator uses itself, so that none of its own shows them.
struct HiddenReading: LinearReading {
  private let map: any LinearReading
  let bias: Int?
  let output: Port? = nil

  /// `bias`: the slot of the bias, where the operator has one that the map does not know.
  init(_ map: any LinearReading, bias: Int? = nil) { (self.map, self.bias) = (map, bias ?? map.bias) }

  var data: Port { map.data }
  var channelAxis: Port { map.channelAxis }
  var firstChannel: Int { map.firstChannel }
  var weight: Int { map.weight }
  var firstOutput: Int { map.firstOutput }
  var product: LinearProduct { map.product }
  var factors: (product: Float, bias: Float) { map.factors }
  var biasShape: [Int] { map.biasShape }
  func biasOrder(_ shape: [Int]) -> [Int]? { map.biasOrder(shape) }
  func matrixOrder() -> [Int] { map.matrixOrder() }
  func gatherRows(
    _ x: Tensor, _ operands: Operands<Tensor>, positions: [Int], into rows: UnsafeMutablePointer<Float>
  ) {
    map.gatherRows(x, operands, positions: positions, into: rows)
  }
  func gatherOutputs(_ y: Tensor, positions: [Int], into rows: UnsafeMutablePointer<Float>) {}
}

/// Sizes of a linear map seen as a matrix product.
package struct LinearProduct: Sendable, Equatable {
  /// Size of the contracted axis.
  package var channels: Int
  /// Kernel taps of each channel: columns of a row = channels · taps.
  package var taps: Int
  /// Columns of the result.
  package var outputs: Int
  /// Rows that the given batch has.
  package var positions: Int
  /// Whether a row may contain padding, where a constant input is not constant.
  package var isPadded: Bool

  /// Makes the sizes.
  package init(channels: Int, taps: Int, outputs: Int, positions: Int, isPadded: Bool) {
    self.channels = channels
    self.taps = taps
    self.outputs = outputs
    self.positions = positions
    self.isPadded = isPadded
  }
}
