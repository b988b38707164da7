import ShrinkGraph
import ShrinkTestSupport
import Testing

@testable import ShrinkOps

@Suite struct MelWeightMatrixTests {
  private func run(_ bands: Int64, _ length: Int64, _ rate: Int64, _ low: Float, _ high: Float) throws -> Tensor {
    try result("MelWeightMatrix", Tensor(bands), Tensor(length), Tensor(rate), Tensor(low), Tensor(high))
  }

  @Test func makesTriangles() throws {
    let x = try run(3, 16, 100, 0, 40)
    #expect(x.shape == [9, 3])
    for band in 0..<3 { #expect((0..<9).map { x.floats[$0 * 3 + band] }.max() == 1) }
    #expect(x.floats.allSatisfy { 0...1 ~= $0 })
  }

  @Test func refusesWhatDoesNotFit() {
    #expect(throws: OperatorError.self) { try run(-1, 16, 100, 0, 40) }
    #expect(throws: OperatorError.self) { try run(3, 16, 0, 0, 40) }
    #expect(throws: OperatorError.self) { try run(3, 16, 100, 0, 400) }
    #expect(throws: OperatorError.self) { try run(3, 16, 100, -800, 40) }
    #expect(throws: OperatorError.self) { try run(Int64.max, 16, 100, 0, 40) }
    #expect(throws: OperatorError.self) { try run(3, Int64.max, 100, 0, 40) }
    #expect(throws: OperatorError.self) { try run(3, 16, 100, 0, .nan) }
  }
}
