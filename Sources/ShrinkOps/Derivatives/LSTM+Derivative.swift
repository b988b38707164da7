import ShrinkGraph
import ShrinkMath

extension LSTM: Differentiable {
  /// Backpropagation through time (Werbos 1990), for the functions that an LSTM has by default.
  package func pullback(_ p: Pullback) throws(OperatorError) -> Gradients {
    let lengths = p.inputs.optional(Recurrence.lengths)?.integers
    let s = try recurrence.sizes(p.inputs.types)
    guard recurrence.functions.allSatisfy(\.isDefaultForLSTM), recurrence.clip == nil, !couplesForget,
      p.inputs.optional(Recurrence.peepholes) == nil, lengths?.allSatisfy({ $0 == s.steps }) ?? true,
      !p.wanted.dropFirst().contains(true)
    else { throw .noDerivative }
    var result = Gradients([Tensor?](repeating: nil, count: p.inputs.count))
    var total: Tensor?
    for d in recurrence.isReverse.indices {
      let gates = try direction(d, p, s)
      let flat = gates.reshaped([s.batch * s.steps, 4 * s.hidden])
      (result.hidden[2 * d], result.hidden[2 * d + 1]) = (flat, flat)
      guard p.wanted[0] else { continue }
      let w = p.inputs[1].rows(d..<d + 1).reshaped([4 * s.hidden, s.inputs])
      var dx = try p.apply("MatMul", [gates, w])
      if !recurrence.isBatchFirst { dx = try p.apply("Transpose", [dx], [.sizes("perm", [1, 0, 2])]) }
      total = try total.map { (sum) throws(OperatorError) in try Arithmetic.add(sum, dx) } ?? dx
    }
    result.operands[0] = total
    return result
  }

  /// The gradient of the gates before their functions: samples × steps × 4 units.
  private func direction(_ d: Int, _ p: Pullback, _ s: Recurrence.Sizes) throws(OperatorError) -> Tensor {
    let pass = try BackwardPass(d, recurrence, p, s)
    return try pass.run()
  }
}

/// One direction of an LSTM, walked backwards.
private struct BackwardPass {
  private let d: Int
  private let r: Recurrence
  private let s: Recurrence.Sizes
  private let p: Pullback
  /// Weights of the state, 4 units × units.
  private let weight: Tensor
  /// The state before each step, and the gates before their functions: one row for each sample and step.
  private let states: [Float]
  private let gates: [Float]

  init(_ d: Int, _ r: Recurrence, _ p: Pullback, _ s: Recurrence.Sizes) throws(OperatorError) {
    (self.d, self.r, self.s, self.p) = (d, r, s, p)
    weight = p.inputs[2].rows(d..<d + 1).reshaped([4 * s.hidden, s.hidden])
    let rows = s.batch * s.steps
    let stateMap = RecurrentReading(
      recurrence: r, direction: d, source: .state, chosen: 0..<4, steps: s.steps, batch: s.batch, inputs: s.inputs,
      units: s.hidden)
    let inputMap = RecurrentReading(
      recurrence: r, direction: d, source: .inputs, chosen: 0..<4, steps: s.steps, batch: s.batch, inputs: s.inputs,
      units: s.hidden)
    let before = Tensor(shape: [rows, s.hidden], Float.self) {
      if let to = $0.baseAddress {
        stateMap.gatherRows(p.outputs[0], p.inputs, positions: Array(0..<rows), into: to)
      }
    }
    let x = Tensor(shape: [rows, s.inputs], Float.self) {
      if let to = $0.baseAddress { inputMap.gatherRows(p.inputs[0], p.inputs, positions: Array(0..<rows), into: to) }
    }
    let w = p.inputs[1].rows(d..<d + 1).reshaped([4 * s.hidden, s.inputs])
    let transposed = Attribute("transB", .int(1))
    var sum = try Arithmetic.add(
      try p.apply("Gemm", [x, w], [transposed]), try p.apply("Gemm", [before, weight], [transposed]))
    if let b = p.inputs.optional(3)?.rows(d..<d + 1).elements(Float.self) {
      let width = 4 * s.hidden
      sum = try Arithmetic.add(sum, Tensor(shape: [width], (0..<width).map { b[$0] + b[width + $0] }))
    }
    gates = sum.elements(Float.self)
    states = before.elements(Float.self)
  }

