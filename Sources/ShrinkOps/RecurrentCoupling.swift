import ShrinkGraph
import ShrinkMath

/// Hidden units go in all gates, in all directions and in every state at once; samples go too, steps never do.
extension Recurrence {
  func couple(_ c: inout Coupling) {
    let (units, blocks) = (c.factor(c.size(.input(2, 2))), gates > 1 ? [pinnedFactor(gates, &c)] : [])
    c.contract(.input(0, 2), with: .input(1, 2))
    c.split(.input(1, 1), into: blocks + [units])
    c.split(.input(2, 1), into: blocks + [units])
    c.split(.input(2, 2), into: [units])
    // What is summed over is the state, which no operand shows: the weights stand for it.
    c.contractPart(of: .input(2, 2), with: .input(2, 2))
    for (slot, count) in [(3, 2 * gates), (Self.peepholes, 3)] where c.inputs.optional(slot) != nil {
      c.split(.input(slot, 1), into: [pinnedFactor(count, &c), units])
    }
    let sample = Port.input(0, isBatchFirst ? 0 : 1)
    if c.inputs.optional(Self.lengths) != nil { c.tie(.input(Self.lengths, 0), sample) }
    for slot in [Self.state, Self.cell] where c.inputs.optional(slot) != nil {
      c.split(.input(slot, 2), into: [units])
      c.tie(.input(slot, isBatchFirst ? 0 : 1), sample)
    }
    for slot in c.outputs.indices where !c.outputs[slot].shape.isEmpty {
      c.split(.output(slot, slot == 0 ? 3 : 2), into: [units])
      c.tie(.output(slot, isBatchFirst ? 0 : slot == 0 ? 2 : 1), sample)
    }
  }

  private func pinnedFactor(_ size: Int, _ c: inout Coupling) -> Coupling.Factor {
    let factor = c.factor(size)
    c.pin(factor)
    return factor
  }

  func resize(_ c: Coupling, to size: KeptAxes) -> [Resize] {
    let left = size(.input(2, 2))
    return hidden == nil || left == hidden ? [] : [.attribute("hidden_size", .int(Int64(left)))]
  }

  /// For each direction the map of the inputs and that of the state, to all gates.
  ///
  /// With `resetsFirst` the state reaches the last gate only behind the gate before it, which resets it (a GRU): the map
  /// to that gate stands on its own and reads the state times its reset, worked out from the operands.
  func readings(_ inputs: Operands<TensorType>, resetsFirst: Bool = false) -> [any LinearReading] {
    guard inputs[0].dtype == .float32, let s = try? sizes(inputs) else { return [] }
    return isReverse.indices.flatMap { d -> [any LinearReading] in
      func map(_ source: RecurrentReading.Source, _ gates: Range<Int>) -> RecurrentReading {
        RecurrentReading(
          recurrence: self, direction: d, source: source, chosen: gates, steps: s.steps, batch: s.batch,
          inputs: s.inputs, units: s.hidden)
      }
      let first = map(.inputs, 0..<gates)
      return resetsFirst
        ? [first, map(.state, 0..<gates - 1), map(.resetState, gates - 1..<gates)] : [first, map(.state, 0..<gates)]
    }
  }
}

/// What one direction of a recurrent network multiplies by its weights.
///
/// Rows are samples × steps, samples outermost. No result shows the gates that come of it. Behind the end of a sequence
/// the state is that which the network has there.
struct RecurrentReading: LinearReading {
  /// What a row holds.
  enum Source { case inputs, state, resetState }

  let recurrence: Recurrence
  let direction: Int
  let source: Source
  /// Gates that it goes to.
  let chosen: Range<Int>
  let steps: Int, batch: Int, inputs: Int, units: Int

  var data: Port { source == .inputs ? .input(0, 2) : .output(0, 3) }
  /// The axis of the weights: a node need not name the states of all steps, nor their axis be the only one of the units.
  var channelAxis: Port { source == .inputs ? .input(0, 2) : .input(2, 2) }
  var weight: Int { source == .inputs ? 1 : 2 }
  let bias: Int? = 3
  let output: Port? = nil
  var product: LinearProduct {
    LinearProduct(
      channels: source == .inputs ? inputs : units, taps: 1, outputs: chosen.count * units, positions: batch * steps,
      isPadded: false)
  }

