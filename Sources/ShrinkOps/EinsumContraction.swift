import ShrinkGraph
import ShrinkMath

/// A tensor whose axes have labels, each once.
struct LabelledTensor {
  var tensor: Tensor
  var labels: [Int]

  /// Reads an operand: repeated labels become the diagonal, and axes that are repeated for others are dropped.
  init(_ x: Tensor, _ labels: [Int], sizes: [Int: Int]) throws(OperatorError) {
    let strides = Axes.strides(x.shape)
    var steps: [Int] = [], shape: [Int] = [], kept: [Int] = []
    for (axis, label) in labels.enumerated() where x.shape[axis] == sizes[label] ?? 1 {
      if let place = kept.firstIndex(of: label) {
        steps[place] += strides[axis]
      } else {
        kept.append(label)
        steps.append(strides[axis])
        shape.append(x.shape[axis])
      }
    }
    tensor = kept == labels ? x : try StridedView(shape: shape, strides: steps).copied(from: x)
    self.labels = kept
  }

  /// A tensor with labels as they are.
  init(_ x: Tensor, _ labels: [Int]) { (tensor, self.labels) = (x, labels) }

  /// The same with axes in another order.
  func ordered(_ order: [Int]) throws(OperatorError) -> LabelledTensor {
    guard order != labels else { return self }
    let axes = order.map { label in labels.firstIndex(of: label) ?? 0 }
    return LabelledTensor(try StridedView.transposing(tensor.shape, by: axes).copied(from: tensor), order)
  }

  /// Sums over all axes but those of `kept`.
  func reduced<T: EinsumElement>(to kept: Set<Int>, _ type: T.Type) -> LabelledTensor {
    let gone = Set(labels.indices.filter { !kept.contains(labels[$0]) })
    guard !gone.isEmpty else { return self }
    let shape = Reduction.shape(tensor.shape, gone, keepsAxes: false)
    let sums = Reduction(tensor.shape, gone).fold(tensor, shape, T.Sum.zero, { (s, v: T) in T.add(s, v) }, T.rounded)
    return LabelledTensor(sums, labels.filter(kept.contains))
  }
}

/// An element type that Einsum computes with.
protocol EinsumElement: TensorElement {
  /// The type that sums are kept in.
  associatedtype Sum: AdditiveArithmetic
  static func add(_ sum: Sum, _ x: Self) -> Sum
  static func rounded(_ sum: Sum) -> Self
  /// `batch` products C = A B of m × k by k × n, one behind the other; B is stored n × k where it is transposed.
  static func products(
    batch: Int, m: Int, n: Int, k: Int, _ a: UnsafePointer<Self>, _ b: UnsafePointer<Self>, isTransposed: Bool,
    _ c: UnsafeMutablePointer<Self>) throws(MathError)
}

extension Float: EinsumElement {
  static func add(_ sum: Double, _ x: Float) -> Double { sum + Double(x) }
  static func rounded(_ sum: Double) -> Float { Float(sum) }
  static func products(
    batch: Int, m: Int, n: Int, k: Int, _ a: UnsafePointer<Float>, _ b: UnsafePointer<Float>,
    isTransposed: Bool, _ c: UnsafeMutablePointer<Float>
  ) throws(MathError) {
    try ShrinkMath.Gemm.batched(
      batch: batch, transposeB: isTransposed, m: m, n: n, k: k, a: a, strideA: m * k, b: b, strideB: k * n, c: c,
      strideC: m * n)
  }
}

extension Double: EinsumElement {
  static func add(_ sum: Double, _ x: Double) -> Double { sum + x }
  static func rounded(_ sum: Double) -> Double { sum }
  static func products(
    batch: Int, m: Int, n: Int, k: Int, _ a: UnsafePointer<Double>, _ b: UnsafePointer<Double>,
    isTransposed: Bool, _ c: UnsafeMutablePointer<Double>
  ) throws(MathError) {
    for i in 0..<batch {
      try ShrinkMath.Gemm.double(
        transposeB: isTransposed, m: m, n: n, k: k, a: a + i * m * k, b: b + i * k * n, c: c + i * m * n)
    }
  }
}

