import Glibc
internal import COnnxProto
internal import ShrinkGraph

/// Writes a file piece by piece; large pieces go to the system without being copied.
final class FileWriter {
  private let path: String
  private let descriptor: Int32
  private var buffer: [UInt8] = []
  private var failure: ShrinkError?
  /// Bytes taken so far.
  private(set) var count = 0
  private static let bufferSize = 1 << 18

  /// Makes the file, in the place of one that has this path.
  ///
  /// The old file is not emptied but left to those who hold it: tensors may be mapped from it. Throws `io`.
  init(path: String) throws(ShrinkError) {
    self.path = path
    var status = stat()
    if lstat(path, &status) == 0, status.st_mode & S_IFMT == S_IFREG { unlink(path) }
    descriptor = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o666)
    guard descriptor >= 0 else { throw .cannot("be written", path) }
    buffer.reserveCapacity(Self.bufferSize)
  }

  deinit { close(descriptor) }

  /// Appends bytes.
  ///
  /// A failure is kept until `finish`.
  func append(_ bytes: UnsafeRawBufferPointer) {
    count += bytes.count
    if buffer.count + bytes.count > Self.bufferSize { flush() }
    if bytes.count > Self.bufferSize { write(bytes) } else { buffer.append(contentsOf: bytes) }
  }

  /// Appends zeros up to position `offset`.
  func pad(to offset: Int) {
    [UInt8](repeating: 0, count: max(offset - count, 0)).withUnsafeBytes { append($0) }
  }

  /// Appends an encoded message.
  func append<M: Message>(_ message: UnsafeMutablePointer<M>) {
    var sink = Sink(
      base: ProtobufCBuffer { buffer, count, bytes in
        let sink = UnsafeRawPointer(buffer).map { $0.assumingMemoryBound(to: Sink.self).pointee.writer }
        sink?.takeUnretainedValue().append(UnsafeRawBufferPointer(start: bytes, count: count))
      }, writer: Unmanaged.passUnretained(self))
    withUnsafeMutablePointer(to: &sink) { sink in
      _ = protobuf_c_message_pack_to_buffer(
        UnsafeMutableRawPointer(message).assumingMemoryBound(to: ProtobufCMessage.self),
        UnsafeMutableRawPointer(sink).assumingMemoryBound(to: ProtobufCBuffer.self))
    }
  }

  /// Hands the rest to the system.
  ///
  /// Throws `io` if any of the bytes could not be written.
  func finish() throws(ShrinkError) {
    flush()
    if let failure { throw failure }
  }

  private func flush() {
    buffer.withUnsafeBytes { write($0) }
    buffer.removeAll(keepingCapacity: true)
  }

  private func write(_ bytes: UnsafeRawBufferPointer) {
    var rest = bytes[...]
    while !rest.isEmpty, failure == nil {
      let written = Glibc.write(descriptor, UnsafeRawBufferPointer(rebasing: rest).baseAddress, rest.count)
      if written >= 0 {
        rest = rest.dropFirst(written)
      } else if errno != EINTR {
        failure = .cannot("be written", path)
      }
    }
  }
}

/// What protobuf-c hands back to the append function, its own part first.
private struct Sink {
  var base: ProtobufCBuffer
  let writer: Unmanaged<FileWriter>
}
