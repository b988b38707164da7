import ShrinkGraph
import ShrinkMath
import ShrinkOps

extension ProgramBuilder {
  /// Spatial axes as a primitive takes them: a lone long axis innermost, where vectors run along it, behind a short one.
  private func spatialOrder(_ lengths: [[Int]]) -> [Int?] {
    switch lengths[0].count {
    case 1: [nil, 0]
    case 2 where lengths.allSatisfy({ $0[1] == 1 }) && lengths[0][0] > 1: [1, 0]
    default: lengths[0].indices.map(Optional.some)
    }
  }

  private func picked(_ values: [Int], _ order: [Int?], missing: Int) -> [Int] {
    order.map { $0.map { values[$0] } ?? missing }
  }

  private func window(_ w: LoweredWindow, _ order: [Int?]) throws(MathError) -> Window {
    try Window(
      strides: picked(w.strides, order, missing: 1), dilations: picked(w.dilations, order, missing: 1),
      padsBegin: picked(w.padsBegin, order, missing: 0),
      padsEnd: picked(w.padsEnd.map { max($0, 0) }, order, missing: 0))
  }

  func emitConvolution(_ id: NodeID, _ given: LoweredWindow, _ groups: Int) throws(MathError) {
    var (x, window) = (input(id, 0), given)
    let y = output(id)
    if let (source, wider) = paddingInFront(of: x, window) { (x, window) = (source, wider) }
    let (from, to) = (shape(x), shape(y))
    guard let weight = constant(input(id, 1)), hasFiniteWeights(id) else { return try emitKernel(id) }
    let spatial = (Array(from.dropFirst(2)), Array(to.dropFirst(2)), window.kernel)
    let order = spatialOrder([spatial.0, spatial.1, spatial.2, window.padsBegin.map { $0 + 1 }])
    let strides = StridedShape.channelsLast(to)
    let source = try place(x, strides: StridedShape.channelsLast(from))
    let bias = graph[id].inputs.count > 2 ? graph[id].inputs[2].flatMap { constant($0)?.elements(Float.self) } : nil
    let canonical = try self.window(window, order)
    let form = { (layout: StridedLayout) in
      StridedLayout(
        dims: layout.dims.prefix(2) + order.map { $0.map { layout.dims[$0 + 2] } ?? 1 },
        strides: layout.strides.prefix(2) + order.map { $0.map { layout.strides[$0 + 2] } ?? layout.dims[1] })
    }
    let make = { (end: Epilogue) throws(MathError) -> PreparedStep in
      let (weight, bias) = Self.folded(weight, bias, end)
      return try weight.withFloats { (w) throws(MathError) in
        try withOptional(bias) { (bias) throws(MathError) in
          try PreparedStep(
            convolution: canonical, batch: from[0], groups: groups, input: self.picked(spatial.0, order, missing: 1),
            output: self.picked(spatial.1, order, missing: 1), kernel: self.picked(spatial.2, order, missing: 1),
            channels: (from[1], to[1]), weights: w, bias: bias, posts: end.posts)
        }
      }
    }
    let full = try Epilogue(self, from: y, axis: 1, strides: strides, foldsScale: true, form: form)
    try emit(id, full, make) { (end) in ([source.port(.float32)], strides) }
  }

  /// Weight and bias with a scale and a shift of the result taken in.
  private static func folded(_ weight: Tensor, _ bias: [Float]?, _ end: Epilogue) -> (Tensor, [Float]?) {
    guard let scale = end.scale else { return (weight, sum(bias, end.bias)) }
    let row = weight.count / scale.count
    let scaled = Tensor(shape: weight.shape, Float.self) { (to: UnsafeMutableBufferPointer<Float>) in
      weight.withElements(Float.self) { from in
        for i in from.indices { to.initializeElement(at: i, to: from[i] * scale[i / row]) }
      }
    }
    return (scaled, sum(bias.map { zip($0, scale).map { $0 * $1 } }, end.bias))
  }

