internal import COnnxProto
package import ShrinkGraph

/// Reads models.
package enum Import {
  /// The model in a file.
  ///
  /// Weights outside of it are looked for in its folder. Throws `io`, `malformedModel` or `unsupportedVersion`, naming
  /// the file and the place in it.
  package static func model(file path: String) throws(ShrinkError) -> Model {
    do throws(ShrinkError) {
      let file = try FileBytes(path: path)
      let slash = path.lastIndex(of: "/")
      let folder = slash.map { $0 == path.startIndex ? "/" : String(path[..<$0]) } ?? "."
      return try file.withBytes { (bytes) throws(ShrinkError) -> Model in try model(bytes, folder: folder) }
    } catch { throw error.inFile(path) }
  }

  /// The model in memory.
  ///
  /// `folder` is where weights outside of it are looked for.
  package static func model(bytes: [UInt8], folder: String? = nil) throws(ShrinkError) -> Model {
    try bytes.withUnsafeBytes { bytes in
      Result { () throws(ShrinkError) -> Model in try model(bytes, folder: folder) }
    }.get()
  }

  /// The tensor in a file that holds one TensorProto, as the data sets of ONNX's backend tests do.
  ///
  /// Throws `io` or `malformedModel`, naming the file.
  package static func tensor(file path: String) throws(ShrinkError) -> Tensor {
    do throws(ShrinkError) {
      let arena = Arena()
      defer { withExtendedLifetime(arena) {} }
      return try FileBytes(path: path).withBytes { (bytes) throws(ShrinkError) -> Tensor in
        guard let proto = arena.unpack(Onnx__TensorProto.self, bytes.bindMemory(to: UInt8.self)) else {
          throw .notOnnx("it holds no tensor")
        }
        return try TensorReader.embedded.tensor(proto, spans: false, place: "tensor")
      }
    } catch { throw error.inFile(path) }
  }

  private static func model(_ file: UnsafeRawBufferPointer, folder: String?) throws(ShrinkError) -> Model {
    let skeleton = try Skeleton.bytes(ofModel: file)
    let arena = Arena()
    defer { withExtendedLifetime(arena) {} }
    guard let proto = skeleton.withUnsafeBufferPointer({ arena.unpack(Onnx__ModelProto.self, $0) }) else {
      throw .notOnnx("a field has not the form that ONNX gives it")
    }
    guard let graph = proto.pointee.graph else { throw .notOnnx("there is no graph in it") }
    try Opsets.check(irVersion: proto.pointee.ir_version)
    let external = ExternalData(folder: folder)
    let (tensors, embedder) = (TensorReader(file: file, external: external), Embedder(external: external))
    var inliner = FunctionInliner(arena: arena, tensors: tensors, embedder: embedder)
    try inliner.expand(proto)
    var builder = GraphImport(arena: arena, tensors: tensors, embedder: embedder)
    builder.embedded = inliner.made
    builder.graph.opsets = try opsets(proto.pointee)
    try builder.read(graph)
    proto.pointee.graph = nil
    try embedder.embed(proto, place: "a function or training graph")
    let model = Model(
      irVersion: proto.pointee.ir_version, graph: builder.graph, carry: pack(proto), hasExternalData: external.wasUsed)
    try model.graph.check()
    return model
  }

  private static func opsets(_ proto: Onnx__ModelProto) throws(ShrinkError) -> [String: Int] {
    var result: [String: Int] = [:]
    for entry in items(proto.opset_import, proto.n_opset_import) {
      let domain = Opsets.key(try text(entry.pointee.domain, "opset_import"))
      let version = entry.pointee.version
      guard result.updateValue(Int(version), forKey: domain) ?? Int(version) == version else {
        throw .malformed("opset_import", "domain '\(domain)' is imported in two versions")
      }
      if domain.isEmpty { try Opsets.check(opset: version) }
    }
    guard !result.isEmpty else { throw .notOnnx("it does not say which operator set it uses") }
    return result
  }
}

/// Builds the graph of one file, or one inside an attribute.
struct GraphImport {
  /// Holds the messages.
  let arena: Arena
  /// Reads tensors.
  let tensors: TensorReader
  /// Frees what is carried through from other files.
  let embedder: Embedder
  /// Whether the graph stands in an attribute, which returns to the file as it came: nothing is carried then, and what
  /// nobody computes comes from around it.
  var isBody = false
  /// Nodes whose tensors hold their elements themselves.
  var embedded: Set<UnsafeMutablePointer<Onnx__NodeProto>> = []
  /// What was built so far.
  var graph = Graph(name: "")
  private var index: [String: ValueID] = [:]

  init(arena: Arena, tensors: TensorReader, embedder: Embedder) {
    self.arena = arena
    self.tensors = tensors
    self.embedder = embedder
  }

