import ShrinkGraph
import ShrinkMath

/// What LSTM, GRU and RNN do at each step.
protocol RecurrentCell: Operator {
  /// Gates, in the order of the weights.
  static var gates: Int { get }
  /// Adds what comes from the state before the step to the gates of all samples, `stride` values apart.
  func prepare<T: KernelElement>(
    _ d: RecurrentDirection<T>, _ gates: UnsafeMutablePointer<T>, stride: Int
  ) throws(MathError)
  /// Puts the state of a sample behind the step in the place of that before it.
  func update<T: KernelElement>(_ d: RecurrentDirection<T>, _ gates: UnsafeMutablePointer<T>, sample: Int)
}

/// One direction of a recurrent network while it runs.
struct RecurrentDirection<T: KernelElement> {
  /// Functions of this direction, in the order of the specification.
  let functions: [GateFunction]
  /// Samples, and units of the state.
  let batch: Int, hidden: Int
  /// Gates of a unit.
  let gates: Int
  /// Weights of the state: gates · hidden × hidden, or the other way round.
  let weight: UnsafePointer<T>
  let isTransposed: Bool
  /// What is added to the product with the state: gates · hidden; nil for nothing.
  let bias: UnsafePointer<T>?
  /// Weights from the cell to the gates i, o and f; nil for none.
  let peepholes: UnsafePointer<T>?
  /// The state, batch × hidden, and that of the cell of an LSTM.
  let state: UnsafeMutablePointer<T>, cell: UnsafeMutablePointer<T>
  /// Room for batch × hidden values.
  let scratch: UnsafeMutablePointer<T>
}

extension RecurrentDirection {
  /// Adds the product of the state with the weights of the first `gates` gates.
  func addState(to rows: UnsafeMutablePointer<T>, gates: Int, stride: Int) throws(MathError) {
    try multiply(state, gates: 0..<gates, beta: 1, to: rows, stride: stride)
  }

  /// rows ← x Rᵀ + beta · rows for x of batch × hidden and the weights of some gates.
  func multiply(
    _ x: UnsafePointer<T>, gates chosen: Range<Int>, beta: T, to rows: UnsafeMutablePointer<T>, stride: Int
  ) throws(MathError) {
    try T.product(
      transposeB: !isTransposed, batch, chosen.count * hidden, hidden, x,
      weight + chosen.lowerBound * hidden * (isTransposed ? 1 : hidden), ldb: isTransposed ? gates * hidden : hidden,
      beta: beta, rows, ldc: stride)
  }

  /// Adds the bias of the product with the state to the first `gates` gates of a sample.
  func addBias(to row: UnsafeMutablePointer<T>, gates: Int) {
    guard let bias else { return }
    for j in 0..<(gates * hidden) { row[j] += bias[j] }
  }
}

/// What LSTM, GRU and RNN share: attributes, shapes, and the walk over steps and directions.
///
/// Operands X [steps, batch, inputs], W [directions, gates · hidden, inputs], R [directions, gates · hidden, hidden],
/// B [directions, 2 · gates · hidden], sequence_lens [batch], initial_h [directions, batch, hidden]; results
/// Y [steps, directions, batch, hidden] and Y_h [directions, batch, hidden]. With `layout` 1 the batch stands first.
/// Source: ONNX operator documentation.
struct Recurrence: Sendable {
  /// Whether each direction reads the sequence backwards.
  let isReverse: [Bool]
  /// Functions of each direction.
  let functions: [[GateFunction]]
  /// Whether samples come before steps.
  let isBatchFirst: Bool
  /// Units, where the node says so.
  let hidden: Int?
  /// Gates of a unit.
  let gates: Int
  /// Bound of what goes into the functions.
  let clip: Float?

  /// Steps that are not worth a copy of the weights.
  private static let fewSteps = 4
  /// Slot of the initial state; the peepholes and that of the cell are behind it.
  static let lengths = 4, state = 5, cell = 6, peepholes = 7

  /// Reads the attributes; `defaults` are the functions of a direction.
  init(_ attributes: Attributes, gates: Int, defaults: [String]) throws(OperatorError) {
    let direction = try attributes.string("direction") ?? "forward"
    switch direction.lowercased() {
    case "forward": isReverse = [false]
    case "reverse": isReverse = [true]
    case "bidirectional": isReverse = [false, true]
    default: throw .invalid("direction is '\(direction)'")
    }
    self.gates = gates
    functions = try GateFunction.read(attributes, defaults: defaults, directions: isReverse.count)
    let layout = try attributes.int("layout", default: 0)
    guard layout == 0 || layout == 1 else { throw .invalid("layout is \(layout)") }
    isBatchFirst = layout == 1
    hidden = try attributes.int("hidden_size")
    clip = try attributes.float("clip").flatMap { $0 > 0 ? $0 : nil }
  }

