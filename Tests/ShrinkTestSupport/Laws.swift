import ShrinkGraph
import ShrinkOps

/// A law that an operator breaks.
package struct BrokenLaw: Error, CustomStringConvertible {
  /// Which one, where, and the seed that shows it.
  package let description: String
}

/// Checks that the rules of an operator agree with each other; throws `BrokenLaw` otherwise.
///
///   1. inferred types = types of what is computed, and inferred elements = computed elements
///   2. removing tied indices, then running = running, then removing them (indices that are summed over read zero first)
///   3. rows · matrix + bias = outputs, for an operator that says it is a matrix product
///
/// `constants`: slots whose elements are known before the network runs. `removesSomething`: whether the coupling rule
/// must find anything to remove at all. `isLinear`: whether it must be (or must not be) a matrix product.
package func checkLaws(
  _ opType: String, domain: String = "", opset: Int = 17, outputs: Int = 1,
  _ attributes: [String: Attribute.Value] = [:],
  operands: [CaseOperand], constants: Set<Int> = [], removesSomething: Bool = true, isLinear: Bool? = nil,
  tolerance: Double = 1e-4, seed: UInt64 = 1
) throws {
  var rng = SplitMix64(seed: seed)
  let tensors = operands.map { $0.made(using: &rng) }
  let node = NodeCase(
    opType, domain: domain, opset: opset, outputs: outputs, attributes, operands: tensors, constants: constants)
  try checkLaws(
    node, removesSomething: removesSomething, isLinear: isLinear, tolerance: tolerance, seed: rng.next())
}

/// Checks the same laws of a node whose operands are given; `seed` chooses what is removed.
package func checkLaws(
  _ node: NodeCase, removesSomething: Bool = true, isLinear: Bool? = nil, tolerance: Double = 1e-4, seed: UInt64 = 1
) throws {
  var rng = SplitMix64(seed: seed)
  do {
    let op = try node.make()
    try checkTypes(node, op)
    try checkRemoval(node, op, removesSomething, tolerance, &rng)
    try checkProduct(node, op, isLinear, tolerance, &rng)
  } catch let error as BrokenLaw {
    throw BrokenLaw(description: "\(node.opType) at opset \(node.opset): \(error.description) (seed \(seed))")
  }
}

private func checkTypes(_ node: NodeCase, _ op: any Operator) throws {
  let inferred = try op.infer(node.types)
  let computed = try op.run(Operands(node.operands))
  guard inferred.map(\.dtype) == computed.map(\.dtype), inferred.map(\.shape) == computed.map(\.shape) else {
    throw BrokenLaw(
      description: "inferred \(inferred.map { "\($0.dtype)\($0.shape)" }), computed "
        + "\(computed.map { "\($0.dtype)\($0.shape)" })")
  }
  for (type, tensor) in zip(inferred, computed) {
    if let constant = type.constant, constant != tensor {
      throw BrokenLaw(description: "the elements inferred are not those computed")
    }
  }
}

// MARK: Removal

private func checkRemoval(
  _ node: NodeCase, _ op: any Operator, _ removesSomething: Bool, _ tolerance: Double, _ rng: inout SplitMix64
) throws {
  var coupling = Coupling(inputs: node.types, outputs: try op.infer(node.types))
  op.couple(&coupling)
  guard let classes = IndexClasses(coupling) else {
    throw BrokenLaw(description: "what the coupling rule says cannot all hold")
  }
  guard classes.all.isEmpty != removesSomething else {
    throw BrokenLaw(description: removesSomething ? "nothing can be removed" : "something can be removed")
  }
  for _ in 0..<8 where !classes.all.isEmpty {
    let count = Int.random(in: 1...max(1, classes.all.count / 3), using: &rng)
    try checkRemoval(node, op, coupling, classes, Set(classes.all.shuffled(using: &rng).prefix(count)), tolerance)
  }
  // One axis after the other, so that each is removed alone at least once.
  for port in coupling.namedInOrder where coupling.size(port) > 0 {
    let index = Int.random(in: 0..<coupling.size(port), using: &rng)
    for root in classes.classes(port, index) where classes.all.contains(root) {
      try checkRemoval(node, op, coupling, classes, [root], tolerance)
    }
  }
}

