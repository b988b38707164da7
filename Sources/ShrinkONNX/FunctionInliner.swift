internal import COnnxProto
internal import ShrinkGraph

/// Puts the bodies of the functions that a model defines in the place of the nodes that call them.
///
/// Left alone: functions in domains that runtimes know operators of, which go before those of the model. A body is read
/// with the model's versions of the operators: the format demands that they are the same operators.
struct FunctionInliner {
  typealias NodeMessage = UnsafeMutablePointer<Onnx__NodeProto>
  typealias GraphMessage = UnsafeMutablePointer<Onnx__GraphProto>

  /// What tells functions apart.
  private struct Key: Hashable {
    let domain: String
    let name: String
    let overload: String
  }
  /// A constant of a function.
  private struct ConstantKey: Hashable {
    let function: Key
    let name: String
  }

  private let arena: Arena
  private let tensors: TensorReader
  private let embedder: Embedder
  private var functions: [Key: UnsafeMutablePointer<Onnx__FunctionProto>] = [:]
  private var names = FreshNames()
  private var isUsed = false
  /// Large constants of functions stand in the main graph, once for all calls.
  private var shared: [ConstantKey: String] = [:]
  private var constants: [NodeMessage] = []
  private var bytes = 0
  private var nodeCount = 0
  /// Nodes that came out of functions: their tensors hold their elements themselves.
  private(set) var made: Set<NodeMessage> = []

  /// Domains whose operators runtimes bring along.
  private static let standard: Set = [
    "", "ai.onnx.ml", "ai.onnx.training", "ai.onnx.preview.training", "com.microsoft",
  ]
  /// Deepest nesting of calls and graphs, and most bytes that functions may come to.
  private static let limits = (depth: Skeleton.maximumDepth, bytes: 1 << 30)
  /// Most nodes that functions may come to.
  private let mostNodes: Int
  /// Bytes from which on a constant stands once for all calls.
  private static let large = 1024

  init(arena: Arena, tensors: TensorReader, embedder: Embedder, mostNodes: Int = 1 << 18) {
    self.mostNodes = mostNodes
    self.arena = arena
    self.tensors = tensors
    self.embedder = embedder
  }

  /// Rewrites the graph of a model.
  ///
  /// Functions leave the model with the last of their calls; operator sets that bodies need are added to it.
  mutating func expand(_ model: UnsafeMutablePointer<Onnx__ModelProto>) throws(ShrinkError) {
    guard model.pointee.n_functions > 0, let graph = model.pointee.graph else { return }
    for function in items(model.pointee.functions, model.pointee.n_functions) {
      let key = Key(
        domain: Opsets.key(try text(function.pointee.domain, "a function")),
        name: try text(function.pointee.name, "a function"), overload: try text(function.pointee.overload, "a function")
      )
      guard !Self.standard.contains(key.domain) else { continue }
      guard functions.updateValue(function, forKey: key) == nil else { throw .twice(key.name) }
      try embedder.embed(function, place: "function '\(key.name)'")
    }
    try names.take(graph)
    let nodes = try expanded(graph, calls: [], depth: 1)
    guard isUsed else { return }
    let all = constants + nodes
    graph.pointee.n_node = all.count
    graph.pointee.node = arena.array(all.map { $0 })
    try addOpsets(to: model)
    let isNeeded = model.pointee.n_training_info > 0 || functions.count < model.pointee.n_functions
    if !isNeeded { model.pointee.n_functions = 0 }
  }

  /// The nodes of a graph, those that call functions replaced.
  private mutating func expanded(
    _ graph: GraphMessage, calls: [Key], depth: Int
  ) throws(ShrinkError) -> [NodeMessage] {
    guard depth <= Self.limits.depth else { throw .tooMuch("graphs are nested more than \(depth - 1) deep") }
    var result: [NodeMessage] = []
    for node in items(graph.pointee.node, graph.pointee.n_node) {
      try expand(node, into: &result, calls: calls, depth: depth)
    }
    return result
  }

  private mutating func expand(
    _ node: NodeMessage, into result: inout [NodeMessage], calls: [Key], depth: Int
  ) throws(ShrinkError) {
    for attribute in items(node.pointee.attribute, node.pointee.n_attribute) {
      for graph in attribute.pointee.allGraphs {
        let inner = try expanded(graph, calls: calls, depth: depth + 1)
        graph.pointee.n_node = inner.count
        graph.pointee.node = arena.array(inner.map { $0 })
      }
    }
    let key = Key(
      domain: Opsets.key(try text(node.pointee.domain, "a node")), name: try text(node.pointee.op_type, "a node"),
      overload: try text(node.pointee.overload, "a node"))
    guard let function = functions[key] else {
      result.append(node)
      return
    }
    guard !calls.contains(key) else { throw .malformed(key.name, "it calls itself") }
    guard calls.count < Self.limits.depth else { throw .tooMuch("calls are nested more than \(calls.count) deep") }
    isUsed = true
    if calls.isEmpty, depth == 1 { try embedTensors(of: node) }
    for inner in try body(of: function, key, calledBy: node) {
      try expand(inner, into: &result, calls: calls + [key], depth: depth)
    }
  }

