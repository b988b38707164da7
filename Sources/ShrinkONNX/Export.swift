internal import COnnxProto
package import ShrinkGraph

/// Writes models.
package enum Export {
  /// Where weights go.
  package enum Weights: Sendable {
    /// To a data file if they came from one, or if the model file would be too large.
    case automatic
    /// Into the model file.
    case embedded
    /// To a data file.
    case external
  }

  /// Largest model file: readers of protobuf take no more than 2 GB.
  ///
  /// Leaves room for what is not weights.
  private static let maximumFile = 0x7FFF_FFFF
  private static let maximumWeights = maximumFile - (64 << 20)

  /// The serialised model, its weights in it.
  ///
  /// Throws where it would exceed 2 GB.
  package static func bytes(_ model: Model) throws(ShrinkError) -> [UInt8] {
    defer { withExtendedLifetime(model) {} }
    let arena = Arena()
    let message = try message(model, arena, TensorWriter(arena: arena, location: nil))
    try checkSize(message)
    defer { withExtendedLifetime(arena) {} }
    return pack(message)
  }

  /// Writes the model to `path`.
  ///
  /// Weights that go outside are written to `dataPath` and named `location` in the model: `path` with ".data" behind
  /// it, and its last component, unless given. Returns whether there is a data file.
  @discardableResult
  package static func write(
    _ model: Model, to path: String, weights: Weights = .automatic, dataPath: String? = nil, location: String? = nil
  ) throws(ShrinkError) -> Bool {
    defer { withExtendedLifetime(model) {} }
    let dataPath = dataPath ?? path + ".data"
    let name = location ?? String(dataPath.split(separator: "/").last ?? "weights.data")
    let arena = Arena()
    let tensors = TensorWriter(arena: arena, location: isOutside(model, weights) ? name : nil)
    let message = try message(model, arena, tensors)
    try checkSize(message)
    let file = try FileWriter(path: path)
    file.append(message)
    try file.finish()
    withExtendedLifetime(arena) {}
    guard !tensors.external.isEmpty else { return false }
    let data = try FileWriter(path: dataPath)
    for part in tensors.external {
      data.pad(to: part.offset)
      part.tensor.withBytes { data.append($0) }
    }
    try data.finish()
    return true
  }

  private static func isOutside(_ model: Model, _ weights: Weights) -> Bool {
    switch weights {
    case .embedded: false
    case .external: true
    case .automatic:
      model.hasExternalData
        || model.graph.values.reduce(0) { $0 + ($1.constant?.byteCount ?? 0) } > maximumWeights
    }
  }

  private static func checkSize(_ message: UnsafeMutablePointer<Onnx__ModelProto>) throws(ShrinkError) {
    let base = UnsafeMutableRawPointer(message).assumingMemoryBound(to: ProtobufCMessage.self)
    guard protobuf_c_message_get_packed_size(base) <= maximumFile else {
      throw ShrinkError(
        .io, "the model does not fit in one file, whose limit is 2 GB", hint: "let the weights go to a data file")
    }
  }

  private static func message(
    _ model: Model, _ arena: Arena, _ tensors: TensorWriter
  ) throws(ShrinkError) -> UnsafeMutablePointer<Onnx__ModelProto> {
    let message = try arena.open(Onnx__ModelProto.self, model.carry, "model")
    message.pointee.has_ir_version = 1
    message.pointee.ir_version = model.irVersion
    try putOpsets(model.graph.opsets, into: message, arena)
    message.pointee.graph = try GraphExport(arena: arena, tensors: tensors, graph: model.graph).message()
    return message
  }

  private static func putOpsets(
    _ opsets: [String: Int], into message: UnsafeMutablePointer<Onnx__ModelProto>, _ arena: Arena
  ) throws(ShrinkError) {
    var entries = items(message.pointee.opset_import, message.pointee.n_opset_import)
    var missing = opsets
    for entry in entries {
      guard let version = missing.removeValue(forKey: Opsets.key(try text(entry.pointee.domain, "opset_import"))) else {
        continue
      }
      guard entry.pointee.version != Int64(version) else { continue }
      entry.pointee.has_version = 1
      entry.pointee.version = Int64(version)
    }
    for (domain, version) in missing.sorted(by: { $0.key < $1.key }) {
      let entry = arena.make(Onnx__OperatorSetIdProto.self)
      entry.pointee.domain = arena.text(domain)
      entry.pointee.has_version = 1
      entry.pointee.version = Int64(version)
      entries.append(entry)
    }
    message.pointee.n_opset_import = entries.count
    message.pointee.opset_import = arena.array(entries.map { $0 })
  }
}
