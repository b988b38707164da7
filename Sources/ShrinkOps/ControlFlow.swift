import ShrinkGraph

/// An operator that runs graphs in its attributes.
///
/// Whoever runs it puts `bodies` in first, and hands `infer` and `run` what the bodies read from around them as further
/// operands behind those of the node (`Graph.operands(of:_:)`).
package protocol ControlFlow: Operator {
  /// The graphs; nil until they are put in.
  var bodies: (any Bodies)? { get set }
}

/// The graphs of one node, ready to be run.
package protocol Bodies: Sendable {
  /// How many operands the node itself has; those behind them are what the bodies read from around them.
  var operands: Int { get }
  /// The graph in an attribute.
  func body(_ name: String) throws(OperatorError) -> Graph
  /// Runs the graph in attribute `name` on `inputs`, one for each of its inputs; all operands of the node come along.
  func run(
    _ name: String, _ inputs: [Tensor], within operands: Operands<Tensor>
  ) throws(OperatorError) -> [Tensor]
  /// Types of the outputs of the graph in attribute `name`; nil for those that are not known.
  func infer(
    _ name: String, _ inputs: [TensorType], within operands: Operands<TensorType>
  ) throws(OperatorError) -> [TensorType?]
}

extension ControlFlow {
  /// The bodies, which must have been put in.
  var ready: any Bodies {
    get throws(OperatorError) {
      guard let bodies else { throw OperatorError(.internal, "is run without its graphs") }
      return bodies
    }
  }
}

extension Bodies {
  /// Throws unless the graph in attribute `name` has this many inputs and at least this many outputs.
  func check(_ name: String, inputs: Int, outputs: Int) throws(OperatorError) {
    let body = try body(name)
    guard body.inputs.count == inputs, body.outputs.count >= outputs else {
      throw .invalid(
        "the graph '\(name)' has \(body.inputs.count) inputs and \(body.outputs.count) outputs where \(inputs) and "
          + "\(outputs) or more belong")
    }
  }

  /// The parts of output `slot` of a graph behind each other.
  ///
  /// When it was never run, the type of a part is what can be inferred, or else what the file declares, with 0 for sizes
  /// that it leaves open.
  func joined(
    _ stack: Stack, _ name: String, _ slot: Int, _ inputs: [TensorType], within operands: Operands<Tensor>
  ) throws(OperatorError) -> Tensor {
    if let type = stack.type { return try stack.joined(type) }
    return try stack.joined(typeWithoutRun(name, slot, inputs, within: operands))
  }

  /// The type of output `slot` of a graph that was never run.
  func typeWithoutRun(
    _ name: String, _ slot: Int, _ inputs: [TensorType], within operands: Operands<Tensor>
  ) throws(OperatorError) -> TensorType {
    if let known = (try? infer(name, inputs, within: operands.types))?[slot] { return known }
    let body = try body(name)
    guard let declared = body[body.outputs[slot]].type else {
      throw .unsupported("the graph '\(name)' is not run once, and does not say what its output \(slot) is")
    }
    return TensorType(declared.dtype, (declared.dims ?? []).map { $0.size ?? 0 })
  }
}

/// Tensors of one shape, to be joined along a new first axis.
struct Stack {
  private(set) var parts: [Tensor] = []

  /// Type of the parts; nil while there is none.
  var type: TensorType? { parts.first.map { TensorType($0.dtype, $0.shape) } }

  /// Adds a part.
  ///
  /// Throws when its type or shape is not that of the others.
  mutating func append(_ part: Tensor) throws(OperatorError) {
    try StridedView.checkElements(part.dtype)
    if let first = parts.first, first.dtype != part.dtype || first.shape != part.shape {
      throw .invalid(
        "a graph gives \(part.dtype)\(part.shape) where it gave \(first.dtype)\(first.shape) before: such results cannot "
          + "be joined")
    }
    parts.append(part)
  }

  /// All parts behind each other; `type` is that of one part.
  func joined(_ type: TensorType) throws(OperatorError) -> Tensor {
    try StridedView.checkElements(type.dtype)
    let shape = try Axes.checked([parts.count] + type.shape, type.dtype)
    let storage = TensorStorage(byteCount: Tensor.count(shape) * (type.dtype.bits / 8))
    var offset = 0
    for part in parts {
      part.withBytes { bytes in
        guard let from = bytes.baseAddress, !bytes.isEmpty else { return }
        (storage.bytes + offset).copyMemory(from: from, byteCount: bytes.count)
        offset += bytes.count
      }
    }
    return Tensor(dtype: type.dtype, shape: shape, storage: storage)
  }
}

extension Operands<Tensor> {
  /// The condition or count in a slot: one element, whatever its rank; nil when it is left out.
  func single(_ slot: Int, _ name: String) throws(OperatorError) -> Int? {
    guard let tensor = optional(slot) else { return nil }
    return try tensor.single(name)
  }
}

extension Tensor {
  /// The one element of an integer or boolean tensor.
  func single(_ name: String) throws(OperatorError) -> Int {
    guard count == 1, let value = integers?.first else {
      throw .invalid("\(name) is \(dtype)\(shape), not one integer or boolean")
    }
    return value
  }
}
