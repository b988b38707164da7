import ShrinkGraph
import ShrinkMath

/// A layer of gated recurrent units, with gates in the order z, r, h.
///
///   z = f(X Wzᵀ + H Rzᵀ + b)   r = f(X Wrᵀ + H Rrᵀ + b)   H ← (1 - z) ⊙ h + z ⊙ H
///   h = g(X Whᵀ + (r ⊙ H) Rhᵀ + Rb + Wb)   or, with `linear_before_reset`,   g(X Whᵀ + r ⊙ (H Rhᵀ + Rb) + Wb)
package struct GRU: RecurrentCell, LinearOperator {
  package static let names = ["GRU"]
  package static let opsets = 1...28
  package static let inputs = 3...6
  static let gates = 3

  private let recurrence: Recurrence
  private let isLinearBeforeReset: Bool

  package init(_ attributes: Attributes) throws(OperatorError) {
    recurrence = try Recurrence(attributes, gates: Self.gates, defaults: ["Sigmoid", "Tanh"])
    isLinearBeforeReset = try attributes.int("linear_before_reset", default: 0) != 0
  }

  package func infer(_ inputs: Operands<TensorType>) throws(OperatorError) -> [TensorType] {
    try recurrence.infer(inputs, states: 1)
  }

  package func run(_ inputs: Operands<Tensor>) throws(OperatorError) -> [Tensor] {
    try recurrence.run(inputs, self, states: 1)
  }

  func prepare<T: KernelElement>(
    _ d: RecurrentDirection<T>, _ gates: UnsafeMutablePointer<T>, stride: Int
  ) throws(MathError) {
    let n = d.hidden
    try d.addState(to: gates, gates: 2, stride: stride)
    if isLinearBeforeReset { try d.multiply(d.state, gates: 2..<3, beta: 0, to: d.scratch, stride: n) }
    for b in 0..<d.batch {
      let (row, reset) = (gates + b * stride, gates + b * stride + n)
      let (state, scratch) = (d.state + b * n, d.scratch + b * n)
      d.addBias(to: row, gates: 2)
      d.functions[0].apply(row, 2 * n, clip: recurrence.clip)
      if isLinearBeforeReset {
        if let bias = d.bias { for j in 0..<n { scratch[j] += bias[2 * n + j] } }
        for j in 0..<n { row[2 * n + j] += reset[j] * scratch[j] }
      } else {
        if let bias = d.bias { for j in 0..<n { row[2 * n + j] += bias[2 * n + j] } }
        for j in 0..<n { scratch[j] = reset[j] * state[j] }
      }
    }
    if !isLinearBeforeReset {
      try d.multiply(d.scratch, gates: 2..<3, beta: 1, to: gates + 2 * n, stride: stride)
    }
  }

  func update<T: KernelElement>(_ d: RecurrentDirection<T>, _ gates: UnsafeMutablePointer<T>, sample: Int) {
    let n = d.hidden
    let (keep, candidate, state) = (gates, gates + 2 * n, d.state + sample * n)
    d.functions[1].apply(candidate, n, clip: recurrence.clip)
    for j in 0..<n { state[j] = (1 - keep[j]) * candidate[j] + keep[j] * state[j] }
  }

  package func couple(_ c: inout Coupling) { recurrence.couple(&c) }

  package func resize(_ c: Coupling, to size: KeptAxes) -> [Resize] { recurrence.resize(c, to: size) }

  package func readings(_ inputs: Operands<TensorType>) -> [any LinearReading] {
    recurrence.readings(inputs, resetsFirst: !isLinearBeforeReset)
  }
}
