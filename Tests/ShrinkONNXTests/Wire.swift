/// Writes protobuf messages by hand, wrong ones too.
enum Wire {
  /// A field with content behind its length.
  static func message(_ field: UInt64, _ content: [UInt8]) -> [UInt8] {
    varint(field << 3 | 2) + varint(UInt64(content.count)) + content
  }

  /// A field with text.
  static func message(_ field: UInt64, _ text: String) -> [UInt8] { message(field, Array(text.utf8)) }

  /// A field with an integer.
  static func number(_ field: UInt64, _ value: Int64) -> [UInt8] {
    varint(field << 3) + varint(UInt64(bitPattern: value))
  }

  /// A model with this graph; without an operator set where that is nil.
  static func model(graph: [UInt8], ir: Int64 = 8, opset: Int64? = 17) -> [UInt8] {
    number(1, ir) + (opset.map { message(8, number(2, $0)) } ?? []) + message(7, graph)
  }

  /// A model with one initialiser 'w': its dimensions, type and the other fields as given.
  static func model(tensor fields: [UInt8], dims: [Int64], dtype: Int64) -> [UInt8] {
    model(graph: message(5, message(8, "w") + dims.flatMap { number(1, $0) } + number(2, dtype) + fields))
  }

  /// A number in groups of seven bits, the lowest first.
  static func varint(_ value: UInt64) -> [UInt8] {
    value < 0x80 ? [UInt8(value)] : [UInt8(value & 0x7F) | 0x80] + varint(value >> 7)
  }
}
