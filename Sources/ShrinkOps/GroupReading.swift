import ShrinkGraph

/// The product of one group of a convolution or of one that is transposed: channels and outputs of the groups stand one
/// behind the other on axis 1.
protocol GroupReading: LinearReading {
  /// Which group.
  var part: Int { get }
  /// How many groups there are.
  var groups: Int { get }
}

extension GroupReading {
  var data: Port { .input(0, 1) }
  var output: Port? { .output(0, 1) }
  var weight: Int { 1 }
  var bias: Int? { 2 }
  var firstChannel: Int { part * product.channels }
  var firstOutput: Int { part * product.outputs }
  var biasShape: [Int] { [groups * product.outputs] }

  func gatherOutputs(_ y: Tensor, positions: [Int], into rows: UnsafeMutablePointer<Float>) {
    gatherChannels(y, firstOutput..<firstOutput + product.outputs, positions: positions, into: rows)
  }
}
