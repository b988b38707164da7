import ShrinkGraph
import ShrinkMath

/// What is added to the scores, as it repeats over [batch, heads, queries, keys]; keys behind its last are hidden.
struct AttentionMask<T> {
  let start: UnsafePointer<T>
  /// Elements of a row.
  let length: Int
  /// Steps for a sample, a head and a query; 0 where it repeats.
  let strides: [Int]
}

/// Scaled dot-product attention, in blocks of queries.
///
///   Y = softmax(cap(Q Kᵀ · scale) + mask) V
///
/// A query that sees no key gives zeros. Source: ONNX operator documentation; Vaswani et al., "Attention is all you
/// need", 2017.
struct AttentionKernel<T: KernelElement> {
  let plan: AttentionPlan
  let query: UnsafePointer<T>, key: UnsafePointer<T>, value: UnsafePointer<T>
  let mask: AttentionMask<T>?
  let result: UnsafeMutablePointer<T>
  /// Where the scores go that are wanted; nil when none are.
  let scores: UnsafeMutablePointer<T>?

  /// Scores that a block holds: they stay in the cache between the two products.
  private static var blockScores: Int { 1 << 17 }

  /// Queries of a block.
  private var blockQueries: Int { min(plan.queries, max(16, Self.blockScores / max(1, plan.keys))) }

  func run() throws(OperatorError) {
    guard plan.queries > 0 else { return }
    let rows = blockQueries
    _ = try Axes.checked([rows, plan.keys], T.dtype)
    let blocks = (plan.queries + rows - 1) / rows
    let failures = Failures()
    Parallel.forEach(plan.batch * plan.queryHeads * blocks) { range in
      let room = UnsafeMutablePointer<T>.allocate(capacity: rows * plan.keys)
      defer { room.deallocate() }
      for i in range {
        let (head, first) = (i / blocks, i % blocks * rows)
        do throws(MathError) {
          try block(
            sample: head / plan.queryHeads, head: head % plan.queryHeads,
            queries: first..<min(plan.queries, first + rows), room)
        } catch { failures.record(error) }
      }
    }
    if let failure = failures.first { throw OperatorError(failure) }
  }

  /// Where a head of a sample begins, and the step from one place of the sequence to the next.
  private func place(
    _ sample: Int, _ head: Int, of heads: Int, length: Int, width: Int, isPacked: Bool
  ) -> (start: Int, stride: Int) {
    isPacked
      ? ((sample * length * heads + head) * width, heads * width)
      : ((sample * heads + head) * length * width, width)
  }

  private func block(
    sample: Int, head: Int, queries: Range<Int>, _ room: UnsafeMutablePointer<T>
  ) throws(MathError) {
    let (p, rows, kept) = (plan, queries.count, head / (plan.queryHeads / plan.keyHeads))
    let q = place(sample, head, of: p.queryHeads, length: p.queries, width: p.width, isPacked: p.isPackedQuery)
    let k = place(sample, kept, of: p.keyHeads, length: p.keys, width: p.width, isPacked: p.isPackedKey)
    let v = place(sample, kept, of: p.keyHeads, length: p.keys, width: p.valueWidth, isPacked: p.isPackedKey)
    let y = place(sample, head, of: p.queryHeads, length: p.queries, width: p.valueWidth, isPacked: p.isPackedQuery)
    try T.product(
      transposeB: true, rows, p.keys, p.width, alpha: T(p.scale), query + q.start + queries.lowerBound * q.stride,
      lda: q.stride, key + k.start, ldb: k.stride, room)
    for (i, query) in queries.enumerated() {
      let wanted = scores.map { $0 + ((sample * p.queryHeads + head) * p.queries + query) * p.keys }
      weigh(room + i * p.keys, sample, head, query, wanted)
    }
    try T.product(
      rows, p.valueWidth, p.keys, room, value + v.start, ldb: v.stride,
      result + y.start + queries.lowerBound * y.stride, ldc: y.stride)
  }

  /// Turns the scores of a query into probabilities, and keeps those that are wanted.
  private func weigh(
    _ row: UnsafeMutablePointer<T>, _ sample: Int, _ head: Int, _ query: Int, _ wanted: UnsafeMutablePointer<T>?
  ) {
    let keys = plan.keys
    let keep = { (mode: Int) in if plan.scoresMode == mode { wanted?.update(from: row, count: keys) } }
    keep(0)
    if plan.softcap > 0 {
      let (cap, inverse) = (T(plan.softcap), 1 / T(plan.softcap))
      for j in 0..<keys { row[j] *= inverse }
      T.tangents(row, keys)
      for j in 0..<keys { row[j] *= cap }
    }
    keep(1)
    var visible = plan.visible(query: query, sample: sample)
    var isHidden = visible.isEmpty
    if let mask {
      visible = visible.clamped(to: 0..<mask.length)
      let bias = mask.start + sample * mask.strides[0] + head * mask.strides[1] + query * mask.strides[2]
      var highest = -T.infinity
      for j in visible {
        row[j] += bias[j]
        highest = bias[j] > highest ? bias[j] : highest
      }
      isHidden = visible.isEmpty || highest == -T.infinity
    }
    if plan.scoresMode == 2, wanted != nil {
      row.update(repeating: T(plan.hidden), count: visible.lowerBound)
      (row + visible.upperBound).update(repeating: T(plan.hidden), count: keys - visible.upperBound)
    }
    keep(2)
    row.update(repeating: 0, count: visible.lowerBound)
    (row + visible.upperBound).update(repeating: 0, count: keys - visible.upperBound)
    let (from, count) = (row + visible.lowerBound, visible.count)
    let highest = isHidden ? -T.infinity : Reductions.maximum(from, count)
    if highest == -T.infinity {
      from.update(repeating: 0, count: count)
    } else {
      let factor = 1 / T.exponentials(from, count, minus: highest)
      for j in 0..<count { from[j] *= factor }
    }
    keep(3)
  }
}
