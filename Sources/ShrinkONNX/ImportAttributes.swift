internal import COnnxProto
internal import ShrinkGraph

/// `AttributeProto.AttributeType`, as far as values are understood.
enum AttributeKind: UInt32 {
  case undefined = 0
  case float, int, string, tensor, graph, floats, ints, strings, tensors, graphs
  case sparseTensor, sparseTensors, type, types

  /// The kind that a message says, or that its content shows where an old file says none; nil for kinds not known.
  init?(_ proto: Onnx__AttributeProto) {
    if proto.has_type != 0, proto.type.rawValue != 0 {
      self.init(rawValue: proto.type.rawValue)
      return
    }
    let shown: [(AttributeKind, Bool)] = [
      (.float, proto.has_f != 0), (.int, proto.has_i != 0), (.string, proto.has_s != 0), (.tensor, proto.t != nil),
      (.graph, proto.g != nil), (.floats, proto.n_floats > 0), (.ints, proto.n_ints > 0),
      (.strings, proto.n_strings > 0), (.graphs, proto.n_graphs > 0),
    ]
    self = shown.first { $0.1 }?.0 ?? .undefined
  }
}

extension Onnx__AttributeProto {
  /// What the attribute holds; `.opaque` for tensors, which need a reader, and for what is not understood.
  func plainValue(_ place: String) throws(ShrinkError) -> Attribute.Value {
    if let reference = ref_attr_name, reference.pointee != 0 { return .opaque }
    switch AttributeKind(self) {
    case .float: return .float(f)
    case .int: return .int(i)
    case .string: return .string(s.array)
    case .floats: return .floats(Array(UnsafeBufferPointer(start: floats, count: n_floats)))
    case .ints: return .ints(Array(UnsafeBufferPointer(start: ints, count: n_ints)))
    case .strings: return .strings(UnsafeBufferPointer(start: strings, count: n_strings).map(\.array))
    case .graph, .graphs:
      var captures = Captures()
      if let g { try captures.add(g, place) }
      for graph in items(graphs, n_graphs) { try captures.add(graph, place) }
      return .graphs([], captures: captures.names)
    default: return .opaque
    }
  }

  /// Whether it holds one tensor and says so.
  var holdsTensor: Bool {
    t != nil && AttributeKind(self) == .tensor && (ref_attr_name == nil || ref_attr_name.pointee == 0)
  }
}

extension ProtobufCBinaryData {
  /// The bytes as an array.
  var array: [UInt8] { Array(UnsafeBufferPointer(start: data, count: data == nil ? 0 : len)) }
}

/// Names that subgraphs read from around them, each once, in the order of the file.
struct Captures {
  /// The names found so far.
  private(set) var names: [String] = []
  private var seen = Set<String>()

  /// Adds what `graph` and the graphs inside it read and do not compute themselves.
  mutating func add(_ graph: UnsafeMutablePointer<Onnx__GraphProto>, _ place: String) throws(ShrinkError) {
    for name in try Self.read(by: graph.pointee, place) where seen.insert(name).inserted { names.append(name) }
  }

  private static func read(by graph: Onnx__GraphProto, _ place: String) throws(ShrinkError) -> [String] {
    var own = Set<String>([""])
    var read: [String] = []
    for input in items(graph.input, graph.n_input) { own.insert(try text(input.pointee.name, place)) }
    for tensor in items(graph.initializer, graph.n_initializer) { own.insert(try text(tensor.pointee.name, place)) }
    for tensor in items(graph.sparse_initializer, graph.n_sparse_initializer) {
      own.insert(try text(tensor.pointee.values?.pointee.name, place))
    }
    for node in items(graph.node, graph.n_node) {
      for name in UnsafeBufferPointer(start: node.pointee.input, count: node.pointee.n_input) {
        read.append(try text(name, place))
      }
      for name in UnsafeBufferPointer(start: node.pointee.output, count: node.pointee.n_output) {
        own.insert(try text(name, place))
      }
      for attribute in items(node.pointee.attribute, node.pointee.n_attribute) {
        var inner = Captures()
        if let graph = attribute.pointee.g { try inner.add(graph, place) }
        for graph in items(attribute.pointee.graphs, attribute.pointee.n_graphs) { try inner.add(graph, place) }
        read += inner.names
      }
    }
    for output in items(graph.output, graph.n_output) { read.append(try text(output.pointee.name, place)) }
    return read.filter { !own.contains($0) }
  }
}
