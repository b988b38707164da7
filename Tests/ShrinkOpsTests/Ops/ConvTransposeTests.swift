import ShrinkGraph
import ShrinkTestSupport
import Testing

@testable import ShrinkOps

@Suite struct ConvTransposeTests {
  @Test(arguments: 1...3 as ClosedRange<UInt64>) func obeysTheLaws(seed: UInt64) throws {
    try checkLaws(
      "ConvTranspose", operands: [.random([2, 3, 4, 3]), .random([3, 5, 3, 2]), .random([5])], constants: [1, 2],
      isLinear: true, seed: seed)
    try checkLaws(
      "ConvTranspose", ["strides": .ints([2]), "pads": .ints([1, 0]), "output_padding": .ints([1])],
      operands: [.random([2, 3, 4]), .random([3, 2, 3])], constants: [1], isLinear: true, seed: seed)
    try checkLaws(
      "ConvTranspose", ["group": .int(2)], operands: [.random([2, 4, 3, 3]), .random([4, 2, 2, 2])], constants: [1],
      isLinear: true, seed: seed)
    try checkLaws(
      "ConvTranspose", ["group": .int(4)], operands: [.random([2, 4, 3, 3]), .random([4, 1, 2, 2])], constants: [1],
      isLinear: false, seed: seed)
  }

  @Test func spreadsEachElement() throws {
    let x = Tensor(shape: [1, 1, 3], [1, 2, 3] as [Float]), w = Tensor(shape: [1, 1, 3], [1, 10, 100] as [Float])
    let run = { (attributes: [String: Attribute.Value]) in
      try NodeCase("ConvTranspose", attributes, operands: [x, w]).run()[0].elements(Float.self)
    }
    #expect(try run([:]) == [1, 12, 123, 230, 300])
    #expect(try run(["strides": .ints([2])]) == [1, 10, 102, 20, 203, 30, 300])
    #expect(try run(["strides": .ints([2]), "pads": .ints([1, 2])]) == [10, 102, 20, 203])
    #expect(
      try run(["strides": .ints([2]), "auto_pad": .string(Array("SAME_UPPER".utf8))]) == [1, 10, 102, 20, 203, 30])
    #expect(try run(["strides": .ints([2]), "output_shape": .ints([8])]) == [1, 10, 102, 20, 203, 30, 300, 0])
    #expect(try run(["dilations": .ints([2])]) == [1, 2, 13, 20, 130, 200, 300])
  }

  @Test func keepsGroupsApart() throws {
    let x = Tensor(shape: [1, 2, 1], [1, 2] as [Float]), w = Tensor(shape: [2, 1, 1], [10, 100] as [Float])
    let y = try NodeCase(
      "ConvTranspose", ["group": .int(2)], operands: [x, w, Tensor(shape: [2], [0.5, 0.25] as [Float])]
    ).run()[0]
    #expect(y.elements(Float.self) == [10.5, 200.25])
  }

  @Test func refusesWhatDoesNotFit() {
    func refuses(_ attributes: [String: Attribute.Value], _ x: [Int], _ w: [Int]) {
      #expect(throws: OperatorError.self, "\(attributes) \(x) \(w)") {
        try NodeCase("ConvTranspose", attributes, operands: [x, w].map { Tensor(shape: $0, repeating: Float(0)) })
          .infer()
      }
    }
    refuses([:], [1, 2, 3], [3, 2, 1])
    refuses(["pads": .ints([9, 9])], [1, 2, 3], [2, 2, 1])
    refuses(["output_shape": .ints([])], [1, 2, 3], [2, 2, 1])
    refuses(["output_padding": .ints([-1])], [1, 2, 3], [2, 2, 1])
    refuses(["group": .int(Int64.max)], [1, 2, 3], [2, 2, 1])
  }
}
