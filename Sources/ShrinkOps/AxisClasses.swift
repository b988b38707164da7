/// Which indices of many axes stand or fall together.
///
/// Axes are numbered by the caller. Two kinds of relations are taken: runs of indices that go together, and axes that are
/// the row-major product of others. `settle` first finds for every axis a form (`AxisForm`) that all relations agree on,
/// and then joins the *elements* of its factors: an index of an axis is removed when any of its elements is. So the columns of
/// heads × width go by heads and by places within every head, and never in a way that no tensor could hold.
///
/// One integer an element; union-find by path halving with the smaller root winning, so that roots do not depend on the
/// order of relations. Forms only become finer, so finding them ends; each relation is looked at again only when one of its
/// axes has changed.
package struct AxisClasses: Sendable {
  /// What is known of axes.
  private enum Relation: Sendable {
    /// `count` indices of `a` from `firstA` on go with those of `b` from `firstB` on.
    case tie(a: Int, firstA: Int, b: Int, firstB: Int, count: Int)
    /// `axis` is the product of `factors`, the outermost first.
    case product(axis: Int, factors: [Int])

    var axes: [Int] {
      switch self {
      case .tie(let a, _, let b, _, _): [a, b]
      case .product(let axis, let factors): [axis] + factors
      }
    }
  }
  /// A factor of a segment: `size` elements from `first` on.
  private struct Factor: Sendable {
    let first: Int
    let size: Int
  }
  /// A segment of an axis.
  private struct Segment: Sendable {
    let start: Int
    let length: Int
    /// The outermost first; a segment of length 1 has one of size 1.
    let factors: [Factor]
  }
  /// One factor of one segment of an axis.
  package struct Place: Hashable, Sendable {
    /// The axis, as numbered by the caller.
    package let axis: Int
    /// The segment, and the factor in it, counted from 0.
    package let segment: Int, factor: Int
  }

  private var sizes: [Int] = []
  private var forms: [AxisForm] = []
  private var relations: [Relation] = []
  private var segments: [[Segment]] = []
  private var parent: [Int32] = []

  /// Starts with axes of the given sizes that have nothing to do with each other.
  package init(sizes: [Int]) {
    self.sizes = sizes
    forms = sizes.map(AxisForm.init)
  }

  /// Adds an axis and returns its number.
  package mutating func add(size: Int) -> Int {
    sizes.append(size)
    forms.append(AxisForm(size))
    return sizes.count - 1
  }

  /// Number of axes.
  package var axisCount: Int { sizes.count }
  /// Length of an axis.
  package func size(_ axis: Int) -> Int { sizes[axis] }

  /// Says that runs of indices go together; returns the number of the relation.
  @discardableResult package mutating func tie(
    _ a: Int, from firstA: Int = 0, _ b: Int, from firstB: Int = 0, count: Int
  ) -> Int {
    relations.append(.tie(a: a, firstA: firstA, b: b, firstB: firstB, count: count))
    return relations.count - 1
  }

  /// Says that an axis is the row-major product of others; returns the number of the relation.
  @discardableResult package mutating func product(_ axis: Int, factors: [Int]) -> Int {
    relations.append(.product(axis: axis, factors: factors))
    return relations.count - 1
  }

  /// Finds forms and joins elements; returns the relations that no forms can have, whose axes must be left alone.
  package mutating func settle() -> [Int] {
    let broken = settleForms()
    layOut()
    for (r, relation) in relations.enumerated() where !broken.contains(r) { join(relation) }
    return broken.sorted()
  }
}

// MARK: Forms

extension AxisClasses {
  private mutating func settleForms() -> Set<Int> {
    var readers = [[Int]](repeating: [], count: sizes.count)
    for (r, relation) in relations.enumerated() { for axis in relation.axes { readers[axis].append(r) } }
    var broken = Set<Int>()
    var open = Array(relations.indices.reversed())
    var isOpen = [Bool](repeating: true, count: relations.count)
    while let r = open.popLast() {
      isOpen[r] = false
      guard !broken.contains(r) else { continue }
      guard let changed = refine(relations[r]) else {
        broken.insert(r)
        continue
      }
      for axis in changed {
        for other in readers[axis] where !isOpen[other] {
          isOpen[other] = true
          open.append(other)
        }
      }
    }
    return broken
  }

  /// Makes the forms of the axes of a relation agree; returns the axes that changed, nil where they cannot agree.
  private mutating func refine(_ relation: Relation) -> [Int]? {
    guard relation.axes.allSatisfy({ sizes[$0] > 0 }) else { return [] }
    switch relation {
    case .tie(let a, let firstA, let b, let firstB, let count):
      guard count > 0 else { return [] }
      return refineTie(a, firstA..<firstA + count, b, firstB..<firstB + count)
    case .product(let axis, let factors):
      guard let whole = AxisForm.product(factors.map { forms[$0] }),
        let form = AxisForm.common(whole, forms[axis]), let parts = form.factored(factors.map { sizes[$0] })
      else { return nil }
      return set([(axis, form)] + zip(factors, parts))
    }
  }

  private mutating func refineTie(_ a: Int, _ rangeA: Range<Int>, _ b: Int, _ rangeB: Range<Int>) -> [Int]? {
    var (x, y) = (forms[a], forms[b])
    if rangeA.count == sizes[a], rangeB.count == sizes[b] {
      guard let form = AxisForm.common(x, y) else { return nil }
      return set([(a, form), (b, form)])
    }
    if isPlain(a, rangeA), isPlain(b, rangeB) { return [] }
    guard a != b, x.cut(at: rangeA.lowerBound), x.cut(at: rangeA.upperBound), y.cut(at: rangeB.lowerBound),
      y.cut(at: rangeB.upperBound), let form = AxisForm.common(x.part(rangeA), y.part(rangeB))
    else { return nil }
    x.replace(rangeA, by: form)
    y.replace(rangeB, by: form)
    return set([(a, x), (b, y)])
  }

