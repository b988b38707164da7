import ShrinkGraph
import ShrinkMath

/// What a float32 node comes to in terms of the few things that a compiled network is made of.
///
/// A node without a lowering runs its own kernel, on plain tensors. Shapes are those of the node's operands and results.
package enum Lowering: Sendable {
  /// Convolution of N × C × spatial with constant weights; nil biases are zero.
  case convolution(LoweredWindow, groups: Int)
  /// Pooling of N × C × spatial.
  case pooling(LoweredWindow, Pooling.Kind)
  /// Mean over all spatial axes of N × C × spatial.
  case spatialMean
  /// Functions of the first operand, one after the other.
  case elements([ElementChain.Function])
  /// A function of two operands that are broadcast against each other; of more, from left to right.
  case combination(ElementChain.Function)
  /// The product of the first operand with itself.
  case square
  /// factor[c] · x + shift[c] along axis 1.
  case scaleAndShift(factor: [Float], shift: [Float])
  /// alpha · A · B + beta · C over the last two axes; C only for Gemm.
  case product(transposeA: Bool, transposeB: Bool, alpha: Float, beta: Float)
  /// Softmax along the last axis.
  case softmax
  /// Layer normalisation over the last axis.
  case layerNorm(epsilon: Float)
  /// LSTM with the standard functions and constant weights; one entry a direction: whether it runs backwards.
  case lstm(backwards: [Bool])
  /// The same elements in the same order under the shape of the result.
  case view
  /// Axes in another order: axis i of the result is axis order[i] of the operand.
  case transpose([Int])
  /// Result r keeps, along each axis, the indices start, start + step, …
  case slices([[(start: Int, step: Int)]])
  /// The operands one behind the other along an axis.
  case concat(axis: Int)
}

/// A window with pads, along each spatial axis.
package struct LoweredWindow: Sendable, Equatable {
  package var kernel: [Int]
  package var strides: [Int]
  package var dilations: [Int]
  package var padsBegin: [Int]
  package var padsEnd: [Int]

  init(_ placed: PlacedWindow) {
    (kernel, strides, dilations) = (placed.kernel, placed.strides, placed.dilations)
    (padsBegin, padsEnd) = (placed.padsBegin, placed.padsEnd)
    // Where the number of stops is rounded, the pads are what the last stop reaches.
    for axis in 0..<placed.rank {
      padsEnd[axis] =
        (placed.output[axis] - 1) * strides[axis] + placed.extent(axis) - padsBegin[axis] - placed.input[axis]
    }
  }
}

extension Lowering {
  /// The lowering of a node of ai.onnx; nil when it has none.
  ///
  /// All operands and results have known types, and those that carry the network's data are float32; other operands
  /// are constant where the form of the operator follows from them. Old broadcasting (before opset 7) has none.
  package init?(_ node: Attributes, _ inputs: Operands<TensorType>, _ outputs: [TensorType]) {
    guard node.opset >= 7, let x = inputs.optional(0), let y = outputs.first else { return nil }
    let isFloat = x.dtype == .float32 && y.dtype == .float32
    do {
      if let view = Self.view(node, outputs) {
        self = view
      } else if isFloat, let moved = try Self.moving(node, inputs, outputs) {
        self = moved
      } else if isFloat, let windows = try Self.windowed(node, inputs, y) {
        self = windows
      } else if isFloat, let functions = try Self.functions(node, inputs) {
        self = functions
      } else if isFloat, let rows = try Self.rows(node, inputs, y) {
        self = rows
      } else if isFloat, let recurrent = try Self.recurrent(node, inputs) {
        self = recurrent
      } else {
        return nil
      }
    } catch { return nil }
  }

  private static func view(_ node: Attributes, _ outputs: [TensorType]) -> Lowering? {
    switch node.opType {
    case "Reshape", "Flatten", "Squeeze", "Unsqueeze", "Identity": .view
    case "Dropout" where outputs.count == 1 && node.outputs == 1: .view
    default: nil
    }
  }

  private static func moving(
    _ node: Attributes, _ inputs: Operands<TensorType>, _ outputs: [TensorType]
  ) throws(OperatorError) -> Lowering? {
    let rank = inputs[0].shape.count
    switch node.opType {
    case "Transpose":
      return .transpose(try node.ints("perm") ?? Array((0..<rank).reversed()))
    case "Concat":
      let axis = try node.int("axis", default: 1)
      return .concat(axis: axis < 0 ? axis + rank : axis)
    case "Split":
      let given = try node.int("axis", default: 0)
      let axis = given < 0 ? given + rank : given
      var start = 0
      let slices = outputs.map { output in
        defer { start += output.shape[axis] }
        return (0..<rank).map { (start: $0 == axis ? start : 0, step: 1) }
      }
      return .slices(slices)
    case "Slice": return try slice(node, inputs)
    default: return nil
    }
  }

