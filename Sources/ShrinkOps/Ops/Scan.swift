import ShrinkGraph

/// Runs a graph over the slices of some operands, carrying values from one slice to the next and stacking others.
///
/// Operands: carried values, then the tensors that are sliced. The body takes the carried values and one slice of each
/// tensor, and gives the carried values and what is stacked. Up to opset 8 all operands have a batch axis in front, the
/// lengths of its sequences may be given as a first operand, and only directions can be chosen.
package struct Scan: ControlFlow {
  package static let names = ["Scan"]
  package static let opsets = 8...28
  package static let inputs = 0...Int.max
  package var useOfAll: String { "hands them to a subgraph" }
  package var bodies: (any Bodies)?
  private let sliced: Int
  private let outputs: Int
  private let isBatched: Bool
  private let inputAxes: [Int]
  private let isReversed: [Bool]
  private let outputAxes: [Int]
  private let isPrepended: [Bool]

  package init(_ attributes: Attributes) throws(OperatorError) {
    guard attributes.has("body") else { throw .invalid("attribute 'body' is missing") }
    guard let sliced = try attributes.int("num_scan_inputs"), sliced > 0 else {
      throw .invalid("attribute 'num_scan_inputs' is missing or not positive")
    }
    self.sliced = sliced
    outputs = attributes.outputs
    isBatched = attributes.opset < 9
    inputAxes = try attributes.ints("scan_input_axes") ?? []
    isReversed = try (attributes.ints(isBatched ? "directions" : "scan_input_directions") ?? []).map { $0 != 0 }
    outputAxes = try attributes.ints("scan_output_axes") ?? []
    isPrepended = try (attributes.ints("scan_output_directions") ?? []).map { $0 != 0 }
    for list in [inputAxes.count, isReversed.count] where list != 0 && list != sliced {
      throw .invalid("lists \(list) axes or directions for \(sliced) tensors that are sliced")
    }
  }

  /// Operands without the lengths of opset 8, and the number of carried values among them.
  private func parts<T>(_ inputs: Operands<T>) throws(OperatorError) -> (values: [T], carried: Int) {
    let first = isBatched ? 1 : 0
    let count = try ready.operands
    var values: [T] = []
    for slot in first..<max(first, count) {
      guard let value = inputs.optional(slot) else { throw .invalid("its operand \(slot) is left out") }
      values.append(value)
    }
    let carried = values.count - sliced
    guard carried >= 0 else { throw .invalid("slices \(sliced) tensors and has \(values.count)") }
    try ready.check("body", inputs: values.count, outputs: max(outputs, carried))
    return (values, carried)
  }

  /// Where the slices of each tensor stand, and how many there are.
  private func slices(_ shapes: [[Int]]) throws(OperatorError) -> (axes: [Int], length: Int) {
    var axes: [Int] = []
    for (slot, shape) in shapes.enumerated() {
      axes.append(try Axes.position(inputAxes.isEmpty ? 0 : inputAxes[slot], rank: shape.count))
    }
    let lengths = shapes.indices.map { shapes[$0][axes[$0]] }
    guard let length = lengths.first, lengths.allSatisfy({ $0 == length }) else {
      throw .invalid("the tensors that are sliced have \(lengths) slices")
    }
    return (axes, length)
  }

  private func checkOutputs(_ stacked: Int) throws(OperatorError) {
    for list in [outputAxes.count, isPrepended.count] where list != 0 && list != stacked {
      throw .invalid("lists \(list) axes or directions for \(stacked) results that are stacked")
    }
  }

  package func infer(_ inputs: Operands<TensorType>) throws(OperatorError) -> [TensorType] {
    var (values, carried) = try parts(inputs)
    var batch: [Int] = []
    if isBatched {
      batch = [try Self.batch(values.map(\.shape))]
      values = values.map { TensorType($0.dtype, Array($0.shape.dropFirst())) }
    }
    let (axes, length) = try slices(values[carried...].map(\.shape))
    let start = values[..<carried].map { TensorType($0.dtype, $0.shape) }
    let rows = axes.indices.map { i in
      let type = values[carried + i]
      return TensorType(type.dtype, type.shape.indices.filter { $0 != axes[i] }.map { type.shape[$0] })
    }
    let results = try ready.infer("body", start + rows, within: inputs)
    let isSteady = start.indices.allSatisfy { slot in
      results[slot].map { $0.dtype == start[slot].dtype && $0.shape == start[slot].shape } ?? false
    }
    guard isSteady || length == 0 else { throw .shapeDependsOnData }
    try checkOutputs(results.count - carried)
    var types = start.map { TensorType($0.dtype, batch + $0.shape) }
    for (slot, result) in results[carried...].enumerated() {
      guard let result else { throw .shapeDependsOnData }
      var shape = result.shape
      shape.insert(length, at: try outputAxis(slot, rank: shape.count + 1))
      types.append(TensorType(result.dtype, try Axes.checked(batch + shape, result.dtype)))
    }
    return types
  }

  private func outputAxis(_ slot: Int, rank: Int) throws(OperatorError) -> Int {
    try Axes.position(outputAxes.isEmpty ? 0 : outputAxes[slot], rank: rank)
  }

  private static func batch(_ shapes: [[Int]]) throws(OperatorError) -> Int {
    guard let batch = shapes.first?.first, shapes.allSatisfy({ $0.first == batch }) else {
      throw .invalid("its operands \(shapes) have no batch axis in common")
    }
    return batch
  }

  package func run(_ inputs: Operands<Tensor>) throws(OperatorError) -> [Tensor] {
    let (values, carried) = try parts(inputs)
    guard isBatched else { return try scan(values, carried, length: nil, inputs) }
    let batch = try Self.batch(values.map(\.shape))
    guard batch > 0, values.allSatisfy({ $0.dtype.bits >= 8 }) else { throw .unsupported("an empty batch") }
    let lengths = inputs.optional(0)?.integers
    if let lengths, lengths.count != batch { throw .invalid("gives \(lengths.count) lengths for a batch of \(batch)") }
    var stacks: [Stack] = []
    for sample in 0..<batch {
      let own = values.map { $0.rows(sample..<(sample + 1)).reshaped(Array($0.shape.dropFirst())) }
      let results = try scan(own, carried, length: lengths?[sample], inputs)
      if stacks.isEmpty { stacks = [Stack](repeating: Stack(), count: results.count) }
      for slot in results.indices { try stacks[slot].append(results[slot]) }
    }
    var joined: [Tensor] = []
    for stack in stacks {
      guard let part = stack.parts.first else { continue }
      joined.append(try stack.joined(TensorType(part.dtype, part.shape)))
    }
    return joined
  }

  /// Runs the body over all slices; only over the first `length` where that is given, and zeros stand for the rest.
  private func scan(
    _ values: [Tensor], _ carried: Int, length given: Int?, _ inputs: Operands<Tensor>
  ) throws(OperatorError) -> [Tensor] {
    let (axes, length) = try slices(values[carried...].map(\.shape))
    let steps = given ?? length
    guard steps >= 0, steps <= length else { throw .invalid("names a sequence of \(steps) in \(length) slices") }
    var tensors: [Tensor] = []
    for (tensor, axis) in zip(values[carried...], axes) { tensors.append(try tensor.moving(axis, to: 0)) }
    var carriedValues = Array(values[..<carried])
    let stacked = try ready.body("body").outputs.count - carried
    try checkOutputs(stacked)
    var stacks = [Stack](repeating: Stack(), count: stacked)
    for step in 0..<steps {
      let rows = tensors.enumerated().map { slot, tensor in
        let at = !isReversed.isEmpty && isReversed[slot] ? steps - 1 - step : step
        return tensor.rows(at..<(at + 1)).reshaped(Array(tensor.shape.dropFirst()))
      }
      let results = try ready.run("body", carriedValues + rows, within: inputs)
      carriedValues = Array(results[..<carried])
      for slot in stacks.indices { try stacks[slot].append(results[carried + slot]) }
    }
    let types =
      carriedValues.map { TensorType($0.dtype, $0.shape) }
      + tensors.map { TensorType($0.dtype, Array($0.shape.dropFirst())) }
    var results = carriedValues
    for (slot, stack) in stacks.enumerated() {
      let isBackward = !isPrepended.isEmpty && isPrepended[slot]
      let filled = try stack.filled(to: length, isBackward: isBackward)
      let joined = try ready.joined(filled, "body", carried + slot, types, within: inputs)
      results.append(try joined.moving(0, to: outputAxis(slot, rank: joined.rank)))
    }
    return results
  }
}

extension Stack {
  /// The parts in order or backward, and zeros behind them until there are `count`.
  ///
  /// Without any part there is nothing to tell what the zeros would look like.
  fileprivate func filled(to count: Int, isBackward: Bool) throws(OperatorError) -> Stack {
    var result = Stack()
    for part in isBackward ? parts.reversed() : parts { try result.append(part) }
    guard parts.count < count, let type else {
      guard parts.count == count else { throw .unsupported("a sequence of no slices") }
      return result
    }
    let bytes = Tensor(shape: [Tensor.count(type.shape) * type.dtype.bits / 8], repeating: UInt8(0))
    let zeros = Tensor(dtype: type.dtype, shape: type.shape, storage: bytes.storage)
    for _ in parts.count..<count { try result.append(zeros) }
    return result
  }
}

extension Tensor {
  /// The same elements with one axis in another place, the others in their order.
  fileprivate func moving(_ axis: Int, to place: Int) throws(OperatorError) -> Tensor {
    try StridedView.checkElements(dtype)
    if axis == place { return self }
    var order = Array(0..<rank)
    order.remove(at: axis)
    order.insert(axis, at: place)
    return try StridedView.transposing(shape, by: order).copied(from: self)
  }
}
