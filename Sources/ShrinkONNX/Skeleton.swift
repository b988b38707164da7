internal import COnnxProto
internal import ShrinkGraph

/// A serialised model without its weights, safe to hand to protobuf-c.
///
/// protobuf-c recurses without limit and copies every bytes field. The walk over the wire format that comes before it
/// bounds the nesting, checks every length, refuses what C strings cannot hold, and puts a `Span` in the place of each
/// `raw_data` of the main graph's initialisers and node attributes. Wire format: protobuf.dev/programming-guides/encoding.
struct Skeleton {
  /// Where the elements of a tensor stand in the file.
  struct Span {
    /// First byte.
    let start: Int
    /// Number of bytes.
    let count: Int

    /// Bytes that a span takes in the skeleton.
    static let byteCount = 16

    /// Reads a span back from a `raw_data` field of an unpacked skeleton.
    init?(_ data: ProtobufCBinaryData) {
      guard data.len == Self.byteCount, let bytes = data.data else { return nil }
      let raw = UnsafeRawPointer(bytes)
      self.init(start: raw.loadUnaligned(as: Int.self), count: raw.loadUnaligned(fromByteOffset: 8, as: Int.self))
    }

    init(start: Int, count: Int) {
      self.start = start
      self.count = count
    }

    fileprivate func write(to out: inout [UInt8]) {
      withUnsafeBytes(of: start) { out.append(contentsOf: $0) }
      withUnsafeBytes(of: count) { out.append(contentsOf: $0) }
    }
  }

  /// Messages on the way from the model to the weights of its main graph; `other` ones are only checked.
  private enum Role {
    case model, graph, node, attribute, tensor, other

    func child(field: UInt32) -> Role {
      switch (self, field) {
      case (.model, 7): .graph
      case (.graph, 1): .node
      case (.graph, 5), (.attribute, 5): .tensor
      case (.node, 5): .attribute
      default: .other
      }
    }
  }

  /// Deepest nesting of messages that is read, the limit of other ONNX readers too.
  static let maximumDepth = 100

  private typealias Descriptor = UnsafePointer<ProtobufCMessageDescriptor>
  private let file: UnsafeRawBufferPointer

  /// The skeleton of a serialised model.
  ///
  /// Throws where the bytes are no protobuf message of the ONNX kind.
  static func bytes(ofModel file: UnsafeRawBufferPointer) throws(ShrinkError) -> [UInt8] {
    guard !file.isEmpty else { throw .empty }
    var out: [UInt8] = []
    var model = Onnx__ModelProto()
    onnx__model_proto__init(&model)
    try Skeleton(file: file).walk(0..<file.count, model.base.descriptor, .model, depth: 1, into: &out)
    return out
  }

  private func walk(
    _ range: Range<Int>, _ descriptor: Descriptor, _ role: Role, depth: Int, into out: inout [UInt8]
  ) throws(ShrinkError) {
    guard depth <= Self.maximumDepth else { throw .tooDeep(range.lowerBound) }
    var reader = WireReader(file, range)
    var singles: UInt64 = 0
    while let field = try reader.next() {
      let known = protobuf_c_message_descriptor_get_field(descriptor, field.number)?.pointee
      let child = role.child(field: field.number)
      if let known, field.isBytes, known.type == PROTOBUF_C_TYPE_MESSAGE, let inner = known.descriptor {
        if known.label != PROTOBUF_C_LABEL_REPEATED {
          guard singles & (1 << (field.number & 63)) == 0 else { throw .twice(known.name, field.start) }
          singles |= 1 << (field.number & 63)
        }
        var part: [UInt8] = []
        try walk(
          field.payload, UnsafeRawPointer(inner).assumingMemoryBound(to: ProtobufCMessageDescriptor.self), child,
          depth: depth + 1, into: &part)
        if child != .other { out.appendBytesField(field.number, part) }
      } else if let known, field.isBytes, known.type == PROTOBUF_C_TYPE_STRING {
        guard !file[field.payload].contains(0) else { throw .nulInText(known.name, field.start) }
      }
      if role == .tensor, field.number == 9, field.isBytes {
        var span: [UInt8] = []
        Span(start: field.payload.lowerBound, count: field.payload.count).write(to: &span)
        out.appendBytesField(field.number, span)
      } else if role != .other, child == .other || !field.isBytes {
        out.append(contentsOf: UnsafeRawBufferPointer(rebasing: file[field.start..<field.payload.upperBound]))
      }
    }
  }

