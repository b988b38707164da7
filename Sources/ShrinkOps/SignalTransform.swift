import ShrinkGraph
import ShrinkMath

/// Fourier transforms of all lines of a tensor along an axis, as DFT and STFT have them.
struct SignalTransform {
  /// Shape of the operand; the last axis holds real parts, or real and imaginary ones.
  private let shape: [Int]
  /// The axis.
  let axis: Int
  /// Points of a transform: lines are cut, or filled with zeros.
  private let length: Int
  private let isInverse: Bool
  private let isOneSided: Bool
  /// Shape of the result.
  let result: [Int]

  /// Most points of a transform.
  private static let longest = 1 << 28

  /// Throws when the length is none.
  init(_ shape: [Int], axis: Int, length: Int, isInverse: Bool, isOneSided: Bool) throws(OperatorError) {
    guard length > 0, length <= Self.longest else { throw .invalid("transforms \(length) points of \(shape)") }
    var result = shape
    result[axis] = isOneSided && !isInverse ? length / 2 + 1 : length
    result[shape.count - 1] = isOneSided && isInverse ? 1 : 2
    (self.shape, self.axis, self.length, self.result) = (shape, axis, length, result)
    (self.isInverse, self.isOneSided) = (isInverse, isOneSided)
  }

  /// One integer that must be known before the network runs; nil when the operand is left out.
  static func number(_ inputs: Operands<TensorType>, _ slot: Int, _ name: String) throws(OperatorError) -> Int? {
    guard let type = inputs.optional(slot) else { return nil }
    guard let constant = type.constant else { throw .shapeDependsOnData }
    guard let integers = constant.integers, integers.count == 1 else {
      throw .invalid("operand '\(name)' is no integer, but \(type.dtype)\(type.shape)")
    }
    return integers[0]
  }

  /// Transforms a float64 tensor.
  func run(_ x: Tensor) throws(OperatorError) -> Tensor {
    guard Tensor.count(result) > 0 else { return Tensor(shape: result, [Double]()) }
    let (parts, resultParts) = (shape[shape.count - 1], result[shape.count - 1])
    let inner = shape[(axis + 1)..<(shape.count - 1)].product
    let lines = shape[..<axis].product * inner
    let fourier = Fourier(length: length)
    let given = isInverse && isOneSided ? min(shape[axis], length / 2 + 1) : min(shape[axis], length)
    return try x.mapped(Double.self, shape: result) { x, y in
      Parallel.forEach(lines, minimumChunk: max(1, parallelGrain / (16 * length))) { range in
        var line = [Fourier.Complex](repeating: .init(0), count: length)
        for i in range {
          let from = x + (i / inner * shape[axis] * inner + i % inner) * parts
          let to = y + (i / inner * result[axis] * inner + i % inner) * resultParts
          for n in 0..<length {
            line[n] =
              n < given ? .init(from[n * inner * parts], parts == 2 ? from[n * inner * parts + 1] : 0) : .init(0)
          }
          if isInverse, isOneSided { mirror(&line) }
          fourier.transform(&line, inverse: isInverse)
          for n in 0..<result[axis] {
            to[n * inner * resultParts] = line[n].real
            if resultParts == 2 { to[n * inner * resultParts + 1] = line[n].imaginary }
          }
        }
      }
    }
  }

  /// Fills the second half of the spectrum of real numbers; what such a spectrum cannot have is dropped.
  private func mirror(_ line: inout [Fourier.Complex]) {
    line[0].imaginary = 0
    if length % 2 == 0 { line[length / 2].imaginary = 0 }
    for k in 1..<max(1, (length + 1) / 2) { line[length - k] = line[k].conjugate }
  }
}