  /// Reads the main graph.
  ///
  /// `proto` loses what the graph holds in another form; what is left becomes the carry.
  mutating func read(_ proto: UnsafeMutablePointer<Onnx__GraphProto>) throws(ShrinkError) {
    graph.name = try text(proto.pointee.name, "graph")
    for tensor in items(proto.pointee.initializer, proto.pointee.n_initializer) { try readInitializer(tensor) }
    for tensor in items(proto.pointee.sparse_initializer, proto.pointee.n_sparse_initializer) { try readSparse(tensor) }
    for input in items(proto.pointee.input, proto.pointee.n_input) {
      let id = try named(input.pointee.name, "graph input")
      guard !graph.inputs.contains(id) else { throw .twice("graph input '\(graph[id].name)'") }
      graph.inputs.append(id)
    }
    for node in items(proto.pointee.node, proto.pointee.n_node) { try read(node) }
    for output in items(proto.pointee.output, proto.pointee.n_output) {
      graph.outputs.append(try named(output.pointee.name, "graph output"))
    }
    proto.pointee.n_node = 0
    for list in [
      items(proto.pointee.input, proto.pointee.n_input), items(proto.pointee.output, proto.pointee.n_output),
      items(proto.pointee.value_info, proto.pointee.n_value_info),
    ] { for message in list { try declare(message) } }
    if isBody { return finishBody() }
    try checkCaptures()
    try embedder.embed(proto, place: "graph")
    graph.carry = pack(proto)
  }

  /// Names what the graphs inside this one read from around it, and drops what it need not carry.
  private mutating func finishBody() {
    for name in graph.nodes.flatMap(\.captures) { _ = value(name) }
    // Old files list weights among the inputs.
    graph.inputs = graph.realInputs
    for i in graph.values.indices { (graph.values[i].carry, graph.values[i].constantCarry) = (nil, nil) }
    for n in graph.nodes.indices {
      graph.nodes[n].carry = []
      // A node may come to stand in a graph that is written (`InlineBranches`): what only the carry says stays.
      for a in graph.nodes[n].attributes.indices where !graph.nodes[n].attributes[a].value.isInCarry {
        graph.nodes[n].attributes[a].carry = []
      }
    }
  }

  /// The graphs of an attribute, whose tensors hold their elements themselves by now.
  private func bodies(of proto: Onnx__AttributeProto) throws(ShrinkError) -> [Graph] {
    var bodies: [Graph] = []
    for graph in (proto.g.map { [$0] } ?? []) + items(proto.graphs, proto.n_graphs) {
      var builder = GraphImport(arena: arena, tensors: .embedded, embedder: embedder)
      builder.isBody = true
      builder.graph.opsets = self.graph.opsets
      try builder.read(graph)
      bodies.append(builder.graph)
    }
    return bodies
  }

  private mutating func value(_ name: String) -> ValueID {
    if let id = index[name] { return id }
    let id = ValueID(graph.values.count)
    graph.values.append(Value(name))
    index[name] = id
    return id
  }

  private mutating func named(_ name: UnsafePointer<CChar>?, _ what: String) throws(ShrinkError) -> ValueID {
    let name = try text(name, what)
    guard !name.isEmpty else { throw .malformed(what, "it has no name") }
    return value(name)
  }

  private mutating func readInitializer(_ tensor: UnsafeMutablePointer<Onnx__TensorProto>) throws(ShrinkError) {
    let id = try named(tensor.pointee.name, "an initialiser")
    let place = "initialiser '\(graph[id].name)'"
    guard graph[id].constant == nil else { throw .twice(place) }
    graph[id].constant = try tensors.tensor(tensor, spans: !isBody, place: place)
    graph[id].constantCarry = carry(ofTensor: tensor)
    let name = tensor.pointee.name
    Onnx__TensorProto.initialize(tensor)
    tensor.pointee.name = name
  }

  private mutating func readSparse(_ tensor: UnsafeMutablePointer<Onnx__SparseTensorProto>) throws(ShrinkError) {
    let id = try named(tensor.pointee.values?.pointee.name, "a sparse initialiser")
    let place = "sparse initialiser '\(graph[id].name)'"
    guard graph[id].constant == nil else { throw .twice(place) }
    try embedder.embed(tensor, place: place)
    graph[id].constant = try tensors.dense(tensor, place: place)
    graph[id].constantForm = .sparseInitializer
    graph[id].constantCarry = pack(tensor)
    let stub = arena.make(Onnx__TensorProto.self)
    stub.pointee.name = tensor.pointee.values?.pointee.name
    Onnx__SparseTensorProto.initialize(tensor)
    tensor.pointee.values = stub
  }

  /// Moves a declaration to its value, leaving the name, unless the value has one already or does not exist.
  private mutating func declare(_ message: UnsafeMutablePointer<Onnx__ValueInfoProto>) throws(ShrinkError) {
    let name = try text(message.pointee.name, "value_info")
    guard let id = index[name], graph[id].carry == nil else { return }
    graph[id].type = try Declaration.type(of: message, place: "value '\(name)'")
    graph[id].container = Declaration.container(of: message)
    graph[id].carry = pack(message)
    let start = message.pointee.name
    Onnx__ValueInfoProto.initialize(message)
    message.pointee.name = start
  }