  private init(file: UnsafeRawBufferPointer) { self.file = file }
}

/// Steps through the fields of one serialised message.
struct WireReader {
  /// One field as it stands in the bytes.
  struct Field {
    let number: UInt32
    /// Where its tag stands.
    let start: Int
    /// Its content, without tag and length.
    let payload: Range<Int>
    /// Whether it is text, bytes, a message or packed numbers.
    let isBytes: Bool
  }

  private let bytes: UnsafeRawBufferPointer
  private var at: Int
  private let end: Int

  /// Reads the fields in `range` of `bytes`.
  init(_ bytes: UnsafeRawBufferPointer, _ range: Range<Int>) {
    self.bytes = bytes
    at = range.lowerBound
    end = range.upperBound
  }

  /// The next field; nil at the end.
  ///
  /// Throws where it does not fit.
  mutating func next() throws(ShrinkError) -> Field? {
    guard at < end else { return nil }
    let start = at
    let tag = try varint()
    guard tag <= UInt64(UInt32.max), tag >> 3 != 0 else { throw .notProtobuf(start) }
    let length: Int
    switch tag & 7 {
    case 0:
      let first = at
      _ = try varint()
      return Field(number: UInt32(tag >> 3), start: start, payload: first..<at, isBytes: false)
    case 1: length = 8
    case 5: length = 4
    case 2:
      let count = try varint()
      guard count <= UInt64(Int32.max) || count <= UInt64(end - at) else { throw .cut(start, end: end) }
      length = Int(count)
    default: throw .notProtobuf(start)
    }
    guard length <= end - at else { throw .cut(start, end: end) }
    let payload = at..<(at + length)
    at += length
    return Field(number: UInt32(tag >> 3), start: start, payload: payload, isBytes: tag & 7 == 2)
  }

  private mutating func varint() throws(ShrinkError) -> UInt64 {
    let start = at
    var value: UInt64 = 0
    for shift in stride(from: UInt64(0), to: 70, by: 7) {
      guard at < end else { throw .cut(start, end: end) }
      let byte = bytes[at]
      at += 1
      value |= UInt64(byte & 0x7F) << shift
      if byte & 0x80 == 0 { return value }
    }
    throw .notProtobuf(start)
  }
}

extension [UInt8] {
  /// Appends a field that holds `content` behind its length.
  fileprivate mutating func appendBytesField(_ number: UInt32, _ content: [UInt8]) {
    appendVarint(UInt64(number) << 3 | 2)
    appendVarint(UInt64(content.count))
    append(contentsOf: content)
  }

  private mutating func appendVarint(_ value: UInt64) {
    var rest = value
    while rest >= 0x80 {
      append(UInt8(truncatingIfNeeded: rest) | 0x80)
      rest >>= 7
    }
    append(UInt8(rest))
  }
}

extension ShrinkError {
  fileprivate static var empty: ShrinkError {
    ShrinkError(.malformedModel, "the file is empty", hint: "export or download the model again")
  }
  fileprivate static func cut(_ byte: Int, end: Int) -> ShrinkError {
    ShrinkError(
      .malformedModel, place: "byte \(byte)", "a field runs past the end of what holds it, at byte \(end)",
      hint: "the file is cut off, damaged or not an ONNX model: export or download it again")
  }
  fileprivate static func notProtobuf(_ byte: Int) -> ShrinkError {
    ShrinkError(
      .malformedModel, place: "byte \(byte)", "this is not the binary form of an ONNX model",
      hint: "give the .onnx file itself, not a text, an archive or a web page")
  }
  fileprivate static func tooDeep(_ byte: Int) -> ShrinkError {
    ShrinkError(
      .malformedModel, place: "byte \(byte)", "messages are nested more than \(Skeleton.maximumDepth) deep",
      hint: "the file is damaged, or its subgraphs must be flattened")
  }
  fileprivate static func nulInText(_ field: UnsafePointer<CChar>, _ byte: Int) -> ShrinkError {
    ShrinkError(
      .malformedModel, place: "byte \(byte)", "the text of field '\(String(cString: field))' holds a zero byte",
      hint: "the file is damaged: export or download it again")
  }
  fileprivate static func twice(_ field: UnsafePointer<CChar>, _ byte: Int) -> ShrinkError {
    ShrinkError(
      .malformedModel, place: "byte \(byte)", "field '\(String(cString: field))' is given twice",
      hint: "the file is damaged, or two files were joined: export or download it again")
  }
}
