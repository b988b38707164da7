import ShrinkGraph

/// The different elements, or slices of an axis, with where each stands first, which one each is, and how often it stands.
///
/// x [D…] → values, int64 first places, int64 number of the value for each of x, int64 counts. Sorted in ascending order,
/// or by first place; NaN equals itself and stands last. Source: ONNX Unique-28.
package struct Unique: Operator {
  package static let names = ["Unique"]
  package static let opsets = 11...28
  package static let inputs = 1...1
  private let axis: Int?
  private let isSorted: Bool

  package init(_ attributes: Attributes) throws(OperatorError) {
    axis = try attributes.int("axis")
    isSorted = try attributes.int("sorted", default: 1) != 0
  }

  package func infer(_ inputs: Operands<TensorType>) throws(OperatorError) -> [TensorType] {
    if let axis { _ = try Axes.position(axis, rank: inputs[0].shape.count) }
    return try inferByRunning(inputs)
  }

  package func run(_ inputs: Operands<Tensor>) throws(OperatorError) -> [Tensor] {
    let x = axis == nil ? inputs[0].reshaped([inputs[0].count]) : inputs[0]
    let axis = try Axes.position(axis ?? 0, rank: x.rank)
    let keys = try x.computable()
    let order = try Order(x: keys, axis: axis).run(keys.dtype)
    // Slices that are equal stand together in `order.places`; their first one is the lowest, as the sort is by place too.
    var groups: [(first: Int, members: Range<Int>)] = []
    for (position, place) in order.places.enumerated() {
      if position > 0, order.isSame[position] {
        groups[groups.count - 1].members = groups[groups.count - 1].members.lowerBound..<(position + 1)
      } else {
        groups.append((place, position..<(position + 1)))
      }
    }
    if !isSorted { groups.sort { $0.first < $1.first } }
    var inverse = [Int64](repeating: 0, count: x.shape[axis])
    for (number, group) in groups.enumerated() {
      for position in group.members { inverse[order.places[position]] = Int64(number) }
    }
    return [
      x.keeping(groups.map(\.first), axis: axis),
      Tensor(shape: [groups.count], groups.map { Int64($0.first) }),
      Tensor(shape: [inverse.count], inverse),
      Tensor(shape: [groups.count], groups.map { Int64($0.members.count) }),
    ]
  }

  /// The slices of an axis in ascending order.
  private struct Order: NumberKernel {
    let x: Tensor
    let axis: Int

    /// Places along the axis in order, and whether each slice equals the one before it.
    func run<T: NumberElement>(_ type: T.Type) throws(OperatorError) -> (places: [Int], isSame: [Bool]) {
      let (length, inner) = (x.shape[axis], x.shape[(axis + 1)...].product)
      let outer = x.shape[..<axis].product
      return x.withElements(T.self) { x in
        /// -1, 0 or 1 as slice a stands before, with or behind slice b.
        let compare = { (a: Int, b: Int) -> Int in
          for block in 0..<outer {
            for i in 0..<inner {
              let (u, v) = (x[(block * length + a) * inner + i], x[(block * length + b) * inner + i])
              if T.isBefore(u, v) { return -1 }
              if T.isBefore(v, u) { return 1 }
            }
          }
          return 0
        }
        let places = (0..<length).sorted { a, b in
          let order = compare(a, b)
          return order == 0 ? a < b : order < 0
        }
        let isSame = places.indices.map { $0 > 0 && compare(places[$0 - 1], places[$0]) == 0 }
        return (places, isSame)
      }
    }
  }
}
