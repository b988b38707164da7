import ShrinkGraph
import ShrinkOps
import Testing

@testable import ShrinkReduce

@Suite struct AxisClassesTests {
  @Test func axesTooLongToFollowAreLeftOut() {
    let types = [[4, 1 << 40], [3], [1 << 22]].map { TensorType(.float32, $0) }
    #expect(AxisClasses.followed(types).map { $0?.shape } == [nil, [3], [1 << 22]])
    let many = AxisClasses.followed([TensorType](repeating: types[2], count: 20))
    #expect(many.count { $0 != nil } == 16)
  }

  /// Random ties against labels that are spread until nothing changes.
  @Test(arguments: 0..<20 as Range<UInt64>) func classesAreThoseOfTheTies(seed: UInt64) {
    var rng = SplitMix64(seed: seed)
    let shapes = [[6, 4], [12], [3, 2, 8], [5]]
    var classes = AxisClasses(shapes.map { TensorType(.float32, $0) })
    let axes = shapes.enumerated().flatMap { v, shape in shape.indices.map { ValueAxis(ValueID(v), $0) } }
    let all = axes.flatMap { axis in (0..<shapes[axis.value.index][axis.axis]).map { (axis, $0) } }
    #expect(classes.count == all.count)
    var pairs: [(Int, Int)] = []
    func place(_ axis: ValueAxis, _ i: Int) -> Int { all.firstIndex { $0.0 == axis && $0.1 == i } ?? -1 }
    for _ in 0..<4 {
      let (a, b) = (axes.randomElement(using: &rng) ?? axes[0], axes.randomElement(using: &rng) ?? axes[1])
      let (sizeA, sizeB) = (shapes[a.value.index][a.axis], shapes[b.value.index][b.axis])
      let block = Int.random(in: 1...2, using: &rng)
      let count = Int.random(in: 1...max(1, min(sizeA, sizeB / block)), using: &rng)
      let (firstA, firstB) = (sizeA - count, sizeB - count * block)
      classes.unite(a, from: firstA, b, from: firstB, count: count, block: block)
      for i in 0..<count {
        for k in 0..<block { pairs.append((place(a, firstA + i), place(b, firstB + i * block + k))) }
      }
    }
    var labels = Array(all.indices)
    for _ in all.indices {
      for (x, y) in pairs {
        let least = min(labels[x], labels[y])
        (labels[x], labels[y]) = (least, least)
      }
    }
    for i in all.indices {
      for j in all.indices {
        let isOne = classes.root(all[i].0, all[i].1) == classes.root(all[j].0, all[j].1)
        #expect(isOne == (labels[i] == labels[j]), "seed \(seed): \(all[i]) and \(all[j])")
      }
    }
  }

  @Test func rootsDoNotDependOnTheOrderOfTies() {
    let (a, b, c) = (ValueAxis(ValueID(0), 0), ValueAxis(ValueID(1), 0), ValueAxis(ValueID(2), 0))
    let types = [3, 3, 3].map { TensorType(.float32, [$0]) }
    var (one, other) = (AxisClasses(types), AxisClasses(types))
    one.unite(a, from: 0, b, from: 0, count: 3, block: 1)
    one.unite(b, from: 0, c, from: 0, count: 3, block: 1)
    other.unite(c, from: 0, b, from: 0, count: 3, block: 1)
    other.unite(c, from: 0, a, from: 0, count: 3, block: 1)
    for axis in [a, b, c] { for i in 0..<3 { #expect(one.root(axis, i) == i && other.root(axis, i) == i) } }
  }

  @Test func unknownTypesHaveNoIndices() {
    #expect(AxisClasses([nil, TensorType(.float32, [2, 3]), nil]).count == 5)
  }
}