  /// Place of a sample's state in Y_h or Y_c.
  private func place(_ b: Int) -> Int { (r.isBatchFirst ? b * r.isReverse.count + d : d * s.batch + b) * s.hidden }

  func run() throws(OperatorError) -> Tensor {
    let (n, width) = (s.hidden, 4 * s.hidden)
    let order = r.isReverse[d] ? Array((0..<s.steps).reversed()) : Array(0..<s.steps)
    let cells = cells(order)
    let dY = p.cotangents[0]?.elements(Float.self)
    var dH = last(1), dC = last(2)
    var result = [Float](repeating: 0, count: s.batch * s.steps * width)
    for (at, step) in order.enumerated().reversed() {
      for b in 0..<s.batch {
        let row = b * s.steps + step
        if let dY {
          let y =
            r.isBatchFirst
            ? (row * r.isReverse.count + d) * n : ((step * r.isReverse.count + d) * s.batch + b) * n
          for j in 0..<n { dH[b * n + j] += dY[y + j] }
        }
        for j in 0..<n {
          let gate = row * width + j
          let i = Self.sigmoid(gates[gate])
          let o = Self.sigmoid(gates[gate + n])
          let f = Self.sigmoid(gates[gate + 2 * n])
          let c = Float.hyperbolicTangent(gates[gate + 3 * n])
          let cell = (b * (s.steps + 1) + at) * n + j
          let before = cells[cell]
          let t = Float.hyperbolicTangent(cells[cell + n])
          let dh = dH[b * n + j]
          let dc = dC[b * n + j] + dh * o * (1 - t * t)
          result[gate] = dc * c * i * (1 - i)
          result[gate + n] = dh * t * o * (1 - o)
          result[gate + 2 * n] = dc * before * f * (1 - f)
          result[gate + 3 * n] = dc * i * (1 - c * c)
          dC[b * n + j] = dc * f
        }
      }
      var made: [Float] = []
      for b in 0..<s.batch {
        let row = (b * s.steps + step) * width
        made += result[row..<row + width]
      }
      dH = try p.apply("MatMul", [Tensor(shape: [s.batch, width], made), weight]).elements(Float.self)
    }
    return Tensor(shape: [s.batch, s.steps, width], result)
  }

  private static func sigmoid(_ x: Float) -> Float { 1 / (1 + Float.exponential(-x)) }

  /// What reaches the state behind the last step from the results Y_h (1) or Y_c (2): samples × units.
  private func last(_ output: Int) -> [Float] {
    guard output < p.cotangents.count, let g = p.cotangents[output]?.elements(Float.self) else {
      return [Float](repeating: 0, count: s.batch * s.hidden)
    }
    return (0..<s.batch).flatMap { g[place($0)..<place($0) + s.hidden] }
  }

  /// The cell before and behind each step, in the order in which they are walked: samples × (steps + 1) × units.
  private func cells(_ order: [Int]) -> [Float] {
    let (n, width) = (s.hidden, 4 * s.hidden)
    var result = [Float](repeating: 0, count: s.batch * (s.steps + 1) * n)
    let start = p.inputs.optional(Recurrence.cell)?.elements(Float.self)
    for b in 0..<s.batch {
      for j in 0..<n { result[b * (s.steps + 1) * n + j] = start.map { $0[place(b) + j] } ?? 0 }
      for (at, step) in order.enumerated() {
        let (row, from) = ((b * s.steps + step) * width, (b * (s.steps + 1) + at) * n)
        for j in 0..<n {
          let forget = Self.sigmoid(gates[row + 2 * n + j])
          let made = Self.sigmoid(gates[row + j]) * Float.hyperbolicTangent(gates[row + 3 * n + j])
          result[from + n + j] = forget * result[from + j] + made
        }
      }
    }
    return result
  }
}
