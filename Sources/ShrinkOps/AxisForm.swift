/// How an axis is put together: a sum of segments one behind the other, each a product of factors, the outermost first.
///
/// The columns of fused attention weights, say, are queries, keys and values one behind the other, each heads × width.
/// What stands in rows can be removed only if the rest still has this form, so forms say what may go.
struct AxisForm: Equatable, Sendable {
  /// Factors of each segment, none of them 1; a segment of length 1 has none.
  private(set) var segments: [[Int]]

  /// Most segments of an axis that are followed.
  static let most = 512

  /// One segment of one factor.
  init(_ size: Int) { segments = size == 1 ? [[]] : [[size]] }

  private init(segments: [[Int]]) { self.segments = segments }

  /// The ends of the segments.
  var ends: [Int] {
    var end = 0
    return segments.map { factors in
      end += factors.product
      return end
    }
  }

  /// Number of indices.
  var length: Int { ends.last ?? 0 }

  /// Cuts a segment in two, so that one ends at `place`; says whether that can be.
  ///
  /// A cut inside the inner factors cuts them alike for every index of the outer ones.
  mutating func cut(at place: Int) -> Bool {
    var start = 0
    for (s, factors) in segments.enumerated() {
      let end = start + factors.product
      if place == start || place == end { return true }
      if place < end {
        guard let parts = Self.parts(of: factors, at: place - start) else { return false }
        segments.replaceSubrange(s...s, with: parts)
        return segments.count <= Self.most
      }
      start = end
    }
    return false
  }

  private static func parts(of factors: [Int], at place: Int) -> [[Int]]? {
    guard let outer = factors.first, outer <= most || place % factors.dropFirst().product == 0 else { return nil }
    let rest = Array(factors.dropFirst())
    let (before, inside) = place.quotientAndRemainder(dividingBy: rest.product)
    func run(_ count: Int) -> [[Int]] { count == 0 ? [] : [count == 1 ? rest : [count] + rest] }
    if inside == 0 { return run(before) + run(outer - before) }
    guard let cut = parts(of: rest, at: inside) else { return nil }
    return (0..<outer).flatMap { _ in cut }
  }

  /// The coarsest form that is finer than both; nil where there is none.
  static func common(_ a: AxisForm, _ b: AxisForm) -> AxisForm? {
    var (a, b) = (a, b)
    guard a != b else { return a }
    while a.ends != b.ends {
      for end in b.ends { guard a.cut(at: end) else { return nil } }
      for end in a.ends { guard b.cut(at: end) else { return nil } }
    }
    var result: [[Int]] = []
    for (x, y) in zip(a.segments, b.segments) {
      guard let factors = common(x, y) else { return nil }
      result.append(factors)
    }
    return AxisForm(segments: result)
  }

  /// The coarsest list of factors that is finer than both.
  static func common(_ x: [Int], _ y: [Int]) -> [Int]? {
    var (x, y) = (Array(x.reversed()), Array(y.reversed()))
    var result: [Int] = []
    while let a = x.popLast() {
      guard let b = y.popLast() else { return nil }
      let small = min(a, b)
      guard max(a, b) % small == 0 else { return nil }
      result.append(small)
      if a > small { x.append(a / small) }
      if b > small { y.append(b / small) }
    }
    return y.isEmpty ? result : nil
  }

  /// The form of the segments that lie in a range, whose bounds must be ends of segments.
  func part(_ range: Range<Int>) -> AxisForm {
    AxisForm(segments: segments(in: range).map { segments[$0] })
  }

  /// Puts a finer form in the place of the segments in a range.
  mutating func replace(_ range: Range<Int>, by part: AxisForm) {
    segments.replaceSubrange(segments(in: range), with: part.segments)
  }

  /// Positions of the segments that lie in a range of indices, at least in part.
  func segments(in range: Range<Int>) -> Range<Int> {
    let ends = ends
    let first = ends.firstIndex { $0 > range.lowerBound } ?? ends.count
    let last = ends.firstIndex { $0 >= range.upperBound } ?? ends.count - 1
    return first..<max(first, last + 1)
  }

  /// The form of axes written as one, the outermost first; nil where that is not followed.
  static func product(_ axes: [AxisForm]) -> AxisForm? {
    var result = AxisForm(1)
    for axis in axes {
      if axis.segments.count == 1 {
        result = AxisForm(segments: result.segments.map { $0 + axis.segments[0] })
      } else {
        guard result.length * axis.segments.count <= most else { return nil }
        result = AxisForm(segments: (0..<result.length).flatMap { _ in axis.segments })
      }
    }
    return result
  }

  /// The forms of axes of the given sizes whose product has this form; nil where no forms have.
  func factored(_ sizes: [Int]) -> [AxisForm]? {
    guard sizes.count > 1 else { return [self] }
    let inner = sizes.dropFirst().product
    var rest = AxisForm(inner)
    var outer: [[Int]] = []
    if ends.allSatisfy({ $0 % inner == 0 }) {
      for factors in segments {
        guard let (head, tail) = Self.split(factors, inner: inner),
          let finer = Self.common(rest, AxisForm(segments: [tail]))
        else { return nil }
        outer.append(head)
        rest = finer
      }
    } else {
      guard sizes[0] <= Self.most else { return nil }
      var whole = self
      for i in 1..<max(sizes[0], 2) { guard whole.cut(at: i * inner) else { return nil } }
      for i in 0..<sizes[0] {
        guard let finer = Self.common(rest, whole.part(i * inner..<(i + 1) * inner)) else { return nil }
        rest = finer
      }
      outer = [[Int]](repeating: [], count: sizes[0])
    }
    guard let more = rest.factored(Array(sizes.dropFirst())) else { return nil }
    return [AxisForm(segments: outer)] + more
  }

  /// Factors before and behind the place where those behind have the product `inner`.
  private static func split(_ factors: [Int], inner: Int) -> (head: [Int], tail: [Int])? {
    var (head, tail, left) = (factors, [Int](), inner)
    while left > 1, let last = head.popLast() {
      if left % last == 0 {
        tail.insert(last, at: 0)
        left /= last
      } else {
        guard last % left == 0 else { return nil }
        head.append(last / left)
        tail.insert(left, at: 0)
        left = 1
      }
    }
    return left == 1 ? (head, tail) : nil
  }
}