  /// Columns of all gates of a direction.
  private var width: Int { recurrence.gates * units }
  private var directions: Int { recurrence.isReverse.count }
  /// First column of the chosen gates in those of all directions.
  private var first: Int { direction * width + chosen.lowerBound * units }

  func matrixOrder() -> [Int] {
    let k = product.channels
    return (0..<k).flatMap { i in (0..<product.outputs).map { (first + $0) * k + i } }
  }

  var biasShape: [Int] { [directions, 2 * width] }

  func biasOrder(_ shape: [Int]) -> [Int]? {
    guard shape == biasShape else { return nil }
    let start = (2 * direction + (source == .inputs ? 0 : 1)) * width + chosen.lowerBound * units
    return Array(start..<start + product.outputs)
  }

  func gatherOutputs(_ y: Tensor, positions: [Int], into rows: UnsafeMutablePointer<Float>) {}

  func gatherRows(
    _ x: Tensor, _ operands: Operands<Tensor>, positions: [Int], into rows: UnsafeMutablePointer<Float>
  ) {
    guard source != .inputs else { return gatherInputs(x, positions, into: rows) }
    gatherStates(x, operands, positions, into: rows)
    if source == .resetState { reset(operands, positions, rows) }
  }

  private func gatherInputs(_ x: Tensor, _ positions: [Int], into rows: UnsafeMutablePointer<Float>) {
    gather(x, positions, columns: inputs, into: rows) { x, position, row, _ in
      let at = recurrence.isBatchFirst ? position : position % steps * batch + position / steps
      row.update(from: x + at * inputs, count: inputs)
    }
  }

  /// The state before each step.
  private func gatherStates(
    _ y: Tensor, _ operands: Operands<Tensor>, _ positions: [Int], into rows: UnsafeMutablePointer<Float>
  ) {
    let lengths = operands.optional(Recurrence.lengths)?.integers
    let start = operands.optional(Recurrence.state)?.elements(Float.self)
    let (isReverse, isBatchFirst) = (recurrence.isReverse[direction], recurrence.isBatchFirst)
    gather(y, positions, columns: units, into: rows) { y, position, row, _ in
      let (sample, step) = (position / steps, position % steps)
      let length = lengths?[sample] ?? steps
      // The step that left the state behind.
      let last = isReverse ? step + 1 : min(step, length) - 1
      if last >= 0 && last < length {
        let at =
          isBatchFirst
          ? (sample * steps + last) * directions + direction : (last * directions + direction) * batch + sample
        row.update(from: y + at * units, count: units)
      } else if let start {
        let at = (isBatchFirst ? sample * directions + direction : direction * batch + sample) * units
        for j in 0..<units { row[j] = start[at + j] }
      } else {
        row.update(repeating: 0, count: units)
      }
    }
  }

  /// Multiplies rows of states by the gate before the chosen one.
  private func reset(_ operands: Operands<Tensor>, _ positions: [Int], _ rows: UnsafeMutablePointer<Float>) {
    let (count, gate) = (positions.count, first - units)
    guard count > 0 else { return }
    var inputRows = [Float](repeating: 0, count: count * inputs)
    inputRows.withUnsafeMutableBufferPointer { x in
      if let x = x.baseAddress { gatherInputs(operands[0], positions, into: x) }
    }
    var gates = [Float](repeating: 0, count: count * units)
    if let b = operands.optional(3)?.elements(Float.self) {
      let at = 2 * direction * width + (chosen.lowerBound - 1) * units
      for i in gates.indices { gates[i] = b[at + i % units] + b[at + width + i % units] }
    }
    gates.withUnsafeMutableBufferPointer { gates in
      guard let gates = gates.baseAddress else { return }
      defer { withExtendedLifetime(operands) {} }
      let (w, r) = (operands[1].start(Float.self), operands[2].start(Float.self))
      // Products of these sizes have run in the layer itself.
      try? Float.product(transposeB: true, count, units, units, rows, r + gate * units, beta: 1, gates)
      try? Float.product(transposeB: true, count, units, inputs, inputRows, w + gate * inputs, beta: 1, gates)
      recurrence.functions[direction][0].apply(gates, count * units, clip: recurrence.clip)
      for i in 0..<count * units { rows[i] *= gates[i] }
    }
  }
}
