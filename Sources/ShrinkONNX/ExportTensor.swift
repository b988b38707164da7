internal import COnnxProto
internal import ShrinkGraph

/// Turns tensors into messages.
///
/// The messages point at the elements, which must outlive them.
final class TensorWriter {
  /// Elements that go to a file of their own.
  struct External {
    let tensor: Tensor
    let offset: Int
  }

  private let arena: Arena
  private let location: String?
  /// What goes to the data file, in the order of the file.
  private(set) var external: [External] = []
  private var end = 0

  /// Tensors with fewer bytes stay in the model file, as is custom.
  private static let smallest = 1024

  /// `location` is the name of the data file as the model file says it; nil to keep everything in the model file.
  init(arena: Arena, location: String?) {
    self.arena = arena
    self.location = location
  }

  /// The message of a tensor: what came with it from the file, its elements in the encoding they had.
  ///
  /// `name` is nil for tensors of attributes, which keep what name they have.
  func message(
    _ tensor: Tensor, carry: [UInt8]?, name: String?, place: String
  ) throws(ShrinkError) -> UnsafeMutablePointer<Onnx__TensorProto> {
    let message = try arena.open(Onnx__TensorProto.self, carry, place)
    let wasExternal = message.pointee.data_location == ONNX__TENSOR_PROTO__DATA_LOCATION__EXTERNAL
    if let name, try !says(message.pointee.name, name, place) { message.pointee.name = arena.text(name) }
    message.pointee.n_dims = tensor.rank
    message.pointee.dims = arena.array(tensor.shape.map { Int64($0) })
    message.pointee.has_data_type = 1
    message.pointee.data_type = tensor.dtype.rawValue
    if wasExternal { message.pointee.forgetExternalData() }
    if tensor.dtype == .string {
      guard message.pointee.n_string_data == tensor.count else {
        throw ShrinkError(.internal, place: place, "its texts were lost")
      }
    } else if location != nil, name != nil || wasExternal, tensor.byteCount >= Self.smallest {
      putOutside(tensor, message)
    } else if carry == nil || wasExternal || message.pointee.has_raw_data != 0 {
      message.pointee.has_raw_data = 1
      message.pointee.raw_data = ProtobufCBinaryData(
        len: tensor.byteCount, data: (tensor.storage.bytes + tensor.offset).assumingMemoryBound(to: UInt8.self))
    } else {
      TypedEncoding(tensor.dtype).write(tensor, to: message, in: arena)
    }
    return message
  }

  private func putOutside(_ tensor: Tensor, _ message: UnsafeMutablePointer<Onnx__TensorProto>) {
    let alignment = tensor.byteCount >= 1 << 16 ? 4096 : 64
    let offset = (end + alignment - 1) / alignment * alignment
    end = offset + tensor.byteCount
    external.append(External(tensor: tensor, offset: offset))
    let entries = [("location", location ?? ""), ("offset", String(offset)), ("length", String(tensor.byteCount))]
    let messages = entries.map { key, value -> UnsafeMutablePointer<Onnx__StringStringEntryProto>? in
      let entry = arena.make(Onnx__StringStringEntryProto.self)
      entry.pointee.key = arena.text(key)
      entry.pointee.value = arena.text(value)
      return entry
    }
    message.pointee.has_raw_data = 0
    message.pointee.raw_data = ProtobufCBinaryData(len: 0, data: nil)
    message.pointee.n_external_data = messages.count
    message.pointee.external_data = arena.array(messages)
    message.pointee.has_data_location = 1
    message.pointee.data_location = ONNX__TENSOR_PROTO__DATA_LOCATION__EXTERNAL
  }
}