extension Int64: EinsumElement {
  static func add(_ sum: Int64, _ x: Int64) -> Int64 { sum &+ x }
  static func rounded(_ sum: Int64) -> Int64 { sum }
  static func products(
    batch: Int, m: Int, n: Int, k: Int, _ a: UnsafePointer<Int64>, _ b: UnsafePointer<Int64>,
    isTransposed: Bool, _ c: UnsafeMutablePointer<Int64>
  ) {
    Parallel.forEach(batch * m, minimumChunk: Swift.max(1, parallelGrain / Swift.max(1, n * k))) { rows in
      for row in rows {
        let (left, right, to) = (a + row * k, b + row / m * k * n, c + row * n)
        to.update(repeating: 0, count: n)
        let (across, down) = isTransposed ? (k, 1) : (1, n)
        for i in 0..<k { for j in 0..<n { to[j] &+= left[i] &* right[i * down + j * across] } }
      }
    }
  }
}

/// Contracts the operands of an equation two at a time.
enum EinsumContraction {
  /// The result of an equation.
  static func run<T: EinsumElement>(
    _ equation: EinsumEquation, _ operands: [Tensor], sizes: [Int: Int], _ type: T.Type
  ) throws(OperatorError) -> Tensor {
    var open: [LabelledTensor] = []
    for (x, labels) in zip(operands, equation.operands) { open.append(try LabelledTensor(x, labels, sizes: sizes)) }
    while open.count > 1 {
      let (i, j) = cheapest(open, equation.result, sizes)
      let (b, a) = (open.remove(at: j), open.remove(at: i))
      open.append(try contract(a, b, keeping: Set(open.flatMap(\.labels) + equation.result), T.self))
    }
    return try open[0].reduced(to: Set(equation.result), T.self).ordered(equation.result).tensor
  }

  /// The two operands whose product has the fewest elements; the first two when there are no others.
  private static func cheapest(
    _ open: [LabelledTensor], _ result: [Int], _ sizes: [Int: Int]
  ) -> (Int, Int) {
    var best = (0, 1), least = Double.infinity
    guard open.count > 2 else { return best }
    for i in open.indices {
      for j in open.indices.dropFirst(i + 1) {
        let others = open.indices.filter { $0 != i && $0 != j }.flatMap { open[$0].labels }
        let kept = Set(open[i].labels + open[j].labels).intersection(others + result)
        let size = kept.reduce(1.0) { $0 * Double(sizes[$1] ?? 1) }
        if size < least { (best, least) = ((i, j), size) }
      }
    }
    return best
  }

  /// The product of two tensors, summed over the labels that nobody else needs.
  private static func contract<T: EinsumElement>(
    _ a: LabelledTensor, _ b: LabelledTensor, keeping: Set<Int>, _ type: T.Type
  ) throws(OperatorError) -> LabelledTensor {
    let a = a.reduced(to: keeping.union(b.labels), T.self), b = b.reduced(to: keeping.union(a.labels), T.self)
    let shared = a.labels.filter(b.labels.contains)
    let batch = shared.filter(keeping.contains), summed = shared.filter { !keeping.contains($0) }
    let rows = a.labels.filter { !shared.contains($0) }, columns = b.labels.filter { !shared.contains($0) }
    let isTransposed = b.labels == batch + columns + summed
    let left = try a.ordered(batch + rows + summed).tensor
    let right = isTransposed ? b.tensor : try b.ordered(batch + summed + columns).tensor
    let (m, k) = (left.shape[batch.count...].prefix(rows.count).product, left.shape.suffix(summed.count).product)
    let wide = isTransposed ? right.shape[batch.count...].prefix(columns.count) : right.shape.suffix(columns.count)
    let shape = left.shape.prefix(batch.count + rows.count) + wide
    let result = Tensor.unwritten(try Axes.checked(Array(shape), T.dtype), T.self)
    defer { withExtendedLifetime((left, right)) {} }
    try OperatorError.math { () throws(MathError) in
      try T.products(
        batch: left.shape.prefix(batch.count).product, m: m, n: wide.product, k: k,
        left.start(T.self), right.start(T.self), isTransposed: isTransposed, result.start)
    }
    return LabelledTensor(result.tensor, batch + rows + columns)
  }
}
