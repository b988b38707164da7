internal import COnnxProto
internal import ShrinkGraph

/// Turns a graph into a message, its lists in the order in which they came, what is new behind.
struct GraphExport {
  private typealias Declared = UnsafeMutablePointer<Onnx__ValueInfoProto>

  /// Holds the messages.
  let arena: Arena
  /// Writes tensors.
  let tensors: TensorWriter
  /// What is written.
  let graph: Graph
  private let index: [String: ValueID]

  init(arena: Arena, tensors: TensorWriter, graph: Graph) {
    self.arena = arena
    self.tensors = tensors
    self.graph = graph
    index = graph.index()
  }

  /// The message of the graph.
  func message() throws(ShrinkError) -> UnsafeMutablePointer<Onnx__GraphProto> {
    let message = try arena.open(Onnx__GraphProto.self, graph.carry, "graph")
    let proto = message.pointee
    if try text(proto.name, "graph") != graph.name {
      message.pointee.name = arena.text(graph.name)
    }
    let nodes = NodeExport(arena: arena, tensors: tensors, graph: graph)
    var nodeMessages: [UnsafeMutablePointer<Onnx__NodeProto>?] = []
    for node in graph.nodes { nodeMessages.append(try nodes.message(node)) }
    message.pointee.n_node = nodeMessages.count
    message.pointee.node = arena.array(nodeMessages)
    try putInitializers(into: message)
    let inputs = try declarations(of: graph.inputs, items(proto.input, proto.n_input))
    message.pointee.n_input = inputs.count
    message.pointee.input = arena.array(inputs)
    let outputs = try declarations(of: graph.outputs, items(proto.output, proto.n_output))
    message.pointee.n_output = outputs.count
    message.pointee.output = arena.array(outputs)
    let inner = try innerDeclarations(items(proto.value_info, proto.n_value_info))
    message.pointee.n_value_info = inner.count
    message.pointee.value_info = arena.array(inner)
    return message
  }

  private func putInitializers(into message: UnsafeMutablePointer<Onnx__GraphProto>) throws(ShrinkError) {
    var order: [String] = []
    for stub in items(message.pointee.initializer, message.pointee.n_initializer) {
      order.append(try text(stub.pointee.name, "graph"))
    }
    for stub in items(message.pointee.sparse_initializer, message.pointee.n_sparse_initializer) {
      order.append(try text(stub.pointee.values?.pointee.name, "graph"))
    }
    var dense: [UnsafeMutablePointer<Onnx__TensorProto>?] = []
    var sparse: [UnsafeMutablePointer<Onnx__SparseTensorProto>?] = []
    let listed = Set(order)
    for id in order.compactMap({ index[$0] })
      + graph.values.indices.map({ ValueID($0) }).filter({ !listed.contains(graph[$0].name) })
    {
      let value = graph[id]
      guard let constant = value.constant, value.constantForm != .constantNode else { continue }
      let place = "initialiser '\(value.name)'"
      if value.constantForm == .sparseInitializer {
        if let message = try unchangedSparse(value, constant, place) {
          sparse.append(message)
        } else {
          dense.append(try tensors.message(constant, carry: nil, name: value.name, place: place))
        }
      } else {
        dense.append(try tensors.message(constant, carry: value.constantCarry, name: value.name, place: place))
      }
    }
    message.pointee.n_initializer = dense.count
    message.pointee.initializer = arena.array(dense)
    message.pointee.n_sparse_initializer = sparse.count
    message.pointee.sparse_initializer = arena.array(sparse)
  }

  private func unchangedSparse(
    _ value: Value, _ constant: Tensor, _ place: String
  ) throws(ShrinkError) -> UnsafeMutablePointer<Onnx__SparseTensorProto>? {
    guard let carry = value.constantCarry else { return nil }
    let message = try arena.open(Onnx__SparseTensorProto.self, carry, place)
    guard try TensorReader.embedded.dense(message, place: place) == constant else { return nil }
    message.pointee.values?.pointee.name = arena.text(value.name)
    return message
  }

  private func declarations(of ids: [ValueID], _ carried: [Declared]) throws(ShrinkError) -> [Declared?] {
    var own: [String: Declared] = [:]
    for message in carried where !Declaration.isStub(message) { own[try text(message.pointee.name, "graph")] = message }
    var result: [Declared?] = []
    for id in ids {
      result.append(
        try Declaration.message(of: graph[id], own: own.removeValue(forKey: graph[id].name), in: arena))
    }
    return result
  }

  /// Declarations of values that are neither inputs nor outputs, and of those that are but stood in this list too.
  private func innerDeclarations(_ carried: [Declared]) throws(ShrinkError) -> [Declared?] {
    var result: [Declared?] = []
    var done = Set(graph.inputs).union(graph.outputs)
    for message in carried {
      let isStub = Declaration.isStub(message)
      guard let id = index[try text(message.pointee.name, "graph")] else {
        if !isStub { result.append(message) }
        continue
      }
      done.insert(id)
      guard isStub else {
        result.append(try Declaration.message(of: graph[id], own: message, in: arena))
        continue
      }
      let declared = try arena.open(Onnx__ValueInfoProto.self, graph[id].carry, "value '\(graph[id].name)'")
      let hadType = try Declaration.type(of: declared, place: "value '\(graph[id].name)'") != nil
      if graph[id].type != nil || (graph[id].carry != nil && !hadType) {
        result.append(try Declaration.message(of: graph[id], in: arena))
      }
    }
    for i in graph.values.indices where !done.contains(ValueID(i)) {
      let value = graph.values[i]
      if value.type != nil, value.carry == nil, value.constant == nil {
        result.append(try Declaration.message(of: value, in: arena))
      }
    }
    return result
  }
}
