import Foundation
import ShrinkGraph
import ShrinkOps

/// Counts what networks cost, from their files and from the shapes met in a run.
package enum Count {
  /// Elements of the weights: floating-point and 8-bit or narrower constants; of Constant nodes those with more than
  /// one floating-point element.
  package static func parameters(_ graph: Graph) -> Int {
    graph.values.reduce(0) { total, value in
      guard let constant = value.constant else { return total }
      let wide: Set<DType> = [.float32, .float64, .float16, .bfloat16]
      let narrow: Set<DType> = [
        .uint8, .int8, .uint4, .int4, .float8e4m3fn, .float8e4m3fnuz, .float8e5m2, .float8e5m2fnuz,
      ]
      let counts =
        value.constantForm == .constantNode
        ? wide.contains(constant.dtype) && constant.count > 1
        : wide.contains(constant.dtype) || narrow.contains(constant.dtype)
      return total + (counts ? constant.count : 0)
    }
  }

  /// Multiply-accumulates of one application of Conv, ConvTranspose, Gemm or MatMul; 0 of any other operator.
  static func macs(_ node: Node, _ operands: Operands<Tensor>, _ results: [Tensor]) -> Int {
    guard node.domain.isEmpty, operands.count >= 2, let x = operands.optional(0), let w = operands.optional(1),
      let y = results.first
    else { return 0 }
    switch node.opType {
    case "Conv": return y.count * Tensor.count(Array(w.shape.dropFirst()))
    case "ConvTranspose": return x.count * Tensor.count(Array(w.shape.dropFirst()))
    case "Gemm", "MatMul":
      let transposed = node.attributes.contains {
        if case .int(let flag) = $0.value, $0.name == "transA" { flag != 0 } else { false }
      }
      return y.count * ((transposed ? x.shape.first : x.shape.last) ?? 1)
    default: return 0
    }
  }

  /// Bytes of a model file, and of weights that stand outside of it.
  static func bytes(_ path: String, _ model: Model) -> Int {
    let size = (try? FileManager.default.attributesOfItem(atPath: path)[.size] as? Int) ?? 0
    guard model.hasExternalData else { return size }
    let weights = model.graph.values.reduce(0) { $0 + ($1.constant?.byteCount ?? 0) }
    return max(size, size + weights)
  }
}
