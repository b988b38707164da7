import ShrinkGraph
import ShrinkTestSupport
import Testing

@testable import ShrinkOps

@Suite struct SignalWindowTests {
  private func run(_ name: String, _ size: Int64, _ attributes: [String: Attribute.Value] = [:]) throws -> Tensor {
    try result(name, attributes, Tensor(size))
  }

  @Test func followsItsFormula() throws {
    let close = { (x: Tensor, wanted: [Float]) in
      x.difference(from: Tensor(shape: [wanted.count], wanted), tolerance: 1e-6) == nil
    }
    #expect(close(try run("HannWindow", 4), [0, 0.5, 1, 0.5]))
    #expect(close(try run("HannWindow", 5, ["periodic": .int(0)]), [0, 0.5, 1, 0.5, 0]))
    #expect(close(try run("HammingWindow", 2), [4.0 / 46, 1]))
    #expect(close(try run("BlackmanWindow", 4), [0, 0.34, 1, 0.34]))
    #expect(try run("HannWindow", 3, ["output_datatype": .int(11)]).dtype == .float64)
    #expect(try run("HannWindow", 0).shape == [0])
    #expect(try run("HannWindow", 1, ["periodic": .int(0)]).shape == [1])
  }

  @Test func refusesWhatDoesNotFit() {
    #expect(throws: OperatorError.self) { try run("HannWindow", -1) }
    #expect(throws: OperatorError.self) { try run("HannWindow", .max) }
    #expect(throws: OperatorError.self) { try run("HannWindow", 3, ["output_datatype": .int(8)]) }
    #expect(throws: OperatorError.shapeDependsOnData) {
      try NodeCase("HannWindow", operands: [Tensor(Int64(3))]).infer()
    }
  }
}
