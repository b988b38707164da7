import ShrinkGraph
import ShrinkTestSupport
import Testing

@testable import ShrinkOps

@Suite struct RotaryEmbeddingTests {
  @Test func obeysTheLaws() throws {
    let places = Tensor(shape: [2, 3], [0, 1, 2, 4, 3, 1] as [Int64])
    for form in 0...1 as ClosedRange<Int64> {
      try checkLaws(
        "RotaryEmbedding", opset: 23, ["interleaved": .int(form)],
        operands: [.random([2, 4, 3, 6]), .random([5, 3]), .random([5, 3]), .tensor(places)])
      for turned in [0, 4, 6] as [Int64] {
        let half = turned == 4 ? 2 : 3
        try checkLaws(
          "RotaryEmbedding", opset: 23,
          ["interleaved": .int(form), "num_heads": .int(4), "rotary_embedding_dim": .int(turned)],
          operands: [.random([2, 3, 24]), .random([2, 3, half]), .random([2, 3, half])])
      }
    }
  }

  @Test func turnsPairs() throws {
    let x = Tensor(shape: [1, 1, 1, 5], [1, 2, 3, 4, 5] as [Float])
    let zero = Tensor(shape: [1, 1, 2], [0, 1] as [Float]), one = Tensor(shape: [1, 1, 2], [1, 0] as [Float])
    let run = { (form: Int64) in
      try result(
        "RotaryEmbedding", opset: 23, ["interleaved": .int(form), "rotary_embedding_dim": .int(4)], x, zero, one
      ).floats
    }
    #expect(try run(0) == [-3, 2, 1, 4, 5])
    #expect(try run(1) == [-2, 1, 3, 4, 5])
  }

  @Test func refusesWhatDoesNotFit() {
    let x = Tensor.counting([1, 1, 2, 4]), cache = Tensor.counting([3, 2])
    let refuses = { (attributes: [String: Attribute.Value], operands: [Tensor?]) -> Void in
      #expect(throws: OperatorError.self) {
        try NodeCase("RotaryEmbedding", opset: 23, attributes, operands: operands).run()
      }
    }
    refuses([:], [x, cache, cache])
    refuses([:], [x, cache, cache, Tensor(shape: [1, 2], [0, 3] as [Int64])])
    refuses([:], [x, cache, cache, .integers(0, 1)])
    refuses(["rotary_embedding_dim": .int(6)], [x, cache, cache, Tensor(shape: [1, 2], [0, 1] as [Int64])])
    refuses([:], [.counting([1, 1, 2, 5]), cache, cache, Tensor(shape: [1, 2], [0, 1] as [Int64])])
    refuses([:], [.counting([1, 2, 4]), .counting([1, 2, 2]), .counting([1, 2, 2])])
  }
}