private func checkRemoval(
  _ node: NodeCase, _ op: any Operator, _ c: Coupling, _ classes: IndexClasses, _ gone: Set<Int>, _ tolerance: Double
) throws {
  var masked = node.operands
  for k in c.contractions {
    for i in 0..<c.size(k.data) where !gone.isDisjoint(with: classes.classes(k.data, i)) {
      masked[k.data.slot] = masked[k.data.slot]?.zeroing(i, axis: k.data.axis)
    }
  }
  for pair in c.pairs {
    for i in 0..<c.size(pair.a) where !gone.isDisjoint(with: classes.classes(pair.a, i)) {
      masked[pair.a.slot] = masked[pair.a.slot]?.zeroing(i, axis: pair.a.axis)
    }
  }
  let kept = { (port: Port) in (0..<c.size(port)).filter { gone.isDisjoint(with: classes.classes(port, $0)) } }
  func cut(_ tensor: Tensor, _ slot: Int, isOutput: Bool) -> Tensor {
    tensor.shape.indices.reduce(tensor) { small, axis in
      small.keeping(kept(isOutput ? .output(slot, axis) : .input(slot, axis)), axis: axis)
    }
  }
  let emptied = c.named.filter { c.size($0) > 0 && kept($0).isEmpty }
  if emptied.contains(where: { c.size($0) == 1 }), c.isTorn(emptied, classes, gone) {
    throw BrokenLaw(description: "an axis of size one is removed while an axis tied to it keeps indices")
  }
  guard emptied.isEmpty else { return }
  var small = node
  small.operands = masked.enumerated().map { slot, tensor in tensor.map { cut($0, slot, isOutput: false) } }
  for edit in op.resize(c, to: KeptAxes(kept)) {
    switch edit {
    case .attribute(let name, let value): small.attributes[name] = value
    case .noAttribute(let name): small.attributes[name] = nil
    case .operand(let slot, let tensor) where slot == small.operands.count:
      small.operands.append(tensor)
      small.constants.insert(slot)
    case .operand(let slot, let tensor): small.operands[slot] = tensor
    // Only nodes in a graph have operands that are computed.
    case .literal: throw BrokenLaw(description: "an operand that is in the file is edited as one that is computed")
    }
  }
  let what =
    "after removing \(c.namedInOrder.filter { kept($0).count < c.size($0) }.map { "\($0.text) -> \(kept($0))" })"
  let wanted = try op.run(Operands(masked)).enumerated().map { cut($1, $0, isOutput: true) }
  var (inferred, got): ([TensorType], [Tensor]) = ([], [])
  do {
    let resized = try small.make()
    (inferred, got) = (try resized.infer(small.types), try resized.run(Operands(small.operands)))
  } catch { throw BrokenLaw(description: "\(what): it cannot run: \(error)") }
  guard inferred.map(\.shape) == wanted.map(\.shape) else {
    throw BrokenLaw(description: "\(what): inferred \(inferred.map(\.shape)), wanted \(wanted.map(\.shape))")
  }
  for (g, w) in zip(got, wanted) {
    if let difference = g.difference(from: w, tolerance: tolerance) {
      throw BrokenLaw(description: "\(what): running differs from running, then removing: \(difference)")
    }
  }
}

extension Coupling {
  /// Whether a class that empties an axis of size one leaves indices in another axis that it touches.
  fileprivate func isTorn(_ emptied: Set<Port>, _ classes: IndexClasses, _ gone: Set<Int>) -> Bool {
    emptied.contains { port in
      guard size(port) == 1 else { return false }
      let roots = classes.classes(port, 0).filter(gone.contains)
      return named.contains { other in
        !emptied.contains(other)
          && (0..<size(other)).contains { i in classes.classes(other, i).contains(where: roots.contains) }
      }
    }
  }
}

extension Port {
  fileprivate var text: String { "\(isOutput ? "output" : "input") \(slot) axis \(axis)" }
}

// MARK: Matrix product

private func checkProduct(
  _ node: NodeCase, _ op: any Operator, _ isLinear: Bool?, _ tolerance: Double, _ rng: inout SplitMix64
) throws {
  let readings = (op as? any LinearOperator)?.readings(node.types) ?? []
  guard !readings.isEmpty else {
    guard isLinear != true else { throw BrokenLaw(description: "it does not say that it is a matrix product") }
    return
  }
  guard isLinear != false else { throw BrokenLaw(description: "it says that it is a matrix product") }
  let results = try op.run(Operands(node.operands))
  for reading in readings {
    let all = Array(0..<reading.product.positions)
    try checkProduct(node, reading, results, at: all, tolerance)
    let some = Array(all.shuffled(using: &rng).prefix(max(1, all.count / 3)))
    try checkProduct(node, reading, results, at: some, tolerance)
  }
}

private func checkProduct(
  _ node: NodeCase, _ reading: any LinearReading, _ results: [Tensor], at positions: [Int], _ tolerance: Double
) throws {
  let p = reading.product
  let x = reading.data.isOutput ? results[reading.data.slot] : node.operands[reading.data.slot]
  guard let x, let w = node.operands[reading.weight] else { return }
  let columns = p.channels * p.taps
  var rows = [Float](repeating: .nan, count: positions.count * columns)
  rows.withUnsafeMutableBufferPointer {
    if let base = $0.baseAddress {
      reading.gatherRows(x, Operands(node.operands), positions: positions, into: base)
    }
  }
  let order = reading.matrixOrder()
  guard order.count == columns * p.outputs, Set(order).count == order.count, order.allSatisfy({ $0 < w.count }) else {
    throw BrokenLaw(description: "the order of the matrix has \(order.count) elements, wanted \(columns * p.outputs)")
  }
  guard !rows.contains(where: \.isNaN) else { throw BrokenLaw(description: "rows are left unwritten") }
  // What no result shows is checked by the tests of the operator.
  guard let output = reading.output else { return }
  var outputs = [Float](repeating: .nan, count: positions.count * p.outputs)
  outputs.withUnsafeMutableBufferPointer {
    if let base = $0.baseAddress { reading.gatherOutputs(results[output.slot], positions: positions, into: base) }
  }
  let matrix = w.elements(Float.self)
  let bias = reading.bias.flatMap { $0 < node.operands.count ? node.operands[$0] : nil }
  let term = bias.flatMap { bias in reading.biasOrder(bias.shape)?.map { bias.elements(Float.self)[$0] } }
  for r in positions.indices {
    for o in 0..<p.outputs {
      var sum = 0.0
      for k in 0..<columns { sum += Double(rows[r * columns + k]) * Double(matrix[order[k * p.outputs + o]]) }
      sum = sum * Double(reading.factors.product) + Double(term?[o] ?? 0) * Double(reading.factors.bias)
      guard abs(sum - Double(outputs[r * p.outputs + o])) <= tolerance * max(1, abs(sum)) else {
        throw BrokenLaw(
          description: "row \(positions[r]) times the matrix gives \(sum) in column \(o), the operator "
            + "\(outputs[r * p.outputs + o])")
      }
    }
  }
}
