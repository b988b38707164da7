/// Counts equal and right arg-max decisions: over the last axis for outputs of rank 2 and 3, over axis 1 for rank 4.
struct Decisions {
  private var equal = 0
  private var all = 0
  private var labelled = 0
  private var right = Verdict.Pair(0, 0)

  /// Whether an output of this many axes decides anything.
  static func decides(rank: Int) -> Bool { (2...4).contains(rank) }

  /// Adds the outputs of a run, `x` of the original and `y` of the other network.
  ///
  /// Labels are of use for rank 2 only.
  mutating func add(_ x: [Double], _ y: [Double], shape: [Int], labels: [Int]?) {
    guard Self.decides(rank: shape.count) else { return }
    let axis = shape.count == 4 ? 1 : shape.count - 1
    let inner = shape[(axis + 1)...].reduce(1, *)
    let length = shape[axis]
    guard length > 1, !x.isEmpty else { return }
    let labels = shape.count == 2 && labels?.count == shape[0] ? labels : nil
    for outer in 0..<x.count / (length * inner) {
      for i in 0..<inner {
        let start = outer * length * inner + i
        let (a, b) = (Self.largest(x, start, inner, length), Self.largest(y, start, inner, length))
        all += 1
        equal += a == b ? 1 : 0
        guard let labels else { continue }
        labelled += 1
        right.original += a == labels[outer] ? 1 : 0
        right.candidate += b == labels[outer] ? 1 : 0
      }
    }
  }

  /// The first of the largest elements; the first NaN where there is one, as numpy does.
  private static func largest(_ x: [Double], _ start: Int, _ step: Int, _ length: Int) -> Int {
    var best = 0
    for i in 0..<length {
      let value = x[start + i * step]
      if value.isNaN { return i }
      if value > x[start + best * step] { best = i }
    }
    return best
  }

  /// Equal decisions in per cent; nil when there was none.
  var agreement: Double? { all > 0 ? 100 * Double(equal) / Double(all) : nil }

  /// Right decisions in per cent; nil when there were no labels.
  var accuracy: Verdict.Pair<Double>? {
    guard labelled > 0 else { return nil }
    return Verdict.Pair(
      100 * Double(right.original) / Double(labelled), 100 * Double(right.candidate) / Double(labelled))
  }
}
