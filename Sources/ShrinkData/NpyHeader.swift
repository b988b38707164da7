import ShrinkGraph

/// The header of a numpy array file.
///
/// Source: numpy.lib.format, versions 1.0, 2.0 and 3.0: magic, version, length of the header, then a Python dictionary
/// with the keys `descr`, `fortran_order` and `shape`.
struct NpyHeader: Equatable {
  /// Element type.
  var dtype: DType
  /// Size of each axis.
  var shape: [Int]
  /// Whether the first axis varies fastest.
  var isFortran: Bool
  /// Where the elements begin, in bytes.
  var dataOffset: Int

  /// The first bytes of every array file.
  static let magic: [UInt8] = [0x93, 0x4E, 0x55, 0x4D, 0x50, 0x59]
  /// Longest header that is read, in bytes; numpy itself stops at 10,000 characters.
  static let limit = 1 << 16

  /// Bytes of the elements.
  var payload: Int { Tensor.count(shape) * dtype.bits / 8 }

  /// Reads it from the start of a file.
  ///
  /// Throws `badData` without file or place when it is not one, is cut off, or holds elements that are not
  /// little-endian numbers.
  init(_ bytes: UnsafeRawBufferPointer) throws(ShrinkError) {
    guard bytes.count >= 10, bytes.prefix(6).elementsEqual(Self.magic) else {
      throw .notNpy("does not begin like a numpy array (.npy)")
    }
    let version = bytes[6]
    guard (1...3).contains(version) else { throw .notNpy("has the unknown numpy format version \(version)") }
    let lengthBytes = version == 1 ? 2 : 4
    guard bytes.count >= 8 + lengthBytes else { throw .notNpy("ends within its header") }
    let length = (0..<lengthBytes).reduce(0) { $0 | Int(bytes[8 + $1]) << (8 * $1) }
    dataOffset = 8 + lengthBytes + length
    guard dataOffset <= Self.limit else { throw .notNpy("declares a header of \(length) bytes") }
    guard bytes.count >= dataOffset else { throw .notNpy("ends within its header") }
    let text = String(decoding: bytes[(8 + lengthBytes)..<dataOffset], as: UTF8.self)
    let fields = try Self.dictionary(text)
    guard let descr = fields["descr"], let order = fields["fortran_order"], let shape = fields["shape"] else {
      throw .notNpy("has a header without descr, fortran_order or shape")
    }
    dtype = try Self.dtype(descr)
    guard order == "True" || order == "False" else { throw .notNpy("has fortran_order \(order)") }
    isFortran = order == "True"
    self.shape = try Self.shape(shape)
    guard let count = Tensor.checkedCount(self.shape), dtype.byteCount(count) != nil else {
      throw .notNpy("declares the impossible shape \(shape)")
    }
  }

  /// Splits `{'key': value, …}` into texts.
  ///
  /// Values end at the comma outside brackets and quotes.
  private static func dictionary(_ text: String) throws(ShrinkError) -> [String: String] {
    guard let open = text.firstIndex(of: "{"), let close = text.lastIndex(of: "}"), open < close else {
      throw .notNpy("has a header that is no dictionary")
    }
    var fields: [String: String] = [:]
    var item = ""
    var depth = 0
    var quoted = false
    for character in text[text.index(after: open)..<close] + "," {
      if character == "'" || character == "\"" { quoted.toggle() }
      if !quoted, "([".contains(character) { depth += 1 }
      if !quoted, ")]".contains(character) { depth -= 1 }
      if character == ",", depth == 0, !quoted {
        if let colon = item.firstIndex(of: ":") {
          fields[unquoted(item[..<colon])] = trimmed(item[item.index(after: colon)...])
        }
        item = ""
      } else {
        item.append(character)
      }
    }
    return fields
  }

  private static func trimmed(_ text: Substring) -> String {
    var text = text.drop { $0.isWhitespace }
    while text.last?.isWhitespace == true { text.removeLast() }
    return String(text)
  }

  private static func unquoted(_ text: Substring) -> String { trimmed(text).filter { $0 != "'" && $0 != "\"" } }

  private static func shape(_ text: String) throws(ShrinkError) -> [Int] {
    guard text.first == "(", text.last == ")" else { throw .notNpy("has the shape \(text)") }
    var sizes: [Int] = []
    for part in text.dropFirst().dropLast().split(separator: ",") where !part.allSatisfy(\.isWhitespace) {
      let digits = trimmed(part)
      guard let size = Int(digits.hasSuffix("L") ? String(digits.dropLast()) : digits), size >= 0 else {
        throw .notNpy("has the shape \(text)")
      }
      sizes.append(size)
    }
    return sizes
  }

  private static let dtypes: [String: DType] = [
    "f2": .float16, "f4": .float32, "f8": .float64, "i1": .int8, "i2": .int16, "i4": .int32, "i8": .int64,
    "u1": .uint8, "u2": .uint16, "u4": .uint32, "u8": .uint64, "b1": .bool, "?": .bool, "c8": .complex64,
    "c16": .complex128,
  ]

  private static func dtype(_ text: String) throws(ShrinkError) -> DType {
    guard !text.hasPrefix("[") else { throw .elements("are records (\(text))") }
    let descr = unquoted(text[...])
    let order = descr.first.map { "<>|=".contains($0) ? $0 : "<" } ?? "<"
    let kind = descr.first.map { "<>|=".contains($0) } == true ? String(descr.dropFirst()) : descr
    guard !kind.hasPrefix("O") else { throw .elements("are Python objects") }
    guard let dtype = dtypes[kind] else { throw .elements("have the numpy type '\(descr)'") }
    guard order != ">" || dtype.bits == 8 else { throw .elements("are big-endian ('\(descr)')") }
    return dtype
  }
}

extension DType {
  /// How numpy writes it; nil for types that numpy does not have.
  var numpyDescr: String? {
    switch self {
    case .float16: "<f2"
    case .float32: "<f4"
    case .float64: "<f8"
    case .int8: "|i1"
    case .int16: "<i2"
    case .int32: "<i4"
    case .int64: "<i8"
    case .uint8: "|u1"
    case .uint16: "<u2"
    case .uint32: "<u4"
    case .uint64: "<u8"
    case .bool: "|b1"
    case .complex64: "<c8"
    case .complex128: "<c16"
    default: nil
    }
  }
}

extension ShrinkError {
  fileprivate static func notNpy(_ fact: String) -> ShrinkError {
    ShrinkError(.badData, fact, hint: "write it with numpy.save, numpy.savez or numpy.savez_compressed")
  }
  fileprivate static func elements(_ fact: String) -> ShrinkError {
    ShrinkError(
      .badData, "its elements \(fact), which cannot be read",
      hint: "convert it to numbers, for instance array.astype('<f4'), and save it again")
  }
}
