internal import COnnxProto
internal import ShrinkGraph

/// Reads the elements of TensorProto messages, whatever their encoding.
struct TensorReader {
  /// The model file, into which spans point.
  let file: UnsafeRawBufferPointer
  /// Files beside it.
  let external: ExternalData

  /// Reads tensors that hold their elements themselves.
  static var embedded: TensorReader {
    TensorReader(file: UnsafeRawBufferPointer(start: nil, count: 0), external: ExternalData(folder: nil))
  }

  /// The tensor of a message.
  ///
  /// `raw_data` holds a `Skeleton.Span` if `spans`. The elements are copied once, or stay in the mapped file if they
  /// are external and aligned. String tensors have a type and a shape, but no bytes.
  func tensor(
    _ message: UnsafeMutablePointer<Onnx__TensorProto>, spans: Bool, place: String
  ) throws(ShrinkError) -> Tensor {
    let proto = message.pointee
    let (dtype, shape, count) = try layout(proto, place)
    guard let byteCount = dtype.byteCount(count) else { throw .tooLarge(shape, place) }
    guard proto.segment == nil else { throw .segmented(place) }
    if dtype == .string {
      guard proto.n_string_data == count else { throw .wrongCount(place, shape, "strings", count, proto.n_string_data) }
      return Tensor(dtype: dtype, shape: shape, storage: TensorStorage(byteCount: 0))
    }
    if proto.has_data_location != 0, proto.data_location == ONNX__TENSOR_PROTO__DATA_LOCATION__EXTERNAL {
      let (storage, offset, length) = try external.bytes(of: message, place: place)
      guard length == byteCount else { throw .wrongCount(place, shape, "bytes", byteCount, length) }
      let bytes = UnsafeRawBufferPointer(start: storage.bytes + offset, count: length)
      try checkBools(bytes, dtype, place)
      let alignment = max(dtype.bits / 8, 1)
      if Int(bitPattern: storage.bytes + offset).isMultiple(of: min(alignment, 8)) {
        return Tensor(dtype: dtype, shape: shape, storage: storage, offset: offset)
      }
      return Tensor(dtype: dtype, shape: shape, storage: copy(bytes))
    }
    let bytes = try raw(proto, spans, place)
    if proto.has_raw_data != 0, !bytes.isEmpty || byteCount == 0 {
      guard bytes.count == byteCount else { throw .wrongCount(place, shape, "bytes", byteCount, bytes.count) }
      try checkBools(bytes, dtype, place)
      return Tensor(dtype: dtype, shape: shape, storage: copy(bytes))
    }
    let storage = try typed(proto, dtype, shape, count, byteCount, place)
    try checkBools(UnsafeRawBufferPointer(start: storage.bytes, count: byteCount), dtype, place)
    return Tensor(dtype: dtype, shape: shape, storage: storage)
  }

  private func layout(_ proto: Onnx__TensorProto, _ place: String) throws(ShrinkError) -> (DType, [Int], Int) {
    guard let dtype = DType(rawValue: proto.data_type), proto.has_data_type != 0 else {
      throw ShrinkError(
        .malformedModel, place: place, "it has element type \(proto.data_type), which ONNX 1.23 does not know",
        hint: "export the model again, or for an older ONNX")
    }
    let shape = UnsafeBufferPointer(start: proto.dims, count: proto.n_dims).map { Int($0) }
    guard let count = Tensor.checkedCount(shape) else { throw .tooLarge(shape, place) }
    return (dtype, shape, count)
  }

  /// The bytes in `raw_data`, which holds a `Skeleton.Span` if `spans`.
  func raw(_ proto: Onnx__TensorProto, _ spans: Bool, _ place: String) throws(ShrinkError) -> UnsafeRawBufferPointer {
    guard spans, proto.has_raw_data != 0 else {
      return UnsafeRawBufferPointer(start: proto.raw_data.data, count: proto.raw_data.len)
    }
    guard let span = Skeleton.Span(proto.raw_data), span.start >= 0, span.count >= 0, span.start <= file.count,
      span.count <= file.count - span.start
    else { throw ShrinkError(.internal, place: place, "its bytes were lost on the way in") }
    return UnsafeRawBufferPointer(rebasing: file[span.start..<(span.start + span.count)])
  }

  private func copy(_ bytes: UnsafeRawBufferPointer) -> TensorStorage {
    let storage = TensorStorage(byteCount: bytes.count)
    if let start = bytes.baseAddress { storage.bytes.copyMemory(from: start, byteCount: bytes.count) }
    return storage
  }

  private func typed(
    _ proto: Onnx__TensorProto, _ dtype: DType, _ shape: [Int], _ count: Int, _ byteCount: Int, _ place: String
  ) throws(ShrinkError) -> TensorStorage {
    let encoding = TypedEncoding(dtype)
    let expected = encoding.entries(count, byteCount)
    let given = encoding.given(proto)
    guard given == expected else { throw .wrongCount(place, shape, "numbers", expected, given) }
    let storage = TensorStorage(byteCount: byteCount)
    encoding.read(proto, into: UnsafeMutableRawBufferPointer(start: storage.bytes, count: byteCount))
    return storage
  }

  private func checkBools(_ bytes: UnsafeRawBufferPointer, _ dtype: DType, _ place: String) throws(ShrinkError) {
    guard dtype == .bool, !bytes.allSatisfy({ $0 <= 1 }) else { return }
    throw ShrinkError(
      .malformedModel, place: place, "a boolean in it is neither 0 nor 1", hint: "the file is damaged: export it again")
  }
}

extension ShrinkError {
  fileprivate static func tooLarge(_ shape: [Int], _ place: String) -> ShrinkError {
    ShrinkError(
      .malformedModel, place: place, "its shape \(shape) has a negative size, or more elements than can be counted",
      hint: "the file is damaged: export or download it again")
  }
  fileprivate static func segmented(_ place: String) -> ShrinkError {
    ShrinkError(
      .malformedModel, place: place, "it is stored in segments, which no ONNX runtime reads",
      hint: "export the model again")
  }
  fileprivate static func wrongCount(
    _ place: String, _ shape: [Int], _ unit: String, _ expected: Int, _ given: Int
  ) -> ShrinkError {
    ShrinkError(
      .malformedModel, place: place, "its shape \(shape) needs \(expected) \(unit), but \(given) are stored",
      hint: "the file is damaged or incomplete: export or download it again")
  }
}
