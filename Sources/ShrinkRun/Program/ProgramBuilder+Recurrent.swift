import ShrinkGraph
import ShrinkMath
import ShrinkOps

extension ProgramBuilder {
  /// An LSTM with its weights packed.
  func emitLSTM(_ id: NodeID, backwards: [Bool]) throws(MathError) {
    let node = graph[id]
    let x = input(id, 0)
    let (steps, batch) = (shape(x)[0], shape(x)[1])
    func operand(_ slot: Int) -> ValueID? { slot < node.inputs.count ? node.inputs[slot] : nil }
    func elements(_ slot: Int) -> [Float]? { operand(slot).flatMap { constant($0)?.elements(Float.self) } }
    guard hasFiniteWeights(id), let w = elements(1), let r = elements(2), let hidden = operand(2).map({ shape($0)[2] })
    else {
      return try emitKernel(id)
    }
    let width = shape(x)[2]
    let (bias, peepholes) = (elements(3), elements(7))
    let directions = backwards.enumerated().map { index, isBackwards in
      PreparedLSTM.Direction(
        isBackwards: isBackwards, input: part(w, index, 4 * hidden * width),
        recurrent: part(r, index, 4 * hidden * hidden),
        bias: bias.map { all in
          let both = part(all, index, 8 * hidden)
          return zip(both, both.dropFirst(4 * hidden)).map { $0 + $1 }
        }, peepholes: peepholes.map { part($0, index, 3 * hidden) })
    }
    let layer = try PreparedLSTM(
      PreparedLSTM.Shape(steps: steps, batch: batch, width: width, hidden: hidden), directions)
    var reads = [try plain(x).port(.float32)]
    var states = ProgramStep.LSTMStates()
    for (slot, path) in [(5, \ProgramStep.LSTMStates.state), (6, \.cell)] {
      guard let value = operand(slot) else { continue }
      states[keyPath: path] = true
      reads.append(try plain(value).port(.float32))
    }
    let whole = ProgramPort(buffer: add(.arena, bytes: 4 * steps * backwards.count * batch * hidden))
    var writes = [whole, ProgramPort(buffer: add(.arena, bytes: 4 * layer.scratchCount))]
    if let y = node.outputs[0] {
      places[y] = [ValuePlace(buffer: whole.buffer, strides: StridedShape.dense(shape(y)))]
    }
    for (slot, path) in [(1, \ProgramStep.LSTMStates.lastState), (2, \.lastCell)] {
      guard slot < node.outputs.count, let value = node.outputs[slot] else { continue }
      states[keyPath: path] = true
      writes.append(allocate(value, strides: StridedShape.dense(shape(value))).port(.float32))
    }
    append(.lstm(layer, states: states), reads: reads, writes: writes, id)
  }

  private func part(_ values: [Float], _ index: Int, _ count: Int) -> [Float] {
    Array(values[index * count..<(index + 1) * count])
  }
}
