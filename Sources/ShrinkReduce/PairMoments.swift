import ShrinkGraph
import ShrinkMath
import ShrinkOps

/// What the units of a group do to a product of two activations that sums over them: the scores of queries and keys.
///
/// The product without the units E misses Σ_{u∈E} a_u b_u; its squared sum over all pairs of rows of one matrix is
/// Σ_{u,v∈E} (AᵀA)_uv (BBᵀ)_uv. So one matrix over the units, summed over samples and heads, says what any choice costs.
package struct PairMoments: Sendable {
  /// Position of the group in `Coupled.groups`.
  package let group: Int
  /// Position of the product in `Coupled.pairs`.
  package let pair: Int
  /// Σ (AᵀA) ⊙ (BBᵀ) over matrices, summed over the indices of each unit, units × units.
  package private(set) var squares: Matrix
  /// What the network's outputs make of a loss of all of `energy` (`OutputGradients`); nil where that is not known.
  package var outputWeight: Double?

  /// Starts with nothing.
  package init(group: Int, pair: Int, units: Int) {
    self.group = group
    self.pair = pair
    squares = Matrix(rows: units, columns: units)
  }

  /// Σ of the squared products.
  package var energy: Double { squares.values.reduce(0, +) }

  /// Adds one matrix product: a of rows × k and b of k × columns, where index i of k belongs to `units[i]` (-1: to none).
  mutating func add(
    _ a: UnsafePointer<Float>, rows: Int, steps: (row: Int, inner: Int), _ b: UnsafePointer<Float>, columns: Int,
    stepsB: (inner: Int, column: Int), units: [Int]
  ) {
    let left = Self.gram(a, units.count, along: rows, step: steps.inner, steps.row)
    let right = Self.gram(b, units.count, along: columns, step: stepsB.inner, stepsB.column)
    for i in units.indices where units[i] >= 0 {
      for j in units.indices where units[j] >= 0 { squares[units[i], units[j]] += left[i, j] * right[i, j] }
    }
  }

  /// Σ x xᵀ over vectors of `size` elements that stand `step` apart.
  private static func gram(_ x: UnsafePointer<Float>, _ size: Int, along count: Int, step: Int, _ next: Int) -> Matrix {
    let rows = [Float](unsafeUninitializedCapacity: count * size) { out, made in
      for r in 0..<count { for i in 0..<size { out[r * size + i] = x[r * next + i * step] } }
      made = count * size
    }
    var moments = Moments(columns: size)
    rows.withUnsafeBufferPointer { moments.add(rows: $0, count: count) }
    moments.finish()
    return moments.gram
  }
}

/// Sums up one product over the runs of a calibration.
struct PairGatherer {
  private let pair: UnitPair
  private let slots: (a: Int, b: Int)
  private(set) var moments: [PairMoments]

  /// For the groups that a pair sums over.
  init(_ pair: UnitPair, position: Int, groups: [ChannelGroup], slots: (a: Int, b: Int)) {
    self.pair = pair
    self.slots = slots
    let own = Set(pair.units.flatMap { $0.map(\.group) }).sorted()
    moments = own.map { PairMoments(group: $0, pair: position, units: groups[$0].count) }
  }

  /// Adds what the node of the pair multiplies.
  mutating func add(_ operands: Operands<Tensor>) {
    guard let a = operands.optional(slots.a), let b = operands.optional(slots.b), a.dtype == .float32,
      b.dtype == .float32, let left = Stack(a, pair.a.axis), let right = Stack(b, pair.b.axis),
      left.size == pair.units.count, right.size == left.size
    else { return }
    let count = max(left.matrices, right.matrices)
    guard count % max(left.matrices, 1) == 0, count % max(right.matrices, 1) == 0 else { return }
    let lists = moments.map { own in pair.units.map { refs in refs.first { $0.group == own.group }?.unit ?? -1 } }
    a.withElements(Float.self) { x in
      b.withElements(Float.self) { y in
        guard let x = x.baseAddress, let y = y.baseAddress else { return }
        for i in 0..<count {
          for (m, units) in lists.enumerated() {
            moments[m].add(
              x + i % left.matrices * left.length, rows: left.others, steps: (left.otherStep, left.step),
              y + i % right.matrices * right.length, columns: right.others, stepsB: (right.step, right.otherStep),
              units: units)
          }
        }
      }
    }
  }

  /// A tensor as matrices over its last two axes, one of which is summed over.
  private struct Stack {
    let matrices: Int, length: Int
    let size: Int, step: Int
    let others: Int, otherStep: Int

    init?(_ x: Tensor, _ axis: Int) {
      guard x.rank >= 2, axis >= x.rank - 2 else { return nil }
      let (rows, columns) = (x.shape[x.rank - 2], x.shape[x.rank - 1])
      (length, matrices) = (rows * columns, x.shape.dropLast(2).reduce(1, *))
      let isLast = axis == x.rank - 1
      (size, step) = isLast ? (columns, 1) : (rows, columns)
      (others, otherStep) = isLast ? (rows, columns) : (columns, 1)
    }
  }
}
