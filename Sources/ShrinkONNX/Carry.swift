internal import COnnxProto
internal import ShrinkGraph

// A carry is a serialised message without what the graph holds of it in another form. What is not understood, fields of
// later versions included, is in the carry, and so returns to the file. Lists that the graph holds (initialisers,
// declarations) leave their names behind, in order: the file is written in the order in which it came.

extension Arena {
  /// The message that a carry holds; one with defaults where there is no carry.
  func open<M: Message>(
    _ type: M.Type, _ carry: [UInt8]?, _ place: @autoclosure () -> String
  ) throws(ShrinkError) -> UnsafeMutablePointer<M> {
    guard let carry, !carry.isEmpty else { return make(M.self) }
    guard let message = carry.withUnsafeBufferPointer({ unpack(M.self, $0) }) else {
      throw ShrinkError(.internal, place: place(), "what came with it from the file cannot be read back")
    }
    return message
  }
}

/// Takes the elements out of a tensor message and packs the rest.
///
/// An empty `raw_data` stays, to tell the encoding.
func carry(ofTensor message: UnsafeMutablePointer<Onnx__TensorProto>) -> [UInt8] {
  message.pointee.raw_data = ProtobufCBinaryData(len: 0, data: nil)
  message.pointee.n_float_data = 0
  message.pointee.n_int32_data = 0
  message.pointee.n_int64_data = 0
  message.pointee.n_double_data = 0
  message.pointee.n_uint64_data = 0
  return pack(message)
}

/// Brings the bytes of every tensor at or below a message into it, so that it no longer depends on other files.
struct Embedder {
  /// Reads what stands in other files.
  let external: ExternalData

  /// Walks over the fields of `message` by protobuf-c's own description of them.
  func embed(_ message: UnsafeMutableRawPointer, place: String) throws(ShrinkError) {
    guard let descriptor = message.load(as: ProtobufCMessage.self).descriptor?.pointee else { return }
    if let name = descriptor.c_name, String(cString: name) == "Onnx__TensorProto" {
      try embed(tensor: message.assumingMemoryBound(to: Onnx__TensorProto.self), place: place)
    }
    for field in UnsafeBufferPointer(start: descriptor.fields, count: Int(descriptor.n_fields))
    where field.type == PROTOBUF_C_TYPE_MESSAGE {
      if field.label == PROTOBUF_C_LABEL_REPEATED {
        let count = message.load(fromByteOffset: Int(field.quantifier_offset), as: Int.self)
        let list = message.load(
          fromByteOffset: Int(field.offset), as: UnsafeMutablePointer<UnsafeMutableRawPointer?>?.self)
        for part in UnsafeBufferPointer(start: list, count: list == nil ? 0 : count) {
          if let part { try embed(part, place: place) }
        }
      } else if isSet(field, in: message),
        let part = message.load(fromByteOffset: Int(field.offset), as: UnsafeMutableRawPointer?.self)
      {
        try embed(part, place: place)
      }
    }
  }

  private func isSet(_ field: ProtobufCFieldDescriptor, in message: UnsafeMutableRawPointer) -> Bool {
    guard field.flags & UInt32(PROTOBUF_C_FIELD_FLAG_ONEOF.rawValue) != 0 else { return true }
    return message.load(fromByteOffset: Int(field.quantifier_offset), as: UInt32.self) == field.id
  }

  private func embed(tensor: UnsafeMutablePointer<Onnx__TensorProto>, place: String) throws(ShrinkError) {
    guard tensor.pointee.has_data_location != 0,
      tensor.pointee.data_location == ONNX__TENSOR_PROTO__DATA_LOCATION__EXTERNAL
    else { return }
    let (storage, offset, count) = try external.bytes(of: tensor, place: place)
    tensor.pointee.has_raw_data = 1
    tensor.pointee.raw_data = ProtobufCBinaryData(
      len: count, data: (storage.bytes + offset).assumingMemoryBound(to: UInt8.self))
    tensor.pointee.forgetExternalData()
  }
}

extension Onnx__TensorProto {
  /// Removes every mention of another file.
  mutating func forgetExternalData() {
    n_external_data = 0
    has_data_location = 0
    data_location = ONNX__TENSOR_PROTO__DATA_LOCATION__DEFAULT
  }
}
