import ShrinkGraph
import ShrinkOps
import Testing

@testable import ShrinkVerify

@Suite struct CountTests {
  @Test func parametersAreFloatsAndBytesNotIndices() {
    let graph = Graph(values: [
      Value("w", constant: Tensor(shape: [2, 3], repeating: Float(1))),
      Value("q", constant: Tensor(shape: [4], repeating: UInt8(1))),
      Value("shape", constant: Tensor(shape: [2], repeating: Int64(1))),
      Value("half", constant: Tensor(Float(0.5)), constantForm: .constantNode),
      Value("table", constant: Tensor(shape: [5], repeating: Float(1)), constantForm: .constantNode),
      Value("x"),
    ])
    #expect(Count.parameters(graph) == 6 + 4 + 5)
  }

  private func macs(_ op: String, _ shapes: [[Int]], _ result: [Int], _ attributes: [Attribute] = []) -> Int {
    let operands = Operands<Tensor>(shapes.map { Tensor(shape: $0, repeating: Float(0)) })
    let node = Node(op, inputs: shapes.indices.map { ValueID($0) }, outputs: [ValueID(9)], attributes: attributes)
    return Count.macs(node, operands, [Tensor(shape: result, repeating: Float(0))])
  }

  @Test func macsOfEachLinearOperator() {
    #expect(macs("Conv", [[1, 3, 8, 8], [16, 3, 3, 3]], [1, 16, 8, 8]) == 16 * 64 * 27)
    #expect(macs("ConvTranspose", [[1, 3, 4, 4], [3, 8, 2, 2]], [1, 8, 8, 8]) == 48 * 32)
    #expect(macs("Gemm", [[2, 5], [5, 7]], [2, 7]) == 70)
    #expect(macs("Gemm", [[5, 2], [5, 7]], [2, 7], [Attribute("transA", .int(1))]) == 70)
    #expect(macs("MatMul", [[2, 3, 5], [5, 7]], [2, 3, 7]) == 210)
    #expect(macs("Add", [[2], [2]], [2]) == 0)
  }
}
