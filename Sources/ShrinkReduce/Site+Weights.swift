import ShrinkGraph
import ShrinkMath

extension Site {
  /// The value that holds the constant term; nil while there is none.
  package func constantTerm(in graph: Graph) -> ValueID? {
    switch bias {
    case .operand(let slot), .absent(let slot): slot < graph[node].inputs.count ? graph[node].inputs[slot] : nil
    case .add(let reader, let slot): graph[reader].inputs[slot]
    case .none: nil
    }
  }

  /// Factor that the operator puts before its constant term.
  private var biasFactor: Double { if case .add = bias { 1 } else { Double(rule.factors.bias) } }

  /// The layer as a matrix: `columns` rows of weights and below them the constant term, columns + 1 × outputs.
  ///
  /// Outputs = rows · matrix, with a 1 behind each row; the operator's own factors are multiplied in. Where the constant
  /// term stands in the Add that follows, outputs are those of the Add.
  package func matrix(in graph: Graph) -> Matrix {
    let outputs = product.outputs
    guard let weight = graph[weight].constant else { return Matrix(rows: columns + 1, columns: outputs) }
    let order = rule.matrixOrder(weight: TensorType(weight.dtype, weight.shape))
    let factor = Double(rule.factors.product)
    var values = weight.withElements(Float.self) { w in order.map { Double(w[$0]) * factor } }
    let term = constantTerm(in: graph).flatMap { graph[$0].constant }?.elements(Float.self)
    values += term.map { $0.map { Double($0) * biasFactor } } ?? [Double](repeating: 0, count: outputs)
    return Matrix(rows: columns + 1, columns: outputs, values: values)
  }

  /// Writes a fitted matrix (kept columns + 1 × kept outputs) into a graph whose tensors already have their new shapes.
  ///
  /// A constant term that has no place yet gets one, unless it is zero; without any place it is dropped.
  package func write(_ matrix: Matrix, to graph: inout Graph) {
    guard let old = graph[weight].constant else { return }
    let order = rule.matrixOrder(weight: TensorType(old.dtype, old.shape))
    let factor = Double(rule.factors.product)
    precondition(order.count == (matrix.rows - 1) * matrix.columns, "the fitted matrix does not fit its weight")
    graph[weight].constant = Tensor(shape: old.shape, Float.self) { out in
      for (i, place) in order.enumerated() { out[place] = Float(matrix.values[i] / factor) }
    }
    let term = matrix.row(matrix.rows - 1).map { Float($0 / biasFactor) }
    if let value = constantTerm(in: graph) {
      graph[value].constant = Tensor(shape: graph[value].constant?.shape ?? [term.count], term)
    } else if case .absent(let slot) = bias, term.contains(where: { $0 != 0 }) {
      let constant = Tensor(shape: [term.count], term)
      let value = graph.addValue(named: graph[weight].name + "_bias", constant: constant)
      while graph[node].inputs.count <= slot { graph[node].inputs.append(nil) }
      graph[node].inputs[slot] = value
    }
  }
}
