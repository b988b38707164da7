import ShrinkGraph

/// Keeps the upper or lower triangle of each matrix in the last two axes, from diagonal k on; zero elsewhere.
///
/// Source: ONNX Trilu-14.
package struct Trilu: Operator {
  package static let names = ["Trilu"]
  package static let opsets = 14...28
  package static let inputs = 1...2
  private let isUpper: Bool

  package init(_ attributes: Attributes) throws(OperatorError) {
    isUpper = try attributes.int("upper", default: 1) != 0
  }

  package func infer(_ inputs: Operands<TensorType>) throws(OperatorError) -> [TensorType] {
    let x = inputs[0]
    guard x.shape.count >= 2 else { throw .invalid("a tensor of shape \(x.shape) holds no matrices") }
    if let k = inputs.optional(1), k.dtype != .int64 || Tensor.checkedCount(k.shape) != 1 {
      throw .invalid("operand 'k' is \(k.dtype) \(k.shape), not one int64")
    }
    return [TensorType(x.dtype, x.shape)]
  }

  package func run(_ inputs: Operands<Tensor>) throws(OperatorError) -> [Tensor] {
    let x = inputs[0]
    _ = try infer(inputs.types)
    try StridedView.checkElements(x.dtype)
    let (rows, columns, width) = (x.shape[x.rank - 2], x.shape[x.rank - 1], x.dtype.bits / 8)
    let given = inputs.optional(1)?.integers?.first ?? 0
    // Diagonals beyond the corners keep everything or nothing.
    let k = min(max(given, -rows - 1), columns + 1)
    let storage = TensorStorage(byteCount: x.byteCount)
    x.withBytes { bytes in
      guard let from = bytes.baseAddress, columns > 0 else { return }
      for line in 0..<(x.count / columns) {
        let row = line % rows
        let kept =
          isUpper
          ? min(max(row + k, 0), columns)..<columns : 0..<min(max(row + k + 1, 0), columns)
        let to = storage.bytes + line * columns * width
        to.initializeMemory(as: UInt8.self, repeating: 0, count: columns * width)
        let skip = kept.lowerBound * width
        (to + skip).copyMemory(from: from + line * columns * width + skip, byteCount: kept.count * width)
      }
    }
    return [Tensor(dtype: x.dtype, shape: x.shape, storage: storage)]
  }

  /// Matrices are independent; rows and columns are told apart by where they stand, so they must stay.
  package func couple(_ c: inout Coupling) {
    let rank = c.inputs[0].shape.count
    c.tieAll(input: 0, output: 0, except: [rank - 2, rank - 1])
  }
}
