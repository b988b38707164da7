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
  /// What must be edited in the node when axes named by `couple` take new sizes; `size` answers for every port.
  func resize(_ c: Coupling, to size: KeptAxes) -> [Resize]
  /// What it does with all indices of an axis that `couple` leaves unnamed, as the end of a sentence.
  var useOfAll: String { get }
}

extension Operator {
  package static var domain: String { "" }
  package func couple(_ c: inout Coupling) {}
  package func resize(_ c: Coupling, to size: KeptAxes) -> [Resize] { [] }
  package var useOfAll: String { "needs all of them" }

  /// Types of results whose shapes depend on the elements of every operand: known only where all of them are.
  func inferByRunning(_ inputs: Operands<TensorType>) throws(OperatorError) -> [TensorType] {
    let operands = Operands<Tensor>(inputs.items.map { $0?.constant })
    guard operands.present.count == inputs.present.count else { throw .shapeDependsOnData }
    return try run(operands).map(TensorType.init(constant:))
  }
}

/// What is left of the axes of a node once units have gone.
package struct KeptAxes {
  private let kept: (Port) -> [Int]

  /// `kept`: the indices of an axis that stay, ascending.
  package init(_ kept: @escaping (Port) -> [Int]) { self.kept = kept }

  /// The indices of an axis that stay, ascending.
  package func indices(_ port: Port) -> [Int] { kept(port) }
  /// The new size of an axis.
  package func callAsFunction(_ port: Port) -> Int { kept(port).count }
}

/// An edit of a node that holds a size.
package enum Resize: Sendable {
  /// Sets an attribute (`group`, `hidden_size`, …).
  case attribute(String, Attribute.Value)
  /// Takes an attribute away.
  case noAttribute(String)
  /// Replaces a constant operand (the target of a Reshape, the lengths of a Split, …), or adds the next one.
  case operand(Int, Tensor)
  /// Replaces a number at a position of an operand that is computed around it; `copied` is what 0 stands for there.
  case literal(Int, position: Int, Int, copied: Int?)
}
