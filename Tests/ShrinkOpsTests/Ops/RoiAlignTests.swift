import ShrinkGraph
import ShrinkOps
import ShrinkTestSupport
import Testing

@Suite struct RoiAlignTests {
  private let x = Tensor.counting([1, 1, 4, 4])

  private func aligned(
    _ corners: [Float], opset: Int = 16, _ more: [String: Attribute.Value] = [:], image: Int64 = 0
  ) throws -> [Float] {
    let size: [String: Attribute.Value] = ["output_height": .int(2), "output_width": .int(1)]
    let regions = Tensor(shape: [corners.count / 4, 4], corners)
    return try result(
      "RoiAlign", opset: opset, size.merging(more) { $1 }, x, regions,
      Tensor(shape: [corners.count / 4], repeating: image)
    ).floats
  }

  @Test func obeysTheLaws() throws {
    let corners = Tensor(shape: [1, 4], [0, 0, 3, 3] as [Float])
    try checkLaws("RoiAlign", operands: [.random([2, 3, 4, 4]), .tensor(corners), .tensor(.integers(1))])
  }

  @Test func averagesSamples() throws {
    // One sample a bin, in its middle: rows 0.5 and 2.5 of column 1.5.
    let one: [String: Attribute.Value] = ["sampling_ratio": .int(1)]
    #expect(try aligned([0, 0, 4, 4], one) == [3.5, 11.5])
    #expect(try aligned([0, 0, 4, 4], opset: 10, one) == [6, 14])
    #expect(try aligned([0, 0, 4, 4]) == [3.5, 11.5])
    #expect(try aligned([90, 90, 95, 95], one) == [0, 0])
    #expect(
      try aligned([0, 0, 3, 3], opset: 10, ["mode": .string(Array("max".utf8)), "sampling_ratio": .int(1)]).count == 2)
  }

  @Test func refusesWhatDoesNotFit() {
    #expect(throws: OperatorError.self) { try aligned([0, 0, 4, 4], image: 1) }
    #expect(throws: OperatorError.self) { try aligned([0, 0, 4, 4], image: -1) }
    #expect(throws: OperatorError.self) { try aligned([0, 0, 4, .infinity]) }
    #expect(throws: OperatorError.self) { try aligned([0, 0, 1e9, 1e9]) }
    #expect(throws: OperatorError.self) { try aligned([0, 0, 4, 4], ["output_height": .int(0)]) }
    #expect(throws: OperatorError.self) { try aligned([0, 0, 4, 4], ["mode": .string(Array("min".utf8))]) }
    #expect(throws: OperatorError.self) { try result("RoiAlign", [:], x, Tensor.counting([1, 3]), .integers(0)) }
  }
}
