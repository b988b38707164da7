import ShrinkGraph
import ShrinkOps

@testable import ShrinkRun

/// Operators of a few lines, so that these tests stand apart from the real kernels.
enum Toys {
  /// Finds a toy by name.
  static let make: OperatorMaker = { (node, opset) throws(OperatorError) in
    guard let type = all.first(where: { $0.names.contains(node.opType) }) else {
      throw OperatorError(.unsupportedOperator, "no kernel for this operator")
    }
    return try type.init(Attributes(node, opset: opset))
  }
  private static let all: [any Operator.Type] = [
    Add.self, Relu.self, Gemm.self, BatchNorm.self, Halves.self, Liar.self, Reshape.self, Shape.self,
  ]

  struct Add: Operator {
    static let names = ["Add"]
    static let opsets = 1...99
    static let inputs = 2...2
    init(_ attributes: Attributes) {}
    func infer(_ x: Operands<TensorType>) throws(OperatorError) -> [TensorType] {
      guard x[0].shape == x[1].shape || x[1].shape.isEmpty else {
        throw .invalid("cannot add \(x[0].shape), \(x[1].shape)")
      }
      return [TensorType(.float32, x[0].shape)]
    }
    func run(_ x: Operands<Tensor>) -> [Tensor] {
      let (a, b) = (x[0].elements(Float.self), x[1].elements(Float.self))
      return [Tensor(shape: x[0].shape, a.indices.map { a[$0] + b[b.count == 1 ? 0 : $0] })]
    }
  }

  struct Relu: Operator {
    static let names = ["Relu", "RandomNormalLike"]
    static let opsets = 1...99
    static let inputs = 1...1
    init(_ attributes: Attributes) {}
    func infer(_ x: Operands<TensorType>) -> [TensorType] { [TensorType(.float32, x[0].shape)] }
    func run(_ x: Operands<Tensor>) -> [Tensor] {
      [Tensor(shape: x[0].shape, x[0].elements(Float.self).map { max($0, 0) })]
    }
  }

  /// Splits the first axis in two.
  struct Halves: Operator {
    static let names = ["Halves"]
    static let opsets = 1...99
    static let inputs = 1...1
    init(_ attributes: Attributes) {}
    func infer(_ x: Operands<TensorType>) -> [TensorType] {
      let half = TensorType(x[0].dtype, [x[0].shape[0] / 2] + x[0].shape.dropFirst())
      return [half, half]
    }
    func run(_ x: Operands<Tensor>) -> [Tensor] {
      let half = x[0].shape[0] / 2
      return [x[0].rows(0..<half), x[0].rows(half..<2 * half)]
    }
  }

  /// Its kernel and its rule disagree.
  struct Liar: Operator {
    static let names = ["Liar"]
    static let opsets = 1...99
    static let inputs = 1...1
    init(_ attributes: Attributes) {}
    func infer(_ x: Operands<TensorType>) -> [TensorType] { [TensorType(.float32, x[0].shape + [1])] }
    func run(_ x: Operands<Tensor>) -> [Tensor] { [x[0]] }
  }

  struct Reshape: Operator {
    static let names = ["Reshape"]
    static let opsets = 1...99
    static let inputs = 2...2
    init(_ attributes: Attributes) {}
    func infer(_ x: Operands<TensorType>) throws(OperatorError) -> [TensorType] {
      guard let shape = x[1].constant?.integers else { throw .unsupported("the target must be constant") }
      return [TensorType(x[0].dtype, shape)]
    }
    func run(_ x: Operands<Tensor>) -> [Tensor] { [x[0].reshaped(x[1].integers ?? [])] }
  }

  struct Shape: Operator {
    static let names = ["Shape"]
    static let opsets = 1...99
    static let inputs = 1...1
    init(_ attributes: Attributes) {}
    func infer(_ x: Operands<TensorType>) -> [TensorType] { [TensorType(.int64, [x[0].shape.count])] }
    func run(_ x: Operands<Tensor>) -> [Tensor] { [Tensor(shape: [x[0].rank], x[0].shape.map(Int64.init))] }
  }

