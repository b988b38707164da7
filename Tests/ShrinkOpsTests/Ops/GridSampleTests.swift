import ShrinkGraph
import ShrinkOps
import ShrinkTestSupport
import Testing

@Suite struct GridSampleTests {
  private static func text(_ words: [String: String]) -> [String: Attribute.Value] {
    words.mapValues { .string(Array($0.utf8)) }
  }
  private let x = Tensor(shape: [1, 1, 1, 4], [1, 2, 4, 8] as [Float])
  private let corners: [String: Attribute.Value] = ["align_corners": .int(1)]

  /// Reads the row at columns counted from 0.
  private func read(_ columns: [Float], _ words: [String: String]) throws -> [Float] {
    let places: [Float] = columns.flatMap { (column: Float) -> [Float] in [column / 1.5 - 1, 0] }
    return try result(
      "GridSample", opset: 20, Self.text(words).merging(corners) { $1 }, x,
      Tensor(shape: [1, 1, columns.count, 2], places)
    ).floats.map { ($0 * 64).rounded() / 64 }
  }

  @Test(arguments: ["nearest", "linear", "cubic"]) func obeysTheLaws(_ mode: String) throws {
    try checkLaws(
      "GridSample", opset: 20, Self.text(["mode": mode]), operands: [.random([2, 3, 4, 5]), .random([2, 3, 2, 2])])
  }

  @Test func readsBetweenElements() throws {
    #expect(try read([0, 1.5, 2.25, 3], ["mode": "linear"]) == [1, 3, 5, 8])
    #expect(try read([0.25, 1.5, 2.75], ["mode": "nearest"]) == [1, 4, 8])
    #expect(try read([1, 2], ["mode": "cubic"]) == [2, 4])
    let volume = try result(
      "GridSample", opset: 20, corners, Tensor.counting([1, 1, 2, 2, 2]),
      Tensor(shape: [1, 1, 1, 2, 3], [0, 0, 0, 1, -1, 1] as [Float]))
    #expect(volume.floats == [3.5, 5])
  }

  @Test func readsOutside() throws {
    #expect(try read([-1, 3.5, 9], [:]) == [0, 4, 0])
    #expect(try read([-1, 3.5, 9], ["padding_mode": "border"]) == [1, 8, 8])
    #expect(try read([-1, 3.5, 5], ["padding_mode": "reflection"]) == [2, 6, 2])
  }

  @Test func refusesWhatDoesNotFit() {
    let grid = Tensor(shape: [1, 1, 1, 2], [0, 0] as [Float])
    #expect(throws: OperatorError.self) { try result("GridSample", opset: 20, Self.text(["mode": "sharp"]), x, grid) }
    #expect(throws: OperatorError.self) { try result("GridSample", Self.text(["padding_mode": "none"]), x, grid) }
    #expect(throws: OperatorError.self) {
      try result("GridSample", [:], x, Tensor(shape: [1, 1, 2], [0, 0] as [Float]))
    }
    #expect(throws: OperatorError.self) { try result("GridSample", [:], Tensor.counting([2, 1, 1, 4]), grid) }
    #expect(throws: OperatorError.self) { try result("GridSample", [:], Tensor.counting([1, 1, 0, 4]), grid) }
    let odd = Tensor(shape: [1, 1, 2, 2], [Float.nan, .infinity, -.infinity, 1e30])
    #expect(throws: Never.self) {
      try result("GridSample", ["padding_mode": .string(Array("reflection".utf8))], x, odd)
    }
  }
}
