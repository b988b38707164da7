/// How a file holds a constant that was computed ahead: nodes over constants of other types or in another order.
///
/// It travels with the value, so that what was not changed can go back to the file as it was.
package struct StoredForm: Sendable {
  /// Behind a reference, for copies of values to stay cheap.
  private final class Origin: Sendable {
    let body: Graph
    let result: Tensor

    init(_ body: Graph, _ result: Tensor) { (self.body, self.result) = (body, result) }
  }
  private let origin: Origin
  /// For each axis of the result, the indices that have not been cut off since; nil while all are there.
  package private(set) var kept: [[Int]?]

  /// Notes how `result` is computed.
  package init(body: Graph, result: Tensor) {
    origin = Origin(body, result)
    kept = result.shape.map { _ in nil }
  }

  /// Nodes, in an order in which they can run, and their constants; the only output is the constant.
  package var body: Graph { origin.body }
  /// What they compute.
  package var result: Tensor { origin.result }

  /// Notes that only these of the indices that are left along an axis were kept.
  package mutating func keep(_ indices: [Int], axis: Int) {
    kept[axis] = kept[axis].map { old in indices.map { old[$0] } } ?? indices
  }

  /// Bytes of the constants that the nodes read.
  package var byteCount: Int { body.values.reduce(0) { $0 + ($1.constant?.byteCount ?? 0) } }
}

/// A weight that the file held in another form than the layer reads it in, and what was written for it.
package struct WeightForm: Sendable, Equatable, Codable {
  /// Name of the constant in the original.
  package let weight: String
  /// Element type in which the original holds it.
  package let stored: String
  /// Operators between it and the layer.
  package let through: [String]
  /// Element type of what was written.
  package let written: String

  /// Describes a change of form.
  package init(weight: String, stored: String, through: [String], written: String) {
    self.weight = weight
    self.stored = stored
    self.through = through
    self.written = written
  }
}
