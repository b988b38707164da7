import ShrinkGraph
import ShrinkOps
import ShrinkTestSupport
import Testing

@Suite struct ScatterElementsTests {
  private let x = Tensor.counting([2, 3])
  private let places = Tensor(shape: [2, 2], [0, 2, 1, -1] as [Int64])
  private let updates = Tensor(shape: [2, 2], [10, 20, 30, 40] as [Float])

  @Test func pinsEveryAxis() throws {
    try checkLaws(
      "ScatterElements", ["axis": .int(1)], operands: [.random([2, 3]), .tensor(places), .random([2, 2])],
      removesSomething: false)
  }

  @Test func putsElements() throws {
    #expect(try result("ScatterElements", ["axis": .int(1)], x, places, updates).floats == [10, 1, 20, 3, 30, 40])
    let columns = Tensor(shape: [1, 3], [1, 0, 1] as [Int32])
    let y = try result("Scatter", opset: 9, [:], x, columns, Tensor(shape: [1, 3], [7, 8, 9] as [Float]))
    #expect(y.floats == [0, 8, 2, 7, 4, 9])
    let none = Tensor.counting([0, 3])
    #expect(try result("ScatterElements", [:], x, Tensor(shape: [0, 3], [] as [Int64]), none).floats == x.floats)
  }

  /// Both updates go to the same place.
  @Test(arguments: [("none", 6), ("add", 15), ("mul", 84), ("max", 7), ("min", 2)] as [(String, Float)])
  func joins(_ reduction: String, _ wanted: Float) throws {
    let data = Tensor(shape: [2], [2, 3] as [Float])
    let y = try result(
      "ScatterElements", opset: 18, ["reduction": .string(Array(reduction.utf8))], data, .integers(0, 0),
      Tensor(shape: [2], [7, 6] as [Float]))
    #expect(y.floats == [wanted, 3])
  }

  @Test func joinsInEveryType() throws {
    let attributes: [String: Attribute.Value] = ["reduction": .string(Array("add".utf8))]
    let bytes = Tensor(shape: [1], [200] as [UInt8])
    let y = try result("ScatterElements", opset: 18, attributes, bytes, .integers(0), bytes)
    #expect(y.elements() as [UInt8] == [144])
    let flags = try result(
      "ScatterElements", opset: 18, attributes, Tensor(shape: [2], [true, false]), .integers(0, 1),
      Tensor(shape: [2], [true, false]))
    #expect(flags.elements() as [Bool] == [true, false])
  }

  @Test func refusesWhatDoesNotFit() {
    let row = Tensor(shape: [1, 1], [0] as [Float])
    for index in [2, -3, Int64.min, .max] {
      #expect(throws: OperatorError.self) {
        try result("ScatterElements", [:], x, Tensor(shape: [1, 1], [index]), row)
      }
    }
    #expect(throws: OperatorError.self) { try result("ScatterElements", [:], x, .integers(0), row) }
    #expect(throws: OperatorError.self) { try result("ScatterElements", ["axis": .int(2)], x, places, updates) }
    #expect(throws: OperatorError.self) {
      try result("ScatterElements", opset: 18, ["reduction": .string(Array("sub".utf8))], x, places, updates)
    }
  }
}