  /// Lengths of the axes.
  struct Sizes {
    let steps: Int, batch: Int, inputs: Int, hidden: Int
  }

  /// Checks that the shapes of the operands fit each other.
  func sizes(_ inputs: Operands<TensorType>) throws(OperatorError) -> Sizes {
    let (x, r) = (inputs[0].shape, inputs[2].shape)
    guard x.count == 3, r.count == 3 else { throw .invalid("runs over \(x) with weights \(r) of the state") }
    let s = Sizes(steps: x[isBatchFirst ? 1 : 0], batch: x[isBatchFirst ? 0 : 1], inputs: x[2], hidden: r[2])
    guard hidden == nil || hidden == s.hidden else {
      throw .invalid("hidden_size is \(hidden ?? 0), but the weights of the state have shape \(r)")
    }
    let directions = isReverse.count
    guard s.hidden <= Axes.largestResult else { throw .invalid("has \(s.hidden) units") }
    _ = try Axes.checked([s.steps, s.batch, gates * s.hidden], .float64)
    _ = try Axes.checked([isReverse.count, s.batch, 3 * s.hidden], .float64)
    let state = stateShape(s)
    let wanted: [(slot: Int, shape: [Int])] = [
      (1, [directions, gates * s.hidden, s.inputs]), (2, [directions, gates * s.hidden, s.hidden]),
      (3, [directions, 2 * gates * s.hidden]), (Self.lengths, [s.batch]), (Self.state, state), (Self.cell, state),
      (Self.peepholes, [directions, 3 * s.hidden]),
    ]
    for (slot, shape) in wanted {
      guard let found = inputs.optional(slot)?.shape, found != shape else { continue }
      throw .invalid("operand \(slot) has shape \(found) where \(shape) belongs")
    }
    return s
  }

  private func stateShape(_ s: Sizes) -> [Int] {
    isBatchFirst ? [s.batch, isReverse.count, s.hidden] : [isReverse.count, s.batch, s.hidden]
  }

  /// The type of the sequence of states, and `states` times that of the last one.
  func infer(_ inputs: Operands<TensorType>, states: Int) throws(OperatorError) -> [TensorType] {
    let s = try sizes(inputs)
    let shape =
      isBatchFirst
      ? [s.batch, s.steps, isReverse.count, s.hidden] : [s.steps, isReverse.count, s.batch, s.hidden]
    let dtype = inputs[0].dtype
    let y = TensorType(dtype, try Axes.checked(shape, dtype))
    return [y] + [TensorType](repeating: TensorType(dtype, stateShape(s)), count: states)
  }

  /// Runs all directions; the results are Y and `states` last states.
  func run(_ inputs: Operands<Tensor>, _ cell: some RecurrentCell, states: Int) throws(OperatorError) -> [Tensor] {
    switch inputs[0].dtype {
    case .float32: try run(inputs, cell, states, Float.self)
    case .float64: try run(inputs, cell, states, Double.self)
    case .float16, .bfloat16:
      try Conversion.widening(inputs) { (wide) throws(OperatorError) in try run(wide, cell, states: states) }
    default: throw .unsupportedType(inputs[0].dtype)
    }
  }

  private func run<T: KernelElement>(
    _ inputs: Operands<Tensor>, _ cell: some RecurrentCell, _ states: Int, _ type: T.Type
  ) throws(OperatorError) -> [Tensor] {
    try inputs.checkSameType([1, 2, 3, Self.state, Self.cell, Self.peepholes])
    let types = try infer(Operands(inputs.items.map { $0.map { TensorType($0.dtype, $0.shape) } }), states: states)
    let s = try sizes(inputs.types)
    let lengths = try lengths(inputs.optional(Self.lengths), s)
    let results = types.map { Tensor.unwritten($0.shape, T.self) }
    defer { withExtendedLifetime((inputs, results)) {} }
    // Products with weights that stand as they are needed are faster: worth a copy for more than a few steps.
    let swapped = StridedView.transposing(inputs[2].shape, by: [0, 2, 1])
    let weights = s.steps > Self.fewSteps ? try swapped.copied(from: inputs[2]) : inputs[2]
    let failures = Failures()
    let body = { (range: Range<Int>) in
      for d in range {
        do throws(MathError) {
          try run(d, inputs, weights, s, lengths, cell, results.map(\.start))
        } catch { failures.record(error) }
      }
    }
    // Directions side by side where a step is too small for several threads.
    if s.batch * gates * s.hidden * s.hidden < 1 << 21 {
      Parallel.forEach(isReverse.count, body)
    } else {
      body(isReverse.indices)
    }
    withExtendedLifetime(weights) {}
    if let failure = failures.first { throw OperatorError(failure) }
    return results.map(\.tensor)
  }

