import ShrinkGraph
import ShrinkOps

/// One operand of a node under test.
package enum CaseOperand: Sendable {
  /// Float32 elements between -1 and 1, drawn from the test's seed.
  case random([Int])
  /// Float32 elements between 0.5 and 1.5: variances, divisors, arguments of logarithms.
  case positive([Int])
  /// Given elements.
  case tensor(Tensor)
  /// Left out.
  case absent

  /// The elements; nil for an operand that is left out.
  func made(using rng: inout SplitMix64) -> Tensor? {
    switch self {
    case .random(let shape): .random(shape, using: &rng)
    case .positive(let shape): .random(shape, in: 0.5...1.5, using: &rng)
    case .tensor(let tensor): tensor
    case .absent: nil
    }
  }
}

/// A node with its operands: what is needed to infer, run and couple it without a graph.
package struct NodeCase: Sendable {
  /// Operator, as ONNX spells it.
  package var opType: String
  /// Domain of the operator set; empty for ai.onnx.
  package var domain: String
  /// Version of the operator set.
  package var opset: Int
  /// How many results it names.
  package var outputs: Int
  /// Attributes by name.
  package var attributes: [String: Attribute.Value]
  /// Operands by slot.
  package var operands: [Tensor?]
  /// Slots whose elements are known before the network runs.
  package var constants: Set<Int>
  /// Makes the operator in place of the table: for operators that exist in a test only.
  package var maker: (@Sendable (Attributes) throws(OperatorError) -> any Operator)?

  /// Makes a node, of ai.onnx unless a domain is given.
  package init(
    _ opType: String, domain: String = "", opset: Int = 17, outputs: Int = 1,
    _ attributes: [String: Attribute.Value] = [:],
    operands: [Tensor?], constants: Set<Int> = []
  ) {
    self.opType = opType
    self.domain = domain
    self.opset = opset
    self.outputs = outputs
    self.attributes = attributes
    self.operands = operands
    self.constants = constants
  }

  /// The operator, made by the table as the driver makes it, or by `maker`.
  package func make() throws(OperatorError) -> any Operator {
    if let maker { return try maker(Attributes(opType, domain: domain, opset: opset, outputs: outputs, attributes)) }
    let node = Node(
      opType, domain: domain, inputs: operands.indices.map { operands[$0] == nil ? nil : ValueID($0) },
      outputs: (0..<outputs).map { ValueID(operands.count + $0) },
      attributes: attributes.sorted { $0.key < $1.key }.map { Attribute($0.key, $0.value) })
    return try OperatorTable.make(node, opset: opset)
  }

  /// Types of the operands; constants come with their elements.
  package var types: Operands<TensorType> {
    Operands(
      operands.enumerated().map { slot, operand in
        operand.map { TensorType($0.dtype, $0.shape, constant: constants.contains(slot) ? $0 : nil) }
      })
  }

  /// Types of the results.
  package func infer() throws(OperatorError) -> [TensorType] { try make().infer(types) }

  /// The results.
  package func run() throws(OperatorError) -> [Tensor] { try make().run(Operands(operands)) }
}
