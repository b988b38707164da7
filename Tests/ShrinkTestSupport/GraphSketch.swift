import ShrinkGraph

/// Builds small graphs with a symbolic batch: one line a node.
package struct GraphSketch {
  package private(set) var graph = Graph()
  package var rng: SplitMix64
  private var names = 0

  package init(seed: UInt64 = 1) { rng = SplitMix64(seed: seed) }

  /// Reads nodes by another version of an operator set.
  package mutating func use(opset: Int, domain: String = "") { graph.opsets[domain] = opset }

  /// A float32 input with N samples of a shape.
  package mutating func input(_ shape: [Int], name: String = "x") -> ValueID {
    let value = graph.addValue(named: name, type: Self.declared(shape))
    graph.inputs.append(value)
    return value
  }

  /// An input as a file declares it.
  package mutating func input(_ type: DeclaredType, name: String = "x") -> ValueID {
    let value = graph.addValue(named: name, type: type)
    graph.inputs.append(value)
    return value
  }

  /// A float32 input of a whole shape.
  package mutating func fixedInput(_ shape: [Int], name: String = "x") -> ValueID {
    let value = graph.addValue(named: name, type: DeclaredType(.float32, shape.map { .known($0) }))
    graph.inputs.append(value)
    return value
  }

  /// N samples of a shape, as a file declares them.
  package static func declared(_ shape: [Int]) -> DeclaredType {
    DeclaredType(.float32, [.symbol("N")] + shape.map { .known($0) })
  }

  /// A constant.
  package mutating func constant(_ tensor: Tensor, name: String = "w") -> ValueID {
    graph.addValue(named: name, constant: tensor)
  }

  /// A constant of random elements.
  package mutating func weight(_ shape: [Int], in range: ClosedRange<Float> = -1...1, name: String = "w") -> ValueID {
    constant(
      Tensor(shape: shape, (0..<shape.reduce(1, *)).map { _ in Float.random(in: range, using: &rng) }), name: name)
  }

  /// A constant that stands in a node.
  package mutating func constantNode(_ tensor: Tensor) -> ValueID {
    let value = graph.addValue(named: "c\(graph.values.count)", constant: tensor)
    graph[value].constantForm = .constantNode
    graph.nodes.append(Node("Constant", inputs: [], outputs: [value]))
    return value
  }

  /// A node with one result.
  package mutating func node(
    _ type: String, _ inputs: [ValueID?], name: String = "", domain: String = "", shape: [Int]? = nil,
    _ attributes: [String: Attribute.Value] = [:]
  ) -> ValueID {
    names += 1
    let output = graph.addValue(named: "t\(names)", type: shape.map(Self.declared))
    graph.nodes.append(
      Node(
        type, domain: domain, name: name.isEmpty ? "\(type)\(names)" : name, inputs: inputs, outputs: [output],
        attributes: attributes.sorted { $0.key < $1.key }.map { Attribute($0.key, $0.value) }))
    return output
  }

  /// A node with several results.
  package mutating func nodes(
    _ type: String, _ inputs: [ValueID?], domain: String = "", results: Int,
    _ attributes: [String: Attribute.Value] = [:]
  ) -> [ValueID] {
    names += 1
    let outputs = (0..<results).map { graph.addValue(named: "t\(names)_\($0)") }
    graph.nodes.append(
      Node(
        type, domain: domain, name: "\(type)\(names)", inputs: inputs, outputs: outputs,
        attributes: attributes.sorted { $0.key < $1.key }.map { Attribute($0.key, $0.value) }))
    return outputs
  }

  /// Gemm with a weight `inputs` × `outputs` (transB 0).
  package mutating func gemm(_ x: ValueID, _ inputs: Int, _ outputs: Int, hasBias: Bool = true, name: String = "")
    -> ValueID
  {
    let w = weight([inputs, outputs])
    return node("Gemm", hasBias ? [x, w, weight([outputs], name: "b")] : [x, w], name: name)
  }

  /// Convolution with a square kernel, padded so that a stride of 1 keeps the size.
  package mutating func conv(
    _ x: ValueID, _ inputs: Int, _ outputs: Int, kernel: Int = 3, hasBias: Bool = true, isPadded: Bool = true,
    name: String = ""
  ) -> ValueID {
    let w = weight([outputs, inputs, kernel, kernel])
    let pads = [Int64](repeating: isPadded ? Int64(kernel / 2) : 0, count: 4)
    return node(
      "Conv", hasBias ? [x, w, weight([outputs], name: "b")] : [x, w], name: name, ["pads": .ints(pads)])
  }

  package mutating func relu(_ x: ValueID) -> ValueID { node("Relu", [x]) }

  package mutating func output(_ value: ValueID) { graph.outputs.append(value) }
}
