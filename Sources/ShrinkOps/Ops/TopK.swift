import ShrinkGraph
import ShrinkMath

/// The k greatest or smallest elements along an axis, and where they stand; equal ones in the order of their indices.
///
/// x [D…] → values and int64 indices, the axis of length k. k is an attribute before opset 10. NaN counts as greatest.
/// Source: ONNX TopK-24.
package struct TopK: Operator {
  package static let names = ["TopK"]
  package static let opsets = 1...28
  package static let inputs = 1...2
  package var useOfAll: String { "compares all of them" }
  private let axis: Int
  private let attribute: Int?
  private let isLargest: Bool

  package init(_ attributes: Attributes) throws(OperatorError) {
    axis = try attributes.int("axis", default: -1)
    attribute = attributes.opset < 10 ? try attributes.int("k") : nil
    guard attributes.opset >= 10 || attribute != nil else { throw .invalid("attribute 'k' is missing") }
    isLargest = try attributes.int("largest", default: 1) != 0
  }

  package func infer(_ inputs: Operands<TensorType>) throws(OperatorError) -> [TensorType] {
    var shape = inputs[0].shape
    let axis = try Axes.position(axis, rank: shape.count)
    guard let k = try attribute == nil ? Axes.scalar(inputs, 1, "K") : attribute else {
      throw .invalid("operand 'K' is missing")
    }
    guard k >= 0, k <= shape[axis] else { throw .invalid("takes \(k) elements of an axis of \(shape[axis])") }
    shape[axis] = k
    return [TensorType(inputs[0].dtype, shape), TensorType(.int64, shape)]
  }

  package func run(_ inputs: Operands<Tensor>) throws(OperatorError) -> [Tensor] {
    let x = inputs[0]
    let shape = try infer(inputs.types)[0].shape
    guard x.dtype != .bool else { throw .unsupportedType(x.dtype) }
    let wide = try x.computable()
    let axis = try Axes.position(axis, rank: x.rank)
    let selection = Selection(x: wide, shape: shape, axis: axis, isLargest: isLargest)
    let (values, indices) = try selection.run(wide.dtype)
    return [values.dtype == x.dtype ? values : try Conversion.convert(values, to: x.dtype), indices]
  }

  /// The lines pass as they are.
  package func couple(_ c: inout Coupling) {
    guard let axis = try? Axes.position(axis, rank: c.inputs[0].shape.count) else { return }
    c.tieAll(input: 0, output: 0, except: [axis])
    c.tieAll(input: 0, output: 1, except: [axis])
  }

  private struct Selection: NumberKernel {
    let x: Tensor
    let shape: [Int]
    let axis: Int
    let isLargest: Bool

    func run<T: NumberElement>(_ type: T.Type) throws(OperatorError) -> (Tensor, Tensor) {
      let (length, k) = (x.shape[axis], shape[axis])
      let inner = x.shape[(axis + 1)...].product
      let lines = x.shape[..<axis].product * inner
      var values: Tensor?
      let indices = Tensor(shape: shape, Int64.self) { indices in
        values = Tensor(shape: shape, T.self) { values in
          x.withElements(T.self) { x in
            guard let x = x.baseAddress, let indices = indices.baseAddress, let values = values.baseAddress, k > 0
            else { return }
            Parallel.forEach(lines, minimumChunk: max(1, parallelGrain / length)) { range in
              for line in range {
                let (block, column) = line.quotientAndRemainder(dividingBy: inner)
                let first = block * length * inner + column
                let chosen = select(k, of: length) { x[first + $0 * inner] }
                for (rank, (value, index)) in chosen.enumerated() {
                  let to = (block * k + rank) * inner + column
                  values[to] = value
                  indices[to] = Int64(index)
                }
              }
            }
          }
        }
      }
      guard let values else { throw .unsupportedType(T.dtype) }
      return (values, indices)
    }

    /// The first k in order: candidates are gathered, and sorted and cut back to k each time that they are twice as many.
    private func select<T: NumberElement>(_ k: Int, of length: Int, _ element: (Int) -> T) -> ArraySlice<(T, Int)> {
      let isBefore: ((T, Int), (T, Int)) -> Bool = { a, b in
        if T.isBefore(a.0, b.0) { return !isLargest }
        if T.isBefore(b.0, a.0) { return isLargest }
        return a.1 < b.1
      }
      let limit = max(64, 2 * k)
      var candidates: [(T, Int)] = []
      candidates.reserveCapacity(min(limit, length))
      var isFull = false
      for index in 0..<length {
        let new = (element(index), index)
        // Once cut back, the k-th is the worst that can still be among the first k.
        if isFull, !isBefore(new, candidates[k - 1]) { continue }
        candidates.append(new)
        if candidates.count == limit {
          candidates.sort(by: isBefore)
          candidates.removeLast(limit - k)
          isFull = true
        }
      }
      candidates.sort(by: isBefore)
      return candidates.prefix(k)
    }
  }
}
