import Foundation
import ShrinkGraph
import ShrinkOps

/// Whether results fit into the memory that the machine has left.
enum Memory {
  /// Results up to this many bytes are not worth asking the system about.
  private static let small = 1 << 28

  /// Throws `badData` when results of these types do not fit.
  static func check(_ results: [TensorType]) throws(OperatorError) {
    var bytes = 0.0
    for type in results { bytes += type.shape.reduce(Double(type.dtype.byteCount(1) ?? 1)) { $0 * Double($1) } }
    guard bytes > Double(small), let available, bytes > available else { return }
    throw .tooLarge(results.map(\.shape), bytes, available)
  }

  /// Whether so many bytes fit.
  static func holds(_ bytes: Int) -> Bool { bytes <= small || available.map { Double(bytes) <= $0 } ?? true }

  /// Bytes that can be had without swapping; nil where the system does not tell.
  private static var available: Double? {
    guard let text = try? String(contentsOfFile: "/proc/meminfo", encoding: .utf8),
      let line = text.split(separator: "\n").first(where: { $0.hasPrefix("MemAvailable:") }),
      let kilobytes = line.split(separator: " ").dropFirst().first.flatMap({ Double($0) })
    else { return nil }
    return kilobytes * 1024
  }
}

extension OperatorError {
  fileprivate static func tooLarge(_ shapes: [[Int]], _ bytes: Double, _ available: Double) -> OperatorError {
    let gigabytes = { (bytes: Double) in String(format: "%.1f GB", bytes * 1e-9) }
    return OperatorError(
      .badData,
      "its result of shape \(shapes.map { "\($0)" }.joined(separator: ", ")) takes \(gigabytes(bytes)), "
        + "where \(gigabytes(available)) of memory are free",
      hint: "give smaller samples, or a machine with more memory")
  }
}
