internal import COnnxProto

/// A message of `onnx.proto` as protobuf-c lays it out in C.
protocol Message {
  /// Sets every field to its default.
  static func initialize(_ message: UnsafeMutablePointer<Self>)
}

extension Onnx__ModelProto: Message {
  static func initialize(_ message: UnsafeMutablePointer<Self>) { onnx__model_proto__init(message) }
}
extension Onnx__GraphProto: Message {
  static func initialize(_ message: UnsafeMutablePointer<Self>) { onnx__graph_proto__init(message) }
}
extension Onnx__NodeProto: Message {
  static func initialize(_ message: UnsafeMutablePointer<Self>) { onnx__node_proto__init(message) }
}
extension Onnx__AttributeProto: Message {
  static func initialize(_ message: UnsafeMutablePointer<Self>) { onnx__attribute_proto__init(message) }
}
extension Onnx__TensorProto: Message {
  static func initialize(_ message: UnsafeMutablePointer<Self>) { onnx__tensor_proto__init(message) }
}
extension Onnx__SparseTensorProto: Message {
  static func initialize(_ message: UnsafeMutablePointer<Self>) { onnx__sparse_tensor_proto__init(message) }
}
extension Onnx__ValueInfoProto: Message {
  static func initialize(_ message: UnsafeMutablePointer<Self>) { onnx__value_info_proto__init(message) }
}
extension Onnx__TypeProto: Message {
  static func initialize(_ message: UnsafeMutablePointer<Self>) { onnx__type_proto__init(message) }
}
extension Onnx__TypeProto__Tensor: Message {
  static func initialize(_ message: UnsafeMutablePointer<Self>) { onnx__type_proto__tensor__init(message) }
}
extension Onnx__TensorShapeProto: Message {
  static func initialize(_ message: UnsafeMutablePointer<Self>) { onnx__tensor_shape_proto__init(message) }
}
extension Onnx__TensorShapeProto__Dimension: Message {
  static func initialize(_ message: UnsafeMutablePointer<Self>) { onnx__tensor_shape_proto__dimension__init(message) }
}
extension Onnx__OperatorSetIdProto: Message {
  static func initialize(_ message: UnsafeMutablePointer<Self>) { onnx__operator_set_id_proto__init(message) }
}
extension Onnx__StringStringEntryProto: Message {
  static func initialize(_ message: UnsafeMutablePointer<Self>) { onnx__string_string_entry_proto__init(message) }
}

/// Memory for C messages, all of it given back when the arena goes.
///
/// Messages of an arena may point at memory of others (weights, say), since nothing is freed one by one.
final class Arena {
  private var chunks: [UnsafeMutableRawPointer] = []
  private var next: UnsafeMutableRawPointer?
  private var left = 0
  private static let chunkSize = 1 << 16

  deinit { for chunk in chunks { chunk.deallocate() } }

  /// Fresh bytes, not initialised, aligned to 16.
  func allocate(byteCount: Int) -> UnsafeMutableRawPointer {
    let size = (max(byteCount, 1) + 15) & ~15
    if size > left {
      let chunk = UnsafeMutableRawPointer.allocate(byteCount: max(size, Self.chunkSize), alignment: 16)
      chunks.append(chunk)
      if size >= Self.chunkSize { return chunk }
      next = chunk
      left = Self.chunkSize
    }
    guard let start = next else { return allocate(byteCount: byteCount) }
    next = start + size
    left -= size
    return start
  }

  /// A message whose fields have their defaults.
  func make<M: Message>(_ type: M.Type = M.self) -> UnsafeMutablePointer<M> {
    let message = allocate(byteCount: MemoryLayout<M>.size).bindMemory(to: M.self, capacity: 1)
    M.initialize(message)
    return message
  }

  /// A copy of the elements, for a repeated field.
  func array<T>(_ elements: [T]) -> UnsafeMutablePointer<T> {
    let start = allocate(byteCount: elements.count * MemoryLayout<T>.stride).bindMemory(
      to: T.self, capacity: elements.count)
    start.initialize(from: elements, count: elements.count)
    return start
  }

  /// A copy of the text, for a string field.
  func text(_ text: String) -> UnsafeMutablePointer<CChar> { array(text.utf8CString.map { $0 }) }

  /// A copy of the bytes, for a bytes field.
  func bytes(_ bytes: [UInt8]) -> ProtobufCBinaryData { ProtobufCBinaryData(len: bytes.count, data: array(bytes)) }

  /// Decodes a message; nil when protobuf-c finds the bytes malformed.
  ///
  /// Their nesting must be bounded: see `Skeleton`.
  func unpack<M: Message>(_ type: M.Type = M.self, _ bytes: UnsafeBufferPointer<UInt8>) -> UnsafeMutablePointer<M>? {
    let descriptor = UnsafeMutableRawPointer(make(M.self)).load(as: ProtobufCMessage.self).descriptor
    var allocator = ProtobufCAllocator(
      alloc: { arena, size in
        arena.map { Unmanaged<Arena>.fromOpaque($0).takeUnretainedValue().allocate(byteCount: size) }
      },
      free: { _, _ in },
      allocator_data: Unmanaged.passUnretained(self).toOpaque())
    let message = protobuf_c_message_unpack(descriptor, &allocator, bytes.count, bytes.baseAddress)
    return message.map { UnsafeMutableRawPointer($0).assumingMemoryBound(to: M.self) }
  }
}

/// Encodes a message.
func pack<M: Message>(_ message: UnsafeMutablePointer<M>) -> [UInt8] {
  let base = UnsafeMutableRawPointer(message).assumingMemoryBound(to: ProtobufCMessage.self)
  let size = protobuf_c_message_get_packed_size(base)
  return [UInt8](unsafeUninitializedCapacity: size) { buffer, count in
    count = buffer.baseAddress.map { protobuf_c_message_pack(base, $0) } ?? 0
  }
}

/// The messages of a repeated field.
func items<M>(_ start: UnsafeMutablePointer<UnsafeMutablePointer<M>?>?, _ count: Int) -> [UnsafeMutablePointer<M>] {
  UnsafeBufferPointer(start: start, count: start == nil ? 0 : count).compactMap(\.self)
}
