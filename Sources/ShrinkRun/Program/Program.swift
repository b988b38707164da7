import ShrinkGraph
import ShrinkMath
import ShrinkOps
import Synchronization

/// A part of a graph compiled for inputs of given shapes: layouts chosen, weights packed, nodes fused, memory planned.
///
/// Runs wait for each other.
final class Program: Sendable {
  private let steps: [ProgramStep]
  private let buffers: [ProgramBuffer]
  /// Where each buffer of the arena starts.
  private let offsets: [Int]
  private let arenaBytes: Int
  /// Where the scratch memory of each step starts in the arena.
  private let scratchOffsets: [Int]
  private let results: [(value: ValueID, port: ProgramPort, type: TensorType)]
  /// Buffers whose last reader is each step, where a kernel made them.
  private let releases: [[Int]]
  private let graph: Graph
  private let state = Mutex(State())

  private struct State: @unchecked Sendable {
    var arena: TensorStorage?
  }

  /// Compiles the nodes `order`, whose values have known types, elements, and no elements smaller than a byte; nil where
  /// oneDNN refuses or memory is short.
  init?(
    _ graph: Graph, order: [NodeID], operations: [NodeID: any Operator], inputs: [ValueID: TensorType],
    wanted: [ValueID], types: [TensorType?]
  ) {
    let computed = Self.needed(graph, order, types, wanted)
    let builder = ProgramBuilder(graph, order: computed, types: types, operations: operations, wanted: wanted)
    var results: [(value: ValueID, port: ProgramPort, type: TensorType)] = []
    do throws(MathError) {
      try builder.compile(computed, inputs: inputs.keys.sorted())
      for value in Set(wanted).sorted() {
        let place = try builder.plain(value)
        results.append((value, place.port(builder.type(value).dtype), builder.type(value)))
        if case .arena = builder.buffers[place.buffer].source { builder.buffers[place.buffer].source = .result }
      }
    } catch { return nil }
    self.results = results
    self.graph = graph
    (steps, buffers) = (builder.steps, builder.buffers)
    let lives = Self.lifetimes(steps, buffers.count)
    var blocks: [MemoryArena.Block] = []
    var owners: [Int] = []
    for (i, buffer) in buffers.enumerated() {
      guard case .arena = buffer.source, let life = lives[i] else { continue }
      blocks.append(.init(bytes: buffer.bytes, first: life.lowerBound, last: life.upperBound))
      owners.append(i)
    }
    // The scratch memory of a step lives as long as the step.
    let scratch = builder.steps.indices.filter { builder.steps[$0].scratch > 0 }
    for step in scratch { blocks.append(.init(bytes: builder.steps[step].scratch, first: step, last: step)) }
    let arena = MemoryArena(blocks)
    var offsets = [Int](repeating: 0, count: buffers.count)
    for (block, owner) in owners.enumerated() { offsets[owner] = arena.offsets[block] }
    var scratchOffsets = [Int](repeating: 0, count: steps.count)
    for (i, step) in scratch.enumerated() { scratchOffsets[step] = arena.offsets[owners.count + i] }
    (self.offsets, self.scratchOffsets) = (offsets, scratchOffsets)
    arenaBytes = arena.bytes
    guard Memory.holds(arena.bytes) else { return nil }
    releases = Self.releases(buffers, lives, steps.count, kept: Set(results.map { $0.port.buffer }))
  }

  private static func releases(
    _ buffers: [ProgramBuffer], _ lives: [ClosedRange<Int>?], _ count: Int, kept: Set<Int>
  ) -> [[Int]] {
    var result = [[Int]](repeating: [], count: count)
    for (i, buffer) in buffers.enumerated() where !kept.contains(i) {
      if case .kernel = buffer.source, let life = lives[i] { result[life.upperBound].append(i) }
    }
    return result
  }