  /// y = x · w (transposed when transB) + beta · c.
  struct Gemm: Operator {
    static let names = ["Gemm"]
    static let opsets = 1...99
    static let inputs = 2...3
    let isTransposed: Bool
    let beta: Float
    init(_ attributes: Attributes) throws(OperatorError) {
      isTransposed = try attributes.int("transB", default: 0) != 0
      beta = try attributes.float("beta", default: 1)
    }
    func infer(_ x: Operands<TensorType>) -> [TensorType] {
      [TensorType(.float32, [x[0].shape[0], x[1].shape[isTransposed ? 0 : 1]])]
    }
    func run(_ x: Operands<Tensor>) -> [Tensor] {
      let (rows, inner) = (x[0].shape[0], x[0].shape[1])
      let columns = x[1].shape[isTransposed ? 0 : 1]
      let (a, w) = (x[0].elements(Float.self), x[1].elements(Float.self))
      let c = x.optional(2)?.elements(Float.self) ?? [0]
      return [
        Tensor(shape: [rows, columns], Float.self) { y in
          for i in 0..<rows {
            for j in 0..<columns {
              var sum = beta * c[c.count == 1 ? 0 : j]
              for k in 0..<inner { sum += a[i * inner + k] * w[isTransposed ? j * inner + k : k * columns + j] }
              y.initializeElement(at: i * columns + j, to: sum)
            }
          }
        }
      ]
    }
  }

  struct BatchNorm: Operator {
    static let names = ["BatchNormalization"]
    static let opsets = 1...99
    static let inputs = 5...5
    init(_ attributes: Attributes) {}
    func infer(_ x: Operands<TensorType>) -> [TensorType] { [TensorType(.float32, x[0].shape)] }
    func run(_ x: Operands<Tensor>) -> [Tensor] {
      let (data, p) = (x[0].elements(Float.self), (1...4).map { x[$0].elements(Float.self) })
      let channels = x[0].shape[1]
      return [
        Tensor(
          shape: x[0].shape,
          data.indices.map { i in
            let c = i % channels
            return p[0][c] * (data[i] - p[2][c]) / (p[3][c] + 1e-5).squareRoot() + p[1][c]
          })
      ]
    }
  }
}

/// A graph from names: inputs are float32 of any first axis and four columns unless they are given constants.
func toyGraph(
  inputs: [String] = ["x"], _ constants: [String: Tensor] = [:], outputs: [String], _ nodes: [Node.Toy]
) -> Graph {
  var graph = Graph()
  for name in inputs {
    let type = DeclaredType(.float32, [.symbol("batch"), .known(4)])
    graph.inputs.append(graph.addValue(named: name, type: type, constant: constants[name]))
  }
  for (name, tensor) in constants.sorted(by: { $0.key < $1.key }) where !inputs.contains(name) {
    _ = graph.addValue(named: name, constant: tensor)
  }
  func id(_ name: String) -> ValueID? { name.isEmpty ? nil : graph.index()[name] ?? graph.addValue(named: name) }
  for node in nodes {
    let operands = node.inputs.map { id($0) }
    graph.nodes.append(
      Node(
        node.opType, name: node.opType.lowercased(), inputs: operands, outputs: node.outputs.map { id($0) },
        attributes: node.attributes))
  }
  graph.outputs = outputs.compactMap { id($0) }
  return graph
}

extension Node {
  /// A node by the names of its operands and results.
  struct Toy {
    var opType: String
    var inputs: [String]
    var outputs: [String]
    var attributes: [Attribute]
    init(_ opType: String, _ inputs: [String], _ outputs: [String], _ attributes: [Attribute] = []) {
      (self.opType, self.inputs, self.outputs, self.attributes) = (opType, inputs, outputs, attributes)
    }
  }
}

extension Graph {
  /// The nodes as texts, `Relu(x) -> y`.
  var texts: [String] {
    nodes.map { node in
      let name = { (id: ValueID?) in id.map { self[$0].name } ?? "" }
      return "\(node.opType)(\(node.inputs.map(name).joined(separator: ", "))) -> "
        + node.outputs.map(name).joined(separator: ", ")
    }
  }

  /// The value of this name.
  func value(_ name: String) throws -> ValueID {
    guard let id = index()[name] else { throw ShrinkError(.internal, "no value '\(name)'") }
    return id
  }

  /// The outputs for input `x`, by name.
  func outputs(for x: Tensor) throws -> [String: [Float]] {
    let results = try Executor(self, make: Toys.make).run([try value("x"): x])
    return Dictionary(uniqueKeysWithValues: results.map { (self[$0.key].name, $0.value.elements(Float.self)) })
  }
}
