import ShrinkGraph

/// Shape: the sizes of a range of axes, as a tensor.
package struct ShapeOf: Operator {
  package static let names = ["Shape"]
  package static let opsets = 1...28
  package static let inputs = 1...1
  package var useOfAll: String { "uses how many there are" }
  private let start: Int
  private let end: Int?

  package init(_ attributes: Attributes) throws(OperatorError) {
    start = try attributes.int("start", default: 0)
    end = try attributes.int("end")
  }

  package func infer(_ inputs: Operands<TensorType>) -> [TensorType] { [TensorType(constant: sizes(inputs[0].shape))] }
  package func run(_ inputs: Operands<Tensor>) -> [Tensor] { [sizes(inputs[0].shape)] }

  private func sizes(_ shape: [Int]) -> Tensor {
    let bounds = [start, end ?? shape.count].map { min(max($0 < 0 ? $0 + shape.count : $0, 0), shape.count) }
    let sizes = bounds[0] < bounds[1] ? Array(shape[bounds[0]..<bounds[1]]) : []
    return Tensor(shape: [sizes.count], sizes.map(Int64.init))
  }
}