  /// The nodes that must run when constant values are not computed again.
  private static func needed(
    _ graph: Graph, _ order: [NodeID], _ types: [TensorType?], _ wanted: [ValueID]
  ) -> [NodeID] {
    var needed = Set(wanted)
    var result: [NodeID] = []
    for id in order.reversed() {
      let reads = graph[id].outputs.contains { output in
        output.map { needed.contains($0) && types[$0.index]?.constant == nil } ?? false
      }
      guard reads else { continue }
      result.append(id)
      needed.formUnion(graph[id].inputs.compactMap(\.self))
    }
    return result.reversed()
  }

  private static func lifetimes(_ steps: [ProgramStep], _ count: Int) -> [ClosedRange<Int>?] {
    var lives = [ClosedRange<Int>?](repeating: nil, count: count)
    for (s, step) in steps.enumerated() {
      for port in step.ports { lives[port.buffer] = (lives[port.buffer]?.lowerBound ?? s)...s }
    }
    return lives
  }
}

extension Program {
  /// Bytes of the arena, in which all values live that are neither fed nor returned, and scratch memory.
  var plannedBytes: Int { arenaBytes }
  /// Bytes of weights that steps hold in a layout of their own.
  var packedBytes: Int {
    steps.reduce(0) { sum, step in
      switch step.work {
      case .prepared(let work): sum + work.heldBytes
      case .lstm(let work, _): sum + work.heldBytes
      default: sum
      }
    }
  }

  /// Runs on feeds of the shapes that it was compiled for.
  ///
  /// `observe` is told each step with the time that it took, in seconds.
  func run(
    _ feeds: [ValueID: Tensor], observe: ((String, Double) -> Void)? = nil
  ) throws(ShrinkError) -> [ValueID: Tensor] {
    try state.withLock { (state: inout State) throws(ShrinkError) in
      let arena = state.arena ?? TensorStorage(byteCount: arenaBytes)
      state.arena = arena
      var memory = ProgramMemory(buffers, offsets, arena, feeds)
      for (s, step) in steps.enumerated() {
        let start = ContinuousClock.now
        do throws(OperatorError) {
          try run(step, scratch: arena.bytes + scratchOffsets[s], &memory)
        } catch { throw error.at(step.node, of: graph) }
        if let observe { observe(title(step), (ContinuousClock.now - start).seconds) }
        for buffer in releases[s] { memory.release(buffer) }
      }
      var values: [ValueID: Tensor] = [:]
      for (value, port, type) in results { values[value] = memory.tensor(port, type.dtype, type.shape) }
      return values
    }
  }

  private func title(_ step: ProgramStep) -> String {
    let work =
      switch step.work {
      case .prepared(let work): work.name
      case .chain(let chain): "chain \(chain.dims)"
      case .mean: "mean"
      case .lstm: "recurrence"
      case .kernel: "kernel"
      }
    return "\(graph.place(of: step.node)) \(work)"
  }

