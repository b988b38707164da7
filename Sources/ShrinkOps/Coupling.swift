import ShrinkGraph

/// One axis of one operand or result of an operator.
package struct Port: Hashable, Sendable {
  /// Operand or result number.
  package let slot: Int
  /// Whether it is a result.
  package let isOutput: Bool
  /// Axis, counted from 0.
  package let axis: Int

  /// An axis of an operand.
  package static func input(_ slot: Int, _ axis: Int) -> Port { Port(slot: slot, isOutput: false, axis: axis) }
  /// An axis of a result.
  package static func output(_ slot: Int, _ axis: Int) -> Port { Port(slot: slot, isOutput: true, axis: axis) }
}

/// The words a coupling rule may use: which indices of which axes must be kept or removed together.
///
/// `tie` says that indices stand or fall together. `contract` says that the operator sums over an axis against a weight,
/// which can therefore absorb a linear relation between the indices. What a rule does not name is pinned.
package struct Coupling: Sendable {
  /// Runs of indices: for i in 0 ..< count, index `firstA + i` goes with `firstB + i·block ..< firstB + (i+1)·block`.
  package struct Tie: Sendable, Equatable {
    package let a: Port, firstA: Int
    package let b: Port, firstB: Int
    package let count: Int
    package let block: Int
  }
  /// An axis that is summed over.
  package struct Contraction: Sendable, Equatable {
    package let data: Port
    package let weight: Port
  }

  /// Types of the operands and results of the node.
  package let inputs: Operands<TensorType>
  package let outputs: [TensorType]
  /// What the rule has said so far.
  package private(set) var ties: [Tie] = []
  package private(set) var contractions: [Contraction] = []
  /// Ports that the rule has named.
  package private(set) var named: Set<Port> = []

  /// Starts with nothing said.
  package init(inputs: Operands<TensorType>, outputs: [TensorType]) {
    self.inputs = inputs
    self.outputs = outputs
  }

  /// Length of an axis; 0 for an operand that is left out.
  package func size(_ p: Port) -> Int {
    let shape = p.isOutput ? outputs[p.slot].shape : inputs.optional(p.slot)?.shape ?? []
    return p.axis < shape.count ? shape[p.axis] : 0
  }

  /// Index i of `a` goes with index i + offset of `b`, for every index of `a`.
  package mutating func tie(_ a: Port, _ b: Port, offset: Int = 0) {
    tie(a, from: 0, b, from: offset, count: size(a))
  }
  /// Index i of `a` goes with the indices i·block ..< (i+1)·block of `b`.
  package mutating func tie(_ a: Port, _ b: Port, block: Int) {
    tie(a, from: 0, b, from: 0, count: size(a), block: block)
  }
  /// Index `firstA` + i of `a` goes with `block` indices of `b` from `firstB` + i·block on, for `count` indices.
  package mutating func tie(_ a: Port, from firstA: Int, _ b: Port, from firstB: Int, count: Int, block: Int = 1) {
    precondition(
      firstA >= 0 && firstB >= 0 && firstA + count <= size(a) && firstB + count * block <= size(b),
      "a tie leaves its axis")
    named.insert(a)
    named.insert(b)
    ties.append(Tie(a: a, firstA: firstA, b: b, firstB: firstB, count: count, block: block))
  }
  /// Every axis of an operand goes with the same axis of a result, except those listed.
  package mutating func tieAll(input: Int, output: Int, except: Set<Int> = []) {
    for axis in outputs[output].shape.indices where !except.contains(axis) {
      tie(.input(input, axis), .output(output, axis))
    }
  }
  /// The operator sums over `data` against `weight`.
  package mutating func contract(_ data: Port, with weight: Port) {
    tie(data, weight)
    contractions.append(Contraction(data: data, weight: weight))
  }
}
