import ShrinkGraph
import ShrinkMath
import ShrinkOps

extension ProgramBuilder {
  /// Emits a node of element-wise functions together with all that follow it and whose other operands are there.
  func emitChain(_ id: NodeID) throws(MathError) {
    var draft = ChainDraft(shape: shape(output(id)))
    guard draft.add(id, self) else { return try emitKernel(id) }
    var grows = true
    while grows {
      grows = false
      for value in draft.values {
        for reader in readers[value.index] where !done.contains(reader) {
          if draft.add(reader, self) {
            done.insert(reader)
            grows = true
          }
        }
      }
    }
    try emit(draft, id)
  }

  private func emit(_ draft: ChainDraft, _ id: NodeID) throws(MathError) {
    let shape = draft.shape
    let order = layout(of: draft)
    let target = StridedShape.dense(shape, order: order)
    var (reads, strides) = ([ProgramPort](), [[Int]]())
    for operand in draft.operands {
      let (port, own) = try self.operand(operand, shape, target, order)
      reads.append(port)
      strides.append(own)
    }
    let results = draft.values.filter { value in
      wanted.contains(value) || readers[value.index].contains { !draft.nodes.contains($0) }
    }
    let space = StridedShape.collapsed(order.map { shape[$0] }, (strides + [target]).map { s in order.map { s[$0] } })
    guard space.dims.count <= ElementChain.largestRank else { throw .shape("a chain over \(space.dims)") }
    let chain = ElementChain(
      dims: space.dims, strides: Array(space.strides.dropLast()),
      steps: draft.steps.map { ($0.function, draft.register($0.a), draft.register($0.b)) },
      results: results.map { draft.register(draft.source[$0] ?? .step(0)) })
    let writes = results.map { allocate($0, strides: target).port(.float32) }
    append(.chain(chain), reads: reads, writes: writes, id)
  }

  /// The order of the axes in memory that a whole operand has already.
  private func layout(of draft: ChainDraft) -> [Int] {
    for operand in draft.operands {
      guard case .value(let value) = operand, constant(value) == nil, shape(value) == draft.shape else { continue }
      let orders = placesOf(value).compactMap { StridedShape.densePermutation(draft.shape, $0.strides) }
      if let order = orders.first { return order }
    }
    return Array(draft.shape.indices)
  }

  /// Where an operand is read, and its strides along the axes of the chain.
  private func operand(
    _ operand: ChainDraft.Operand, _ shape: [Int], _ target: [Int], _ order: [Int]
  ) throws(MathError) -> (ProgramPort, [Int]) {
    switch operand {
    case .channels(let values):
      let buffer = add(.constant(Tensor(shape: [values.count], values)), bytes: 0)
      return (ProgramPort(buffer: buffer), shape.indices.map { $0 == 1 ? 1 : 0 })
    case .value(let value):
      let own = self.shape(value)
      let shift = shape.count - own.count
      let places = placesOf(value)
      var place = places[0]
      if own == shape {
        let inner = order.last { shape[$0] != 1 }
        let direct =
          places.first { StridedShape.agree($0.strides, target, shape) }
          ?? places.first { p in inner.map { p.strides[$0] == 1 } ?? true }
        if let direct { place = direct } else { place = try self.place(value, strides: target) }
      }
      let strides = shape.indices.map { axis in
        axis < shift || own[axis - shift] == 1 && shape[axis] != 1 ? 0 : place.strides[axis - shift]
      }
      return (place.port(.float32), strides)
    }
  }
}

/// A chain while it grows.
struct ChainDraft {
  enum Operand {
    case value(ValueID)
    /// One number for each index of axis 1.
    case channels([Float])
  }
  enum Source: Equatable {
    case operand(Int)
    case step(Int)
  }
  typealias Step = (function: ElementChain.Function, a: Source, b: Source)

