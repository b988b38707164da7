import ShrinkGraph

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// A temporary file without a name: bytes are appended, then mapped.
///
/// The system frees it when the last user is gone.
final class Spool {
  private let descriptor: Int32
  /// Bytes written so far.
  private(set) var byteCount = 0

  /// Makes an empty one in the system's folder for temporary files.
  init() throws(ShrinkError) {
    guard let file = tmpfile() else { throw .cannotSpool(MappedFile.lastError()) }
    descriptor = fcntl(fileno(file), F_DUPFD_CLOEXEC, 0)
    let reason = MappedFile.lastError()
    fclose(file)
    guard descriptor >= 0 else { throw .cannotSpool(reason) }
  }

  deinit { if descriptor >= 0 { close(descriptor) } }

  /// Writes all bytes at the end.
  ///
  /// Throws `io`, for instance when the disk is full.
  func append(_ bytes: UnsafeRawBufferPointer) throws(ShrinkError) {
    var rest = bytes[...]
    while !rest.isEmpty {
      let written = write(descriptor, UnsafeRawBufferPointer(rebasing: rest).baseAddress, rest.count)
      if written < 0, errno == EINTR { continue }
      guard written > 0 else { throw .cannotSpool(MappedFile.lastError()) }
      rest = rest.dropFirst(written)
    }
    byteCount += bytes.count
  }

  /// The bytes so far, as memory that outlives this object.
  func map() throws(ShrinkError) -> TensorStorage {
    guard let storage = MappedFile.map(descriptor, byteCount: byteCount) else {
      throw .cannotSpool(MappedFile.lastError())
    }
    return storage
  }
}

extension ShrinkError {
  fileprivate static func cannotSpool(_ reason: String) -> ShrinkError {
    ShrinkError(.io, file: "temporary file", "cannot be written: \(reason)", hint: "free space for temporary files")
  }
}