  private func run(
    _ step: ProgramStep, scratch: UnsafeMutableRawPointer, _ memory: inout ProgramMemory
  ) throws(OperatorError) {
    switch step.work {
    case .prepared(let work):
      let pointers = step.ports.map { Optional(memory.pointer($0)) }
      try OperatorError.computing { () throws(MathError) in try work.run(pointers, scratch: scratch) }
    case .chain(let chain):
      let pointers = step.ports.map { memory.pointer($0).assumingMemoryBound(to: Float.self) }
      chain.run(pointers[..<step.writes.lowerBound].map { UnsafePointer($0) }, Array(pointers[step.writes]))
    case .mean(let images, let positions, let channels):
      PositionMean.run(
        memory.pointer(step.ports[0]).assumingMemoryBound(to: Float.self),
        memory.pointer(step.ports[1]).assumingMemoryBound(to: Float.self), images: images, positions: positions,
        channels: channels)
    case .lstm(let layer, let states):
      let ports = step.ports.map { memory.pointer($0).assumingMemoryBound(to: Float.self) }
      let results = step.writes.lowerBound
      var passed = PreparedLSTM.Memory(x: ports[0], y: ports[results], scratch: ports[results + 1])
      var (read, written) = (1, results + 2)
      func next(_ isThere: Bool, _ position: inout Int) -> UnsafeMutablePointer<Float>? {
        guard isThere else { return nil }
        position += 1
        return ports[position - 1]
      }
      passed.state = next(states.state, &read).map { UnsafePointer($0) }
      passed.cell = next(states.cell, &read).map { UnsafePointer($0) }
      passed.lastState = next(states.lastState, &written)
      passed.lastCell = next(states.lastCell, &written)
      try OperatorError.computing { () throws(MathError) in try layer.run(passed) }
    case .kernel(let operation, let operands, let types):
      let tensors = operands.map { operand in
        operand.map { memory.tensor(step.ports[$0.port], $0.dtype, $0.shape) }
      }
      let results = try operation.run(Operands(tensors))
      guard zip(results, types).allSatisfy({ $0.dtype == $1.dtype && $0.shape == $1.shape }),
        results.count >= types.count
      else { throw .differsFromRule(results.map { TensorType($0.dtype, $0.shape) }, types) }
      for (port, result) in zip(step.ports[step.writes], results) { memory.keep(result, in: port.buffer) }
    }
  }
}

/// The memory of one run: where each buffer stands, and who owns it.
private struct ProgramMemory {
  private var bases: [UnsafeMutableRawPointer?]
  private var owners: [TensorStorage?]
  private let arena: TensorStorage

  init(_ buffers: [ProgramBuffer], _ offsets: [Int], _ arena: TensorStorage, _ feeds: [ValueID: Tensor]) {
    self.arena = arena
    bases = [UnsafeMutableRawPointer?](repeating: nil, count: buffers.count)
    owners = [TensorStorage?](repeating: nil, count: buffers.count)
    for (i, buffer) in buffers.enumerated() {
      switch buffer.source {
      case .constant(let tensor): set(i, tensor.storage, tensor.offset)
      case .input(let value): if let tensor = feeds[value] { set(i, tensor.storage, tensor.offset) }
      case .arena: set(i, arena, offsets[i])
      case .result: set(i, TensorStorage(byteCount: buffer.bytes), 0)
      case .kernel: break
      }
    }
  }

  private mutating func set(_ buffer: Int, _ storage: TensorStorage, _ offset: Int) {
    owners[buffer] = storage
    bases[buffer] = storage.bytes + offset
  }

  func pointer(_ port: ProgramPort) -> UnsafeMutableRawPointer {
    guard let base = bases[port.buffer] else { preconditionFailure("buffer \(port.buffer) is not there yet") }
    return base + port.offset
  }

  func tensor(_ port: ProgramPort, _ dtype: DType, _ shape: [Int]) -> Tensor {
    guard let owner = owners[port.buffer] else { preconditionFailure("buffer \(port.buffer) is not there yet") }
    return Tensor(dtype: dtype, shape: shape, storage: owner, offset: pointer(port) - owner.bytes)
  }

  /// Takes what a kernel returned; a tensor that lives in the arena is copied, since its place will be used again.
  mutating func keep(_ tensor: Tensor, in buffer: Int) {
    guard tensor.storage === arena else { return set(buffer, tensor.storage, tensor.offset) }
    let copy = TensorStorage(byteCount: tensor.byteCount)
    tensor.withBytes { if let base = $0.baseAddress { copy.bytes.copyMemory(from: base, byteCount: $0.count) } }
    set(buffer, copy, 0)
  }

  mutating func release(_ buffer: Int) {
    owners[buffer] = nil
    bases[buffer] = nil
  }
}

extension OperatorError {
  /// Passes the error of a prepared step on: it was compiled for these shapes, so that it is our own mistake.
  fileprivate static func computing(_ body: () throws(MathError) -> Void) throws(OperatorError) {
    do { try body() } catch { throw OperatorError(.internal, error.message) }
  }
}