  /// Tensors of the main graph's nodes stand in the file up to here.
  private func embedTensors(of node: NodeMessage) throws(ShrinkError) {
    for attribute in items(node.pointee.attribute, node.pointee.n_attribute) {
      let place = "attribute '\(try text(attribute.pointee.name, "a node"))' of a function"
      if let tensor = attribute.pointee.t, tensor.pointee.has_raw_data != 0 {
        tensor.pointee.raw_data = arena.bytes(Array(try tensors.raw(tensor.pointee, true, place)))
      }
      try embedder.embed(attribute, place: place)
    }
  }

  /// The nodes of a function with the names and attributes of one call.
  private mutating func body(
    of function: UnsafeMutablePointer<Onnx__FunctionProto>, _ key: Key, calledBy node: NodeMessage
  ) throws(ShrinkError) -> [NodeMessage] {
    let place = "function '\(key.name)'"
    var call = try FunctionCall(function, node, arena: arena, place: place, names: &names)
    let results = Set(try texts(function.pointee.output, function.pointee.n_output, place))
    var nodes: [NodeMessage] = []
    for message in items(function.pointee.node, function.pointee.n_node) {
      let packed = pack(message)
      if packed.count >= Self.large, let name = try message.pointee.constantName(place), !results.contains(name) {
        let constant = ConstantKey(function: key, name: name)
        if let known = shared[constant] {
          call.rename(name, to: known)
          continue
        }
        let copy = try arena.open(Onnx__NodeProto.self, packed, place)
        try call.adapt(copy, names: &names)
        shared[constant] = call.name(of: name, &names)
        try note(copy, packed.count)
        constants.append(copy)
        continue
      }
      let copy = try arena.open(Onnx__NodeProto.self, packed, place)
      try call.adapt(copy, names: &names)
      try note(copy, packed.count)
      nodes.append(copy)
    }
    for copy in call.copies {
      try note(copy, 0)
      nodes.append(copy)
    }
    return nodes
  }

  private mutating func note(_ node: NodeMessage, _ count: Int) throws(ShrinkError) {
    made.insert(node)
    bytes += count
    nodeCount += node.pointee.count(upTo: mostNodes + 1)
    guard nodeCount <= mostNodes, bytes <= Self.limits.bytes else {
      throw .tooMuch("written out they come to more than \(mostNodes) nodes or \(Self.limits.bytes) bytes")
    }
  }

  private func addOpsets(to model: UnsafeMutablePointer<Onnx__ModelProto>) throws(ShrinkError) {
    var entries = items(model.pointee.opset_import, model.pointee.n_opset_import)
    var known: Set<String> = []
    for entry in entries { known.insert(Opsets.key(try text(entry.pointee.domain, "opset_import"))) }
    for function in items(model.pointee.functions, model.pointee.n_functions) {
      for entry in items(function.pointee.opset_import, function.pointee.n_opset_import)
      where known.insert(Opsets.key(try text(entry.pointee.domain, "opset_import"))).inserted { entries.append(entry) }
    }
    model.pointee.n_opset_import = entries.count
    model.pointee.opset_import = arena.array(entries.map { $0 })
  }
}

extension Onnx__NodeProto {
  /// The value of a Constant that says itself what it holds.
  fileprivate func constantName(_ place: String) throws(ShrinkError) -> String? {
    guard try text(op_type, place) == "Constant", Opsets.key(try text(domain, place)).isEmpty, n_output == 1,
      items(attribute, n_attribute).allSatisfy({ $0.pointee.reference == nil })
    else { return nil }
    return try text(output?.pointee, place)
  }
}

extension ShrinkError {
  fileprivate static func malformed(_ function: String, _ fact: String) -> ShrinkError {
    ShrinkError(
      .malformedModel, place: "function '\(function)'", fact, hint: "the file is damaged: export the model again")
  }
  fileprivate static func twice(_ function: String) -> ShrinkError {
    malformed(function, "it is defined more than once")
  }
  fileprivate static func tooMuch(_ fact: String) -> ShrinkError {
    ShrinkError(.malformedModel, place: "functions of the model", fact, hint: "inline them with onnx.inliner first")
  }
}
