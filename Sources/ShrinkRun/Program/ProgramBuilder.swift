import ShrinkGraph
import ShrinkMath
import ShrinkOps

/// Compiles a graph for inputs of given shapes: chooses layouts, fuses nodes into steps, and leaves to kernels what has
/// no lowering.
///
/// Every value has places, each with strides of its own: transpositions, slices and most reshapes are places in the
/// buffer of their operand and cost nothing.
final class ProgramBuilder {
  let graph: Graph
  /// Types of all values that are read or computed.
  let types: [TensorType?]
  let operations: [NodeID: any Operator]
  let lowerings: [NodeID: Lowering]
  /// Readers of each value, once for each slot.
  let readers: [[NodeID]]
  let wanted: Set<ValueID>
  /// The node that computes each value.
  let producers: [ValueID: NodeID]
  var steps: [ProgramStep] = []
  var buffers: [ProgramBuffer] = []
  var places: [ValueID: [ValuePlace]] = [:]
  var done = Set<NodeID>()

  /// `types` must know every value that the steps read or write.
  init(_ graph: Graph, order: [NodeID], types: [TensorType?], operations: [NodeID: any Operator], wanted: [ValueID]) {
    self.graph = graph
    self.types = types
    self.operations = operations
    self.wanted = Set(wanted)
    var readers = [[NodeID]](repeating: [], count: graph.values.count)
    var lowerings: [NodeID: Lowering] = [:]
    var producers: [ValueID: NodeID] = [:]
    for id in order {
      let node = graph[id]
      for output in node.outputs.compactMap(\.self) { producers[output] = id }
      for input in node.inputs.compactMap(\.self) { readers[input.index].append(id) }
      guard node.opType == "LSTM" || node.outputs.allSatisfy({ $0 != nil }) else { continue }
      let operands = Operands(node.inputs.map { $0.flatMap { types[$0.index] } })
      let results = node.outputs.compactMap { $0.flatMap { types[$0.index] } }
      lowerings[id] = Lowering(Attributes(node, opset: graph.opset(of: node)), operands, results)
    }
    self.readers = readers
    self.lowerings = lowerings
    self.producers = producers
  }

  /// Emits the steps of all nodes in order.
  func compile(_ order: [NodeID], inputs: [ValueID]) throws(MathError) {
    for input in inputs {
      places[input] = [ValuePlace(buffer: add(.input(input), bytes: 0), strides: StridedShape.dense(shape(input)))]
    }
    for id in order where isAbsorbed(id) { done.insert(id) }
    for id in order where !done.contains(id) { try emit(id) }
  }

  /// Whether a node is a Pad that every reader takes into its own window.
  private func isAbsorbed(_ id: NodeID) -> Bool {
    guard graph[id].opType == "Pad", graph[id].domain.isEmpty, let y = graph[id].outputs.first ?? nil,
      !wanted.contains(y)
    else { return false }
    return readers[y.index].allSatisfy { reader in
      guard case .convolution(let window, _) = lowerings[reader], input(reader, 0) == y else { return false }
      return paddingInFront(of: y, window) != nil
    }
  }

  private func emit(_ id: NodeID) throws(MathError) {
    done.insert(id)
    if try emitLayerNormOfParts(id) { return }
    switch lowerings[id] {
    case .convolution(let window, let groups): try emitConvolution(id, window, groups)
    case .pooling(let window, let kind): try emitPooling(id, window, kind)
    case .spatialMean: try emitSpatialMean(id)
    case .elements, .combination, .square, .scaleAndShift: try emitChain(id)
    case .product(let a, let b, let alpha, let beta):
      try emitProduct(id, transposeA: a, transposeB: b, alpha: alpha, beta: beta)
    case .softmax:
      try emitRows(id) { (rows, width) throws(MathError) in try PreparedStep(softmaxOf: rows, width: width) }
    case .layerNorm(let epsilon): try emitLayerNorm(id, epsilon)
    case .lstm(let backwards): try emitLSTM(id, backwards: backwards)
    case .view: try emitView(id)
    case .transpose(let order): try emitTranspose(id, order)
    case .slices(let slices): try emitSlices(id, slices)
    case .concat(let axis): try emitConcat(id, axis)
    case nil: try emitKernel(id)
    }
  }

  // MARK: Values

  func type(_ value: ValueID) -> TensorType {
    guard let type = types[value.index] else { preconditionFailure("value \(value.index) has no type") }
    return type
  }
  func shape(_ value: ValueID) -> [Int] { type(value).shape }
  func count(_ value: ValueID) -> Int { Tensor.count(shape(value)) }
  func constant(_ value: ValueID) -> Tensor? { types[value.index]?.constant }
  func isAvailable(_ value: ValueID) -> Bool { places[value] != nil || constant(value) != nil }

