import ShrinkGraph
import ShrinkMath
import ShrinkOps

extension ProgramBuilder {
  /// The same elements under another shape.
  func emitView(_ id: NodeID) throws(MathError) {
    let (x, y) = (input(id, 0), output(id))
    var views: [ValuePlace] = []
    for place in placesOf(x) {
      if let strides = StridedShape.reshaped(shape(x), place.strides, to: shape(y)) {
        views.append(ValuePlace(buffer: place.buffer, offset: place.offset, strides: strides))
      }
    }
    if views.isEmpty {
      let copy = try plain(x)
      views = [ValuePlace(buffer: copy.buffer, offset: copy.offset, strides: StridedShape.dense(shape(y)))]
    }
    places[y] = views
  }

  func emitTranspose(_ id: NodeID, _ order: [Int]) throws(MathError) {
    let (x, y) = (input(id, 0), output(id))
    guard order.sorted() == Array(shape(x).indices) else { throw .shape("axes \(order)") }
    places[y] = placesOf(x).map { place in
      ValuePlace(buffer: place.buffer, offset: place.offset, strides: order.map { place.strides[$0] })
    }
  }

  func emitSlices(_ id: NodeID, _ slices: [[(start: Int, step: Int)]]) throws(MathError) {
    let x = input(id, 0)
    for (slot, ranges) in slices.enumerated() where slot < graph[id].outputs.count {
      guard let y = graph[id].outputs[slot] else { continue }
      places[y] = placesOf(x).map { place in
        var view = place
        for (axis, range) in ranges.enumerated() {
          view.offset += range.start * place.strides[axis]
          // The stride of an axis of length 1 is free, and a step may be as long as a number can be.
          if shape(y)[axis] > 1 { view.strides[axis] *= range.step }
        }
        return view
      }
    }
  }

  func emitConcat(_ id: NodeID, _ axis: Int) throws(MathError) {
    let y = output(id)
    let operands = graph[id].inputs.compactMap(\.self)
    // The layout that most of the elements have already.
    let largest = operands.max { count($0) < count($1) } ?? input(id, 0)
    let order =
      placesOf(largest).lazy.compactMap { StridedShape.densePermutation(self.shape(largest), $0.strides) }.first
    let strides = order.map { StridedShape.dense(shape(y), order: $0) } ?? StridedShape.dense(shape(y))
    let target = allocate(y, strides: strides)
    var start = 0
    for operand in operands {
      let part = ValuePlace(
        buffer: target.buffer, offset: target.offset + start * strides[axis], strides: target.strides)
      let known = placesOf(operand)
      let from =
        known.first { StridedShape.order(self.shape(operand), $0.strides) == order } ?? known[0]
      try emitCopy(shape(operand), from, to: part, node: id)
      start += shape(operand)[axis]
    }
  }

  // MARK: Rows

  /// A step over the rows of a plain tensor.
  func emitRows(_ id: NodeID, _ make: (Int, Int) throws(MathError) -> PreparedStep) throws(MathError) {
    let (x, y) = (input(id, 0), output(id))
    try emitRows(x, y, id, make)
  }

  private func emitRows(
    _ x: ValueID, _ y: ValueID, _ id: NodeID, _ make: (Int, Int) throws(MathError) -> PreparedStep
  ) throws(MathError) {
    let width = shape(x).last ?? 1
    let from = try plain(x)
    let step = try make(count(x) / max(1, width), width)
    let to = allocate(y, strides: StridedShape.dense(shape(y)))
    append(.prepared(step), reads: [from.port(.float32)], writes: [to.port(.float32)], id)
  }

  func emitLayerNorm(_ id: NodeID, _ epsilon: Float) throws(MathError) {
    let width = shape(input(id, 0)).last ?? 1
    guard hasFiniteWeights(id), let scale = floats(input(id, 1), width),
      let shift = floats(graph[id].inputs.count > 2 ? input(id, 2) : nil, width)
    else { return try emitKernel(id) }
    try emitRows(id) { (rows, _) throws(MathError) in
      try PreparedStep(layerNormOf: rows, epsilon: epsilon, scale: scale, shift: shift)
    }
  }

  /// A constant row of `width` elements; zeros for nil.
  private func floats(_ value: ValueID?, _ width: Int) -> [Float]? {
    guard let value else { return [Float](repeating: 0, count: width) }
    guard let tensor = constant(value), tensor.dtype == .float32, tensor.count == width,
      tensor.shape.last == width || width == 1
    else { return nil }
    return tensor.elements(Float.self)
  }

