import ShrinkGraph

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

private func openForReading(_ path: String) -> Int32 { open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK) }

/// Opens files as memory that the system pages in on demand.
enum MappedFile {
  /// Maps a whole file for reading.
  ///
  /// Throws `badData` when it is missing, a folder or empty.
  static func open(_ path: String) throws(ShrinkError) -> TensorStorage {
    let descriptor = openForReading(path)
    guard descriptor >= 0 else { throw .cannotOpen(path, lastError()) }
    defer { close(descriptor) }
    var info = stat()
    guard fstat(descriptor, &info) == 0 else { throw .cannotOpen(path, lastError()) }
    guard info.st_mode & S_IFMT != S_IFDIR else { throw .folder(path) }
    guard info.st_mode & S_IFMT == S_IFREG else { throw .cannotOpen(path, "it is no regular file") }
    guard info.st_size > 0 else { throw .empty(path) }
    guard let storage = map(descriptor, byteCount: Int(info.st_size)) else { throw .cannotOpen(path, lastError()) }
    return storage
  }

  /// Whether something other than a folder stands at `path`.
  static func exists(_ path: String) -> Bool { access(path, F_OK) == 0 }

  /// Maps the first `byteCount` bytes of an open file; nil with `errno` set when the system refuses.
  static func map(_ descriptor: Int32, byteCount: Int) -> TensorStorage? {
    guard byteCount > 0 else { return TensorStorage(byteCount: 0) }
    let address = mmap(nil, byteCount, PROT_READ, MAP_PRIVATE, descriptor, 0)
    guard let address, address != MAP_FAILED else { return nil }
    return TensorStorage(borrowing: address, byteCount: byteCount) { munmap($0, byteCount) }
  }

  /// What the system says of its last failure.
  static func lastError() -> String { String(cString: strerror(errno)) }
}

extension ShrinkError {
  fileprivate static func cannotOpen(_ path: String, _ reason: String) -> ShrinkError {
    ShrinkError(.badData, file: path, "cannot be opened: \(reason)", hint: "check the path given with --data")
  }
  fileprivate static func folder(_ path: String) -> ShrinkError {
    ShrinkError(
      .badData, file: path, "is a folder, and folders of samples cannot be read yet",
      hint: "give a .bin, .npy or .npz file")
  }
  fileprivate static func empty(_ path: String) -> ShrinkError {
    ShrinkError(.badData, file: path, "is empty: it holds zero samples", hint: "write the samples again")
  }
}
