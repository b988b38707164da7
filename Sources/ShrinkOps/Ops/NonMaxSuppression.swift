import ShrinkGraph

/// Selects boxes by descending score, leaving out those that overlap a selected one of their class too much.
///
/// boxes [N, B, 4], scores [N, C, B] → int64 [selected, 3]: batch, class and box. Two boxes overlap by the area of their
/// intersection over that of their union. Source: ONNX NonMaxSuppression-11.
package struct NonMaxSuppression: Operator {
  package static let names = ["NonMaxSuppression"]
  package static let opsets = 10...28
  package static let inputs = 2...5
  /// Whether a box is given by its centre, width and height instead of two corners.
  private let isCentred: Bool

  /// Opposite corners and area.
  private struct Box {
    let (left, top, right, bottom): (Float, Float, Float, Float)
    var area: Float { (right - left) * (bottom - top) }

    init(_ x: ArraySlice<Float>, isCentred: Bool) {
      let (a, b, c, d) = (x[x.startIndex], x[x.startIndex + 1], x[x.startIndex + 2], x[x.startIndex + 3])
      if isCentred {
        (left, top, right, bottom) = (a - c / 2, b - d / 2, a + c / 2, b + d / 2)
      } else {
        (left, top, right, bottom) = (min(b, d), min(a, c), max(b, d), max(a, c))
      }
    }

    func overlaps(_ other: Box, beyond threshold: Float) -> Bool {
      let width = min(right, other.right) - max(left, other.left)
      let height = min(bottom, other.bottom) - max(top, other.top)
      guard width > 0, height > 0, area > 0, other.area > 0 else { return false }
      let shared = width * height
      return shared / (area + other.area - shared) > threshold
    }
  }

  package init(_ attributes: Attributes) throws(OperatorError) {
    isCentred = try attributes.int("center_point_box", default: 0) != 0
  }

  package func infer(_ inputs: Operands<TensorType>) throws(OperatorError) -> [TensorType] {
    let (boxes, scores) = (inputs[0], inputs[1])
    for input in [boxes, scores] where input.dtype != .float32 { throw .unsupportedType(input.dtype) }
    guard boxes.shape.count == 3, boxes.shape[2] == 4, scores.shape.count == 3, scores.shape[0] == boxes.shape[0],
      scores.shape[2] == boxes.shape[1]
    else { throw .invalid("boxes of shape \(boxes.shape) have scores of shape \(scores.shape)") }
    let wanted: [DType] = [.int64, .float32, .float32]
    for (slot, dtype) in zip(2..., wanted) {
      guard let input = inputs.optional(slot) else { continue }
      guard input.dtype == dtype, Tensor.checkedCount(input.shape) == 1 else {
        throw .invalid("operand \(slot) is \(input.dtype) \(input.shape), not one \(dtype)")
      }
    }
    return try inferByRunning(inputs)
  }

  package func run(_ inputs: Operands<Tensor>) throws(OperatorError) -> [Tensor] {
    do { _ = try infer(Operands(inputs.items.map { $0.map { TensorType($0.dtype, $0.shape) } })) } catch {
      guard error == .shapeDependsOnData else { throw error }
    }
    let (scores, shape) = (inputs[1].elements(Float.self), inputs[1].shape)
    let count = shape[2]
    let most = max(0, inputs.optional(2)?.elements(Int64.self)[0] ?? 0)
    let overlap = inputs.optional(3)?.elements(Float.self)[0] ?? 0
    let least = inputs.optional(4)?.elements(Float.self)[0]
    let corners = inputs[0].elements(Float.self)
    var selected: [Int64] = []
    for batch in 0..<shape[0] {
      let first = batch * count
      let boxes = (0..<count).map { Box(corners[(first + $0) * 4..<(first + $0 + 1) * 4], isCentred: isCentred) }
      for part in 0..<shape[1] {
        let own = (batch * shape[1] + part) * count
        for box in Self.select(boxes, scores[own..<own + count], Int(most), overlap, least) {
          selected += [Int64(batch), Int64(part), Int64(box)]
        }
      }
    }
    return [Tensor(shape: [selected.count / 3, 3], selected)]
  }

  /// The boxes of one class, best first; equal scores in the order of the boxes.
  private static func select(
    _ boxes: [Box], _ scores: ArraySlice<Float>, _ most: Int, _ overlap: Float, _ least: Float?
  ) -> [Int] {
    let score = { (box: Int) in scores[scores.startIndex + box] }
    let isEnough = { (score: Float) in least.map { score > $0 } ?? true }
    let candidates = boxes.indices.filter { isEnough(score($0)) }
    var kept: [Int] = []
    let isBetter = { (a: Int, b: Int) in
      Float.isBefore(score(b), score(a)) || (!Float.isBefore(score(a), score(b)) && a < b)
    }
    for box in candidates.sorted(by: isBetter) {
      if kept.count >= most { break }
      if !kept.contains(where: { boxes[$0].overlaps(boxes[box], beyond: overlap) }) { kept.append(box) }
    }
    return kept
  }
}
