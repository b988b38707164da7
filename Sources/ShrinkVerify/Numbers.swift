import ShrinkGraph

extension Tensor {
  /// The elements as Double; nil for types that hold no numbers or that are not read as numbers here.
  var numbers: [Double]? {
    switch dtype {
    case .float32: elements(Float.self).map(Double.init)
    case .float64: elements(Double.self)
    case .float16: halves { Double(Float16(bitPattern: $0)) }
    case .bfloat16: halves { Double(Float(bitPattern: UInt32($0) << 16)) }
    case .uint64: elements(UInt64.self).map(Double.init)
    default: integers?.map(Double.init)
    }
  }

  private func halves(_ value: (UInt16) -> Double) -> [Double] {
    withBytes { bytes in (0..<count).map { value(bytes.loadUnaligned(fromByteOffset: 2 * $0, as: UInt16.self)) } }
  }
}
