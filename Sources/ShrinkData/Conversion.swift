import ShrinkGraph

/// Conversions between element types of the same kind, and the check that numbers are finite.
enum Conversion {
  private static let floats: Set<DType> = [.float16, .float32, .float64]
  private static let integers: Set<DType> = [
    .int8, .int16, .int32, .int64, .uint8, .uint16, .uint32, .uint64,
  ]

  /// Whether elements of `from` may stand in for elements of `to`: the same type, or both floating-point numbers, or
  /// both integers.
  static func allows(_ from: DType, _ to: DType) -> Bool {
    from == to || (floats.contains(from) && floats.contains(to)) || (integers.contains(from) && integers.contains(to))
  }

  /// The same numbers as elements of `wanted`; the types must be of one kind.
  ///
  /// `misfit` makes the error for the position of an integer that `wanted` cannot hold.
  static func convert(
    _ tensor: Tensor, to wanted: DType, misfit: (Int) -> ShrinkError
  ) throws(ShrinkError) -> Tensor {
    if tensor.dtype == wanted { return tensor }
    precondition(allows(tensor.dtype, wanted), "\(tensor.dtype) to \(wanted)")
    switch tensor.dtype {
    case .float16: return toFloat(tensor, Float16.self, wanted)
    case .float32: return toFloat(tensor, Float.self, wanted)
    case .float64: return toFloat(tensor, Double.self, wanted)
    case .int8: return try toInteger(tensor, Int8.self, wanted, misfit)
    case .int16: return try toInteger(tensor, Int16.self, wanted, misfit)
    case .int32: return try toInteger(tensor, Int32.self, wanted, misfit)
    case .int64: return try toInteger(tensor, Int64.self, wanted, misfit)
    case .uint8: return try toInteger(tensor, UInt8.self, wanted, misfit)
    case .uint16: return try toInteger(tensor, UInt16.self, wanted, misfit)
    case .uint32: return try toInteger(tensor, UInt32.self, wanted, misfit)
    default: return try toInteger(tensor, UInt64.self, wanted, misfit)
    }
  }

  /// Position of the first element that is NaN or infinite, or of the first boolean that is neither 0 nor 1.
  static func firstInvalid(_ tensor: Tensor) -> Int? {
    switch tensor.dtype {
    case .float32: tensor.withElements(Float.self) { firstNotFinite($0) }
    case .float64: tensor.withElements(Double.self) { firstNotFinite($0) }
    case .float16: halves(tensor).firstIndex { $0 & 0x7C00 == 0x7C00 }
    case .bfloat16: halves(tensor).firstIndex { $0 & 0x7F80 == 0x7F80 }
    case .bool: tensor.withBytes { bytes in bytes.firstIndex { $0 > 1 } }
    default: nil
    }
  }

  /// x − x is 0 for finite numbers and NaN for all others, and a sum over it needs no branch.
  private static func firstNotFinite<T: BinaryFloatingPoint>(_ numbers: UnsafeBufferPointer<T>) -> Int? {
    var sum: T = 0
    for x in numbers { sum += x - x }
    return sum == 0 ? nil : numbers.firstIndex { !$0.isFinite }
  }

  private static func halves(_ tensor: Tensor) -> [UInt16] {
    tensor.withBytes { bytes in
      (0..<tensor.count).map { UInt16(littleEndian: bytes.loadUnaligned(fromByteOffset: 2 * $0, as: UInt16.self)) }
    }
  }

  private static func toFloat<S: BinaryFloatingPoint & BitwiseCopyable>(
    _ tensor: Tensor, _: S.Type, _ wanted: DType
  ) -> Tensor {
    let result = TensorStorage(byteCount: tensor.count * wanted.bits / 8)
    tensor.withBytes { bytes in
      for i in 0..<tensor.count {
        let x = bytes.loadUnaligned(fromByteOffset: i * MemoryLayout<S>.stride, as: S.self)
        switch wanted {
        case .float16: result.bytes.storeBytes(of: Float16(x), toByteOffset: 2 * i, as: Float16.self)
        case .float32: result.bytes.storeBytes(of: Float(x), toByteOffset: 4 * i, as: Float.self)
        default: result.bytes.storeBytes(of: Double(x), toByteOffset: 8 * i, as: Double.self)
        }
      }
    }
    return Tensor(dtype: wanted, shape: tensor.shape, storage: result)
  }

  private static func toInteger<S: FixedWidthInteger & BitwiseCopyable>(
    _ tensor: Tensor, _ source: S.Type, _ wanted: DType, _ misfit: (Int) -> ShrinkError
  ) throws(ShrinkError) -> Tensor {
    switch wanted {
    case .int8: try exact(tensor, source, Int8.self, misfit)
    case .int16: try exact(tensor, source, Int16.self, misfit)
    case .int32: try exact(tensor, source, Int32.self, misfit)
    case .int64: try exact(tensor, source, Int64.self, misfit)
    case .uint8: try exact(tensor, source, UInt8.self, misfit)
    case .uint16: try exact(tensor, source, UInt16.self, misfit)
    case .uint32: try exact(tensor, source, UInt32.self, misfit)
    default: try exact(tensor, source, UInt64.self, misfit)
    }
  }

  private static func exact<S: FixedWidthInteger & BitwiseCopyable, D: FixedWidthInteger & TensorElement>(
    _ tensor: Tensor, _: S.Type, _: D.Type, _ misfit: (Int) -> ShrinkError
  ) throws(ShrinkError) -> Tensor {
    try Tensor(shape: tensor.shape, D.self) { (to: UnsafeMutableBufferPointer<D>) throws(ShrinkError) in
      try tensor.withBytes { (bytes: UnsafeRawBufferPointer) throws(ShrinkError) in
        for i in to.indices {
          let x = bytes.loadUnaligned(fromByteOffset: i * MemoryLayout<S>.stride, as: S.self)
          guard let exact = D(exactly: x) else { throw misfit(i) }
          to.initializeElement(at: i, to: exact)
        }
      }
    }
  }
}
