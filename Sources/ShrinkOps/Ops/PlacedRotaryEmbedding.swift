import ShrinkGraph

/// RotaryEmbedding of ONNX Runtime: places come in front of the caches, or as the place of the first element alone.
package struct PlacedRotaryEmbedding: Operator {
  package static let domain = "com.microsoft"
  package static let names = ["RotaryEmbedding"]
  package static let opsets = 1...1
  package static let inputs = 4...4

  private let isInterleaved: Bool
  private let turned: Int
  private let heads: Int

  package init(_ attributes: Attributes) throws(OperatorError) {
    isInterleaved = try attributes.int("interleaved", default: 0) != 0
    turned = try attributes.int("rotary_embedding_dim", default: 0)
    heads = try attributes.int("num_heads", default: 0)
    guard turned >= 0, heads >= 0, turned == 0 || heads > 0 else {
      throw .invalid("turns \(turned) elements of \(heads) heads")
    }
    guard try attributes.float("scale", default: 1) == 1 else { throw .unsupported("a scale") }
    guard try attributes.int("is_packed_batching", default: 0) == 0 else { throw .unsupported("packed batches") }
  }

  /// The operator of ONNX for operands of these shapes.
  private func rotation(_ inputs: Operands<TensorType>) throws(OperatorError) -> RotaryEmbedding {
    let (x, cache) = (inputs[0].shape, inputs[2].shape)
    guard x.count == 3 || x.count == 4, cache.count == 2 else {
      throw .invalid("turns \(x) by a cache of shape \(cache)")
    }
    var heads = heads
    if heads == 0, x.count == 3 {
      guard cache[1] > 0, cache[1] <= 1 << 31 else { throw .invalid("turns \(x) by a cache of shape \(cache)") }
      heads = x[2] / (2 * cache[1])
    }
    return RotaryEmbedding(isInterleaved: isInterleaved, turned: turned, heads: heads)
  }

  /// Batch and length of the sequences.
  private func places(_ x: [Int]) -> [Int] { [x[0], x[x.count - 2]] }

  package func infer(_ inputs: Operands<TensorType>) throws(OperatorError) -> [TensorType] {
    let rotation = try rotation(inputs)
    let wanted = places(inputs[0].shape)
    guard inputs[1].shape == [1] || inputs[1].shape == wanted else {
      throw .invalid("position_ids have shape \(inputs[1].shape) where [1] or \(wanted) belongs")
    }
    return try rotation.infer(Operands([inputs[0], inputs[2], inputs[3], TensorType(.int64, wanted)]))
  }

  package func couple(_ c: inout Coupling) {
    let wanted = TensorType(.int64, places(c.inputs[0].shape))
    (try? rotation(c.inputs))?.couple(&c, caches: [2, 3], places: 1, wanted)
  }

  package func resize(_ c: Coupling, to size: KeptAxes) -> [Resize] {
    guard let edits = (try? rotation(c.inputs))?.resize(c, cache: 2, to: size) else { return [] }
    // Heads that follow from the caches need no number.
    return edits.filter { if case .attribute("num_heads", _) = $0 { heads > 0 } else { true } }
  }

  package func run(_ inputs: Operands<Tensor>) throws(OperatorError) -> [Tensor] {
    _ = try infer(inputs.types)
    let shape = places(inputs[0].shape)
    var positions = inputs[1]
    guard let given = positions.integers else { throw .unsupportedType(positions.dtype) }
    if positions.rank == 1 {
      let all = (0..<shape.product).map { Int64(given[0]) &+ Int64($0 % shape[1]) }
      positions = Tensor(shape: shape, all)
    }
    return try rotation(inputs.types).run(Operands([inputs[0], inputs[2], inputs[3], positions]))
  }
}
