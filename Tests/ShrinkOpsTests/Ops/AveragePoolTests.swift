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

  /// The plain loops, which other types take, give what the compiled pooling gives.
  @Test(arguments: [0, 1]) func poolsOtherTypes(_ countsPads: Int64) throws {
    var rng = SplitMix64(seed: 3)
    let x = Tensor.random([2, 2, 7, 6], using: &rng)
    let wide = try Conversion.convert(x, to: .float64)
    for (ceil, dilation) in [(0, 1), (1, 1), (0, 2)] as [(Int64, Int64)] {
      let attributes: [String: Attribute.Value] = [
        "kernel_shape": .ints([3, 2]), "strides": .ints([2, 2]), "pads": .ints([1, 0, 1, 1]), "ceil_mode": .int(ceil),
        "dilations": .ints([dilation, 1]), "count_include_pad": .int(countsPads),
      ]
      let (a, b) = (
        try result("AveragePool", opset: 19, attributes, x), try result("AveragePool", opset: 19, attributes, wide)
      )
      #expect(a.shape == b.shape)
      let numbers = try #require(b.numbers)
      for (a, b) in zip(a.floats, numbers) { #expect(abs(Double(a) - b) < 1e-6) }
    }
  }
}
