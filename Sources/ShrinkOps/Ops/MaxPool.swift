import ShrinkGraph

/// Greatest element of each window, and where it stands; padding counts as nothing.
///
/// Source: the ONNX specification of MaxPool, versions 1 to 22.
package struct MaxPool: Operator {
  package static let names = ["MaxPool"]
  package static let opsets = 1...28
  package static let inputs = 1...1
  package var useOfAll: String { "slides a window over them" }

  let pooling: WindowPooling
  private let hasIndices: Bool
  /// Whether indices count the first spatial axis fastest.
  private let isColumnMajor: Bool

  package init(_ attributes: Attributes) throws(OperatorError) {
    hasIndices = attributes.outputs > 1
    isColumnMajor = try attributes.int("storage_order", default: 0) != 0
    pooling = try WindowPooling(.maximum, attributes)
  }

  package func infer(_ inputs: Operands<TensorType>) throws(OperatorError) -> [TensorType] {
    let y = try pooling.infer(inputs[0])
    return hasIndices ? y + [TensorType(.int64, y[0].shape)] : y
  }

  package func run(_ inputs: Operands<Tensor>) throws(OperatorError) -> [Tensor] {
    let x = inputs[0]
    switch x.dtype {
    case .float32: return hasIndices ? try loops(x, Float.self) : try pooling.run(x)
    case .float64: return try loops(x, Double.self)
    case .int8: return try loops(x, Int8.self)
    case .uint8: return try loops(x, UInt8.self)
    case .float16, .bfloat16: return try Conversion.widening(inputs, run)
    default: throw .noKernel(for: x.dtype)
    }
  }

  private func loops<T: TensorElement & Comparable & Bounded>(_ x: Tensor, _ type: T.Type) throws(OperatorError)
    -> [Tensor]
  {
    let placed = try pooling.place(x.shape)
    let shape = try infer(Operands([TensorType(x.dtype, x.shape)]))[0].shape
    let (plane, stops) = (placed.input.product, placed.output.product)
    let order = hasIndices ? places(placed.input) : []
    let indices = TensorStorage(byteCount: hasIndices ? shape.product * 8 : 0)
    let found = indices.bytes.bindMemory(to: Int64.self, capacity: hasIndices ? shape.product : 0)
    let y = try x.mapped(T.self, shape: shape) { x, y in
      WindowLoops.forEach(placed, planes: shape[0] * shape[1]) { image, stop, reads in
        let from = x + image * plane
        var best = -1
        for read in reads where read >= 0 && (best < 0 || from[read] > from[best]) { best = read }
        y[image * stops + stop] = best < 0 ? T.least : from[best]
        if hasIndices { found[image * stops + stop] = best < 0 ? -1 : Int64(image * plane + order[best]) }
      }
    }
    return hasIndices ? [y, Tensor(dtype: .int64, shape: shape, storage: indices)] : [y]
  }

  /// The number that stands for each flat spatial index.
  private func places(_ lengths: [Int]) -> [Int] {
    guard isColumnMajor else { return Array(0..<lengths.product) }
    var strides = [Int](repeating: 1, count: lengths.count)
    for axis in lengths.indices.dropFirst() { strides[axis] = strides[axis - 1] * lengths[axis - 1] }
    return (0..<lengths.product).map { flat in
      var (rest, result) = (flat, 0)
      for axis in lengths.indices.reversed() {
        result += rest % lengths[axis] * strides[axis]
        rest /= lengths[axis]
      }
      return result
    }
  }

  package func couple(_ c: inout Coupling) {
    // Indices count through all channels: they change when one is removed.
    if !hasIndices { pooling.couple(&c) }
  }
}

/// A type with a least element: the maximum of nothing.
private protocol Bounded {
  static var least: Self { get }
}
extension Float: Bounded { fileprivate static var least: Float { -greatestFiniteMagnitude } }
extension Double: Bounded { fileprivate static var least: Double { -greatestFiniteMagnitude } }
extension Int8: Bounded { fileprivate static var least: Int8 { min } }
extension UInt8: Bounded { fileprivate static var least: UInt8 { min } }
