import ShrinkGraph

/// Takes a range of indices of some axes, in steps that may be negative.
package struct Slice: Operator {
  package static let names = ["Slice"]
  package static let opsets = 1...28
  package static let inputs = 1...5
  package var useOfAll: String { "picks among them" }
  /// The form of opset 9 and before, with the ranges in attributes.
  private let attributes: Ranges?

  /// Starts, ends, axes and steps as the file gives them.
  private struct Ranges {
    var starts: [Int]
    var ends: [Int]
    var axes: [Int]?
    var steps: [Int]?
  }

  /// The indices that are taken of one axis: `count` of them, `step` apart, from `start` on.
  private struct Cut {
    /// Which of the starts and ends it comes from.
    var entry: Int
    var axis: Int
    var start: Int
    var step: Int
    var count: Int
  }

  package init(_ attributes: Attributes) throws(OperatorError) {
    if attributes.opset < 10 {
      guard let starts = try attributes.ints("starts"), let ends = try attributes.ints("ends") else {
        throw .invalid("attributes 'starts' and 'ends' are missing")
      }
      self.attributes = Ranges(starts: starts, ends: ends, axes: try attributes.ints("axes"), steps: nil)
    } else {
      self.attributes = nil
    }
  }

  package func infer(_ inputs: Operands<TensorType>) throws(OperatorError) -> [TensorType] {
    var shape = inputs[0].shape
    for cut in try cuts(inputs) { shape[cut.axis] = cut.count }
    return [TensorType(inputs[0].dtype, shape)]
  }

  package func run(_ inputs: Operands<Tensor>) throws(OperatorError) -> [Tensor] {
    let x = inputs[0]
    var view = StridedView(shape: x.shape, strides: Axes.strides(x.shape))
    for cut in try cuts(inputs.types) {
      view.shape[cut.axis] = cut.count
      view.start += cut.start * view.strides[cut.axis]
      if cut.count > 1 { view.strides[cut.axis] *= cut.step }
    }
    if view.shape == x.shape, view.strides == Axes.strides(x.shape) { return [x] }
    if view.shape.contains(0) { view.start = 0 }
    return [try view.copied(from: x)]
  }

  private func ranges(_ inputs: Operands<TensorType>) throws(OperatorError) -> Ranges {
    if let attributes { return attributes }
    guard let starts = try Axes.constant(inputs, 1, "starts"), let ends = try Axes.constant(inputs, 2, "ends") else {
      throw .invalid("operands 'starts' and 'ends' are missing")
    }
    return Ranges(
      starts: starts, ends: ends, axes: try Axes.constant(inputs, 3, "axes"),
      steps: try Axes.constant(inputs, 4, "steps"))
  }

  private func cuts(_ inputs: Operands<TensorType>) throws(OperatorError) -> [Cut] {
    let (ranges, shape) = (try ranges(inputs), inputs[0].shape)
    let axes = try Axes.positions(ranges.axes ?? Array(ranges.starts.indices), rank: shape.count)
    guard ranges.ends.count == axes.count, ranges.starts.count == axes.count,
      ranges.steps.map({ $0.count == axes.count }) ?? true
    else {
      let steps = ranges.steps.map { ", \($0.count) steps" } ?? ""
      throw .invalid(
        "\(ranges.starts.count) starts, \(ranges.ends.count) ends\(steps) for \(axes.count) axes of \(shape)")
    }
    var result: [Cut] = []
    for (entry, axis) in axes.enumerated() {
      let step = ranges.steps?[entry] ?? 1
      guard step != 0 else { throw .invalid("a step is 0") }
      let (start, count) = Self.cut(shape[axis], ranges.starts[entry], ranges.ends[entry], max(step, -Int.max))
      result.append(Cut(entry: entry, axis: axis, start: start, step: step, count: count))
    }
    return result
  }

  /// First index and number of indices of a range of an axis, clamped as ONNX does.
  private static func cut(_ size: Int, _ start: Int, _ end: Int, _ step: Int) -> (start: Int, count: Int) {
    guard size > 0 else { return (0, 0) }
    let from = start < 0 ? start + size : start
    let to = end < 0 ? end + size : end
    if step > 0 {
      let (first, last) = (min(max(from, 0), size), min(max(to, 0), size))
      return last > first ? (first, (last - first - 1) / step + 1) : (0, 0)
    }
    let (first, last) = (min(max(from, 0), size - 1), min(max(to, -1), size - 1))
    return first > last ? (first, (first - last - 1) / -step + 1) : (0, 0)
  }

  /// Names axes that stay whole, and those of which a range without steps is taken.
  ///
  /// A part of one index must stay, so its axis is not named.
  package func couple(_ c: inout Coupling) {
    guard let cuts = try? cuts(c.inputs) else { return }
    c.tieAll(input: 0, output: 0, except: Set(cuts.map(\.axis)))
    guard attributes != nil || (1...4).allSatisfy({ c.inputs.optional($0) == nil || c.isStored($0) }) else { return }
    for cut in cuts where Self.isNamed(cut, c.size(.input(0, cut.axis))) {
      c.tie(.output(0, cut.axis), from: 0, .input(0, cut.axis), from: cut.start, count: cut.count)
    }
  }

  private static func isNamed(_ cut: Cut, _ size: Int) -> Bool {
    cut.step == 1 && (cut.count > 1 || cut.count == size)
  }

  package func resize(_ c: Coupling, to size: KeptAxes) -> [Resize] {
    guard let cuts = try? cuts(c.inputs), var new = try? ranges(c.inputs) else { return [] }
    var hasChanged = false
    for cut in cuts where Self.isNamed(cut, c.size(.input(0, cut.axis))) {
      let (kept, part) = (size.indices(.input(0, cut.axis)), size(.output(0, cut.axis)))
      let start = kept.count { $0 < cut.start }
      if kept.count != c.size(.input(0, cut.axis)), cut.count < c.size(.input(0, cut.axis)) {
        (new.starts[cut.entry], new.ends[cut.entry]) = (start, start + part)
        hasChanged = true
      }
    }
    guard hasChanged else { return [] }
    let (starts, ends) = (new.starts.map(Int64.init), new.ends.map(Int64.init))
    if attributes != nil { return [.attribute("starts", .ints(starts)), .attribute("ends", .ints(ends))] }
    guard c.inputs[1].dtype == .int32 else {
      return [.operand(1, Tensor(shape: [starts.count], starts)), .operand(2, Tensor(shape: [ends.count], ends))]
    }
    return [
      .operand(1, Tensor(shape: [starts.count], starts.map(Int32.init(clamping:)))),
      .operand(2, Tensor(shape: [ends.count], ends.map(Int32.init(clamping:)))),
    ]
  }
}
