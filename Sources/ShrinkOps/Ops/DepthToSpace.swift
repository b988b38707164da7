import ShrinkGraph

/// Moves blocks of channels of [N, C, H, W] to positions, or back (SpaceToDepth).
package struct DepthToSpace: Operator {
  package static let names = ["DepthToSpace", "SpaceToDepth"]
  package static let opsets = 1...28
  package static let inputs = 1...1
  private let block: Int
  private let isInverse: Bool
  /// Whether the channels of a block stand side by side (mode CRD) instead of a whole picture apart (DCR).
  private let isInterleaved: Bool

  package init(_ attributes: Attributes) throws(OperatorError) {
    guard let block = try attributes.int("blocksize"), block > 0, block < 1 << 16 else {
      throw .invalid("attribute 'blocksize' must be a positive number")
    }
    self.block = block
    isInverse = attributes.opType == "SpaceToDepth"
    let mode = try attributes.string("mode") ?? "DCR"
    guard mode == "DCR" || mode == "CRD" else { throw .invalid("attribute 'mode' is '\(mode)'") }
    isInterleaved = mode == "CRD"
  }

  package func infer(_ inputs: Operands<TensorType>) throws(OperatorError) -> [TensorType] {
    let s = inputs[0].shape
    guard s.count == 4, isInverse ? s[2] % block == 0 && s[3] % block == 0 : s[1] % (block * block) == 0 else {
      throw .invalid("a tensor of shape \(s) has no blocks of \(block)")
    }
    let shape =
      isInverse
      ? [s[0], s[1] * block * block, s[2] / block, s[3] / block]
      : [s[0], s[1] / (block * block), s[2] * block, s[3] * block]
    return [try .sized(inputs[0].dtype, shape)]
  }

  package func run(_ inputs: Operands<Tensor>) throws(OperatorError) -> [Tensor] {
    let shape = try infer(inputs.types)[0].shape
    let s = inputs[0].shape
    let view: StridedView =
      if isInverse {
        .transposing(
          [s[0], s[1], shape[2], block, shape[3], block], by: isInterleaved ? [0, 1, 3, 5, 2, 4] : [0, 3, 5, 1, 2, 4])
      } else if isInterleaved {
        .transposing([s[0], shape[1], block, block, s[2], s[3]], by: [0, 1, 4, 2, 5, 3])
      } else {
        .transposing([s[0], block, block, shape[1], s[2], s[3]], by: [0, 3, 4, 1, 5, 2])
      }
    return [try view.copied(from: inputs[0]).reshaped(shape)]
  }

  package func couple(_ c: inout Coupling) {
    c.tie(.input(0, 0), .output(0, 0))
    let (deep, wide): ((Int) -> Port, (Int) -> Port) =
      isInverse ? ({ .output(0, $0) }, { .input(0, $0) }) : ({ .input(0, $0) }, { .output(0, $0) })
    let channels = c.size(wide(1))
    // The places within a block are as many as the attribute says.
    let (rows, columns) = (c.factor(block), c.factor(block))
    c.pin(rows)
    c.pin(columns)
    let depth = c.factor(channels)
    c.split(wide(1), into: [depth])
    c.split(deep(1), into: isInterleaved ? [depth, rows, columns] : [rows, columns, depth])
    for (axis, places) in [(2, rows), (3, columns)] {
      let length = c.factor(c.size(deep(axis)))
      c.split(deep(axis), into: [length])
      c.split(wide(axis), into: [length, places])
    }
  }
}