  /// Layer normalisation written as ReduceMean, Sub, Pow, ReduceMean, Add, Sqrt, Div, Mul, Add, which `id` begins.
  ///
  /// Returns whether it was one. Exporters wrote it so before opset 17.
  func emitLayerNormOfParts(_ id: NodeID) throws(MathError) -> Bool {
    guard let parts = LayerNormParts(self, id) else { return false }
    let width = shape(parts.x).last ?? 1
    guard let scale = floats(parts.scale, width), let shift = floats(parts.shift, width) else { return false }
    done.formUnion(parts.nodes)
    try emitRows(parts.x, parts.y, id) { (rows, _) throws(MathError) in
      try PreparedStep(layerNormOf: rows, epsilon: parts.epsilon, scale: scale, shift: shift)
    }
    return true
  }
}

/// The nodes of a layer normalisation that is written out.
private struct LayerNormParts {
  var nodes: [NodeID]
  let x: ValueID
  var y: ValueID
  let epsilon: Float
  var scale: ValueID
  var shift: ValueID

  /// Follows the pattern from its first node; nil when something else is there, or reads an inner value.
  init?(_ b: ProgramBuilder, _ mean: NodeID) {
    guard Self.isRowMean(b, mean) else { return nil }
    x = b.input(mean, 0)
    guard let difference = b.onlyReader(b.output(mean)), b.graph[difference].opType == "Sub",
      b.input(difference, 0) == x, b.input(difference, 1) == b.output(mean), !b.wanted.contains(b.output(difference))
    else { return nil }
    let d = b.output(difference)
    let readers = Set(b.readers[d.index])
    guard let square = readers.first(where: { Self.isSquare(b, $0) }), let variance = b.onlyReader(b.output(square)),
      Self.isRowMean(b, variance), let sum = b.onlyReader(b.output(variance)),
      let epsilon = Self.scalar(b, sum, "Add"), let root = b.onlyReader(b.output(sum)),
      b.graph[root].opType == "Sqrt", let division = b.onlyReader(b.output(root)), b.graph[division].opType == "Div",
      b.input(division, 0) == d, readers == [square, division]
    else { return nil }
    self.epsilon = epsilon
    guard let product = b.onlyReader(b.output(division)),
      let scale = Self.other(b, product, "Mul", than: b.output(division)),
      let shifted = b.onlyReader(b.output(product)), let shift = Self.other(b, shifted, "Add", than: b.output(product))
    else { return nil }
    (self.scale, self.shift) = (scale, shift)
    y = b.output(shifted)
    nodes = [mean, difference, square, variance, sum, root, division, product, shifted]
    guard b.shape(y) == b.shape(x) else { return nil }
  }

  private static func isRowMean(_ b: ProgramBuilder, _ id: NodeID) -> Bool {
    let node = b.graph[id]
    guard node.opType == "ReduceMean", node.domain.isEmpty, b.type(b.input(id, 0)).dtype == .float32 else {
      return false
    }
    let rank = b.shape(b.input(id, 0)).count
    let attributes = Attributes(node, opset: b.graph.opset)
    let given =
      node.inputs.count > 1 ? node.inputs[1].flatMap { b.constant($0)?.integers } : try? attributes.ints("axes")
    return rank > 0 && (given == [-1] || given == [rank - 1]) && b.shape(b.output(id)).count == rank
  }

  private static func isSquare(_ b: ProgramBuilder, _ id: NodeID) -> Bool {
    switch b.lowerings[id] {
    case .square: true
    case .combination(.multiply): b.graph[id].inputs.count == 2 && b.input(id, 0) == b.input(id, 1)
    default: false
    }
  }

  private static func scalar(_ b: ProgramBuilder, _ id: NodeID, _ opType: String) -> Float? {
    guard b.graph[id].opType == opType else { return nil }
    let constants = b.graph[id].inputs.compactMap { $0.flatMap { b.constant($0) } }
    guard constants.count == 1, constants[0].count == 1, constants[0].dtype == .float32 else { return nil }
    return constants[0].elements(Float.self)[0]
  }

  private static func other(_ b: ProgramBuilder, _ id: NodeID, _ opType: String, than value: ValueID) -> ValueID? {
    let inputs = b.graph[id].inputs.compactMap(\.self)
    guard b.graph[id].opType == opType, inputs.count == 2 else { return nil }
    return inputs[0] == value ? inputs[1] : inputs[0]
  }
}
