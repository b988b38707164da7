import ShrinkGraph

/// Adds elements at the ends of axes, or removes them where a pad is negative.
package struct Pad: Operator {
  package static let names = ["Pad"]
  package static let opsets = 1...28
  package static let inputs = 1...4
  package var useOfAll: String { "adds others around them" }

  private enum Mode: String {
    case constant, reflect, edge, wrap
  }
  private let mode: Mode
  /// Pads before opset 11.
  private let pads: [Int]?
  let value: Float
  private let isAttribute: Bool

  package init(_ attributes: Attributes) throws(OperatorError) {
    let name = try attributes.string("mode") ?? "constant"
    guard let mode = Mode(rawValue: name) else { throw .invalid("mode is '\(name)'") }
    self.mode = mode
    isAttribute = attributes.opset < 11
    pads = isAttribute ? try attributes.ints(attributes.opset < 2 ? "paddings" : "pads") : nil
    value = isAttribute ? try attributes.float("value", default: 0) : 0
    guard !isAttribute || pads != nil else { throw .invalid("attribute 'pads' is missing") }
  }

  /// Elements added before and behind every axis.
  private func ends(_ rank: Int, _ pads: Tensor?, _ axes: Tensor?) throws(OperatorError) -> [(before: Int, behind: Int)]
  {
    guard let list = isAttribute ? self.pads : pads?.integers else {
      throw .unsupported("its pads are not known before the network runs, or no integers")
    }
    let named = try self.axes(rank, axes)
    guard list.count == 2 * named.count, list.allSatisfy({ abs($0.clamped) < 1 << 31 }) else {
      throw .invalid("pads \(list) for \(named.count) axes")
    }
    var result = [(before: Int, behind: Int)](repeating: (0, 0), count: rank)
    for (i, axis) in named.enumerated() { result[axis] = (list[i], list[i + named.count]) }
    return result
  }

  private func axes(_ rank: Int, _ axes: Tensor?) throws(OperatorError) -> [Int] {
    guard let axes else { return Array(0..<rank) }
    let counted = axes.integers?.map { $0 < 0 ? $0 + rank : $0 } ?? [-1]
    guard counted.allSatisfy({ $0 >= 0 && $0 < rank }), Set(counted).count == counted.count else {
      throw .invalid("axes \(axes.integers ?? []) of a tensor with \(rank) axes")
    }
    return counted
  }

  private func ends(_ inputs: Operands<TensorType>) throws(OperatorError) -> [(before: Int, behind: Int)] {
    for slot in [1, 3] where inputs.optional(slot) != nil && inputs.optional(slot)?.constant == nil {
      throw .shapeDependsOnData
    }
    return try ends(inputs[0].shape.count, inputs.optional(1)?.constant, inputs.optional(3)?.constant)
  }

  private func padded(_ shape: [Int], _ ends: [(before: Int, behind: Int)]) throws(OperatorError) -> [Int] {
    var result: [Int] = []
    for (size, end) in zip(shape, ends) {
      let padded = size.addingReportingOverflow(end.before + end.behind)
      guard !padded.overflow, padded.partialValue >= 0,
        mode == .constant || padded.partialValue == 0 || size + min(0, end.before) + min(0, end.behind) > 0
      else {
        throw .invalid("pads \(end.before) and \(end.behind) for an axis of length \(size)")
      }
      result.append(padded.partialValue)
    }
    return result
  }

  package func infer(_ inputs: Operands<TensorType>) throws(OperatorError) -> [TensorType] {
    [try .sized(inputs[0].dtype, padded(inputs[0].shape, ends(inputs)))]
  }

  package func run(_ inputs: Operands<Tensor>) throws(OperatorError) -> [Tensor] {
    let x = inputs[0]
    let ends = try ends(x.rank, inputs.optional(1), inputs.optional(3))
    let shape = try TensorType.sized(x.dtype, padded(x.shape, ends)).shape
    var fill = inputs.optional(2)
    if fill == nil, value != 0 { fill = try Conversion.convert(Tensor(value), to: x.dtype) }
    guard fill == nil || (fill?.dtype == x.dtype && fill?.count == 1) else {
      throw .invalid("fills \(x.dtype) with \(fill?.dtype ?? x.dtype)\(fill?.shape ?? [])")
    }
    if shape.contains(0) { return [.empty(x.dtype, shape)] }
    let sources = zip(x.shape, ends).enumerated().map { axis, of in
      (0..<shape[axis]).map { source($0 - of.1.before, size: of.0, of.1) }
    }
    return [try IndexedCopy.copied(x, sources, fill: fill)]
  }

  /// The index that a padded place reads; -1 for the constant.
  ///
  /// What negative pads remove is gone before the rest is repeated, as in ONNX Runtime.
  private func source(_ i: Int, size: Int, _ ends: (before: Int, behind: Int)) -> Int {
    let first = max(0, -ends.before)
    let length = size - first + min(0, ends.behind)
    let j = i - first
    if j >= 0, j < length { return i }
    switch mode {
    case .constant: return -1
    case .edge: return first + (j < 0 ? 0 : length - 1)
    case .wrap: return first + (j % length + length) % length
    case .reflect:
      guard length > 1 else { return first }
      let period = 2 * (length - 1)
      let place = (j % period + period) % period
      return first + min(place, period - place)
    }
  }

  package func couple(_ c: inout Coupling) {
    guard let ends = try? ends(c.inputs), c.inputs.optional(3) == nil || c.isStored(3),
      let named = try? axes(ends.count, c.inputs.optional(3)?.constant)
    else { return }
    for (axis, end) in ends.enumerated() where end == (0, 0) {
      // Pads that are computed hold for the sizes of this run alone, but for zeros that are written.
      let isKept =
        isAttribute || c.isStored(1)
        || named.firstIndex(of: axis).map { c.isNumber(1, $0, 0) && c.isNumber(1, $0 + named.count, 0) } ?? true
      if isKept { c.tie(.input(0, axis), .output(0, axis)) }
    }
  }
}

extension Int {
  /// The same number, or one whose magnitude can be taken.
  fileprivate var clamped: Int { Swift.max(self, -Int.max) }
}
