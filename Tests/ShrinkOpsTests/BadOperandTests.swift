import ShrinkGraph
import ShrinkTestSupport
import Testing

@testable import ShrinkOps

/// Operators on operands that nobody would give them: they compute something or refuse, and do not trap.
@Suite struct BadOperandTests {
  /// Operators whose bad operands are tried here, with attributes that let some of them through.
  private static let nodes: [(name: String, opset: Int, attributes: [String: Attribute.Value])] = [
    ("Attention", 25, ["q_num_heads": .int(2), "kv_num_heads": .int(1), "is_causal": .int(1)]),
    ("Attention", 25, ["left_window_size": .int(.max), "right_window_size": .int(.max), "softcap": .float(1)]),
    ("BitCast", 26, ["to": .int(9)]), ("BlackmanWindow", 17, [:]), ("CausalConvWithState", 27, [:]),
    ("CumProd", 26, ["exclusive": .int(1)]), ("CumSum", 14, ["reverse": .int(1)]), ("DFT", 17, [:]), ("DFT", 20, [:]),
    ("DFT", 20, ["inverse": .int(1), "onesided": .int(1)]), ("Det", 11, [:]),
    ("Einsum", 12, ["equation": .string(Array("...a,...a->...".utf8))]),
    ("Einsum", 12, ["equation": .string(Array("ab,bc".utf8))]), ("GRU", 14, [:]),
    ("GRU", 14, ["linear_before_reset": .int(1), "layout": .int(1)]), ("HannWindow", 17, ["periodic": .int(0)]),
    ("Hardmax", 13, ["axis": .int(.min)]), ("Hardmax", 11, [:]), ("LSTM", 14, [:]), ("LSTM", 14, ["layout": .int(1)]),
    ("LinearAttention", 27, ["q_num_heads": .int(2), "kv_num_heads": .int(1)]), ("LogSoftmax", 13, [:]),
    ("LpNormalization", 22, ["axis": .int(0)]), ("MeanVarianceNormalization", 13, ["axes": .ints([0, .min])]),
    ("MeanVarianceNormalization", 13, ["axes": .ints([0])]), ("MelWeightMatrix", 17, [:]),
    ("NegativeLogLikelihoodLoss", 13, [:]), ("RMSNormalization", 23, [:]), ("RNN", 14, [:]),
    ("RNN", 14, ["layout": .int(1)]), ("RotaryEmbedding", 23, ["num_heads": .int(2)]), ("STFT", 17, [:]),
    ("Softmax", 11, ["axis": .int(2)]), ("SoftmaxCrossEntropyLoss", 13, [:]), ("SwiGLU", 28, [:]),
    ("TensorScatter", 24, [:]), ("TensorScatter", 24, ["mode": .string(Array("circular".utf8)), "axis": .int(1)]),
  ]

  private static let types: [DType] = [
    .float32, .float32, .float32, .float64, .float16, .bfloat16, .int64, .int64, .int32, .uint8, .bool, .string, .int4,
    .complex128,
  ]

  /// Small shapes, often those that the operand before has, with axes of size 0 and huge ones that hold nothing.
  private static func shape(_ last: [Int], _ rng: inout SplitMix64) -> [Int] {
    switch Int.random(in: 0..<10, using: &rng) {
    case 0..<4: return last
    case 4: return []
    case 5: return [Int.max, 0, 3]
    case 6: return last.reversed()
    default: return (0..<Int.random(in: 1...4, using: &rng)).map { _ in Int.random(in: 0...3, using: &rng) }
    }
  }

  private static func tensor(_ last: [Int], _ rng: inout SplitMix64) -> Tensor {
    let shape = shape(last, &rng)
    let dtype = types.randomElement(using: &rng) ?? .float32
    let edges: [Int64] = [0, 1, 2, 3, -1, .min, .max]
    if dtype == .int64 {
      return Tensor(shape: shape, (0..<Tensor.count(shape)).map { _ in edges.randomElement(using: &rng) ?? 0 })
    }
    guard let bytes = dtype.byteCount(Tensor.count(shape)) else { return Tensor(Float(1)) }
    let storage = TensorStorage(byteCount: bytes)
    let byte: UInt8 = dtype.isFloat ? 0x3e : dtype == .int32 ? 0 : 1
    storage.bytes.initializeMemory(as: UInt8.self, repeating: byte, count: bytes)
    return Tensor(dtype: dtype, shape: shape, storage: storage)
  }

  @Test(arguments: 1...6 as ClosedRange<UInt64>) func neverTrap(_ seed: UInt64) {
    var rng = SplitMix64(seed: seed)
    for (name, opset, attributes) in Self.nodes {
      for _ in 0..<60 {
        var operands: [Tensor?] = []
        for _ in 0..<Int.random(in: 1...8, using: &rng) {
          let last = operands.last.flatMap { $0?.shape } ?? [2, 2, 2]
          operands.append(Int.random(in: 0..<6, using: &rng) == 0 ? nil : Self.tensor(last, &rng))
        }
        let constants = Bool.random(using: &rng) ? Set(operands.indices) : []
        let node = NodeCase(
          name, opset: opset, outputs: Int.random(in: 1...3, using: &rng), attributes, operands: operands,
          constants: constants)
        let inferred = try? node.infer()
        guard let computed = try? node.run() else { continue }
        guard let inferred else { continue }
        #expect(zip(inferred, computed).allSatisfy { $0.dtype == $1.dtype && $0.shape == $1.shape }, "\(name)")
      }
    }
  }
}
