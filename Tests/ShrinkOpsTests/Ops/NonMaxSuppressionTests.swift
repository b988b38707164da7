import ShrinkGraph
import ShrinkOps
import ShrinkTestSupport
import Testing

@Suite struct NonMaxSuppressionTests {
  /// Three boxes at the origin, a tenth apart, two of them at x = 10, and one at 100.
  private let corners = Tensor(
    shape: [1, 6, 4],
    [
      0, 0, 1, 1, 0, 0.1, 1, 1.1, 0, -0.1, 1, 0.9, 0, 10, 1, 11, 0, 10.1, 1, 11.1, 0, 100, 1, 101,
    ] as [Float])
  private let scores = Tensor(shape: [1, 1, 6], [0.9, 0.75, 0.6, 0.95, 0.5, 0.3] as [Float])

  private func boxes(
    _ corners: Tensor, _ scores: Tensor, most: Int64? = 3, overlap: Float? = 0.5, least: Float? = nil,
    isCentred: Bool = false
  ) throws -> [Int64] {
    let selected = try result(
      "NonMaxSuppression", ["center_point_box": .int(isCentred ? 1 : 0)], corners, scores, most.map { .integers($0) },
      overlap.map { Tensor(shape: [1], [$0]) }, least.map { Tensor(shape: [1], [$0]) })
    #expect(selected.shape[1] == 3)
    return selected.elements().enumerated().filter { $0.offset % 3 == 2 }.map(\.element)
  }

  @Test func leavesOutWhatOverlaps() throws {
    #expect(try boxes(corners, scores) == [3, 0, 5])
    #expect(try boxes(corners, scores, most: 2) == [3, 0])
    #expect(try boxes(corners, scores, least: 0.4) == [3, 0])
    #expect(try boxes(corners, scores, most: 10, overlap: 0.9) == [3, 0, 1, 2, 4, 5])
  }

  @Test func selectsNothingWithoutANumber() throws {
    #expect(try boxes(corners, scores, most: nil).isEmpty)
    #expect(try boxes(corners, scores, most: -1).isEmpty)
    #expect(try boxes(Tensor.counting([1, 0, 4]), Tensor.counting([1, 2, 0])).isEmpty)
  }

  @Test func takesCornersInAnyOrder() throws {
    let turned = corners.elements(Float.self).enumerated().map { i, v in
      corners.elements(Float.self)[i < 4 ? (i + 2) % 4 : i]
    }
    #expect(try boxes(Tensor(shape: [1, 6, 4], turned), scores) == [3, 0, 5])
  }

  @Test func takesCentres() throws {
    let centres = Tensor(
      shape: [1, 3, 4], [0.5, 0.5, 1, 1, 0.5, 0.6, 1, 1, 0.5, 10.5, 1, 1] as [Float])
    let scores = Tensor(shape: [1, 1, 3], [0.5, 0.9, 0.7] as [Float])
    #expect(try boxes(centres, scores, isCentred: true) == [1, 2])
  }

  @Test func cannotTellTheShapeBefore() {
    let node = NodeCase("NonMaxSuppression", operands: [corners, scores], constants: [0])
    #expect(throws: OperatorError.shapeDependsOnData) { try node.infer() }
  }

  @Test func refusesWhatDoesNotFit() {
    #expect(throws: OperatorError.self) { try boxes(corners, Tensor.counting([1, 1, 5])) }
    #expect(throws: OperatorError.self) { try boxes(Tensor.counting([1, 6, 3]), scores) }
    #expect(throws: OperatorError.self) { try result("NonMaxSuppression", [:], corners, scores, .integers(1, 2)) }
  }
}
