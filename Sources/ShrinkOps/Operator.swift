import ShrinkGraph

/// One ONNX operator: its attributes, and the rules that every stage asks it for.
///
/// One type, one file, in `Ops/`.
///
/// The rules must agree with each other; `checkLaws` in the tests tries that. `infer`, `run` and `couple` may rely on
/// `inputs`: operands below its lower bound are there and none is beyond its upper bound.
package protocol Operator: Sendable {
  /// Domain of the operator set that its names belong to; empty for ai.onnx, which is what most belong to.
  static var domain: String { get }
  /// Names, as the operator set spells them.
  static var names: [String] { get }
  /// Versions of the operator set that this file implements.
  static var opsets: ClosedRange<Int> { get }
  /// How many operands it takes; those below the lower bound are required.
  static var inputs: ClosedRange<Int> { get }
  /// Reads the attributes; throws when one is malformed or asks for what the kernel cannot do.
  init(_ attributes: Attributes) throws(OperatorError)
  /// Types of the results from the types of the operands. Constant operands come with their elements.
  func infer(_ inputs: Operands<TensorType>) throws(OperatorError) -> [TensorType]
  /// Computes the results.
  func run(_ inputs: Operands<Tensor>) throws(OperatorError) -> [Tensor]
  /// Names the axes whose indices stand or fall together. Axes left unnamed never shrink.
  func couple(_ c: inout Coupling)
  /// What must be edited in the node when axes named by `couple` take new sizes; `size` answers for every port, in
  /// the new graph.
  func resize(_ c: Coupling, to size: (Port) -> Int) -> [Resize]
}

extension Operator {
  package static var domain: String { "" }
  package func couple(_ c: inout Coupling) {}
  package func resize(_ c: Coupling, to size: (Port) -> Int) -> [Resize] { [] }

  /// Types of results whose shapes depend on the elements of every operand: known only where all of them are.
  func inferByRunning(_ inputs: Operands<TensorType>) throws(OperatorError) -> [TensorType] {
    let operands = Operands<Tensor>(inputs.items.map { $0?.constant })
    guard operands.present.count == inputs.present.count else { throw .shapeDependsOnData }
    return try run(operands).map(TensorType.init(constant:))
  }
}

/// An edit of a node that holds a size.
package enum Resize: Sendable {
  /// Sets an attribute (`group`, `hidden_size`, …).
  case attribute(String, Attribute.Value)
  /// Replaces a constant operand (the target of a Reshape, the lengths of a Split, …).
  case operand(Int, Tensor)
}

/// An operator whose result is linear in one operand, with constant weights: where a relation between units can be
/// absorbed.
///
/// Seen as a matrix product, one row for each sample and position: `outputs = rows · matrix + bias`. Columns of a row
/// stand in the order of the contracted axis, taps of a kernel innermost: column = channel · taps + tap.
package protocol LinearOperator: Operator {
  /// Operand slots.
  static var data: Int { get }
  static var weight: Int { get }
  /// Slot of the bias; nil when the operator has none.
  static var bias: Int? { get }
  /// The sizes of the product for operands of these types; nil when it is not of that form (grouped, or the weight is not
  /// a matrix).
  func product(_ inputs: Operands<TensorType>) -> LinearProduct?
  /// Axis of the result that the columns of the product stand on.
  func outputAxis(rank: Int) -> Int
  /// Copies the rows at `positions` (each in 0 ..< all positions of the batch `x`, samples outermost) as
  /// `positions.count` × `channels · taps` floats, row-major. Padding reads as zero.
  func gatherRows(_ x: Tensor, weight: TensorType, positions: [Int], into rows: UnsafeMutablePointer<Float>)
  /// Copies the outputs at `positions` as `positions.count` × `outputs` floats, row-major.
  func gatherOutputs(_ y: Tensor, positions: [Int], into rows: UnsafeMutablePointer<Float>)
  /// Element of the weight tensor (flat, row-major) that stands at each place of the `channels · taps` × `outputs` matrix,
  /// row-major.
  func matrixOrder(weight: TensorType) -> [Int]
  /// Factors that the operator puts before the product and before the bias (Gemm's alpha and beta; 1 and 1 for others).
  var factors: (product: Float, bias: Float) { get }
}

extension LinearOperator {
  package var factors: (product: Float, bias: Float) { (1, 1) }
}

/// Sizes of a linear operator seen as a matrix product.
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