  /// Whether a primitive is fast, and right: oneDNN 2.6 takes operands of the whole result for operands of a channel in
  /// convolutions that it does as plain products.
  private static func isSound(_ step: PreparedStep, _ end: Epilogue) -> Bool {
    !step.name.contains("ref") && (end.operands.isEmpty || !step.name.contains("gemm"))
  }

  /// Makes the step with its epilogue, or without where oneDNN has no sound implementation for that.
  private func emit(
    _ id: NodeID, _ full: Epilogue, _ make: (Epilogue) throws(MathError) -> PreparedStep,
    _ ends: (Epilogue) -> (reads: [ProgramPort], strides: [Int])
  ) throws(MathError) {
    var (end, step) = (full, try? make(full))
    if !full.nodes.isEmpty, step.map({ !Self.isSound($0, full) }) ?? true {
      (end, step) = (Epilogue(none: output(id)), nil)
    }
    let ready: PreparedStep
    if let step { ready = step } else { ready = try make(end) }
    done.formUnion(end.nodes)
    let (reads, strides) = ends(end)
    let target = allocate(end.end, strides: strides)
    let ports = reads + [target.port(.float32)] + end.operands
    steps.append(
      ProgramStep(work: .prepared(ready), ports: ports, writes: reads.count..<(reads.count + 1), node: id))
  }

  /// Taps of a kernel whose convolution takes the padding of a Pad.
  private static let longestPaddedKernel = 128

  /// A Pad with zeros along spatial axes in front of a window over `x`: its source, and the window with its pads.
  func paddingInFront(of x: ValueID, _ window: LoweredWindow) -> (ValueID, LoweredWindow)? {
    guard let producer = producers[x], graph[producer].opType == "Pad", graph[producer].domain.isEmpty,
      let source = graph[producer].inputs.first ?? nil, let pads = ConstantPadding(self, producer)
    else { return nil }
    let rank = shape(x).count
    // Each distance between a long kernel and the end is a product of its own in oneDNN: padded memory is faster there.
    guard pads.ends.count == rank, window.kernel.allSatisfy({ $0 <= Self.longestPaddedKernel }),
      pads.ends.prefix(2).allSatisfy({ $0 == (0, 0) }),
      pads.ends.allSatisfy({ $0.before >= 0 && $0.behind >= 0 })
    else { return nil }
    var wider = window
    for axis in 2..<rank {
      wider.padsBegin[axis - 2] += pads.ends[axis].before
      wider.padsEnd[axis - 2] += pads.ends[axis].behind
    }
    return (source, wider)
  }

  func emitPooling(_ id: NodeID, _ w: LoweredWindow, _ kind: Pooling.Kind) throws(MathError) {
    let (x, y) = (input(id, 0), output(id))
    let (from, to) = (shape(x), shape(y))
    let spatial = (Array(from.dropFirst(2)), Array(to.dropFirst(2)))
    guard w.padsEnd.allSatisfy({ $0 >= 0 }) || kind == .maximum || w.padsBegin.allSatisfy({ $0 == 0 }) else {
      return try emitKernel(id)
    }
    let order = spatialOrder([spatial.0, spatial.1, w.kernel, w.padsBegin.map { $0 + 1 }])
    guard let window = try? self.window(w, order),
      let step = try? PreparedStep(
        pooling: window, kind: kind, batch: from[0], channels: from[1], input: picked(spatial.0, order, missing: 1),
        output: picked(spatial.1, order, missing: 1), kernel: picked(w.kernel, order, missing: 1))
    else { return try emitKernel(id) }
    let source = try place(x, strides: StridedShape.channelsLast(from))
    let target = allocate(y, strides: StridedShape.channelsLast(to))
    append(.prepared(step), reads: [source.port(.float32)], writes: [target.port(.float32)], id)
  }

  func emitSpatialMean(_ id: NodeID) throws(MathError) {
    let (x, y) = (input(id, 0), output(id))
    let from = shape(x)
    let last = StridedShape.channelsLast(from)
    guard placesOf(x).contains(where: { StridedShape.agree($0.strides, last, from) }) else {
      return try emitKernel(id)
    }
    let source = try place(x, strides: last)
    let target = allocate(y, strides: StridedShape.dense(shape(y)))
    append(
      .mean(images: from[0], positions: Tensor.count(Array(from.dropFirst(2))), channels: from[1]),
      reads: [source.port(.float32)], writes: [target.port(.float32)], id)
  }

