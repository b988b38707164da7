import ShrinkGraph
import ShrinkTestSupport

/// Nodes that ONNX Runtime puts into the files that it optimises.
extension RandomGraph {
  private static let relu: [String: Attribute.Value] = ["activation": .string(Array("Relu".utf8))]

  /// A convolution with the function behind it, and sometimes the residual that is added in between.
  mutating func fusedConv(_ x: Place) -> Place {
    let isResidual = flip()
    let outputs = isResidual ? x.channels : pick(2...5)
    let inputs = [
      x.value, sketch.weight([outputs, x.channels, 1, 1]), sketch.weight([outputs]), isResidual ? x.value : nil,
    ]
    let value = structure(isResidual ? "FusedConv with a residual" : "FusedConv") {
      $0.sketch.node(
        "FusedConv", isResidual ? inputs : inputs.dropLast(), domain: "com.microsoft",
        Self.relu.merging(["kernel_shape": .ints([1, 1])]) { $1 })
    }
    return Place(value: value, channels: outputs, size: x.size)
  }

  /// A layer of a vector with the function behind it, by FusedGemm, FusedMatMul or BiasGelu.
  mutating func fusedDense(_ x: Place, to outputs: Int) -> Place {
    let value: ValueID
    switch pick(0...2) {
    case 0:
      let w = sketch.weight([outputs, x.channels])
      value = structure("FusedGemm") {
        $0.sketch.node(
          "FusedGemm", [x.value, w, $0.sketch.weight([outputs])], domain: "com.microsoft",
          Self.relu.merging(["transB": .int(1)]) { $1 })
      }
    case 1:
      let w = sketch.weight([outputs, x.channels])
      value = structure("FusedMatMul") {
        $0.sketch.node(
          "FusedMatMul", [x.value, w], domain: "com.microsoft", ["transB": .int(1), "alpha": .float(0.5)])
      }
    default:
      let product = sketch.node("MatMul", [x.value, sketch.weight([x.channels, outputs])])
      value = structure("BiasGelu") {
        $0.sketch.node("BiasGelu", [product, $0.sketch.weight([outputs])], domain: "com.microsoft")
      }
    }
    return Place(value: value, channels: outputs)
  }

  /// The residual sum of a stream and the normalisation behind it; the sum goes on as the stream.
  mutating func skipNormalised(_ x: ValueID, _ added: ValueID, _ width: Int) -> (normal: ValueID, sum: ValueID) {
    let results = structure("SkipLayerNormalization") {
      $0.sketch.nodes(
        "SkipLayerNormalization", [x, added, $0.sketch.weight([width]), $0.sketch.weight([width])],
        domain: "com.microsoft", results: 4, ["epsilon": .float(0.05)])
    }
    return (results[0], results[3])
  }
}
