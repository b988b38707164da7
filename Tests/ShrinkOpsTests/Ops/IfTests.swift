import ShrinkGraph
import Testing

@testable import ShrinkOps

@Suite struct IfTests {
  private let bodies = ToyBodies(
    operands: 1, inputs: 0, outputs: 1,
    bodies: ["then_branch": { _, around in [around[0]] }, "else_branch": { _, _ in [Tensor(Float(2))] }])

  @Test func runsTheBranchOfTheCondition() throws {
    let x = Tensor(shape: [2], [1, 2] as [Float])
    #expect(try result(If.self, [:], [Tensor(true), x], bodies) == [x])
    #expect(try result(If.self, [:], [Tensor(shape: [1], [false]), x], bodies) == [Tensor(Float(2))])
  }

  @Test func refusesConditionsThatAreNotOne() {
    let pair = Tensor(shape: [2], [true, false])
    #expect(throws: OperatorError.self) { try result(If.self, [:], [pair, nil], bodies) }
    #expect(throws: OperatorError.self) { try result(If.self, [:], [Tensor(Float(1)), nil], bodies) }
  }

  @Test func refusesMissingOrOtherGraphs() {
    #expect(throws: OperatorError.self) { try If(Attributes("If", opset: 17)) }
    var wrong = bodies
    wrong.inputs = 1
    #expect(throws: OperatorError.self) { try result(If.self, [:], [Tensor(true)], wrong) }
    let node = Node("If", inputs: [ValueID(0)], outputs: [])
    #expect(throws: OperatorError.self) { try OperatorTable.make(node, opset: 17) }
  }
}