  /// Whether every index of a range has one element only.
  private func isPlain(_ axis: Int, _ range: Range<Int>) -> Bool {
    forms[axis].segments(in: range).allSatisfy { forms[axis].segments[$0].count < 2 }
  }

  private mutating func set(_ new: [(Int, AxisForm)]) -> [Int] {
    var changed: [Int] = []
    for (axis, form) in new where forms[axis] != form {
      forms[axis] = form
      changed.append(axis)
    }
    return changed
  }
}

// MARK: Elements

extension AxisClasses {
  /// Gives every factor of every segment its elements.
  private mutating func layOut() {
    var next = 0
    segments = zip(forms, sizes).map { form, size in
      guard size > 0 else { return [] }
      var start = 0
      return form.segments.map { list in
        let factors = (list.isEmpty ? [1] : list).map { size in
          defer { next += size }
          return Factor(first: next, size: size)
        }
        defer { start += list.product }
        return Segment(start: start, length: list.product, factors: factors)
      }
    }
    // One more that stands for "all of it": what it is joined with never goes.
    parent = (0...Int32(next)).map { $0 }
  }

  /// The class of what may not be removed because nothing else would be left.
  package mutating func isHeld(_ root: Int) -> Bool { self.root(parent.count - 1) == root }

  private mutating func root(_ start: Int) -> Int {
    var x = start
    while parent[x] != x {
      parent[x] = parent[Int(parent[x])]
      x = Int(parent[x])
    }
    return x
  }

  private mutating func unite(_ a: Int, _ b: Int) {
    let (x, y) = (root(a), root(b))
    if x != y { parent[max(x, y)] = Int32(min(x, y)) }
  }

  private mutating func unite(_ a: [Factor], _ b: [Factor]) {
    for (x, y) in zip(a, b) { for i in 0..<x.size { unite(x.first + i, y.first + i) } }
  }

  private mutating func join(_ relation: Relation) {
    guard relation.axes.allSatisfy({ sizes[$0] > 0 }) else { return }
    switch relation {
    case .tie(let a, let firstA, let b, let firstB, let count):
      let (rangeA, rangeB) = (firstA..<firstA + count, firstB..<firstB + count)
      let isWhole = count == sizes[a] && count == sizes[b]
      if !isWhole, isPlain(a, rangeA), isPlain(b, rangeB) {
        for i in 0..<count { unite(element(a, firstA + i), element(b, firstB + i)) }
      } else {
        let (x, y) = (forms[a].segments(in: rangeA), forms[b].segments(in: rangeB))
        for (i, j) in zip(x, y) { unite(segments[a][i].factors, segments[b][j].factors) }
      }
    case .product(let axis, let factors):
      for (segment, list) in zip(segments[axis], product(of: factors)) { unite(segment.factors, list) }
    }
  }

  /// The element of an index of a segment with one factor.
  private func element(_ axis: Int, _ index: Int) -> Int {
    let at = segment(of: index, in: axis)
    return segments[axis][at].factors[0].first + index - segments[axis][at].start
  }

  /// The position of the segment that an index lies in.
  private func segment(of index: Int, in axis: Int) -> Int {
    var (low, high) = (0, segments[axis].count - 1)
    while low < high {
      let middle = (low + high + 1) / 2
      if segments[axis][middle].start <= index { low = middle } else { high = middle - 1 }
    }
    return low
  }

  /// Factors of each segment of a product of axes.
  ///
  /// Elements that the product does not show (of segments of length 1) are held.
  private mutating func product(of axes: [Int]) -> [[Factor]] {
    var result: [[Factor]] = [[]]
    for axis in axes {
      let inner = segments[axis].map(\.factors)
      if inner.count == 1 {
        result = result.map { joined($0, inner[0]) }
      } else {
        let units = result.count == 1 && result[0].isEmpty ? [[]] : result
        result = units.flatMap { unit in inner.map { joined(unit, $0) } }
      }
    }
    return result
  }

  /// A product of two lists of factors without those of size 1, but for the last one left.
  private mutating func joined(_ outer: [Factor], _ inner: [Factor]) -> [Factor] {
    if outer.isEmpty { return inner }
    let all = outer + inner
    let wide = all.filter { $0.size > 1 }
    for lone in wide.isEmpty ? Array(all.dropFirst()) : all.filter({ $0.size == 1 }) {
      unite(lone.first, parent.count - 1)
    }
    return wide.isEmpty ? [all[0]] : wide
  }
}

// MARK: What came of it

extension AxisClasses {
  /// The classes that an index of an axis belongs to: it is removed when one of them is.
  package mutating func classes(_ axis: Int, _ index: Int) -> [Int] {
    let segment = segments[axis][segment(of: index, in: axis)]
    var (rest, step) = (index - segment.start, segment.length)
    var result: [Int] = []
    for factor in segment.factors {
      step /= factor.size
      result.append(root(factor.first + rest / step))
      rest %= step
    }
    return result
  }

  /// Every class of every factor of an axis, with its place.
  package mutating func elements(of axis: Int) -> [(place: Place, classes: [Int])] {
    var result: [(place: Place, classes: [Int])] = []
    for (s, segment) in segments[axis].enumerated() {
      for (f, factor) in segment.factors.enumerated() {
        var roots: [Int] = []
        for i in 0..<factor.size { roots.append(root(factor.first + i)) }
        result.append((Place(axis: axis, segment: s, factor: f), roots))
      }
    }
    return result
  }
}