  /// The shape of every result.
  let shape: [Int]
  var nodes = Set<NodeID>()
  /// Results of the nodes, in order.
  var values: [ValueID] = []
  var operands: [Operand] = []
  var steps: [Step] = []
  /// What computes a value.
  var source: [ValueID: Source] = [:]
  private var read: [ValueID: Source] = [:]

  init(shape: [Int]) { self.shape = shape }

  func register(_ source: Source) -> Int {
    switch source {
    case .operand(let i): i
    case .step(let k): operands.count + k
    }
  }

  /// Takes a node in; returns whether it fits: its result has the shape of the others, its operands are there, and
  /// registers are left.
  mutating func add(_ id: NodeID, _ b: ProgramBuilder) -> Bool {
    guard let lowering = b.lowerings[id], b.graph[id].outputs.count == 1 else { return false }
    let result = b.output(id)
    let inputs = b.graph[id].inputs.compactMap(\.self)
    guard b.shape(result) == shape, inputs.allSatisfy({ source[$0] != nil || b.isAvailable($0) }) else { return false }
    var next = self
    switch lowering {
    case .elements(let functions):
      var x = next.load(inputs[0])
      for function in functions { x = next.push(function, x) }
    case .square:
      let x = next.load(inputs[0])
      _ = next.push(.multiply, x, x)
    case .scaleAndShift(let factor, let shift):
      let x = next.load(inputs[0])
      let (a, c) = (next.load(factor), next.load(shift))
      _ = next.push(.add, next.push(.multiply, x, a), c)
    case .combination(let function):
      next.combine(function, inputs, b)
    default: return false
    }
    guard next.operands.count + next.steps.count <= ElementChain.registers else { return false }
    next.nodes.insert(id)
    next.values.append(result)
    next.source[result] = .step(next.steps.count - 1)
    self = next
    return true
  }

  private mutating func combine(_ function: ElementChain.Function, _ inputs: [ValueID], _ b: ProgramBuilder) {
    if inputs.count == 2, let (x, linear) = Self.linear(function, inputs, b), b.shape(x) == shape {
      _ = push(linear, load(x))
      return
    }
    var x = load(inputs[0])
    if inputs.count == 1 { x = push(.linear(1, 0), x) }
    for other in inputs.dropFirst() { x = push(function, x, load(other)) }
  }

  /// A function of one operand and a constant number; nil for any other.
  static func linear(
    _ function: ElementChain.Function, _ inputs: [ValueID], _ b: ProgramBuilder
  ) -> (ValueID, ElementChain.Function)? {
    func number(_ value: ValueID) -> Float? {
      guard let tensor = b.constant(value), tensor.count == 1, tensor.dtype == .float32 else { return nil }
      return tensor.elements(Float.self)[0]
    }
    if let c = number(inputs[1]) {
      switch function {
      case .add: return (inputs[0], .linear(1, c))
      case .subtract: return (inputs[0], .linear(1, -c))
      case .multiply: return (inputs[0], .linear(c, 0))
      case .divide where c != 0 && (1 / c).isFinite: return (inputs[0], .linear(1 / c, 0))
      default: return nil
      }
    }
    guard let c = number(inputs[0]) else { return nil }
    switch function {
    case .add: return (inputs[1], .linear(1, c))
    case .subtract: return (inputs[1], .linear(-1, c))
    case .multiply: return (inputs[1], .linear(c, 0))
    default: return nil
    }
  }

  private mutating func load(_ value: ValueID) -> Source {
    if let known = source[value] ?? read[value] { return known }
    operands.append(.value(value))
    read[value] = .operand(operands.count - 1)
    return .operand(operands.count - 1)
  }

  private mutating func load(_ channels: [Float]) -> Source {
    operands.append(.channels(channels))
    return .operand(operands.count - 1)
  }

  private mutating func push(_ function: ElementChain.Function, _ a: Source, _ b: Source? = nil) -> Source {
    steps.append((function, a, b ?? a))
    return .step(steps.count - 1)
  }
}
