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
/// `tie` says that indices stand or fall together. `split` says that an axis is several written as one (heads × width), which
/// may shrink on their own. `contract` says that the operator sums over an axis against a weight, which can therefore absorb
/// a linear relation between the indices; `pair` that it sums over an axis of two operands that are both computed. What a
/// rule does not name is pinned.
package struct Coupling: Sendable {
  /// A run of indices: index `firstA + i` goes with `firstB + i`, for i in 0 ..< count.
  package struct Tie: Sendable, Equatable {
    package let a: Port, firstA: Int
    package let b: Port, firstB: Int
    package let count: Int
  }
  /// A size that axes may have in common: an axis that no tensor shows on its own.
  package struct Factor: Hashable, Sendable {
    /// Position in `factors`.
    package let number: Int
    /// Number of indices.
    package let size: Int
  }
  /// An axis that is the row-major product of factors, the outermost first.
  package struct Product: Sendable, Equatable {
    package let port: Port
    package let factors: [Factor]
  }
  /// An axis that is summed over against a weight.
  package struct Contraction: Sendable, Equatable {
    package let data: Port
    package let weight: Port
  }
  /// Axes of two computed operands that are summed over together.
  package struct Pair: Sendable, Equatable {
    package let a: Port
    package let b: Port
    /// Whether all of the axes is summed over, not only the innermost of their factors.
    package let isWhole: Bool
  }
  /// What an element of an operand is for inputs of every size.
  package enum Element: Sendable, Equatable {
    /// This number.
    case number(Int)
    /// This number, which stands in a constant that is there for nothing else.
    case literal(Int)
    /// The size of this axis of an operand.
    case size(Port)
    /// Not known.
    case open
  }

  /// Types of the operands and results of the node.
  package let inputs: Operands<TensorType>
  package let outputs: [TensorType]
  /// Operands whose elements are in the file; others that are known follow from the sizes of this run's inputs.
  private let stored: Set<Int>?
  /// Elements of operands that are computed from sizes.
  private let elements: [Int: [Element]]
  /// What the rule has said so far.
  package private(set) var ties: [Tie] = []
  package private(set) var products: [Product] = []
  package private(set) var contractions: [Contraction] = []
  package private(set) var pairs: [Pair] = []
  package private(set) var factors: [Factor] = []
  /// Factors none of whose indices may go.
  package private(set) var pinned: Set<Factor> = []
  /// Ports that the rule has named.
  package private(set) var named: Set<Port> = []

  /// Starts with nothing said.
  ///
  /// `stored`: operands whose elements are in the file; nil for every one whose elements are known. `elements`: what the
  /// others hold, where that was followed.
  package init(
    inputs: Operands<TensorType>, outputs: [TensorType], stored: Set<Int>? = nil, elements: [Int: [Element]] = [:]
  ) {
    self.inputs = inputs
    self.outputs = outputs
    self.stored = stored
    self.elements = elements
  }

  /// Length of an axis; 0 for an operand that is left out.
  package func size(_ p: Port) -> Int {
    let shape = p.isOutput ? outputs[p.slot].shape : inputs.optional(p.slot)?.shape ?? []
    return p.axis < shape.count ? shape[p.axis] : 0
  }

  /// Whether the elements of an operand stand in the file, so that they are the same for inputs of every size.
  package func isStored(_ slot: Int) -> Bool {
    inputs.optional(slot)?.constant != nil && stored?.contains(slot) ?? true
  }

  /// What an operand that is computed holds at a position, for inputs of every size.
  package func element(_ slot: Int, _ position: Int) -> Element {
    guard let list = elements[slot], list.indices.contains(position) else { return .open }
    return list[position]
  }

  /// Whether an operand that is computed holds a number at a position, for inputs of every size.
  package func isNumber(_ slot: Int, _ position: Int, _ number: Int) -> Bool {
    let found = element(slot, position)
    return found == .number(number) || found == .literal(number)
  }

  /// Index i of `a` goes with index i + offset of `b`, for every index of `a`.
  package mutating func tie(_ a: Port, _ b: Port, offset: Int = 0) {
    tie(a, from: 0, b, from: offset, count: size(a))
  }
  /// Index `firstA` + i of `a` goes with index `firstB` + i of `b`, for `count` indices.
  package mutating func tie(_ a: Port, from firstA: Int, _ b: Port, from firstB: Int, count: Int) {
    precondition(
      firstA >= 0 && firstB >= 0 && firstA + count <= size(a) && firstB + count <= size(b), "a tie leaves its axis")
    named.insert(a)
    named.insert(b)
    ties.append(Tie(a: a, firstA: firstA, b: b, firstB: firstB, count: count))
  }
  /// Every axis of an operand goes with the same axis of a result, except those listed.
  package mutating func tieAll(input: Int, output: Int, except: Set<Int> = []) {
    for axis in outputs[output].shape.indices where !except.contains(axis) {
      tie(.input(input, axis), .output(output, axis))
    }
  }

  /// A new size that axes may have in common.
  package mutating func factor(_ size: Int) -> Factor {
    factors.append(Factor(number: factors.count, size: size))
    return factors[factors.count - 1]
  }
  /// The axis is the row-major product of factors, the outermost first.
  package mutating func split(_ port: Port, into factors: [Factor]) {
    precondition(factors.reduce(1) { $0 * $1.size } == size(port), "factors that do not make up their axis")
    named.insert(port)
    products.append(Product(port: port, factors: factors))
  }
  /// No index of a factor may go.
  package mutating func pin(_ factor: Factor) { pinned.insert(factor) }

  /// The operator sums over `data` against `weight`, whose indices go together.
  package mutating func contract(_ data: Port, with weight: Port) {
    tie(data, weight)
    contractions.append(Contraction(data: data, weight: weight))
  }
  /// The operator sums over a part of `data` against all of `weight`; how they go together is said elsewhere.
  package mutating func contractPart(of data: Port, with weight: Port) {
    contractions.append(Contraction(data: data, weight: weight))
  }
  /// The operator sums over axes of two operands that are both computed.
  package mutating func pair(_ a: Port, _ b: Port) {
    tie(a, b)
    pairs.append(Pair(a: a, b: b, isWhole: true))
  }
  /// It sums over the innermost factor of two axes; how they go together is said elsewhere.
  package mutating func pairPart(of a: Port, _ b: Port) { pairs.append(Pair(a: a, b: b, isWhole: false)) }
}
