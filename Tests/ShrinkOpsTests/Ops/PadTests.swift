import ShrinkGraph
import ShrinkTestSupport
import Testing

@testable import ShrinkOps

@Suite struct PadTests {
  @Test(arguments: ["constant", "reflect", "edge", "wrap"]) func obeysTheLaws(_ mode: String) throws {
    let attributes: [String: Attribute.Value] = ["mode": .string(Array(mode.utf8))]
    let pads = Tensor(shape: [8], [0, 0, 1, 2, 0, 0, 3, 1] as [Int64])
    try checkLaws("Pad", opset: 19, attributes, operands: [.random([2, 3, 4, 5]), .tensor(pads)], constants: [1])
    let two = Tensor(shape: [4], [1, -2, 3, -1] as [Int64]), axes = Tensor(shape: [2], [-1, 2] as [Int64])
    try checkLaws(
      "Pad", opset: 19, attributes, operands: [.random([2, 3, 4, 5]), .tensor(two), .absent, .tensor(axes)],
      constants: [1, 3])
    guard mode != "wrap" else { return }
    let old = attributes.merging(["pads": .ints([0, 1, 0, 2])]) { $1 }
    try checkLaws("Pad", opset: 10, old, operands: [.random([2, 3])])
  }

  @Test func fillsTheEnds() throws {
    let x = Tensor(shape: [3], [1, 2, 3] as [Float])
    let run = { (mode: String, pads: [Int64]) in
      try NodeCase(
        "Pad", opset: 19, ["mode": .string(Array(mode.utf8))],
        operands: [x, Tensor(shape: [2], pads), mode == "constant" ? Tensor(Float(9)) : nil]
      ).run()[0].elements(Float.self)
    }
    #expect(try run("constant", [1, 2]) == [9, 1, 2, 3, 9, 9])
    #expect(try run("constant", [-1, 1]) == [2, 3, 9])
    #expect(try run("reflect", [2, 1]) == [3, 2, 1, 2, 3, 2])
    #expect(try run("reflect", [5, 0]) == [2, 1, 2, 3, 2, 1, 2, 3])
    #expect(try run("edge", [2, 1]) == [1, 1, 1, 2, 3, 3])
    #expect(try run("wrap", [2, 4]) == [2, 3, 1, 2, 3, 1, 2, 3, 1])
    #expect(try run("wrap", [-1, 3]) == [2, 3, 2, 3, 2])
    #expect(try run("reflect", [2, -1]) == [1, 2, 1, 2])
    #expect(try run("edge", [2, -1]) == [1, 1, 1, 2])
  }

  @Test func fillsSeveralAxes() throws {
    let x = Tensor(shape: [1, 2], [1, 2] as [Int32])
    let y = try NodeCase("Pad", operands: [x, Tensor(shape: [4], [1, 0, 0, 1] as [Int64]), Tensor(Int32(7))]).run()[0]
    #expect(y == Tensor(shape: [2, 3], [7, 7, 7, 1, 2, 7] as [Int32]))
  }

  @Test func refusesWhatDoesNotFit() {
    let x = Tensor(shape: [2, 0], repeating: Float(1))
    func refuses(_ mode: String, _ pads: [Int64], axes: [Int64]? = nil, constants: Set<Int> = [1, 3]) {
      #expect(throws: OperatorError.self, "\(mode) \(pads)") {
        try NodeCase(
          "Pad", opset: 19, ["mode": .string(Array(mode.utf8))],
          operands: [x, Tensor(shape: [pads.count], pads), nil, axes.map { Tensor(shape: [$0.count], $0) }],
          constants: constants
        ).infer()
      }
    }
    refuses("constant", [1])
    refuses("constant", [1 << 30, 1 << 30, 1 << 30, 1 << 30])
    refuses("constant", [-3, 0, 0, 0])
    refuses("constant", [Int64.max, 0, 0, 0])
    refuses("constant", [Int64.min, 0, 0, 0])
    refuses("edge", [0, 1, 0, 0])
    refuses("maybe", [0, 0, 0, 0])
    refuses("constant", [0, 0], axes: [2])
    refuses("constant", [0, 0, 0, 0], axes: [0, 0])
    refuses("constant", [0, 0, 0, 0], constants: [])
  }
}
