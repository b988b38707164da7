/// A dataflow graph as plain arrays with typed indices, so that a copy is a snapshot and undo is an assignment.
package struct Graph: Sendable {
  /// Name in the file.
  package var name: String
  /// Nodes, in the order of the file.
  package var nodes: [Node]
  /// Every tensor that the graph names.
  package var values: [Value]
  /// Declared inputs, in the order of the file; old files list weights among them.
  package var inputs: [ValueID]
  /// Outputs, in the order of the file.
  package var outputs: [ValueID]
  /// Version of each operator set, by domain; ai.onnx is the empty domain.
  package var opsets: [String: Int]
  /// The serialised graph without what stands above: it goes back to the file as it came.
  package var carry: [UInt8]

  /// Makes a graph.
  package init(
    name: String = "graph", nodes: [Node] = [], values: [Value] = [], inputs: [ValueID] = [], outputs: [ValueID] = [],
    opsets: [String: Int] = ["": 17], carry: [UInt8] = []
  ) {
    self.name = name
    self.nodes = nodes
    self.values = values
    self.inputs = inputs
    self.outputs = outputs
    self.opsets = opsets
    self.carry = carry
  }

  package subscript(id: ValueID) -> Value {
    get { values[id.index] }
    set { values[id.index] = newValue }
  }
  package subscript(id: NodeID) -> Node {
    get { nodes[id.index] }
    set { nodes[id.index] = newValue }
  }

  /// Inputs that the caller must feed: declared ones that hold no constant.
  package var realInputs: [ValueID] { inputs.filter { self[$0].constant == nil } }

  /// Position of the first value with each name.
  package func index() -> [String: ValueID] {
    Dictionary(values.indices.map { (values[$0].name, ValueID($0)) }, uniquingKeysWith: { first, _ in first })
  }
}

/// A graph and what surrounds it in the file.
package struct Model: Sendable {
  /// Version of the ONNX file format.
  package var irVersion: Int64
  /// The main graph.
  package var graph: Graph
  /// The serialised model without its graph: metadata, functions, training information, producer, unknown fields.
  package var carry: [UInt8]
  /// Whether the weights stood in files of their own.
  package var hasExternalData: Bool

  /// Makes a model.
  package init(irVersion: Int64 = 8, graph: Graph, carry: [UInt8] = [], hasExternalData: Bool = false) {
    self.irVersion = irVersion
    self.graph = graph
    self.carry = carry
    self.hasExternalData = hasExternalData
  }
}
