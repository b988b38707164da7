/// Bytes behind tensors: owned, or borrowed from an owner such as a mapped file, and never written after they are shared.
///
/// Sendable although it holds a raw pointer: the bytes are written only by `Tensor.init(shape:_:initializing:)`,
/// before any other reference exists.
package final class TensorStorage: @unchecked Sendable {
  /// First byte.
  package let bytes: UnsafeMutableRawPointer
  /// Number of bytes.
  package let byteCount: Int
  private let release: (@Sendable (UnsafeMutableRawPointer) -> Void)?

  /// Alignment of owned bytes, in bytes: a cache line, and what AVX-512 loads want.
  package static let alignment = 64

  /// Owns `byteCount` fresh bytes, not initialised.
  package init(byteCount: Int) {
    self.byteCount = byteCount
    bytes = .allocate(byteCount: max(byteCount, 1), alignment: Self.alignment)
    release = nil
  }

  /// Borrows bytes that stay valid until `release` has been called with their address.
  package init(
    borrowing bytes: UnsafeMutableRawPointer, byteCount: Int,
    release: @escaping @Sendable (UnsafeMutableRawPointer) -> Void
  ) {
    self.bytes = bytes
    self.byteCount = byteCount
    self.release = release
  }

  deinit {
    if let release { release(bytes) } else { bytes.deallocate() }
  }
}
