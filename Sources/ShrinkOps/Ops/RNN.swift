import ShrinkGraph
import ShrinkMath

/// A layer of simple recurrent units: H ← f(X Wᵀ + H Rᵀ + Wb + Rb).
package struct RNN: RecurrentCell, LinearOperator {
  package static let names = ["RNN"]
  package static let opsets = 1...28
  package static let inputs = 3...6
  static let gates = 1

  private let recurrence: Recurrence

  package init(_ attributes: Attributes) throws(OperatorError) {
    recurrence = try Recurrence(attributes, gates: Self.gates, defaults: ["Tanh"])
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
    try d.addState(to: gates, gates: 1, stride: stride)
  }

  func update<T: KernelElement>(_ d: RecurrentDirection<T>, _ gates: UnsafeMutablePointer<T>, sample: Int) {
    d.addBias(to: gates, gates: 1)
    d.functions[0].apply(gates, d.hidden, clip: recurrence.clip)
    (d.state + sample * d.hidden).update(from: gates, count: d.hidden)
  }

  package func couple(_ c: inout Coupling) { recurrence.couple(&c) }

  package func resize(_ c: Coupling, to size: KeptAxes) -> [Resize] { recurrence.resize(c, to: size) }

  package func readings(_ inputs: Operands<TensorType>) -> [any LinearReading] {
    recurrence.readings(inputs)
  }
}
