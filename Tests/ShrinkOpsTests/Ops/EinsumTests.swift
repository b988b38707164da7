import ShrinkGraph
import ShrinkTestSupport
import Testing

@testable import ShrinkOps

@Suite struct EinsumTests {
  private func equation(_ text: String) -> [String: Attribute.Value] { ["equation": .string(Array(text.utf8))] }

  @Test(arguments: [
    ("ij->ji", [[2, 3]]), ("...ii->...i", [[2, 3, 3]]), ("bij, bjk -> bik", [[2, 3, 4], [2, 4, 5]]),
    ("b...j,j...->b...", [[2, 3, 4], [4, 3]]), ("ij,jk,kl->il", [[2, 3], [3, 4], [4, 5]]),
    ("ab,a->ab", [[2, 3], [2]]), ("bi,bj->bij", [[2, 3], [2, 4]]), ("...a,...a->...", [[2, 1, 3], [4, 3]]),
    ("iij,jk", [[3, 3, 4], [4, 2]]), ("bhid,bhjd->bhij", [[2, 3, 4, 5], [2, 3, 2, 5]]),
  ]) func obeysTheLaws(_ text: String, _ shapes: [[Int]]) throws {
    try checkLaws("Einsum", equation(text), operands: shapes.map { .random($0) })
  }

  @Test(arguments: [("ij->", [[2, 3]]), ("i,i", [[4], [4]]), ("ii", [[3, 3]]), (",->", [[], []])])
  func obeysTheLawsOfSums(_ text: String, _ shapes: [[Int]]) throws {
    try checkLaws("Einsum", equation(text), operands: shapes.map { .random($0) }, removesSomething: false)
  }

  /// Every equation against the sum over all labels.
  @Test(arguments: [
    ("abc,cd,db->a", [[2, 3, 4], [4, 5], [5, 3]]), ("ab,bc,ac->", [[2, 3], [3, 4], [2, 4]]),
    ("aab,b->ab", [[3, 3, 2], [2]]), ("ab,cd->dbca", [[2, 3], [4, 5]]), ("abc,adc->bd", [[2, 3, 4], [2, 5, 4]]),
    ("ab,ab->b", [[1, 3], [4, 3]]), ("Ba", [[2, 3]]), ("ba", [[2, 3]]),
  ]) func sumsOverTheRest(_ text: String, _ shapes: [[Int]]) throws {
    var rng = SplitMix64(seed: 7)
    let operands = shapes.map { Tensor.random($0, using: &rng) }
    let read = try EinsumEquation(text, ranks: shapes.map(\.count))
    let sizes = try read.sizes(shapes)
    let labels = sizes.keys.sorted()
    let all = labels.map { sizes[$0] ?? 1 }
    let resultShape = read.result.map { sizes[$0] ?? 1 }
    var wanted = [Double](repeating: 0, count: Tensor.count(resultShape))
    for flat in 0..<Tensor.count(all) {
      var index: [Int: Int] = [:]
      var rest = flat
      for (label, size) in zip(labels, all).reversed() {
        (rest, index[label]) = rest.quotientAndRemainder(dividingBy: size)
      }
      let place = { (labels: [Int], shape: [Int]) in
        zip(labels, shape).reduce(0) { $0 * $1.1 + ($1.1 == 1 ? 0 : index[$1.0] ?? 0) }
      }
      var product = 1.0
      for (x, own) in zip(operands, read.operands) { product *= x.doubles[place(own, x.shape)] }
      wanted[place(read.result, resultShape)] += product
    }
    let found = try NodeCase("Einsum", equation(text), operands: operands).run()[0]
    #expect(found.difference(from: Tensor(shape: resultShape, wanted.map(Float.init))) == nil)
  }

  @Test func multipliesIntegersExactly() throws {
    let a = Tensor(shape: [2, 2], [Int64.max, 2, 3, 4]), b = Tensor(shape: [2], [3, 5] as [Int64])
    #expect(try result("Einsum", equation("ij,j->i"), a, b) == Tensor(shape: [2], [Int64.max &* 3 &+ 10, 29]))
    let c = Tensor(shape: [3], [200, 100, 7] as [UInt8])
    #expect(try result("Einsum", equation("i->"), c) == Tensor(UInt8(51)))
  }

  @Test func refusesWhatDoesNotFit() {
    let a = Tensor.counting([2, 3]), b = Tensor.counting([4, 5])
    let equations: [(String, [Tensor])] = [
      ("ij,jk->ik", [a, b]), ("ij->ij", [a, b]), ("ijk", [a]), ("i", [a]), ("ij->ik", [a]), ("ij->ii", [a]),
      ("i.j", [a]), ("......", [a]), ("ij->i->j", [a]), ("i1", [a]), ("ijk...", [a]),
      ("ij,ij", [a, Tensor.integers(1)]),
      ("", [a]), ("->", [a]),
    ]
    for (text, operands) in equations {
      #expect(throws: OperatorError.self, "\(text)") {
        try NodeCase("Einsum", equation(text), operands: operands).run()
      }
    }
    #expect(throws: OperatorError.self) { try NodeCase("Einsum", operands: [a]).run() }
  }
}
