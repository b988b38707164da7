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
  private var biasFactor: Double { if case .add = bias { 1 } else { Double(reading.factors.bias) } }

  /// The elements of a constant term that stand for the outputs; nil where the tensor is of another form.
  private func termOrder(_ term: Tensor) -> [Int]? {
    if case .add = bias { return Array(0..<product.outputs) }
    return reading.biasOrder(term.shape)
  }

  /// The layer as a matrix: `columns` rows of weights and below them the constant term, columns + 1 × outputs.
  ///
  /// Outputs = rows · matrix, with a 1 behind each row; the operator's own factors are multiplied in. Where the constant
  /// term stands in the Add that follows, outputs are those of the Add.
  package func matrix(in graph: Graph) -> Matrix {
    let outputs = product.outputs
    guard let weight = graph[weight].constant else { return Matrix(rows: columns + 1, columns: outputs) }
    let order = reading.matrixOrder()
    let factor = Double(reading.factors.product)
    var values = weight.withElements(Float.self) { w in order.map { Double(w[$0]) * factor } }
    let term = constantTerm(in: graph).flatMap { graph[$0].constant }
    if let term, let order = termOrder(term) {
      values += term.withElements(Float.self) { t in order.map { Double(t[$0]) * biasFactor } }
    } else {
      values += [Double](repeating: 0, count: outputs)
    }
    return Matrix(rows: columns + 1, columns: outputs, values: values)
  }

  /// Writes a fitted matrix (kept columns + 1 × kept outputs) into a graph whose tensors already have their new shapes.
  ///
  /// A constant term that has no place yet gets one, unless it is zero; without any place it is dropped.
  package func write(_ matrix: Matrix, to graph: inout Graph) {
    guard let old = graph[weight].constant else { return }
    let order = reading.matrixOrder()
    let factor = Double(reading.factors.product)
    precondition(order.count == (matrix.rows - 1) * matrix.columns, "the fitted matrix does not fit its weight")
    graph[weight].constant = old.setting(order, to: order.indices.map { Float(matrix.values[$0] / factor) })
    guard bias != .none else { return }
    let term = matrix.row(matrix.rows - 1).map { Float($0 / biasFactor) }
    if let value = constantTerm(in: graph), let constant = graph[value].constant, let order = termOrder(constant) {
      graph[value].constant = constant.setting(order, to: term)
    } else if case .absent(let slot) = bias, term.contains(where: { $0 != 0 }) {
      addTerm(term, slot, to: &graph)
    }
  }

  private func addTerm(_ term: [Float], _ slot: Int, to graph: inout Graph) {
    let shape = reading.biasShape
    guard let order = reading.biasOrder(shape) else { return }
    let zeros = Tensor(shape: shape, [Float](repeating: 0, count: shape.reduce(1, *)))
    let value = graph.addValue(named: graph[weight].name + "_bias", constant: zeros.setting(order, to: term))
    while graph[node].inputs.count <= slot { graph[node].inputs.append(nil) }
    graph[node].inputs[slot] = value
  }
}

extension Tensor {
  /// A float32 tensor with some of its elements replaced.
  fileprivate func setting(_ places: [Int], to values: [Float]) -> Tensor {
    var elements = elements(Float.self)
    for (place, value) in zip(places, values) { elements[place] = value }
    return Tensor(shape: shape, elements)
  }
}
