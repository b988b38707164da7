import Glibc
internal import ShrinkGraph

/// A file mapped into memory, read only, for as long as someone holds it.
final class FileBytes: Sendable {
  /// The mapped bytes; tensors may borrow them.
  let storage: TensorStorage

  /// Maps a regular file.
  ///
  /// Throws `io` with the system's reason.
  init(path: String) throws(ShrinkError) {
    // O_NONBLOCK: opening a named pipe would wait for a writer.
    let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard descriptor >= 0 else { throw .cannot("be opened", path) }
    defer { close(descriptor) }
    var status = stat()
    guard fstat(descriptor, &status) == 0 else { throw .cannot("be examined", path) }
    guard status.st_mode & S_IFMT == S_IFREG else {
      throw ShrinkError(.io, file: path, "this is not a file", hint: "give the path of a file, not of a folder")
    }
    let size = Int(status.st_size)
    guard size > 0 else {
      storage = TensorStorage(byteCount: 0)
      return
    }
    guard let start = mmap(nil, size, PROT_READ, MAP_PRIVATE, descriptor, 0), start != MAP_FAILED else {
      throw .cannot("be mapped into memory", path)
    }
    storage = TensorStorage(borrowing: start, byteCount: size) { munmap($0, size) }
  }

  /// Lends the bytes.
  func withBytes<R, E: Error>(_ body: (UnsafeRawBufferPointer) throws(E) -> R) throws(E) -> R {
    defer { withExtendedLifetime(storage) {} }
    return try body(UnsafeRawBufferPointer(start: storage.bytes, count: storage.byteCount))
  }
}

extension ShrinkError {
  /// What the system refused to do with a file, and why: to be made right after the call that failed.
  static func cannot(_ what: String, _ path: String) -> ShrinkError {
    ShrinkError(
      .io, file: path, "the file cannot \(what): \(String(cString: strerror(errno)))",
      hint: "check the path and its permissions")
  }
}
