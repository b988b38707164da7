import ShrinkGraph
import Testing

@testable import ShrinkOps

@Suite struct LeftOutTests {
  @Test func nothingThatRunsIsLeftOut() {
    for family in LeftOut.families {
      let names = Set(OperatorTable.all.filter { $0.domain == family.domain }.flatMap { $0.names })
      #expect(names.isDisjoint(with: family.operators), "\(family.name)")
    }
  }

  @Test func theMessageNamesOperatorDomainVersionAndFamily() {
    func error(_ node: Node, opset: Int) -> OperatorError? {
      #expect(throws: OperatorError.self) { try OperatorTable.make(node, opset: opset) }
    }
    let adam = error(Node("Adam", domain: "ai.onnx.preview.training", inputs: [], outputs: []), opset: 1)
    #expect(adam?.code == .unsupportedOperator)
    #expect(adam?.fact.contains("'Adam' of domain ai.onnx.preview.training at opset 1") == true)
    #expect(adam?.fact.contains("on purpose (training)") == true)
    let mystery = error(Node("Mystery", domain: "org.example", inputs: [], outputs: []), opset: 3)
    #expect(mystery?.fact == "there is no kernel for operator 'Mystery' of domain org.example at opset 3")
    let early = error(Node("Swish", inputs: [ValueID(0)], outputs: []), opset: 9)
    #expect(early?.fact.hasSuffix("'Swish' of domain ai.onnx at opset 9, only for other versions") == true)
  }
}