  /// Steps of each sample.
  private func lengths(_ operand: Tensor?, _ s: Sizes) throws(OperatorError) -> [Int] {
    guard let operand else { return [Int](repeating: s.steps, count: s.batch) }
    guard let lengths = operand.integers else { throw .unsupportedType(operand.dtype) }
    guard lengths.allSatisfy({ 0...s.steps ~= $0 }) else {
      throw OperatorError(.badData, "names sequences of \(lengths) steps where there are \(s.steps)")
    }
    return lengths
  }

  /// One direction; `results`: where Y, Y_h and Y_c begin.
  private func run<T: KernelElement>(
    _ d: Int, _ inputs: Operands<Tensor>, _ weights: Tensor, _ s: Sizes, _ lengths: [Int],
    _ cell: some RecurrentCell, _ results: [UnsafeMutablePointer<T>]
  ) throws(MathError) {
    let (width, size, directions) = (gates * s.hidden, s.batch * s.hidden, isReverse.count)
    let room = UnsafeMutablePointer<T>.allocate(capacity: s.steps * s.batch * width + 3 * size)
    defer { room.deallocate() }
    let states = room + s.steps * s.batch * width
    states.initialize(repeating: 0, count: 3 * size)
    let direction = RecurrentDirection(
      functions: functions[d], batch: s.batch, hidden: s.hidden, gates: gates,
      weight: weights.start(T.self) + d * width * s.hidden, isTransposed: s.steps > Self.fewSteps,
      bias: inputs.optional(3).map { $0.start(T.self) + (2 * d + 1) * width },
      peepholes: inputs.optional(Self.peepholes).map { $0.start(T.self) + d * 3 * s.hidden },
      state: states, cell: states + size, scratch: states + 2 * size)
    let stateStart = { (b: Int) in (isBatchFirst ? b * directions + d : d * s.batch + b) * s.hidden }
    for (slot, to) in [(Self.state, direction.state), (Self.cell, direction.cell)] {
      guard let from = inputs.optional(slot)?.start(T.self) else { continue }
      for b in 0..<s.batch { (to + b * s.hidden).update(from: from + stateStart(b), count: s.hidden) }
    }
    try addInputs(d, inputs, s, room)
    let (stepStride, stride) = isBatchFirst ? (width, s.steps * width) : (s.batch * width, width)
    for i in 0..<s.steps {
      let step = isReverse[d] ? s.steps - 1 - i : i
      let gates = room + step * stepStride
      try cell.prepare(direction, gates, stride: stride)
      Parallel.forEach(s.batch, minimumChunk: max(1, 4096 / max(1, width))) { samples in
        for b in samples {
          let row = isBatchFirst ? (b * s.steps + step) * directions + d : (step * directions + d) * s.batch + b
          let y = results[0] + row * s.hidden
          if step < lengths[b] {
            cell.update(direction, gates + b * stride, sample: b)
            y.update(from: direction.state + b * s.hidden, count: s.hidden)
          } else {
            y.update(repeating: 0, count: s.hidden)
          }
        }
      }
    }
    for (to, from) in zip(results.dropFirst(), [direction.state, direction.cell]) {
      for b in 0..<s.batch { (to + stateStart(b)).update(from: from + b * s.hidden, count: s.hidden) }
    }
  }

  /// The product of all inputs with their weights, with the bias: rows as in X, one column a gate and unit.
  private func addInputs<T: KernelElement>(
    _ d: Int, _ inputs: Operands<Tensor>, _ s: Sizes, _ to: UnsafeMutablePointer<T>
  ) throws(MathError) {
    let (width, rows) = (gates * s.hidden, s.steps * s.batch)
    let weight = inputs[1].start(T.self) + d * width * s.inputs
    let bias = inputs.optional(3).map { $0.start(T.self) + 2 * d * width }
    if let bias { for row in 0..<rows { (to + row * width).update(from: bias, count: width) } }
    try T.product(
      transposeB: true, rows, width, s.inputs, inputs[0].start(T.self), weight, beta: bias == nil ? 0 : 1, to)
  }
}