  // MARK: Products

  func emitProduct(
    _ id: NodeID, transposeA: Bool, transposeB: Bool, alpha: Float, beta: Float
  ) throws(MathError) {
    let (a, b, y) = (input(id, 0), input(id, 1), output(id))
    let third = graph[id].inputs.count > 2 ? graph[id].inputs[2] : nil
    guard alpha == 1, third == nil || beta == 1, let added = bias(third, shape(y)), hasFiniteWeights(id) else {
      return try emitKernel(id)
    }
    let (leftPlace, rightPlace) = (try readable(a), try readable(b))
    var left = StridedLayout(dims: shape(a), strides: leftPlace.strides)
    var right = StridedLayout(dims: shape(b), strides: rightPlace.strides)
    if transposeA { left.swapLast() }
    if transposeB { right.swapLast() }
    var result = StridedLayout(dims: shape(y), strides: resultStrides(y))
    let rank = result.dims.count
    let merged = right.dims.count == 2 ? merge(left, result) : nil
    if let merged { (left, result) = merged }
    left.pad(to: result.dims.count)
    right.pad(to: result.dims.count)
    guard result.dims.count >= 2, result.dims.count <= StridedLayout.largestRank else { return try emitKernel(id) }
    let form = { (layout: StridedLayout) -> StridedLayout in
      guard merged != nil, rank > 2 else { return layout }
      let rows = layout.dims.dropLast().reduce(1, *)
      return StridedLayout(dims: [rows, layout.dims[rank - 1]], strides: [layout.dims[rank - 1], 1])
    }
    let elements = constant(b)
    let make = { (end: Epilogue) throws(MathError) -> PreparedStep in
      try withOptional(Self.sum(added, end.bias)) { (bias) throws(MathError) in
        guard let elements, merged != nil else {
          return try PreparedStep(product: left, right, result, elements: nil, bias: bias, posts: end.posts)
        }
        return try elements.withFloats { (w) throws(MathError) in
          try PreparedStep(product: left, right, result, elements: w, bias: bias, posts: end.posts)
        }
      }
    }
    let strides = resultStrides(y)
    let isPlain = strides == StridedShape.dense(shape(y))
    let full =
      isPlain && (merged != nil || rank == 2)
      ? try Epilogue(self, from: y, axis: rank - 1, strides: strides, foldsScale: false, form: form)
      : Epilogue(none: y)
    let isPacked = elements != nil && merged != nil
    try emit(id, full, make) { _ in
      ([leftPlace.port(.float32)] + (isPacked ? [] : [rightPlace.port(.float32)]), strides)
    }
  }

  /// A place whose rows or columns are contiguous.
  private func readable(_ value: ValueID) throws(MathError) -> ValuePlace {
    let shape = shape(value)
    for place in placesOf(value) {
      guard let strides = StridedShape.matrix(shape, place.strides) else { continue }
      return ValuePlace(buffer: place.buffer, offset: place.offset, strides: strides)
    }
    return try place(value, strides: StridedShape.dense(shape))
  }

  /// Whether the constant operands of a layer are numbers: the functions that primitives compute on the way out take what
  /// is not a number for one.
  func hasFiniteWeights(_ id: NodeID) -> Bool {
    graph[id].inputs.dropFirst().allSatisfy { value in
      guard let tensor = value.flatMap({ constant($0) }), tensor.dtype == .float32 else { return true }
      return tensor.isFinite
    }
  }

  /// The layout that a transposition behind a product wants, if its last axis stays; else row-major.
  private func resultStrides(_ y: ValueID) -> [Int] {
    let dims = shape(y)
    guard let reader = onlyReader(y), case .transpose(let order) = lowerings[reader], order.count == dims.count,
      order.last == dims.count - 1
    else { return StridedShape.dense(dims) }
    return StridedShape.dense(dims, order: order)
  }

