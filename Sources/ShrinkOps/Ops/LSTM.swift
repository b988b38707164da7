import ShrinkGraph
import ShrinkMath

/// A layer of long short-term memory, with gates in the order i, o, f, c.
///
///   i = f(X Wiᵀ + H Riᵀ + Pi ⊙ C + b)   f = f(… + Pf ⊙ C), or 1 - i with `input_forget`   c = g(…)
///   C ← f ⊙ C + i ⊙ c   o = f(… + Po ⊙ C)   H ← o ⊙ h(C)
package struct LSTM: RecurrentCell, LinearOperator {
  package static let names = ["LSTM"]
  package static let opsets = 1...28
  package static let inputs = 3...8
  static let gates = 4

  let recurrence: Recurrence
  let couplesForget: Bool

  package init(_ attributes: Attributes) throws(OperatorError) {
    recurrence = try Recurrence(attributes, gates: Self.gates, defaults: ["Sigmoid", "Tanh", "Tanh"])
    couplesForget = try attributes.int("input_forget", default: 0) != 0
  }

  package func infer(_ inputs: Operands<TensorType>) throws(OperatorError) -> [TensorType] {
    try recurrence.infer(inputs, states: 2)
  }

  package func run(_ inputs: Operands<Tensor>) throws(OperatorError) -> [Tensor] {
    try recurrence.run(inputs, self, states: 2)
  }

  func prepare<T: KernelElement>(
    _ d: RecurrentDirection<T>, _ gates: UnsafeMutablePointer<T>, stride: Int
  ) throws(MathError) {
    try d.addState(to: gates, gates: 4, stride: stride)
  }

  func update<T: KernelElement>(_ d: RecurrentDirection<T>, _ gates: UnsafeMutablePointer<T>, sample: Int) {
    let (n, clip) = (d.hidden, recurrence.clip)
    let (input, output, forget, candidate) = (gates, gates + n, gates + 2 * n, gates + 3 * n)
    let (state, cell) = (d.state + sample * n, d.cell + sample * n)
    d.addBias(to: gates, gates: 4)
    if let p = d.peepholes {
      for j in 0..<n { input[j] += p[j] * cell[j] }
      if !couplesForget { for j in 0..<n { forget[j] += p[2 * n + j] * cell[j] } }
    }
    d.functions[0].apply(input, n, clip: clip)
    if couplesForget {
      for j in 0..<n { forget[j] = 1 - input[j] }
    } else {
      d.functions[0].apply(forget, n, clip: clip)
    }
    d.functions[1].apply(candidate, n, clip: clip)
    for j in 0..<n { cell[j] = forget[j] * cell[j] + input[j] * candidate[j] }
    if let p = d.peepholes { for j in 0..<n { output[j] += p[n + j] * cell[j] } }
    d.functions[0].apply(output, n, clip: clip)
    state.update(from: cell, count: n)
    // As ONNX Runtime has it, the threshold holds the gates, not what the cell gives.
    d.functions[2].apply(state, n, clip: nil)
    for j in 0..<n { state[j] *= output[j] }
  }

  package func couple(_ c: inout Coupling) { recurrence.couple(&c) }

  package func resize(_ c: Coupling, to size: KeptAxes) -> [Resize] { recurrence.resize(c, to: size) }

  package func readings(_ inputs: Operands<TensorType>) -> [any LinearReading] {
    recurrence.readings(inputs)
  }
}
