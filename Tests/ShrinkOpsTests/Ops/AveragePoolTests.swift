import ShrinkGraph
import ShrinkTestSupport
import Testing

@testable import ShrinkOps

@Suite struct AveragePoolTests {
  @Test(arguments: [0, 1]) func obeysTheLaws(_ countsPads: Int64) throws {
    for ceil in [0, 1] as [Int64] {
      try checkLaws(
        "AveragePool",
        [
          "kernel_shape": .ints([3, 2]), "strides": .ints([2, 1]), "pads": .ints([1, 0, 1, 1]),
          "ceil_mode": .int(ceil), "count_include_pad": .int(countsPads),
        ], operands: [.random([2, 4, 6, 7])])
    }
  }

  @Test func takesTheMean() throws {
    let x = Tensor(shape: [1, 1, 3], [2, 4, 8] as [Float])
    let run = { (attributes: [String: Attribute.Value]) in
      try NodeCase("AveragePool", opset: 19, attributes.merging(["kernel_shape": .ints([2])]) { $1 }, operands: [x])
        .run()[0].elements(Float.self)
    }
    #expect(try run([:]) == [3, 6])
    #expect(try run(["pads": .ints([1, 1])]) == [2, 3, 6, 8])
    #expect(try run(["pads": .ints([1, 1]), "count_include_pad": .int(1)]) == [1, 3, 6, 4])
    #expect(try run(["strides": .ints([2]), "ceil_mode": .int(1)]) == [3, 8])
    #expect(try run(["strides": .ints([2]), "ceil_mode": .int(1), "count_include_pad": .int(1)]) == [3, 8])
    #expect(try run(["dilations": .ints([2])]) == [5])
    #expect(try run(["auto_pad": .string(Array("SAME_UPPER".utf8))]) == [3, 6, 8])
  }
}
