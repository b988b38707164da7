import ShrinkGraph
import ShrinkMath

/// ArgMax and ArgMin: where along an axis the extreme element stands.
package struct ArgReduce: Operator {
  package static let names = ["ArgMax", "ArgMin"]
  package static let opsets = 1...28
  package static let inputs = 1...1
  package var useOfAll: String { "compares all of them" }
  private let isMax: Bool
  private let axis: Int
  private let keepsAxis: Bool
  private let takesLast: Bool

  package init(_ attributes: Attributes) throws(OperatorError) {
    isMax = attributes.opType == "ArgMax"
    axis = try attributes.int("axis", default: 0)
    keepsAxis = try attributes.int("keepdims", default: 1) != 0
    takesLast = try attributes.int("select_last_index", default: 0) != 0
  }

  package func infer(_ inputs: Operands<TensorType>) throws(OperatorError) -> [TensorType] {
    let shape = inputs[0].shape
    let axis = try Axes.position(axis, rank: shape.count)
    guard shape[axis] > 0 else { throw .invalid("axis \(axis) of a tensor of shape \(shape) has no elements") }
    return [TensorType(.int64, Reduction.shape(shape, [axis], keepsAxes: keepsAxis))]
  }

  package func run(_ inputs: Operands<Tensor>) throws(OperatorError) -> [Tensor] {
    let (x, shape) = (inputs[0], try infer(inputs.types)[0].shape)
    let axis = try Axes.position(axis, rank: x.rank)
    guard x.dtype != .bool else { throw .unsupportedType(x.dtype) }
    let wide = try x.computable()
    return [try Search(x: wide, axis: axis, shape: shape, isMax: isMax, takesLast: takesLast).run(wide.dtype)]
  }

  package func couple(_ c: inout Coupling) {
    guard let axis = try? Axes.position(axis, rank: c.inputs[0].shape.count) else { return }
    Reduction.couple(&c, [axis], keepsAxes: keepsAxis)
  }

  private struct Search: NumberKernel {
    let x: Tensor
    let axis: Int
    let shape: [Int]
    let isMax: Bool
    let takesLast: Bool

    /// Lines that are searched together.
    private static let block = 512

    /// Searches a block of neighbouring lines together, so that elements are read in the order in which they stand.
    func run<T: NumberElement>(_ type: T.Type) throws(OperatorError) -> Tensor {
      let (length, inner) = (x.shape[axis], x.shape[(axis + 1)...].product)
      let blocks = (inner + Self.block - 1) / Self.block
      return Tensor(shape: shape, Int64.self) { target in
        x.withElements(T.self) { source in
          guard let source = source.baseAddress, let target = target.baseAddress else { return }
          let lines = min(inner, Self.block)
          let chunk = max(1, Walk.grain / max(1, length * lines))
          Parallel.forEach(x.shape[..<axis].product * blocks, minimumChunk: chunk) { range in
            withUnsafeTemporaryAllocation(of: T.self, capacity: lines) { best in
              guard let best = best.baseAddress else { return }
              for block in range {
                let (outer, first) = (block / blocks, block % blocks * Self.block)
                search(
                  source + outer * length * inner + first, length, step: inner, lines: min(Self.block, inner - first),
                  best, target + outer * inner + first)
              }
            }
          }
        }
      }
    }

    /// Searches neighbouring lines; `best` has room for an element of each.
    private func search<T: NumberElement>(
      _ source: UnsafePointer<T>, _ length: Int, step: Int, lines: Int, _ best: UnsafeMutablePointer<T>,
      _ places: UnsafeMutablePointer<Int64>
    ) {
      best.initialize(from: source, count: lines)
      places.initialize(repeating: 0, count: lines)
      let (isMax, takesLast) = (isMax, takesLast)
      for k in 1..<max(1, length) {
        let row = source + k * step
        for line in 0..<lines {
          let (new, old) = (row[line], best[line])
          let isBetter = (isMax ? new > old : new < old) || (takesLast && new == old)
          best[line] = isBetter ? new : old
          places[line] = isBetter ? Int64(k) : places[line]
        }
      }
    }
  }
}
