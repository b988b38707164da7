import ShrinkGraph
import ShrinkOps
import ShrinkRun
import ShrinkTestSupport

/// What the coupling rules do not follow: operators of other domains, scattered updates, graphs in attributes.
extension RandomGraph {
  /// Structures none of whose axes may shrink, because nothing is known of what they do with them.
  static let unknown: Set<String> = [
    "operator of another domain", "weight read by another domain", "If", "Loop", "Scan",
  ]
  /// Structures that need all of the axis in question: they normalise over it, add to it or take some of it twice, or
  /// have its size from elsewhere.
  static let pinning: Set<String> = unknown.union([
    "LayerNormalization", "layer normalisation written out", "RMSNormalization", "RMS normalisation written out",
    "Gather with repetition", "ScatterND of channels", "SkipLayerNormalization",
  ])

  mutating func unfamiliar(_ given: Place) -> Place {
    let x = given.channels > 1 ? given : activated(conv(given, to: pick(2...5)))
    switch pick(0...4) {
    case 0:
      return structure("operator of another domain") {
        Place(value: $0.mystery(x.value), channels: x.channels, size: x.size)
      }
    case 1: return scattered(x)
    case 2: return branched(x)
    case 3: return looped(x)
    default: return scanned(x)
    }
  }

  mutating func unfamiliarVector(_ given: Place) -> Place {
    let x = given.channels > 1 ? given : activated(dense(given, to: pick(3...5)))
    switch pick(0...3) {
    case 0:
      return structure("operator of another domain") { Place(value: $0.mystery(x.value), channels: x.channels) }
    case 1:
      // The operator reads the weight of a layer: that layer keeps its width, what is around it does not.
      let weight = sketch.weight([x.channels, 4])
      let y = made("MatMul", x, [weight], channels: 4)
      let other = structure("weight read by another domain") { $0.mystery(weight) }
      return activated(made("Add", y, [reduced("ReduceMean", other, [0], keeps: false)]))
    case 2: return branched(x)
    default: return looped(x)
    }
  }

  private mutating func mystery(_ x: ValueID) -> ValueID { sketch.node("Mystery", [x], domain: Mystery.domain) }

  /// Rows of a sequence, or channels, are written over by ScatterND.
  private mutating func scattered(_ x: Place) -> Place {
    let first = flip() ? [2, 0, 1, 3] : [1, 0, 2, 3]
    let name = first[0] == 2 ? "ScatterND of rows" : "ScatterND of channels"
    let moved = transposed(x.value, first)
    let rows = sketch.node("Slice", [moved, integers([0]), integers([1]), integers([0])])
    let at = sketch.constant(Tensor(shape: [1, 1], [Int64(1)]))
    guard x.size?.height ?? 1 > 1 || first[0] == 1 else { return x }
    let value = structure(name) { $0.sketch.node("ScatterND", [moved, at, $0.sketch.relu(rows)]) }
    return Place(
      value: transposed(value, first[0] == 2 ? [1, 2, 0, 3] : [1, 0, 2, 3]), channels: x.channels, size: x.size)
  }

  // MARK: Graphs in attributes

  /// A graph that reads one tensor from around it and gives `outputs`.
  private func body(reading name: String, _ build: (inout Graph, ValueID) -> Void) -> Graph {
    var body = Graph(name: "body", opsets: graph.opsets)
    let outer = body.addValue(named: name)
    build(&body, outer)
    return body
  }

  private func name(_ value: ValueID) -> String { graph[value].name }

  /// One of two functions of a tensor that both bodies read from around them.
  private mutating func branched(_ x: Place) -> Place {
    let sum = reduced("ReduceSum", x.value, Array(0..<(x.size == nil ? 2 : 4)), keeps: false)
    let condition = sketch.node("Greater", [sum, sketch.constant(Tensor(Float(0)))])
    let inner = activated(x.size == nil ? dense(x, to: x.channels) : conv(x, to: x.channels, kernel: 1))
    let bodies = ["Relu", "Neg"].map { type in
      body(reading: name(inner.value)) { body, outer in
        let y = body.addValue(named: "inner_\(type)")
        body.nodes.append(Node(type, inputs: [outer], outputs: [y]))
        body.outputs = [y]
      }
    }
    let captures = [name(inner.value)]
    let value = structure("If") {
      $0.sketch.node(
        "If", [condition],
        [
          "then_branch": .graphs([bodies[0]], captures: captures),
          "else_branch": .graphs([bodies[1]], captures: captures),
        ])
    }
    return Place(value: value, channels: x.channels, size: x.size)
  }

