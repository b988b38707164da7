import ShrinkGraph
import ShrinkOps

extension NodeCase {
  /// Results larger than this are not computed, in bytes.
  private static let largest = 1 << 24

  /// Makes, infers, runs and couples the node, as the driver would.
  ///
  /// Refusals are fine. Returns in what the rules contradict each other; nil when they do not.
  package func contradiction() -> String? {
    guard let operation = try? make() else { return nil }
    let known = Operands(operands.map { $0.map(TensorType.init(constant:)) })
    let partial = try? operation.infer(types)
    var rule: [TensorType]?
    var refusal: OperatorError?
    do throws(OperatorError) { rule = try operation.infer(known) } catch { refusal = error }
    if let partial, let rule, !Self.agree(partial, rule) {
      return "infers \(Self.text(partial)) without all elements, \(Self.text(rule)) with them"
    }
    for type in rule ?? [] {
      guard let bytes = Tensor.checkedCount(type.shape).flatMap(type.dtype.byteCount) else {
        return "infers \(Self.text([type])), which cannot be counted"
      }
      if bytes > Self.largest { return nil }
    }
    if let rule {
      var coupling = Coupling(inputs: known, outputs: rule)
      operation.couple(&coupling)
      // Axes too long to list, of tensors without elements, are never cut.
      let longest = (known.present + rule).flatMap(\.shape).max() ?? 0
      if longest <= 1 << 22 {
        _ = operation.resize(coupling, to: KeptAxes { Array(0..<coupling.size($0)) })
      }
    }
    guard let results = try? operation.run(Operands(operands)) else { return nil }
    let found = results.map { TensorType($0.dtype, $0.shape) }
    guard let rule else {
      if refusal == .shapeDependsOnData, operation is any ControlFlow { return nil }
      return "runs to \(Self.text(found)) what its rule refuses: \(refusal?.fact ?? "")"
    }
    return Self.agree(rule, found) ? nil : "infers \(Self.text(rule)), but gives \(Self.text(found))"
  }

  private static func agree(_ a: [TensorType], _ b: [TensorType]) -> Bool {
    a.count == b.count && zip(a, b).allSatisfy { $0.dtype == $1.dtype && $0.shape == $1.shape }
  }

  private static func text(_ types: [TensorType]) -> String {
    types.map { "\($0.dtype)\($0.shape)" }.joined(separator: ", ")
  }

  /// One line that tells the node.
  package var summary: String {
    let operands = operands.map { $0.map { "\($0.dtype)\($0.shape)" } ?? "-" }.joined(separator: ", ")
    return "\(opType) opset \(opset) (\(operands)) known \(constants.sorted()) → \(outputs) \(attributes)"
  }
}
