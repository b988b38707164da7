internal import ShrinkGraph

/// Versions of the ONNX format and of its operators that are read.
package enum Opsets {
  /// Versions of the file format.
  package static let irVersions: ClosedRange<Int64> = 3...14
  /// Versions of the operators of ai.onnx, 28 being the newest of ONNX 1.23.
  ///
  /// Other domains are carried through.
  package static let versions: ClosedRange<Int64> = 1...28

  /// The name under which a graph knows a domain: empty for ai.onnx.
  static func key(_ domain: String) -> String { domain == "ai.onnx" ? "" : domain }

  static func check(irVersion: Int64) throws(ShrinkError) {
    guard irVersions.contains(irVersion) else {
      throw ShrinkError(
        .unsupportedVersion, place: "ir_version",
        "ONNX format version \(irVersion) is not among \(irVersions.lowerBound) to \(irVersions.upperBound)",
        hint: irVersion > irVersions.upperBound
          ? "export the model for an older ONNX" : "convert the model with a newer ONNX, or check that it is one")
    }
  }

  static func check(opset: Int64) throws(ShrinkError) {
    guard versions.contains(opset) else {
      throw ShrinkError(
        .unsupportedVersion, place: "opset_import",
        "operator set \(opset) of ai.onnx is not among \(versions.lowerBound) to \(versions.upperBound)",
        hint: "convert the model with onnx.version_converter, or export it with another opset")
    }
  }
}