  /// Slice with positive steps; the lengths are those of the result.
  private static func slice(
    _ node: Attributes, _ inputs: Operands<TensorType>
  ) throws(OperatorError) -> Lowering? {
    let shape = inputs[0].shape
    let isOld = node.opset < 10
    guard let starts = isOld ? try node.ints("starts") : inputs.optional(1)?.constant?.integers else { return nil }
    let axes =
      (isOld ? try node.ints("axes") : inputs.optional(3).map { $0.constant?.integers ?? [Int.min] })
      ?? Array(starts.indices)
    let steps = (isOld ? nil : inputs.optional(4).map { $0.constant?.integers ?? [0] }) ?? starts.map { _ in 1 }
    guard axes.count == starts.count, steps.count == starts.count, steps.allSatisfy({ $0 > 0 }) else { return nil }
    var ranges = shape.map { _ in (start: 0, step: 1) }
    for (i, given) in axes.enumerated() {
      let axis = given < 0 ? given &+ shape.count : given
      guard shape.indices.contains(axis) else { return nil }
      let start = starts[i] < 0 ? max(0, starts[i] + shape[axis]) : min(starts[i], shape[axis])
      ranges[axis] = (start, steps[i])
    }
    return .slices([ranges])
  }

  private static func windowed(
    _ node: Attributes, _ inputs: Operands<TensorType>, _ y: TensorType
  ) throws(OperatorError) -> Lowering? {
    let x = inputs[0].shape
    guard (3...5).contains(x.count) else { return nil }
    switch node.opType {
    case "Conv":
      guard let w = inputs.optional(1), w.constant != nil, w.dtype == .float32,
        inputs.optional(2).map({ $0.constant != nil }) ?? true
      else { return nil }
      let placed = try SlidingWindow(node).placed(on: inputs[0].spatial, taps: w.spatial)
      return .convolution(LoweredWindow(placed), groups: try node.int("group", default: 1))
    case "MaxPool" where node.outputs == 1, "AveragePool":
      let sliding = try SlidingWindow(node)
      let placed = try sliding.placed(on: inputs[0].spatial)
      if node.opType == "MaxPool" { return .pooling(LoweredWindow(placed), .maximum) }
      // Rounded up, the last window counts padding that is not there in ways that oneDNN does not know.
      guard !sliding.isCeil, sliding.autoPad == .explicit || !placed.readsPadding else { return nil }
      let counts = try node.int("count_include_pad", default: 0) != 0
      return .pooling(LoweredWindow(placed), .average(countIncludePad: counts))
    case "GlobalAveragePool": return .spatialMean
    case "ReduceMean":
      let axes = try node.opset < 18 ? node.ints("axes") : inputs.optional(1)?.constant?.integers
      let counted = Set((axes ?? []).map { $0 < 0 ? $0 + x.count : $0 })
      return counted == Set(2..<x.count) && y.shape.prefix(2) == x.prefix(2) ? .spatialMean : nil
    default: return nil
    }
  }

  private static func rows(
    _ node: Attributes, _ inputs: Operands<TensorType>, _ y: TensorType
  ) throws(OperatorError) -> Lowering? {
    let shape = inputs[0].shape
    switch node.opType {
    case "MatMul":
      guard inputs[1].dtype == .float32, shape.count > 1, inputs[1].shape.count > 1 else { return nil }
      return .product(transposeA: false, transposeB: false, alpha: 1, beta: 0)
    case "Gemm":
      return .product(
        transposeA: try node.int("transA", default: 0) != 0, transposeB: try node.int("transB", default: 0) != 0,
        alpha: try node.float("alpha", default: 1), beta: try node.float("beta", default: 1))
    case "Softmax":
      let axis = try node.int("axis", default: node.opset < 13 ? 1 : -1)
      // Before opset 13 all axes from this one on were normalised together.
      guard axis == -1 || axis == shape.count - 1 else { return nil }
      return .softmax
    case "LayerNormalization":
      let axis = try node.int("axis", default: -1)
      guard axis == -1 || axis == shape.count - 1, node.outputs == 1, inputs.optional(1)?.constant != nil,
        inputs.optional(2).map({ $0.constant != nil }) ?? true
      else { return nil }
      return .layerNorm(epsilon: try node.float("epsilon", default: 1e-5))
    default: return nil
    }
  }

  private static func recurrent(
    _ node: Attributes, _ inputs: Operands<TensorType>
  ) throws(OperatorError) -> Lowering? {
    guard node.opType == "LSTM", inputs[0].shape.count == 3, !node.has("activations"), !node.has("clip"),
      try node.int("input_forget", default: 0) == 0, try node.int("layout", default: 0) == 0,
      // Sequences of different lengths have none.
      inputs.optional(4) == nil,
      [1, 2, 3, 7].allSatisfy({ slot in inputs.optional(slot).map { $0.constant != nil } ?? (slot > 2) })
    else { return nil }
    switch try node.string("direction") ?? "forward" {
    case "forward": return .lstm(backwards: [false])
    case "reverse": return .lstm(backwards: [true])
    case "bidirectional": return .lstm(backwards: [false, true])
    default: return nil
    }
  }
}
