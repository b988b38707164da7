import ShrinkGraph
import ShrinkOps
import ShrinkTestSupport
import Testing

@Suite struct NonMaxSuppressionTests {
  /// The second box overlaps the first by 0.6 of their union, the third stands alone.
  private let boxes = Tensor(shape: [1, 3, 4], [0, 0, 1, 1, 0, 0.25, 1, 1.25, 5, 5, 6, 6] as [Float])
  private let scores = Tensor(shape: [1, 1, 3], [0.5, 0.75, 0.25] as [Float])

  private func select(
    _ most: Int64?, _ overlap: Float? = nil, _ least: Float? = nil, _ attributes: [String: Attribute.Value] = [:]
  ) throws -> [[Int64]] {
    let y = try result(
      "NonMaxSuppression", attributes, boxes, scores, most.map { .integers($0) },
      overlap.map { Tensor(shape: [1], [$0]) }, least.map { Tensor(Float($0)) })
    #expect(y.dtype == .int64 && y.rank == 2 && y.shape[1] == 3)
    return y.elements(Int64.self).isEmpty
      ? [] : stride(from: 0, to: y.count, by: 3).map { Array(y.elements(Int64.self)[$0..<$0 + 3]) }
  }

  @Test func leavesOutWhatOverlaps() throws {
    #expect(try select(9, 0.5) == [[0, 0, 1], [0, 0, 2]])
    #expect(try select(9, 0.7) == [[0, 0, 1], [0, 0, 0], [0, 0, 2]])
  }

  @Test func takesAtMostSoMany() throws {
    #expect(try select(1, 0.5) == [[0, 0, 1]])
    #expect(try select(0, 0.5).isEmpty)
    #expect(try select(-1, 0.5).isEmpty)
    #expect(try select(nil).isEmpty)
  }

  @Test func leavesOutLowScores() throws {
    #expect(try select(9, 0.5, 0.25) == [[0, 0, 1]])
    #expect(try select(9, 0.5, 1).isEmpty)
  }

  @Test func knowsCentres() throws {
    let centred = Tensor(shape: [1, 2, 4], [0, 0, 2, 2, 1.5, 0, 2, 2] as [Float])
    let scores = Tensor(shape: [1, 1, 2], [1, 2] as [Float])
    let y = try result(
      "NonMaxSuppression", ["center_point_box": .int(1)], centred, scores, .integers(9), Tensor(Float(0.1)))
    #expect(y.elements(Int64.self) == [0, 0, 1])
  }

  @Test func selectsNothingOfNothing() throws {
    let y = try result(
      "NonMaxSuppression", [:], Tensor(shape: [1, 0, 4], [] as [Float]), Tensor(shape: [1, 2, 0], [] as [Float]),
      .integers(3))
    #expect(y.shape == [0, 3])
  }

  @Test func itsShapeDependsOnData() throws {
    let node = NodeCase("NonMaxSuppression", operands: [boxes, scores, .integers(2)], constants: [2])
    let error = #expect(throws: OperatorError.self) { try node.infer() }
    #expect(error == .shapeDependsOnData)
    #expect(try node.run()[0].shape == [2, 3])
  }

  @Test func refusesWhatDoesNotFit() {
    #expect(throws: OperatorError.self) {
      try result("NonMaxSuppression", [:], boxes, Tensor(shape: [1, 1, 2], [1, 2] as [Float]))
    }
    #expect(throws: OperatorError.self) { try result("NonMaxSuppression", [:], boxes, scores, .integers(1, 2)) }
    #expect(throws: OperatorError.self) { try result("NonMaxSuppression", [:], boxes, scores, Tensor(Float(1))) }
    #expect(throws: OperatorError.self) { try result("NonMaxSuppression", [:], scores, scores) }
  }
}
