import ShrinkGraph
import ShrinkOps
import ShrinkTestSupport
import Testing

@Suite struct UniqueTests {
  private let x = Tensor(shape: [6], [2, 1, 1, 3, 4, 3] as [Float])

  @Test func sorts() throws {
    let y = try results("Unique", outputs: 4, [:], x)
    #expect(y[0].floats == [1, 2, 3, 4])
    #expect(y[1...].map { $0.elements(Int64.self) } == [[1, 0, 3, 4], [1, 0, 0, 2, 3, 2], [2, 1, 2, 1]])
  }

  @Test func keepsTheOrder() throws {
    let y = try results("Unique", outputs: 4, ["sorted": .int(0)], x)
    #expect(y[0].floats == [2, 1, 3, 4])
    #expect(y[1...].map { $0.elements(Int64.self) } == [[0, 1, 3, 4], [0, 1, 1, 2, 3, 2], [1, 2, 2, 1]])
  }

  @Test func comparesSlices() throws {
    let rows = Tensor(shape: [3, 2], [2, 3, 1, 0, 2, 3] as [Int64])
    let y = try results("Unique", outputs: 4, ["axis": .int(0)], rows)
    #expect(y[0] == Tensor(shape: [2, 2], [1, 0, 2, 3] as [Int64]))
    #expect(y[1...].map { $0.elements(Int64.self) } == [[1, 0], [1, 0, 1], [1, 2]])
    #expect(try result("Unique", ["axis": .int(1)], rows).shape == [3, 2])
  }

  @Test func countsNaNOnce() throws {
    let y = try results("Unique", outputs: 4, [:], Tensor(shape: [4], [.nan, 0, .nan, -0.0] as [Float]))
    #expect(y[0].shape == [2])
    #expect(y[3].elements() as [Int64] == [2, 2])
  }

  @Test func takesScalarsAndNothing() throws {
    #expect(try result("Unique", [:], Tensor(Float(5))).floats == [5])
    #expect(try results("Unique", outputs: 4, [:], Tensor.counting([0, 2])).map(\.shape) == [[0], [0], [0], [0]])
    #expect(try result("Unique", ["axis": .int(0)], Tensor.counting([3, 0])).shape == [1, 0])
  }

  @Test func refusesWhatDoesNotFit() {
    #expect(throws: OperatorError.self) { try result("Unique", ["axis": .int(1)], x) }
    #expect(throws: OperatorError.shapeDependsOnData) { try NodeCase("Unique", operands: [x]).infer() }
  }
}
