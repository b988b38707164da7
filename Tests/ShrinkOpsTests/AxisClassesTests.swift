import ShrinkGraph
import ShrinkOps
import Testing

@Suite struct AxisClassesTests {
  /// Random ties against labels that are spread until nothing changes.
  @Test(arguments: 0..<20 as Range<UInt64>) func classesAreThoseOfTheTies(seed: UInt64) {
    var rng = SplitMix64(seed: seed)
    let sizes = [6, 4, 12, 3, 2, 8, 5]
    var classes = AxisClasses(sizes: sizes)
    #expect(classes.axisCount == sizes.count && sizes.indices.allSatisfy { classes.size($0) == sizes[$0] })
    let all = sizes.indices.flatMap { axis in (0..<sizes[axis]).map { (axis, $0) } }
    var pairs: [(Int, Int)] = []
    func place(_ axis: Int, _ i: Int) -> Int { all.firstIndex { $0.0 == axis && $0.1 == i } ?? -1 }
    for _ in 0..<4 {
      let (a, b) = (Int.random(in: 0..<sizes.count, using: &rng), Int.random(in: 0..<sizes.count, using: &rng))
      let count = Int.random(in: 1...min(sizes[a], sizes[b]), using: &rng)
      let (firstA, firstB) = (sizes[a] - count, sizes[b] - count)
      classes.tie(a, from: firstA, b, from: firstB, count: count)
      for i in 0..<count { pairs.append((place(a, firstA + i), place(b, firstB + i))) }
    }
    #expect(classes.settle().isEmpty)
    let labels = Self.spread(Array(all.indices), pairs)
    for i in all.indices {
      for j in all.indices {
        let isOne = classes.classes(all[i].0, all[i].1) == classes.classes(all[j].0, all[j].1)
        #expect(isOne == (labels[i] == labels[j]), "seed \(seed): \(all[i]) and \(all[j])")
      }
    }
  }

  private static func spread(_ start: [Int], _ pairs: [(Int, Int)]) -> [Int] {
    var labels = start
    for _ in labels.indices {
      for (x, y) in pairs {
        let least = min(labels[x], labels[y])
        (labels[x], labels[y]) = (least, least)
      }
    }
    return labels
  }

  @Test func rootsDoNotDependOnTheOrderOfTies() {
    var (one, other) = (AxisClasses(sizes: [3, 3, 3]), AxisClasses(sizes: [3, 3, 3]))
    one.tie(0, 1, count: 3)
    one.tie(1, 2, count: 3)
    other.tie(2, 1, count: 3)
    other.tie(2, 0, count: 3)
    #expect(one.settle().isEmpty && other.settle().isEmpty)
    for axis in 0..<3 {
      for i in 0..<3 { #expect(one.classes(axis, i) == [i] && other.classes(axis, i) == [i]) }
    }
  }

  /// Random removals of classes leave, in every product, exactly what the factors leave.
  @Test(arguments: 0..<200 as Range<UInt64>) func productsStayProductsWhateverGoes(seed: UInt64) {
    var rng = SplitMix64(seed: seed)
    let lists: [[Int]] = [[2, 3, 4], [4, 6], [6, 4], [24], [2, 12], [8, 3]]
    var sizes: [Int] = []
    var products: [(axis: Int, factors: [Int])] = []
    for list in lists {
      let factors = list.map { size in
        sizes.append(size)
        return sizes.count - 1
      }
      sizes.append(24)
      products.append((sizes.count - 1, factors))
    }
    var classes = AxisClasses(sizes: sizes)
    for product in products { classes.product(product.axis, factors: product.factors) }
    // Some of the products are the same axis.
    var same: [(Int, Int)] = []
    for _ in 0..<Int.random(in: 1...3, using: &rng) {
      guard let a = products.randomElement(using: &rng), let b = products.randomElement(using: &rng) else { continue }
      classes.tie(a.axis, b.axis, count: 24)
      same.append((a.axis, b.axis))
    }
    let broken = Set(classes.settle())
    var all = Set<Int>()
    for axis in sizes.indices { for (_, roots) in classes.elements(of: axis) { all.formUnion(roots) } }
    let free = all.filter { !classes.isHeld($0) }.sorted()
    for _ in 0..<10 {
      let gone = Set(free.filter { _ in Int.random(in: 0..<3, using: &rng) == 0 })
      let kept = sizes.indices.map { axis in
        (0..<sizes[axis]).filter { gone.isDisjoint(with: classes.classes(axis, $0)) }
      }
      for (p, product) in products.enumerated() where !broken.contains(p) {
        // Row-major indices of what the factors keep.
        let wanted = product.factors.reduce([0]) { outer, axis in
          outer.flatMap { o in kept[axis].map { o * sizes[axis] + $0 } }
        }
        #expect(kept[product.axis] == wanted, "seed \(seed): product \(p)")
      }
      for (t, pair) in same.enumerated() where !broken.contains(products.count + t) {
        #expect(kept[pair.0] == kept[pair.1], "seed \(seed): tie \(t)")
      }
    }
  }
}
