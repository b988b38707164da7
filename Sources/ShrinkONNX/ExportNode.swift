internal import COnnxProto
internal import ShrinkGraph

/// Turns nodes into messages.
struct NodeExport {
  /// Holds the messages.
  let arena: Arena
  /// Writes tensors.
  let tensors: TensorWriter
  /// The graph of the nodes.
  let graph: Graph

  /// The message of a node.
  func message(_ node: Node) throws(ShrinkError) -> UnsafeMutablePointer<Onnx__NodeProto> {
    let message = try arena.open(Onnx__NodeProto.self, node.carry, node.place)
    if try text(message.pointee.name, node.place) != node.name { message.pointee.name = arena.text(node.name) }
    if try text(message.pointee.op_type, node.place) != node.opType {
      message.pointee.op_type = arena.text(node.opType)
    }
    if try Opsets.key(text(message.pointee.domain, node.place)) != node.domain {
      message.pointee.domain = arena.text(node.domain)
    }
    message.pointee.n_input = node.inputs.count
    message.pointee.input = names(node.inputs)
    message.pointee.n_output = node.outputs.count
    message.pointee.output = names(node.outputs)
    let attributes = try attributes(of: node)
    message.pointee.n_attribute = attributes.count
    message.pointee.attribute = arena.array(attributes)
    return message
  }

  private func names(_ values: [ValueID?]) -> UnsafeMutablePointer<UnsafeMutablePointer<CChar>?> {
    arena.array(values.map { arena.text($0.map { graph[$0].name } ?? "") })
  }

  private func attributes(of node: Node) throws(ShrinkError) -> [UnsafeMutablePointer<Onnx__AttributeProto>?] {
    var messages: [UnsafeMutablePointer<Onnx__AttributeProto>?] = []
    let output = node.isConstant ? (node.outputs.first ?? nil).map { graph[$0] } : nil
    for attribute in node.attributes {
      if let output, let constant = output.constant,
        attribute.name.hasPrefix("value") || attribute.name == "sparse_value"
      {
        messages.append(try message(ofConstant: constant, output, attribute, node.place))
      } else {
        messages.append(try message(attribute, node.place))
      }
    }
    if let output, let constant = output.constant, messages.isEmpty {
      messages.append(try message(Attribute("value", .tensor(constant)), node.place))
    }
    return messages
  }

  /// The attribute of a Constant: as it came if it says what the value holds, otherwise the value's tensor.
  private func message(
    ofConstant constant: Tensor, _ output: Value, _ attribute: Attribute, _ place: String
  ) throws(ShrinkError) -> UnsafeMutablePointer<Onnx__AttributeProto> {
    if attribute.name == "value" {
      var current = attribute
      current.value = .tensor(constant)
      return try message(current, place)
    }
    if try same(attribute, constant, place) { return try message(attribute, place) }
    return try message(Attribute("value", .tensor(constant)), place)
  }

  private func same(_ attribute: Attribute, _ constant: Tensor, _ place: String) throws(ShrinkError) -> Bool {
    if attribute.name != "sparse_value" { return attribute.constant == constant }
    let carried = try arena.open(Onnx__AttributeProto.self, attribute.carry, place)
    guard let sparse = carried.pointee.sparse_tensor else { return false }
    return try TensorReader.embedded.dense(sparse, place: place) == constant
  }

  private func message(
    _ attribute: Attribute, _ node: String
  ) throws(ShrinkError) -> UnsafeMutablePointer<Onnx__AttributeProto> {
    let place = "\(node), attribute '\(attribute.name)'"
    let message = try arena.open(Onnx__AttributeProto.self, attribute.carry, place)
    if try !says(message.pointee.name, attribute.name, place) {
      message.pointee.name = arena.text(attribute.name)
    }
    if case .tensor(let tensor) = attribute.value {
      let carried = message.pointee.t.map { pack($0) }
      if !message.pointee.holdsTensor { message.pointee.clear(.tensor) }
      message.pointee.t = try tensors.message(tensor, carry: carried, name: nil, place: place)
    } else if try !message.pointee.plainValue(place).isSame(as: attribute.value) {
      put(attribute.value, into: message)
    }
    return message
  }

  private func put(_ value: Attribute.Value, into message: UnsafeMutablePointer<Onnx__AttributeProto>) {
    switch value {
    case .float(let x):
      message.pointee.clear(.float)
      message.pointee.has_f = 1
      message.pointee.f = x
    case .int(let x):
      message.pointee.clear(.int)
      message.pointee.has_i = 1
      message.pointee.i = x
    case .string(let x):
      message.pointee.clear(.string)
      message.pointee.has_s = 1
      message.pointee.s = arena.bytes(x)
    case .floats(let x):
      message.pointee.clear(.floats)
      message.pointee.n_floats = x.count
      message.pointee.floats = arena.array(x)
    case .ints(let x):
      message.pointee.clear(.ints)
      message.pointee.n_ints = x.count
      message.pointee.ints = arena.array(x)
    case .strings(let x):
      message.pointee.clear(.strings)
      message.pointee.n_strings = x.count
      message.pointee.strings = arena.array(x.map { arena.bytes($0) })
    case .tensor, .graphs, .opaque: break
    }
  }
}

extension Onnx__AttributeProto {
  /// Forgets what it holds and says that it holds `kind`.
  fileprivate mutating func clear(_ kind: AttributeKind) {
    has_type = 1
    type = Onnx__AttributeProto__AttributeType(rawValue: kind.rawValue)
    has_f = 0
    has_i = 0
    has_s = 0
    t = nil
    g = nil
    sparse_tensor = nil
    tp = nil
    n_floats = 0
    n_ints = 0
    n_strings = 0
    n_tensors = 0
    n_graphs = 0
    n_sparse_tensors = 0
    n_type_protos = 0
    ref_attr_name = nil
  }
}

extension Attribute.Value {
  /// Whether both say the same; what stays in the carry is the same always, and numbers are compared by their bits.
  fileprivate func isSame(as other: Attribute.Value) -> Bool {
    switch (self, other) {
    case (.float(let a), .float(let b)): a.bitPattern == b.bitPattern
    case (.int(let a), .int(let b)): a == b
    case (.string(let a), .string(let b)): a == b
    case (.floats(let a), .floats(let b)): a.map(\.bitPattern) == b.map(\.bitPattern)
    case (.ints(let a), .ints(let b)): a == b
    case (.strings(let a), .strings(let b)): a == b
    case (_, .graphs), (_, .opaque): true
    default: false
    }
  }
}
