internal import COnnxProto
internal import ShrinkGraph

/// How the elements of a type stand in the typed fields of a TensorProto, where they are not in `raw_data`.
///
/// The specification (onnx.proto, TensorProto): `float_data` for float and complex64, `double_data` for double and
/// complex128, `int64_data` for int64, `uint64_data` for uint32 and uint64, `int32_data` for everything else: one entry
/// an element, but one entry a byte where bytes hold two or four elements.
enum TypedEncoding {
  case floats, doubles, int64s, uint64s, uint32s, int32s, halves, bytes, sixBits

  /// The encoding of a type other than string.
  init(_ dtype: DType) {
    self =
      switch dtype {
      case .float32, .complex64: .floats
      case .float64, .complex128: .doubles
      case .int64: .int64s
      case .uint64: .uint64s
      case .uint32: .uint32s
      case .int32: .int32s
      default: dtype.bits == 16 ? .halves : dtype.bits == 6 ? .sixBits : .bytes
      }
  }

  /// Entries that `count` elements in `byteCount` bytes take.
  func entries(_ count: Int, _ byteCount: Int) -> Int {
    switch self {
    case .floats: byteCount / 4
    case .doubles: byteCount / 8
    case .bytes: byteCount
    default: count
    }
  }

  /// Entries that a message holds.
  func given(_ proto: Onnx__TensorProto) -> Int {
    switch self {
    case .floats: proto.n_float_data
    case .doubles: proto.n_double_data
    case .int64s: proto.n_int64_data
    case .uint64s, .uint32s: proto.n_uint64_data
    case .int32s, .halves, .bytes, .sixBits: proto.n_int32_data
    }
  }

  /// Writes the elements of a message, whose count was checked, to `out`.
  func read(_ proto: Onnx__TensorProto, into out: UnsafeMutableRawBufferPointer) {
    switch self {
    case .floats: out.copyElements(proto.float_data, proto.n_float_data)
    case .doubles: out.copyElements(proto.double_data, proto.n_double_data)
    case .int64s: out.copyElements(proto.int64_data, proto.n_int64_data)
    case .uint64s: out.copyElements(proto.uint64_data, proto.n_uint64_data)
    case .int32s: out.copyElements(proto.int32_data, proto.n_int32_data)
    case .uint32s: out.convert(proto.uint64_data, proto.n_uint64_data) { UInt32(truncatingIfNeeded: $0) }
    case .halves: out.convert(proto.int32_data, proto.n_int32_data) { UInt16(truncatingIfNeeded: $0) }
    case .bytes: out.convert(proto.int32_data, proto.n_int32_data) { UInt8(truncatingIfNeeded: $0) }
    case .sixBits:
      out.initializeMemory(as: UInt8.self, repeating: 0)
      for (i, entry) in UnsafeBufferPointer(start: proto.int32_data, count: proto.n_int32_data).enumerated() {
        let bits = UInt16(truncatingIfNeeded: entry & 63) << UInt16(i * 6 % 8)
        out[i * 6 / 8] |= UInt8(truncatingIfNeeded: bits)
        if bits > 255 { out[i * 6 / 8 + 1] |= UInt8(bits >> 8) }
      }
    }
  }

  /// Puts the elements of a tensor into the field of a message; those that need no conversion are not copied.
  func write(_ tensor: Tensor, to proto: UnsafeMutablePointer<Onnx__TensorProto>, in arena: Arena) {
    let start = tensor.storage.bytes + tensor.offset
    let entries = entries(tensor.count, tensor.byteCount)
    switch self {
    case .floats:
      proto.pointee.n_float_data = entries
      proto.pointee.float_data = start.assumingMemoryBound(to: Float.self)
    case .doubles:
      proto.pointee.n_double_data = entries
      proto.pointee.double_data = start.assumingMemoryBound(to: Double.self)
    case .int64s:
      proto.pointee.n_int64_data = entries
      proto.pointee.int64_data = start.assumingMemoryBound(to: Int64.self)
    case .uint64s:
      proto.pointee.n_uint64_data = entries
      proto.pointee.uint64_data = start.assumingMemoryBound(to: UInt64.self)
    case .uint32s:
      proto.pointee.n_uint64_data = entries
      proto.pointee.uint64_data = arena.array(tensor.elements(UInt32.self).map { UInt64($0) })
    case .int32s, .halves, .bytes, .sixBits:
      proto.pointee.n_int32_data = entries
      proto.pointee.int32_data = arena.array(int32s(tensor))
    }
  }

  private func int32s(_ tensor: Tensor) -> [Int32] {
    if self == .int32s { return tensor.elements(Int32.self) }
    if tensor.dtype == .int8 { return tensor.elements(Int8.self).map { Int32($0) } }
    if tensor.dtype == .int16 { return tensor.elements(Int16.self).map { Int32($0) } }
    return tensor.withBytes { bytes in
      switch self {
      case .halves: (0..<tensor.count).map { Int32(bytes.loadUnaligned(fromByteOffset: 2 * $0, as: UInt16.self)) }
      case .sixBits:
        (0..<tensor.count).map { i in
          let low = UInt16(bytes[i * 6 / 8]) >> UInt16(i * 6 % 8)
          let high = i * 6 % 8 > 2 ? UInt16(bytes[i * 6 / 8 + 1]) << UInt16(8 - i * 6 % 8) : 0
          return Int32((low | high) & 63)
        }
      default: bytes.map { Int32($0) }
      }
    }
  }
}

extension UnsafeMutableRawBufferPointer {
  fileprivate func copyElements<T>(_ source: UnsafeMutablePointer<T>?, _ count: Int) {
    guard let source, let base = baseAddress else { return }
    base.copyMemory(from: source, byteCount: Swift.min(count * MemoryLayout<T>.stride, self.count))
  }

  fileprivate func convert<T, U>(_ source: UnsafeMutablePointer<T>?, _ count: Int, _ body: (T) -> U) {
    for (i, element) in UnsafeBufferPointer(start: source, count: source == nil ? 0 : count).enumerated() {
      storeBytes(of: body(element), toByteOffset: i * MemoryLayout<U>.stride, as: U.self)
    }
  }
}
