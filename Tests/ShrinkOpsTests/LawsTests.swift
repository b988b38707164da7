import ShrinkGraph
import ShrinkTestSupport
import Testing

@testable import ShrinkOps

/// The laws are worth what they find: every rule here is wrong in one place, and must be refused.
@Suite struct LawsTests {
  /// An operator whose rules are replaced one by one.
  struct Broken: Operator {
    static let names = ["Broken"]
    static let opsets = 1...99
    static let inputs = 1...3
    var inner: any Operator
    var inferRule: (@Sendable (Operands<TensorType>) -> [TensorType])?
    var coupleRule: (@Sendable (inout Coupling) -> Void)?
    var resizes = true

    init(_ attributes: Attributes) throws(OperatorError) { throw .unsupported("made by the test only") }
    init(_ inner: any Operator) { self.inner = inner }

    func infer(_ inputs: Operands<TensorType>) throws(OperatorError) -> [TensorType] {
      if let inferRule { return inferRule(inputs) }
      return try inner.infer(inputs)
    }
    func run(_ inputs: Operands<Tensor>) throws(OperatorError) -> [Tensor] { try inner.run(inputs) }
    func couple(_ c: inout Coupling) { if let coupleRule { coupleRule(&c) } else { inner.couple(&c) } }
    func resize(_ c: Coupling, to size: KeptAxes) -> [Resize] { resizes ? inner.resize(c, to: size) : [] }
  }

  private func refuses(
    _ opType: String, _ attributes: [String: Attribute.Value], _ shapes: [[Int]], _ word: String,
    _ breaks: @escaping @Sendable (inout Broken) -> Void
  ) {
    var rng = SplitMix64(seed: 2)
    var node = NodeCase(
      opType, attributes, operands: shapes.map { .random($0, using: &rng) }, constants: Set(1..<max(2, shapes.count)))
    node.maker = { (attributes: Attributes) throws(OperatorError) in
      guard let type = OperatorTable.all.first(where: { $0.domain.isEmpty && $0.names.contains(attributes.opType) })
      else {
        throw .unsupported("no such operator")
      }
      var broken = Broken(try type.init(attributes))
      breaks(&broken)
      return broken
    }
    let error = #expect(throws: BrokenLaw.self) { try checkLaws(node) }
    #expect(error?.description.contains(word) ?? false, "\(error?.description ?? "")")
  }

  @Test func findsAWrongShape() {
    refuses("Flatten", [:], [[2, 3, 4]], "inferred") { $0.inferRule = { [TensorType($0[0].dtype, [2, 4, 3])] } }
  }

  @Test func findsAWrongType() {
    refuses("Clip", [:], [[2, 3]], "inferred") { $0.inferRule = { [TensorType(.float64, $0[0].shape)] } }
  }

  @Test func findsARuleThatSaysNothing() { refuses("Clip", [:], [[2, 3]], "nothing") { $0.coupleRule = { _ in } } }

  @Test func findsANormalisedAxis() {
    refuses("Softmax", [:], [[3, 4, 5]], "differs") { $0.coupleRule = { $0.tieAll(input: 0, output: 0) } }
    refuses("LRN", ["size": .int(3), "alpha": .float(1)], [[2, 5, 3]], "differs") {
      $0.coupleRule = { $0.tieAll(input: 0, output: 0) }
    }
  }

  @Test func findsAForgottenParameter() {
    refuses("Conv", [:], [[2, 3, 4, 4], [5, 3, 1, 1], [5]], "cannot run") {
      $0.coupleRule = { $0.tie(.input(1, 0), .output(0, 1)) }
    }
  }

  @Test func findsAForgottenAttribute() {
    refuses("Conv", ["group": .int(4)], [[2, 4, 3, 3], [8, 1, 1, 1]], "cannot run") { $0.resizes = false }
  }

  @Test func findsWrongBlocks() {
    refuses("Flatten", [:], [[2, 3, 4]], "after removing") {
      $0.coupleRule = { $0.tie(.input(0, 1), .output(0, 1)) }
    }
  }

  @Test func findsFactorsInAWrongOrder() {
    refuses("Flatten", [:], [[2, 3, 4]], "differs") {
      $0.coupleRule = { c in
        let (outer, inner) = (c.factor(3), c.factor(4))
        c.split(.input(0, 1), into: [outer])
        c.split(.input(0, 2), into: [inner])
        c.split(.output(0, 1), into: [inner, outer])
      }
    }
  }

  @Test func findsIndicesInAWrongOrder() {
    refuses("Clip", [:], [[2, 4]], "differs") {
      $0.coupleRule = { c in
        for i in 0..<4 { c.tie(.input(0, 1), from: i, .output(0, 1), from: 3 - i, count: 1) }
      }
    }
  }

  @Test func findsABroadcastAxis() {
    refuses("PRelu", [:], [[2, 3, 4], [1, 1]], "size one") {
      $0.coupleRule = { c in
        c.tieAll(input: 0, output: 0)
        c.tie(.input(1, 0), .output(0, 1))
      }
    }
  }

  /// Sums over a weight, but says that its rows stand in another order.
  struct Reordered: LinearOperator {
    static let names = ["Reordered"]
    static let opsets = 1...99
    static let inputs = 2...2
    let inner: MatMul

    init(_ attributes: Attributes) throws(OperatorError) { inner = try MatMul(attributes) }
    func infer(_ inputs: Operands<TensorType>) throws(OperatorError) -> [TensorType] { try inner.infer(inputs) }
    func run(_ inputs: Operands<Tensor>) throws(OperatorError) -> [Tensor] { try inner.run(inputs) }
    func couple(_ c: inout Coupling) { inner.couple(&c) }
    func readings(_ inputs: Operands<TensorType>) -> [any LinearReading] {
      inner.readings(inputs).map { Backwards(inner: $0) }
    }
  }

  /// A linear map whose rows stand in the opposite order.
  struct Backwards: LinearReading {
    let inner: any LinearReading
    var data: Port { inner.data }
    var weight: Int { inner.weight }
    var bias: Int? { inner.bias }
    var output: Port? { inner.output }
    var product: LinearProduct { inner.product }
    func gatherRows(
      _ x: Tensor, _ operands: Operands<Tensor>, positions: [Int], into rows: UnsafeMutablePointer<Float>
    ) {
      inner.gatherRows(x, operands, positions: positions, into: rows)
    }
    func gatherOutputs(_ y: Tensor, positions: [Int], into rows: UnsafeMutablePointer<Float>) {
      inner.gatherOutputs(y, positions: positions, into: rows)
    }
    func matrixOrder() -> [Int] { inner.matrixOrder().reversed() }
  }

  @Test func findsAWrongMatrixOrder() {
    var rng = SplitMix64(seed: 2)
    var node = NodeCase(
      "MatMul", operands: [.random([3, 4], using: &rng), .random([4, 5], using: &rng)], constants: [1])
    node.maker = { (attributes: Attributes) throws(OperatorError) in try Reordered(attributes) }
    let error = #expect(throws: BrokenLaw.self) { try checkLaws(node) }
    #expect(error?.description.contains("times the matrix") ?? false)
  }
}
