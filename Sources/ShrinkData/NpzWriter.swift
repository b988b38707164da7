import CMinizip
import ShrinkGraph

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// Writes arrays that grow batch by batch into an `.npz`, which numpy reads.
///
/// Batches go to unlinked temporary files; `close` packs them into a file of a temporary name beside the target and
/// renames it, so that what stood at the path before stays until everything is written.
package final class NpzWriter {
  private let path: String
  private let isDeflated: Bool
  private var arrays: [Growing] = []
  private var isClosed = false

  private struct Growing {
    let key: String
    let dtype: DType
    let inner: [Int]
    let spool: Spool
    var rows: Int
    var isWhole: Bool
    var shape: [Int] { isWhole ? inner : [rows] + inner }
  }

  /// Prepares a file at `path`; nothing is written there before `close`.
  package init(_ path: String, deflate: Bool = true) {
    self.path = path
    isDeflated = deflate
  }

  /// Stacks a batch on the first axis of the array `key`; a scalar adds one entry.
  ///
  /// Throws `badData` when type or inner shape differ from those of earlier batches or numpy has no such type, `io`
  /// when the disk is full.
  package func append(_ tensor: Tensor, to key: String) throws(ShrinkError) {
    let inner = Array(tensor.shape.dropFirst())
    try add(tensor, key, inner, rows: tensor.shape.first ?? 1, isWhole: false)
  }

  /// Writes a whole array, once.
  package func put(_ tensor: Tensor, as key: String) throws(ShrinkError) {
    guard !arrays.contains(where: { $0.key == key }) else { throw .changed(path, key, "is written a second time") }
    try add(tensor, key, tensor.shape, rows: 0, isWhole: true)
  }

  /// Writes the file and puts it in its place.
  ///
  /// Throws `io` and leaves nothing behind when that fails.
  package func close() throws(ShrinkError) {
    precondition(!isClosed, "closed twice")
    isClosed = true
    let temporary = path + ".\(String(UInt32.random(in: 0...UInt32.max), radix: 36)).tmp"
    do throws(ShrinkError) {
      try pack(into: temporary)
      try syncToDisk(temporary)
      guard rename(temporary, path) == 0 else { throw ShrinkError.cannotWrite(path, MappedFile.lastError()) }
    } catch {
      unlink(temporary)
      throw error
    }
  }

  private func add(
    _ tensor: Tensor, _ key: String, _ inner: [Int], rows: Int, isWhole: Bool
  ) throws(ShrinkError) {
    precondition(!isClosed, "written to after it was closed")
    guard tensor.dtype.numpyDescr != nil else { throw .changed(path, key, "holds \(tensor.dtype), which numpy lacks") }
    if !arrays.contains(where: { $0.key == key }) {
      arrays.append(
        Growing(key: key, dtype: tensor.dtype, inner: inner, spool: try Spool(), rows: 0, isWhole: isWhole))
    }
    guard let index = arrays.firstIndex(where: { $0.key == key }) else { return }
    guard arrays[index].dtype == tensor.dtype, arrays[index].inner == inner, arrays[index].isWhole == isWhole else {
      throw .changed(
        path, key,
        "changes from \(arrays[index].dtype) \(shapeText(arrays[index].inner)) to \(tensor.dtype) \(shapeText(inner))"
          + " between batches")
    }
    let spool = arrays[index].spool
    try tensor.withBytes { (bytes: UnsafeRawBufferPointer) throws(ShrinkError) in try spool.append(bytes) }
    arrays[index].rows += rows
  }

  private func pack(into temporary: String) throws(ShrinkError) {
    guard let zip = zipOpen64(temporary, APPEND_STATUS_CREATE) else {
      throw .cannotWrite(path, MappedFile.lastError())
    }
    var failure: ShrinkError?
    do throws(ShrinkError) { for array in arrays { try write(array, zip) } } catch { failure = error }
    let status = zipClose(zip, nil)
    if let failure { throw failure }
    guard status == ZIP_OK else { throw .cannotWrite(path, MappedFile.lastError()) }
  }

  private func write(_ array: Growing, _ zip: zipFile) throws(ShrinkError) {
    let header = Self.header(array)
    var info = zip_fileinfo()
    info.tmz_date = tm_zip(tm_sec: 0, tm_min: 0, tm_hour: 0, tm_mday: 1, tm_mon: 0, tm_year: 1980)
    let isLarge: Int32 = array.spool.byteCount > 0xF000_0000 ? 1 : 0
    let status = zipOpenNewFileInZip64(
      zip, array.key + ".npy", &info, nil, 0, nil, 0, nil, isDeflated ? Z_DEFLATED : 0, 6, isLarge)
    guard status == ZIP_OK else { throw .cannotWrite(path, MappedFile.lastError()) }
    try Tensor(shape: [header.count], header).withBytes { (bytes: UnsafeRawBufferPointer) throws(ShrinkError) in
      try put(bytes, zip)
    }
    let storage = try array.spool.map()
    try put(UnsafeRawBufferPointer(start: storage.bytes, count: array.spool.byteCount), zip)
    withExtendedLifetime(storage) {}
    guard zipCloseFileInZip(zip) == ZIP_OK else { throw .cannotWrite(path, MappedFile.lastError()) }
  }

  private func put(_ bytes: UnsafeRawBufferPointer, _ zip: zipFile) throws(ShrinkError) {
    var rest = bytes[...]
    while !rest.isEmpty {
      let part = UnsafeRawBufferPointer(rebasing: rest.prefix(1 << 24))
      guard zipWriteInFileInZip(zip, part.baseAddress, UInt32(part.count)) == ZIP_OK else {
        throw .cannotWrite(path, MappedFile.lastError())
      }
      rest = rest.dropFirst(part.count)
    }
  }

  /// Version 1.0, padded so that the elements of a lone `.npy` would be aligned to 64 bytes.
  private static func header(_ array: Growing) -> [UInt8] {
    let sizes = array.shape.map(String.init).joined(separator: ", ") + (array.shape.count == 1 ? "," : "")
    var text = "{'descr': '\(array.dtype.numpyDescr ?? "")', 'fortran_order': False, 'shape': (\(sizes)), }"
    let filled = (NpyHeader.magic.count + 4 + text.utf8.count + 1 + 63) / 64 * 64
    text += String(repeating: " ", count: filled - NpyHeader.magic.count - 4 - text.utf8.count - 1) + "\n"
    let length = text.utf8.count
    return NpyHeader.magic + [1, 0, UInt8(length & 255), UInt8(length >> 8)] + Array(text.utf8)
  }
}

/// Waits until a file's bytes are on the disk.
private func syncToDisk(_ path: String) throws(ShrinkError) {
  let descriptor = open(path, O_RDONLY | O_CLOEXEC)
  guard descriptor >= 0 else { throw .cannotWrite(path, MappedFile.lastError()) }
  defer { close(descriptor) }
  guard fsync(descriptor) == 0 else { throw .cannotWrite(path, MappedFile.lastError()) }
}

extension ShrinkError {
  fileprivate static func cannotWrite(_ path: String, _ reason: String) -> ShrinkError {
    ShrinkError(
      .io, file: path, "cannot be written: \(reason)", hint: "check the folder, its permissions and free space")
  }
  fileprivate static func changed(_ path: String, _ key: String, _ fact: String) -> ShrinkError {
    ShrinkError(
      .badData, file: path, place: "array '\(key)'", fact, hint: "run the model on data of one shape at a time")
  }
}