  /// Twice: v ← relu(v + what stands around it).
  private mutating func looped(_ x: Place) -> Place {
    let inner = x.size == nil ? dense(x, to: x.channels) : conv(x, to: x.channels, kernel: 1)
    let body = body(reading: name(inner.value)) { body, outer in
      let number = body.addValue(named: "number", type: DeclaredType(.int64, []))
      let condition = body.addValue(named: "condition", type: DeclaredType(.bool, []))
      let v = body.addValue(named: "carried")
      let (on, sum, y) = (body.addValue(named: "on"), body.addValue(named: "sum"), body.addValue(named: "result"))
      body.inputs = [number, condition, v]
      body.nodes = [
        Node("Identity", inputs: [condition], outputs: [on]), Node("Add", inputs: [v, outer], outputs: [sum]),
        Node("Relu", inputs: [sum], outputs: [y]),
      ]
      body.outputs = [on, y]
    }
    let captures = [name(inner.value)]
    let value = structure("Loop") {
      $0.sketch.node(
        "Loop", [$0.sketch.constant(Tensor(Int64(2))), nil, x.value], ["body": .graphs([body], captures: captures)])
    }
    return Place(value: value, channels: x.channels, size: x.size)
  }

  /// Over the rows of a picture: s ← tanh(s + row · what stands around it), all of which are kept.
  private mutating func scanned(_ x: Place) -> Place {
    let rows = transposed(x.value, [2, 0, 1, 3])
    let start = reduced("ReduceMean", x.value, [2], keeps: false)
    let factor = sketch.node("Sigmoid", [start])
    let body = body(reading: name(factor)) { body, outer in
      let (s, row) = (body.addValue(named: "state"), body.addValue(named: "row"))
      let (product, sum) = (body.addValue(named: "product"), body.addValue(named: "sum"))
      let (y, copy) = (body.addValue(named: "next"), body.addValue(named: "kept"))
      body.inputs = [s, row]
      body.nodes = [
        Node("Mul", inputs: [row, outer], outputs: [product]), Node("Add", inputs: [s, product], outputs: [sum]),
        Node("Tanh", inputs: [sum], outputs: [y]), Node("Identity", inputs: [y], outputs: [copy]),
      ]
      body.outputs = [y, copy]
    }
    let captures = [name(factor)]
    let results = structure("Scan") {
      $0.sketch.nodes(
        "Scan", [start, rows], results: 2,
        ["body": .graphs([body], captures: captures), "num_scan_inputs": .int(1)])
    }
    return Place(value: transposed(results[1], [1, 2, 0, 3]), channels: x.channels, size: x.size)
  }
}

/// An operator that no table knows: what it adds depends on every element of a sample and on where it stands.
struct Mystery: Operator {
  static let domain = "org.example"
  static let names = ["Mystery"]
  static let opsets = 1...1
  static let inputs = 1...1

  /// The operators of the table and this one.
  static let make: OperatorMaker = { (node, opset) throws(OperatorError) in
    guard node.domain == domain else { return try OperatorTable.make(node, opset: opset) }
    return Mystery(Attributes(node, opset: opset))
  }

  init(_ attributes: Attributes) {}
  func infer(_ inputs: Operands<TensorType>) -> [TensorType] { [TensorType(.float32, inputs[0].shape)] }
  func run(_ inputs: Operands<Tensor>) -> [Tensor] {
    var elements = inputs[0].elements(Float.self)
    let rows = max(inputs[0].shape.first ?? 1, 1)
    let width = elements.count / rows
    for row in 0..<rows {
      let own = row * width..<(row + 1) * width
      let sum = own.reduce(Float(0)) { $0 + elements[$1] * Float($1 % width + 1) } / Float(width * width)
      for i in own { elements[i] += sum }
    }
    return [Tensor(shape: inputs[0].shape, elements)]
  }
}