  /// All leading axes of a product with one matrix as one; nil where they are not contiguous.
  private func merge(_ a: StridedLayout, _ c: StridedLayout) -> (StridedLayout, StridedLayout)? {
    let rows = a.dims.dropLast().reduce(1, *)
    guard c.dims.count >= 2, c.strides == StridedShape.dense(c.dims), a.dims.count == c.dims.count,
      let strides = StridedShape.reshaped(a.dims, a.strides, to: [rows, a.dims[a.dims.count - 1]])
    else { return nil }
    return (
      StridedLayout(dims: [rows, a.dims[a.dims.count - 1]], strides: strides),
      StridedLayout(dense: [rows, c.dims[c.dims.count - 1]])
    )
  }

  /// Gemm's third operand as one number a column; empty without one, nil when it is anything else.
  private func bias(_ value: ValueID?, _ y: [Int]) -> [Float]?? {
    guard let value else { return .some(nil) }
    guard let tensor = constant(value), tensor.dtype == .float32 else { return .none }
    let width = y[y.count - 1]
    let elements = tensor.elements(Float.self)
    if tensor.count == 1 { return [Float](repeating: elements[0], count: width) }
    return tensor.count == width && tensor.shape.last == width ? elements : .none
  }

  private static func sum(_ a: [Float]?, _ b: [Float]?) -> [Float]? {
    guard let a, let b else { return a ?? b }
    return zip(a, b).map { $0 + $1 }
  }
}

extension StridedLayout {
  fileprivate mutating func swapLast() {
    dims.swapAt(dims.count - 1, dims.count - 2)
    strides.swapAt(strides.count - 1, strides.count - 2)
  }

  /// Puts axes of length 1 in front.
  fileprivate mutating func pad(to rank: Int) {
    let missing = rank - dims.count
    guard missing > 0 else { return }
    let whole = zip(dims, strides).map { $0 * $1 }.max() ?? 1
    dims = [Int](repeating: 1, count: missing) + dims
    strides = [Int](repeating: whole, count: missing) + strides
  }
}

extension Tensor {
  /// Lends the elements of a float32 tensor.
  fileprivate func withFloats<R>(
    _ body: (UnsafePointer<Float>) throws(MathError) -> R
  ) throws(MathError) -> R {
    try withElements(Float.self) { (elements: UnsafeBufferPointer<Float>) throws(MathError) -> R in
      guard let base = elements.baseAddress else { throw .shape("a constant without elements") }
      return try body(base)
    }
  }
}

/// Lends a list, or nothing.
func withOptional<R>(
  _ values: [Float]?, _ body: (UnsafePointer<Float>?) throws(MathError) -> R
) throws(MathError) -> R {
  guard let values else { return try body(nil) }
  return try Tensor(shape: [values.count], values).withFloats { (pointer) throws(MathError) in try body(pointer) }
}

/// What a Pad with zeros adds to every axis.
struct ConstantPadding {
  let ends: [(before: Int, behind: Int)]

  /// Reads the node; nil when it pads with anything else, or with amounts that are not known.
  init?(_ b: ProgramBuilder, _ id: NodeID) {
    let node = b.graph[id]
    let attributes = Attributes(node, opset: b.graph.opset)
    let rank = b.shape(b.input(id, 0)).count
    guard (try? attributes.string("mode")) ?? "constant" == "constant" else { return nil }
    let isOld = b.graph.opset < 11
    let given =
      isOld
      ? try? attributes.ints("pads") : node.inputs.count > 1 ? node.inputs[1].flatMap { b.constant($0)?.integers } : nil
    let fill =
      isOld
      ? try? attributes.float("value")
      : node.inputs.count > 2 ? node.inputs[2].map { b.constant($0)?.numbers?.first.map(Float.init) ?? .nan } : nil
    guard let pads = given, pads.count == 2 * rank, node.inputs.count < 4 || node.inputs[3] == nil, fill ?? 0 == 0
    else {
      return nil
    }
    ends = (0..<rank).map { (pads[$0], pads[$0 + rank]) }
  }
}
