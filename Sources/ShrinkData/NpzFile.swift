import CMinizip
import ShrinkGraph

/// A zip of numpy arrays, as `numpy.savez` and `numpy.savez_compressed` write it; zip64 included.
///
/// Stored members are used where they stand in the mapped file. Deflated ones are inflated once, into an unlinked
/// temporary file, and only as far as their own numpy header says.
struct NpzFile {
  private let path: String
  private let storage: TensorStorage
  private let members: [Member]

  private struct Member {
    var key: String
    var position: unz64_file_pos
    var method: UInt
    var compressed: Int
    var size: Int
  }

  /// Most bytes that one deflated byte can stand for (zlib's technical notes: 1032:1, rounded up for short streams).
  private static let mostInflation = 1040
  private static let chunk = 1 << 20

  /// Reads the directory of the zip.
  ///
  /// Throws `badData` when it is none, is damaged or holds the same name twice.
  init(_ path: String) throws(ShrinkError) {
    self.path = path
    storage = try MappedFile.open(path)
    guard let zip = unzOpen64(path) else { throw .notZip(path) }
    defer { unzClose(zip) }
    var members: [Member] = []
    var status = unzGoToFirstFile(zip)
    while status == UNZ_OK {
      members.append(try Self.member(zip, path))
      status = unzGoToNextFile(zip)
    }
    guard status == UNZ_END_OF_LIST_OF_FILE || members.isEmpty else { throw .notZip(path) }
    guard Set(members.map(\.key)).count == members.count else { throw .twice(path) }
    self.members = members
  }

  /// Names of the arrays, in the order of the file.
  var keys: [String] { members.map(\.key) }

  /// Opens one array.
  ///
  /// Throws `badData` when it is missing, cut off, damaged or larger than it can be.
  func array(_ key: String) throws(ShrinkError) -> DataArray {
    guard let member = members.first(where: { $0.key == key }) else { throw .damaged(path, key, "is not in the file") }
    guard let zip = unzOpen64(path) else { throw .notZip(path) }
    defer { unzClose(zip) }
    var position = member.position
    guard unzGoToFilePos64(zip, &position) == UNZ_OK, unzOpenCurrentFile(zip) == UNZ_OK else {
      throw .damaged(path, key, "has a broken entry in the zip")
    }
    let start = Int(exactly: unzGetCurrentFileZStreamPos64(zip)) ?? Int.max
    guard start <= storage.byteCount, member.compressed <= storage.byteCount - start else {
      throw .damaged(path, key, "is cut off: the zip promises \(member.compressed) bytes that the file does not have")
    }
    if member.method == 0 {
      guard member.size == member.compressed else { throw .damaged(path, key, "has a broken entry in the zip") }
      return try DataArray(npy: storage, offset: start, byteCount: member.size, file: path, key: key)
    }
    return try inflate(member, zip)
  }

  private static func member(_ zip: unzFile, _ path: String) throws(ShrinkError) -> Member {
    var info = unz_file_info64()
    var name = [CChar](repeating: 0, count: 4096)
    guard unzGetCurrentFileInfo64(zip, &info, &name, 4095, nil, 0, nil, 0) == UNZ_OK else { throw .notZip(path) }
    let bytes = name.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }
    let full = String(decoding: bytes, as: UTF8.self)
    let key = full.hasSuffix(".npy") ? String(full.dropLast(4)) : full
    guard info.flag & 1 == 0 else { throw .damaged(path, key, "is encrypted") }
    guard info.compression_method == 0 || info.compression_method == UInt(Z_DEFLATED) else {
      throw .damaged(path, key, "is compressed by method \(info.compression_method); stored and deflated can be read")
    }
    guard let size = Int(exactly: info.uncompressed_size), let compressed = Int(exactly: info.compressed_size) else {
      throw .damaged(path, key, "declares an impossible size")
    }
    var position = unz64_file_pos()
    guard unzGetFilePos64(zip, &position) == UNZ_OK else { throw .notZip(path) }
    return Member(
      key: key, position: position, method: UInt(info.compression_method), compressed: compressed, size: size)
  }

  private func inflate(_ member: Member, _ zip: unzFile) throws(ShrinkError) -> DataArray {
    let (most, overflow) = member.compressed.multipliedReportingOverflow(by: Self.mostInflation)
    guard overflow || member.size <= most else {
      throw .damaged(
        path, member.key, "declares \(member.size) bytes, more than \(member.compressed) deflated bytes hold")
    }
    let spool = try Spool()
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: Self.chunk, alignment: 64)
    defer { buffer.deallocate() }
    var header: NpyHeader?
    let wanted = member.size
    while spool.byteCount < wanted {
      let count = try fill(buffer, upTo: wanted - spool.byteCount, member, zip)
      let part = UnsafeRawBufferPointer(rebasing: buffer[..<count])
      if header == nil {
        let found = try NpyHeader.read(part, file: path, key: member.key)
        guard found.payload == member.size - found.dataOffset else {
          throw .damaged(
            path, member.key,
            "declares \(shapeText(found.shape)) elements of \(found.dtype), \(found.payload) bytes, but holds "
              + "\(max(0, member.size - found.dataOffset))")
        }
        header = found
      }
      try spool.append(part)
    }
    guard unzCloseCurrentFile(zip) == UNZ_OK else { throw .damaged(path, member.key, "is damaged: wrong checksum") }
    guard let header else { throw .damaged(path, member.key, "is empty") }
    return DataArray(header, storage: try spool.map(), offset: header.dataOffset, file: path, key: member.key)
  }

  /// Reads until the buffer or the member is full.
  ///
  /// Throws where the stream ends early.
  private func fill(
    _ buffer: UnsafeMutableRawBufferPointer, upTo wanted: Int, _ member: Member, _ zip: unzFile
  ) throws(ShrinkError) -> Int {
    let size = min(buffer.count, wanted)
    var filled = 0
    while filled < size {
      let count = unzReadCurrentFile(zip, buffer.baseAddress.map { $0 + filled }, UInt32(size - filled))
      guard count > 0 else { throw .damaged(path, member.key, "is cut off or damaged within its deflated bytes") }
      filled += Int(count)
    }
    return filled
  }
}

extension ShrinkError {
  fileprivate static func notZip(_ path: String) -> ShrinkError {
    ShrinkError(
      .badData, file: path, "is no readable zip of numpy arrays (.npz), or is cut off",
      hint: "write it with numpy.savez or numpy.savez_compressed")
  }
  fileprivate static func twice(_ path: String) -> ShrinkError {
    ShrinkError(.badData, file: path, "holds two arrays of the same name", hint: "save each array once")
  }
  fileprivate static func damaged(_ path: String, _ key: String, _ fact: String) -> ShrinkError {
    ShrinkError(.badData, file: path, place: "array '\(key)'", fact, hint: "copy or save the file again")
  }
}
