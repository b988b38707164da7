import ShrinkGraph

/// Every operator there is: one line each.
///
/// A test compares this list with the folder `Ops`.
package enum OperatorTable {
  /// The operators, by file name.
  package static let all: [any Operator.Type] = [
    Activation.self,
    AffineGrid.self,
    ArgReduce.self,
    Arithmetic.self,
    Attention.self,
    AveragePool.self,
    BatchNormalization.self,
    BitCast.self,
    Bitwise.self,
    BitwiseNot.self,
    Cast.self,
    CausalConvWithState.self,
    CenterCropPad.self,
    Clip.self,
    Col2Im.self,
    Comparison.self,
    Compress.self,
    Concat.self,
    Constant.self,
    ConstantOfShape.self,
    Conv.self,
    ConvInteger.self,
    ConvTranspose.self,
    Cumulative.self,
    DFT.self,
    DeformConv.self,
    DepthToSpace.self,
    DequantizeLinear.self,
    Det.self,
    Dropout.self,
    DynamicQuantizeLinear.self,
    Einsum.self,
    EmbedLayerNormalization.self,
    Expand.self,
    EyeLike.self,
    Flatten.self,
    FloatTest.self,
    FusedConv.self,
    FusedGelu.self,
    FusedGemm.self,
    FusedMatMul.self,
    GRU.self,
    Gather.self,
    GatherElements.self,
    GatherND.self,
    Gemm.self,
    GlobalAveragePool.self,
    GlobalLpPool.self,
    GlobalMaxPool.self,
    GridSample.self,
    GroupNormalization.self,
    Hardmax.self,
    Identity.self,
    If.self,
    InstanceNormalization.self,
    LRN.self,
    LSTM.self,
    LayerNormalization.self,
    LinearAttention.self,
    LogSoftmax.self,
    Logic.self,
    Loop.self,
    LpNormalization.self,
    LpPool.self,
    MatMul.self,
    MatMulInteger.self,
    MaxPool.self,
    MaxRoiPool.self,
    MaxUnpool.self,
    MeanVarianceNormalization.self,
    MelWeightMatrix.self,
    MultiHeadAttention.self,
    NegativeLogLikelihoodLoss.self,
    NonMaxSuppression.self,
    NonZero.self,
    Not.self,
    NumberRange.self,
    OneHot.self,
    PRelu.self,
    PackedAttention.self,
    Pad.self,
    PlacedRotaryEmbedding.self,
    QuantizeLinear.self,
    RMSNormalization.self,
    RNN.self,
    Reduce.self,
    Resample.self,
    Reshape.self,
    ReverseSequence.self,
    RoiAlign.self,
    RotaryEmbedding.self,
    STFT.self,
    Scan.self,
    ScatterElements.self,
    ScatterND.self,
    ShapeOf.self,
    SignalWindow.self,
    Size.self,
    SkipNormalization.self,
    Slice.self,
    Softmax.self,
    SoftmaxCrossEntropyLoss.self,
    Split.self,
    Squeeze.self,
    SwiGLU.self,
    TensorScatter.self,
    Tile.self,
    TopK.self,
    Transpose.self,
    Trilu.self,
    Unary.self,
    Unique.self,
    Unsqueeze.self,
    Variadic.self,
    Where.self,
  ]

  /// An operator by its domain, which is empty for ai.onnx, and its name.
  private struct Key: Hashable {
    let domain: String
    let name: String
  }

  private static let byName: [Key: [any Operator.Type]] = all.reduce(into: [:]) { table, type in
    for name in type.names { table[Key(domain: type.domain, name: name), default: []].append(type) }
  }

  /// Names of ai.onnx that came later than others of their file, with their first version.
  private static let since: [String: Int] = [
    "Acos": 7, "Acosh": 9, "Asin": 7, "Asinh": 9, "Atan": 7, "Atanh": 9, "BitwiseAnd": 18, "BitwiseOr": 18,
    "BitwiseXor": 18, "CastLike": 15, "Celu": 12, "Cos": 7, "Cosh": 9, "CumProd": 26, "Erf": 9, "Gelu": 20,
    "GreaterOrEqual": 12, "HardSwish": 14, "IsInf": 10, "LessOrEqual": 12, "Mish": 18, "Mod": 10,
    "RMSNormalization": 23,
    "Resize": 10, "Round": 11, "ScatterElements": 11, "Shrink": 9, "Sign": 9, "Sin": 7, "Sinh": 9, "Swish": 24,
    "Tan": 7,
    "ThresholdedRelu": 10,
  ]

  /// The versions of an operator that a type implements.
  package static func opsets(of name: String, _ type: any Operator.Type) -> ClosedRange<Int> {
    guard type.domain.isEmpty else { return type.opsets }
    return max(since[name] ?? 1, type.opsets.lowerBound)...type.opsets.upperBound
  }

  /// The operator that a node applies; `opset` is the version of the operator set of its domain.
  ///
  /// Throws `unsupportedOperator` when there is none for its name, domain or version, and what the operator throws of
  /// its attributes; `malformedModel` when required operands are missing.
  package static func make(_ node: Node, opset: Int) throws(OperatorError) -> any Operator {
    let types = byName[Key(domain: node.domain, name: node.opType)] ?? []
    guard let type = types.first(where: { opsets(of: node.opType, $0).contains(opset) }) else {
      throw .noKernel(node, opset, !types.isEmpty)
    }
    let given = node.inputs.count
    guard given <= type.inputs.upperBound, given >= type.inputs.lowerBound,
      node.inputs.prefix(type.inputs.lowerBound).allSatisfy({ $0 != nil })
    else { throw .wrongOperands(node, type.inputs) }
    return try type.init(Attributes(node, opset: opset))
  }
}

extension OperatorError {
  fileprivate static func wrongOperands(_ node: Node, _ wanted: ClosedRange<Int>) -> OperatorError {
    let missing = (0..<wanted.lowerBound).first { $0 >= node.inputs.count || node.inputs[$0] == nil }
    let range =
      wanted.upperBound == .max ? "\(wanted.lowerBound) or more" : "\(wanted.lowerBound) to \(wanted.upperBound)"
    let gap = missing.map { ", and operand \($0) is left out" } ?? ""
    return .invalid("has \(node.inputs.count) operands where \(range) belong\(gap)")
  }
  fileprivate static func noKernel(_ node: Node, _ opset: Int, _ otherVersion: Bool) -> OperatorError {
    let name = "operator '\(node.opType)' of domain \(node.domain.isEmpty ? "ai.onnx" : node.domain) at opset \(opset)"
    let fact =
      if let family = LeftOut.family(of: node) {
        "\(name) is left out on purpose (\(family.name)): \(family.reason)"
      } else if otherVersion {
        "there is no kernel for \(name), only for other versions"
      } else {
        "there is no kernel for \(name)"
      }
    return OperatorError(
      .unsupportedOperator, fact, hint: "the part of the network behind it cannot be run: cut the model in front of it")
  }
}
