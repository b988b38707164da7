internal import COnnxProto
internal import ShrinkGraph

/// One call of a function: what its names and its references to attributes stand for.
struct FunctionCall {
  /// Nodes behind the body, for results that are operands or named twice.
  private(set) var copies: [UnsafeMutablePointer<Onnx__NodeProto>] = []
  private let arena: Arena
  private let place: String
  /// In front of the names of the body.
  private let prefix: String
  private var values: [String: String] = ["": ""]
  private var attributes: [String: UnsafeMutablePointer<Onnx__AttributeProto>] = [:]

  /// Binds operands, results and attributes.
  init(
    _ function: UnsafeMutablePointer<Onnx__FunctionProto>, _ node: UnsafeMutablePointer<Onnx__NodeProto>,
    arena: Arena, place: String, names: inout FreshNames
  ) throws(ShrinkError) {
    (self.arena, self.place) = (arena, place)
    let (proto, call) = (function.pointee, node.pointee)
    let results = try texts(call.output, call.n_output, place)
    let name = try text(call.name, place)
    prefix = name.isEmpty ? results.first { !$0.isEmpty } ?? "function" : name
    for attribute in items(proto.attribute_proto, proto.n_attribute_proto)
      + items(call.attribute, call.n_attribute)
    { attributes[try text(attribute.pointee.name, place)] = attribute }
    let operands = try texts(call.input, call.n_input, place)
    let (inputs, outputs) = (
      try texts(proto.input, proto.n_input, place), try texts(proto.output, proto.n_output, place)
    )
    guard operands.count <= inputs.count, results.count <= outputs.count else {
      throw ShrinkError(
        .malformedModel, place: place,
        "it has \(inputs.count) inputs and \(outputs.count) outputs, a call of it \(operands.count) and \(results.count)",
        hint: "the file is damaged: export the model again")
    }
    for (i, input) in inputs.enumerated() { values[input] = i < operands.count ? operands[i] : "" }
    for (result, output) in zip(results, outputs) where !result.isEmpty {
      if let known = values[output] {
        copies.append(copy(known, to: result, names: &names))
      } else {
        values[output] = result
      }
    }
  }

  private func copy(
    _ from: String, to result: String, names: inout FreshNames
  ) -> UnsafeMutablePointer<Onnx__NodeProto> {
    let node = arena.make(Onnx__NodeProto.self)
    node.pointee.op_type = arena.text("Identity")
    node.pointee.name = arena.text(names.fresh("\(prefix)/Identity"))
    (node.pointee.n_input, node.pointee.input) = (1, arena.array([arena.text(from)]))
    (node.pointee.n_output, node.pointee.output) = (1, arena.array([arena.text(result)]))
    return node
  }

  /// Lets a name of the body stand for a value that is there already.
  mutating func rename(_ name: String, to value: String) { values[name] = value }

  /// What a name of the body stands for.
  mutating func name(of name: String, _ names: inout FreshNames) -> String {
    if let known = values[name] { return known }
    let fresh = names.fresh("\(prefix)/\(name)")
    values[name] = fresh
    return fresh
  }

  /// Gives a copy of a node of the body the names and attributes of this call.
  ///
  /// Graphs in attributes of the call keep their names: they speak of what is around it.
  mutating func adapt(
    _ node: UnsafeMutablePointer<Onnx__NodeProto>, names: inout FreshNames
  ) throws(ShrinkError) {
    let name = try text(node.pointee.name, place)
    if !name.isEmpty { node.pointee.name = arena.text(names.fresh("\(prefix)/\(name)")) }
    try rename(node.pointee.input, node.pointee.n_input, &names)
    try rename(node.pointee.output, node.pointee.n_output, &names)
    var bound: [UnsafeMutablePointer<Onnx__AttributeProto>?] = []
    for attribute in items(node.pointee.attribute, node.pointee.n_attribute) {
      guard let reference = attribute.pointee.reference else {
        for graph in attribute.pointee.allGraphs { try adapt(graph, names: &names) }
        bound.append(attribute)
        continue
      }
      // An attribute that neither the call nor the function gives is left out.
      guard let given = attributes[try text(reference, place)] else { continue }
      bound.append(try copy(given, named: attribute.pointee.name))
    }
    node.pointee.n_attribute = bound.count
    node.pointee.attribute = arena.array(bound)
  }