  /// Operand `slot` of a node, which must be there.
  func input(_ id: NodeID, _ slot: Int) -> ValueID {
    guard let value = graph[id].inputs[slot] else { preconditionFailure("operand \(slot) is not there") }
    return value
  }
  func output(_ id: NodeID, _ slot: Int = 0) -> ValueID {
    guard let value = graph[id].outputs[slot] else { preconditionFailure("result \(slot) is not named") }
    return value
  }

  /// The one node that reads a value, in one slot; nil when there are others, or the caller wants the value.
  func onlyReader(_ value: ValueID) -> NodeID? {
    guard !wanted.contains(value), readers[value.index].count == 1 else { return nil }
    return readers[value.index][0]
  }

  // MARK: Buffers and places

  func add(_ source: ProgramBuffer.Source, bytes: Int) -> Int {
    buffers.append(ProgramBuffer(source: source, bytes: bytes))
    return buffers.count - 1
  }

  /// A new buffer for a float32 value with dense strides.
  func allocate(_ value: ValueID, strides: [Int]) -> ValuePlace {
    let place = ValuePlace(buffer: add(.arena, bytes: 4 * count(value)), strides: strides)
    places[value, default: []].append(place)
    return place
  }

  /// The places of a value that is available.
  func placesOf(_ value: ValueID) -> [ValuePlace] {
    if let known = places[value] { return known }
    guard let tensor = constant(value) else { preconditionFailure("value \(value.index) is not computed yet") }
    let place = ValuePlace(buffer: add(.constant(tensor), bytes: 0), strides: StridedShape.dense(tensor.shape))
    places[value] = [place]
    return [place]
  }

  /// A place of a value with the given strides; a copy is made where there is none.
  func place(_ value: ValueID, strides: [Int]) throws(MathError) -> ValuePlace {
    let shape = shape(value)
    let known = placesOf(value)
    if let place = known.first(where: { StridedShape.agree($0.strides, strides, shape) }) { return place }
    let from = known[0]
    guard types[value.index]?.dtype == .float32 else {
      throw .shape("a copy of elements that are not float32")
    }
    let target = allocate(value, strides: strides)
    try emitCopy(shape, from, to: target, node: steps.last?.node ?? NodeID(0))
    return target
  }

  func plain(_ value: ValueID) throws(MathError) -> ValuePlace {
    try place(value, strides: StridedShape.dense(shape(value)))
  }

  /// Copies float32 elements from one place to another.
  func emitCopy(_ shape: [Int], _ from: ValuePlace, to: ValuePlace, node: NodeID) throws(MathError) {
    let space = StridedShape.collapsed(shape, [from.strides, to.strides])
    let step = try PreparedStep(
      reorder: StridedLayout(dims: space.dims, strides: space.strides[0]),
      to: StridedLayout(dims: space.dims, strides: space.strides[1]))
    append(.prepared(step), reads: [from.port(.float32)], writes: [to.port(.float32)], node)
  }

  /// Adds a step whose ports are what it reads, then what it writes.
  func append(_ work: ProgramStep.Work, reads: [ProgramPort], writes: [ProgramPort], _ node: NodeID) {
    steps.append(
      ProgramStep(
        work: work, ports: reads + writes, writes: reads.count..<(reads.count + writes.count), node: node))
  }

  /// Runs the operator's own kernel on plain tensors.
  func emitKernel(_ id: NodeID) throws(MathError) {
    let node = graph[id]
    guard let operation = operations[id] else { preconditionFailure("node \(id.index) is no step") }
    var ports: [ProgramPort] = []
    var operands: [ProgramStep.KernelOperand?] = []
    for slot in node.inputs {
      guard let value = slot else {
        operands.append(nil)
        continue
      }
      let type = type(value)
      operands.append(.init(port: ports.count, dtype: type.dtype, shape: type.shape))
      ports.append(try plain(value).port(type.dtype))
    }
    var results: [ProgramPort] = []
    let types = node.outputs.compactMap { $0.map(type) }
    guard types.count == node.outputs.count else { throw .shape("a node that leaves out a result") }
    for output in node.outputs {
      let buffer = add(.kernel, bytes: 0)
      results.append(ProgramPort(buffer: buffer))
      if let output { places[output] = [ValuePlace(buffer: buffer, strides: StridedShape.dense(shape(output)))] }
    }
    append(.kernel(operation, operands: operands, results: types), reads: ports, writes: results, id)
  }
}