  private mutating func read(_ proto: UnsafeMutablePointer<Onnx__NodeProto>) throws(ShrinkError) {
    var node = Node(
      try text(proto.pointee.op_type, "a node"), domain: try text(proto.pointee.domain, "a node"),
      name: try text(proto.pointee.name, "a node"), inputs: [], outputs: [])
    guard !node.opType.isEmpty else { throw .malformed(node.place, "it names no operator") }
    for name in UnsafeBufferPointer(start: proto.pointee.input, count: proto.pointee.n_input) {
      let name = try text(name, node.place)
      node.inputs.append(name.isEmpty ? nil : value(name))
    }
    for name in UnsafeBufferPointer(start: proto.pointee.output, count: proto.pointee.n_output) {
      let name = try text(name, node.place)
      node.outputs.append(name.isEmpty ? nil : value(name))
    }
    for attribute in items(proto.pointee.attribute, proto.pointee.n_attribute) {
      node.attributes.append(try read(attribute, of: node, spans: !isBody && !embedded.contains(proto)))
    }
    proto.pointee.n_input = 0
    proto.pointee.n_output = 0
    proto.pointee.n_attribute = 0
    node.carry = pack(proto)
    graph.nodes.append(node)
  }

  private mutating func read(
    _ proto: UnsafeMutablePointer<Onnx__AttributeProto>, of node: Node, spans: Bool
  ) throws(ShrinkError) -> Attribute {
    let name = try text(proto.pointee.name, node.place)
    let place = "\(node.place), attribute '\(name)'"
    var attribute = Attribute(name, .opaque)
    var tensorCarry: [UInt8]?
    if proto.pointee.holdsTensor, let message = proto.pointee.t {
      attribute.value = .tensor(try tensors.tensor(message, spans: spans, place: place))
      tensorCarry = carry(ofTensor: message)
    } else {
      if let message = proto.pointee.t, message.pointee.has_raw_data != 0 {
        let bytes = try tensors.raw(message.pointee, spans, place)
        message.pointee.raw_data = arena.bytes(Array(bytes))
      }
      try embedder.embed(proto, place: place)
      attribute.value = try proto.pointee.plainValue(place)
    }
    if node.isConstant, let output = node.outputs.first ?? nil, graph[output].constant == nil,
      let constant = try constant(of: attribute, proto.pointee, place)
    {
      graph[output].constant = constant
      graph[output].constantForm = .constantNode
      graph[output].constantCarry = tensorCarry
    }
    attribute.carry = pack(proto)
    if case .graphs(_, let captures) = attribute.value {
      // A graph that cannot be read goes back to the file all the same; only running it is out of the question.
      attribute.value = .graphs((try? bodies(of: proto.pointee)) ?? [], captures: captures)
    }
    return attribute
  }

  /// What a Constant with this attribute computes; nil where that is text.
  private func constant(
    of attribute: Attribute, _ proto: Onnx__AttributeProto, _ place: String
  ) throws(ShrinkError) -> Tensor? {
    if attribute.name == "sparse_value", let tensor = proto.sparse_tensor {
      return try tensors.dense(tensor, place: place)
    }
    return attribute.constant
  }

  private func checkCaptures() throws(ShrinkError) {
    for node in graph.nodes {
      for name in node.captures where index[name] == nil {
        throw .malformed(node.place, "a graph inside it reads '\(name)', which nothing around it computes")
      }
    }
  }
}

extension Attribute.Value {
  /// Whether the carry of the attribute says what it holds.
  fileprivate var isInCarry: Bool {
    switch self {
    case .graphs, .opaque: true
    default: false
    }
  }
}

extension Attribute {
  /// What a Constant with this attribute computes, for the attributes that say it in numbers.
  var constant: Tensor? {
    switch (name, value) {
    case ("value", .tensor(let tensor)): tensor
    case ("value_float", .float(let x)): Tensor(x)
    case ("value_int", .int(let x)): Tensor(x)
    case ("value_floats", .floats(let x)): Tensor(shape: [x.count], x)
    case ("value_ints", .ints(let x)): Tensor(shape: [x.count], x)
    default: nil
    }
  }
}

extension ShrinkError {
  fileprivate static func notOnnx(_ fact: String) -> ShrinkError {
    ShrinkError(
      .malformedModel, "this is not an ONNX model: \(fact)",
      hint: "the file is damaged or of another kind: export or download it again")
  }
  fileprivate static func malformed(_ place: String, _ fact: String) -> ShrinkError {
    ShrinkError(.malformedModel, place: place, fact, hint: "the file is damaged or incomplete: export the model again")
  }
  fileprivate static func twice(_ place: String) -> ShrinkError { malformed(place, "it is given more than once") }
}