  /// Every reference gets graphs of its own: they are changed, and read only once.
  private func copy(
    _ given: UnsafeMutablePointer<Onnx__AttributeProto>, named name: UnsafeMutablePointer<CChar>?
  ) throws(ShrinkError) -> UnsafeMutablePointer<Onnx__AttributeProto> {
    let copy: UnsafeMutablePointer<Onnx__AttributeProto>
    if given.pointee.allGraphs.isEmpty {
      copy = arena.make(Onnx__AttributeProto.self)
      copy.pointee = given.pointee
    } else {
      copy = try arena.open(Onnx__AttributeProto.self, pack(given), place)
    }
    copy.pointee.name = name
    return copy
  }

  private mutating func adapt(
    _ graph: UnsafeMutablePointer<Onnx__GraphProto>, names: inout FreshNames
  ) throws(ShrinkError) {
    try graph.pointee.mapNames { (old) throws(ShrinkError) in
      let name = try text(old, place)
      return name.isEmpty ? old : arena.text(self.name(of: name, &names))
    }
    for node in items(graph.pointee.node, graph.pointee.n_node) { try adapt(node, names: &names) }
  }

  private mutating func rename(
    _ list: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?, _ count: Int, _ names: inout FreshNames
  ) throws(ShrinkError) {
    for i in 0..<(list == nil ? 0 : count) {
      list?[i] = arena.text(name(of: try text(list?[i], place), &names))
    }
  }
}

/// Names that a model has not used yet.
struct FreshNames {
  private var taken = Set<String>()
  /// The number after the last that a name got: many calls have the same names.
  private var numbers: [String: Int] = [:]

  /// A name that nothing has: `base`, or `base` with the first free number behind it.
  mutating func fresh(_ base: String) -> String {
    var (name, number) = (base, numbers[base] ?? 1)
    while !taken.insert(name).inserted {
      name = "\(base)_\(number)"
      number += 1
    }
    if name != base { numbers[base] = number }
    return name
  }

  /// Notes the names of a graph and of those inside it.
  mutating func take(_ graph: UnsafeMutablePointer<Onnx__GraphProto>) throws(ShrinkError) {
    try graph.pointee.mapNames { (name) throws(ShrinkError) in
      taken.insert(try text(name, "graph"))
      return name
    }
    for node in items(graph.pointee.node, graph.pointee.n_node) {
      let proto = node.pointee
      taken.insert(try text(proto.name, "a node"))
      taken.formUnion(try texts(proto.input, proto.n_input, "a node"))
      taken.formUnion(try texts(proto.output, proto.n_output, "a node"))
      for attribute in items(proto.attribute, proto.n_attribute) {
        for inner in attribute.pointee.allGraphs { try take(inner) }
      }
    }
  }
}

/// The texts of a repeated field.
func texts(
  _ start: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?, _ count: Int, _ place: String
) throws(ShrinkError) -> [String] {
  var result: [String] = []
  for name in UnsafeBufferPointer(start: start, count: start == nil ? 0 : count) {
    result.append(try text(name, place))
  }
  return result
}

extension Onnx__AttributeProto {
  /// The attribute of the function that it stands for; nil where it holds something itself.
  var reference: UnsafeMutablePointer<CChar>? { ref_attr_name.flatMap { $0.pointee == 0 ? nil : $0 } }

  /// The graphs that it holds.
  var allGraphs: [UnsafeMutablePointer<Onnx__GraphProto>] { (g.map { [$0] } ?? []) + items(graphs, n_graphs) }
}

extension Onnx__GraphProto {
  /// Replaces the names of values, those of its nodes' operands and results left out.
  fileprivate func mapNames(
    _ new: (UnsafeMutablePointer<CChar>?) throws(ShrinkError) -> UnsafeMutablePointer<CChar>?
  ) throws(ShrinkError) {
    for value in items(input, n_input) + items(output, n_output) + items(value_info, n_value_info) {
      value.pointee.name = try new(value.pointee.name)
    }
    let sparse = items(sparse_initializer, n_sparse_initializer).compactMap { $0.pointee.values }
    for tensor in items(initializer, n_initializer) + sparse { tensor.pointee.name = try new(tensor.pointee.name) }
    for note in items(quantization_annotation, n_quantization_annotation) {
      note.pointee.tensor_name = try new(note.pointee.tensor_name)
      for entry in items(note.pointee.quant_parameter_tensor_names, note.pointee.n_quant_parameter_tensor_names) {
        entry.pointee.value = try new(entry.pointee.value)
      }
    }
  }
}

extension Onnx__NodeProto {
  /// How many nodes it is with those of graphs inside it, counted up to a limit.
  func count(upTo limit: Int) -> Int {
    var sum = 1
    for attribute in items(attribute, n_attribute) {
      for graph in attribute.pointee.allGraphs {
        for inner in items(graph.pointee.node, graph.pointee.n_node) where sum < limit {
          sum += inner.pointee.count(upTo: limit - sum)
        }
      }
    }
    return sum
  }
}
