import Foundation
import ShrinkGraph

/// Weights that turn the bins of a spectrum into bands of the mel scale: a triangle for each band.
///
/// Operands num_mel_bins, dft_length, sample_rate, lower_edge_hertz, upper_edge_hertz; the result is
/// [dft_length / 2 + 1, num_mel_bins]. Mel = 2595 log₁₀(1 + Hz / 700); source: O'Shaughnessy, "Speech Communication".
package struct MelWeightMatrix: Operator {
  package static let names = ["MelWeightMatrix"]
  package static let opsets = 17...28
  package static let inputs = 5...5

  private let dtype: DType

  package init(_ attributes: Attributes) throws(OperatorError) {
    dtype = try attributes.numericType("output_datatype")
  }

  package func infer(_ inputs: Operands<TensorType>) throws(OperatorError) -> [TensorType] {
    guard let bands = inputs[0].constant, let length = inputs[1].constant else { throw .shapeDependsOnData }
    let (b, n) = (try Self.number(bands, "num_mel_bins"), try Self.number(length, "dft_length"))
    return [TensorType(dtype, try Axes.checked([n / 2 + 1, b], .float64))]
  }

  private static func number(_ x: Tensor, _ name: String) throws(OperatorError) -> Int {
    guard let numbers = x.integers, numbers.count == 1, numbers[0] >= 0 else {
      throw .invalid("operand '\(name)' is no size")
    }
    return numbers[0]
  }

  package func run(_ inputs: Operands<Tensor>) throws(OperatorError) -> [Tensor] {
    let shape = try infer(inputs.types)[0].shape
    let length = try Self.number(inputs[1], "dft_length"), rate = try Self.number(inputs[2], "sample_rate")
    guard let low = inputs[3].numbers?.first, let high = inputs[4].numbers?.first, rate > 0 else {
      throw .invalid("has no sample rate or no edges")
    }
    let (bins, bands) = (shape[0], shape[1])
    let mel = { (hertz: Double) in 2595 * log1p(hertz / 700) / log(10.0) }
    let step = (mel(high) - mel(low)) / Double(bands + 2)
    var edges: [Int] = []
    for i in 0..<(bands + 2) {
      let hertz = 700 * expm1((mel(low) + Double(i) * step) / 2595 * log(10.0))
      let bin = (Double(length + 1) * hertz / Double(rate)).rounded(.down)
      guard bin >= 0, bin < Double(bins) else { throw .invalid("an edge lies beyond the \(bins) bins of the spectrum") }
      edges.append(Int(bin))
    }
    var weights = [Double](repeating: 0, count: bins * bands)
    for band in 0..<bands {
      let (left, centre, right) = (edges[band], edges[band + 1], edges[band + 2])
      for bin in left..<max(left, right) {
        let isRising = bin < centre
        let span = isRising ? centre - left : right - centre
        weights[bin * bands + band] = Double(isRising ? bin - left : right - bin) / Double(span)
      }
      weights[centre * bands + band] = 1
    }
    return [try Conversion.convert(Tensor(shape: shape, weights), to: dtype)]
  }
}
