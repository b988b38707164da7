import CKernels

/// Element-wise functions of float32 in one sweep over an index space: every intermediate stays in the cache.
package struct ElementChain: Sendable {
  /// A function of one or two registers.
  package enum Function: Sendable, Equatable {
    case add, subtract, multiply, divide, maximum, minimum
    /// alpha x + beta
    case linear(Float, Float)
    case clip(Float, Float)
    /// x < 0 ? alpha x : x
    case leaky(Float)
    case sigmoid, tanh, erf, exp, sqrt, absolute, reciprocal
    /// x min(max(x / 6 + 1 / 2, 0), 1)
    case hardSwish
  }

  /// Registers that a chain may use, operands included.
  package static let registers = Int(SHRINK_CHAIN_REGISTERS)
  /// Axes that an index space may have.
  package static let largestRank = Int(SHRINK_CHAIN_RANK)
  /// Elements that are worth a thread.
  private static let grain = 1 << 16

  /// Lengths of the index space, row-major.
  package let dims: [Int]
  /// Register of each result.
  package let results: [Int]
  /// How many operands it reads.
  package let inputs: Int
  private let strides: [[Int]]
  private let ops: [shrink_chain_op]

  /// Makes a chain over `dims`; operand i has `strides[i]`, in elements, 0 along axes on which it repeats.
  ///
  /// Step k writes register `strides.count + k` from registers `a` and, for functions of two, `b`.
  package init(
    dims: [Int], strides: [[Int]], steps: [(function: Function, a: Int, b: Int)], results: [Int]
  ) {
    self.dims = dims
    self.strides = strides
    self.results = results
    inputs = strides.count
    precondition(dims.count <= Self.largestRank && strides.count + steps.count <= Self.registers)
    ops = steps.enumerated().map { k, step in
      let (code, alpha, beta) = step.function.c
      return shrink_chain_op(
        code: code, to: Int32(strides.count + k), a: Int32(step.a), b: Int32(step.b), alpha: alpha, beta: beta)
    }
  }

  /// Runs on the first elements of the operands; results are dense.
  package func run(_ operands: [UnsafePointer<Float>], _ results: [UnsafeMutablePointer<Float>]) {
    var chain = shrink_chain()
    (chain.rank, chain.inputs) = (Int32(dims.count), Int32(inputs))
    (chain.count, chain.outputs) = (Int32(ops.count), Int32(results.count))
    withUnsafeMutableBytes(of: &chain.dims) { copy(dims, to: $0, at: 0) }
    withUnsafeMutableBytes(of: &chain.strides) { bytes in
      for (i, list) in strides.enumerated() { copy(list, to: bytes, at: i * Self.largestRank) }
    }
    withUnsafeMutableBytes(of: &chain.results) { bytes in
      let registers = bytes.bindMemory(to: Int32.self)
      for (i, register) in self.results.enumerated() { registers[i] = Int32(register) }
    }
    let (inputs, outputs) = (operands.map(Optional.some), results.map(Optional.some))
    ops.withUnsafeBufferPointer { ops in
      chain.ops = ops.baseAddress
      let ready = Ready(chain: chain)
      Parallel.forEach(dims.reduce(1, *), minimumChunk: Self.grain) { range in
        withUnsafePointer(to: ready.chain) { chain in
          shrink_chain_run(chain, inputs, outputs, Int64(range.lowerBound), Int64(range.count))
        }
      }
    }
  }

  /// Carries the C form past the check for data races: it is only read.
  private struct Ready: @unchecked Sendable { let chain: shrink_chain }
}

extension ElementChain.Function {
  fileprivate var c: (shrink_chain_code, Float, Float) {
    switch self {
    case .add: (SHRINK_ADD, 0, 0)
    case .subtract: (SHRINK_SUBTRACT, 0, 0)
    case .multiply: (SHRINK_MULTIPLY, 0, 0)
    case .divide: (SHRINK_DIVIDE, 0, 0)
    case .maximum: (SHRINK_MAXIMUM, 0, 0)
    case .minimum: (SHRINK_MINIMUM, 0, 0)
    case .linear(let alpha, let beta): (SHRINK_LINEAR, alpha, beta)
    case .clip(let low, let high): (SHRINK_CLIP, low, high)
    case .leaky(let alpha): (SHRINK_LEAKY, alpha, 0)
    case .sigmoid: (SHRINK_SIGMOID, 0, 0)
    case .tanh: (SHRINK_TANH, 0, 0)
    case .erf: (SHRINK_ERF, 0, 0)
    case .exp: (SHRINK_EXP, 0, 0)
    case .sqrt: (SHRINK_SQRT, 0, 0)
    case .absolute: (SHRINK_ABSOLUTE, 0, 0)
    case .reciprocal: (SHRINK_RECIPROCAL, 0, 0)
    case .hardSwish: (SHRINK_HARDSWISH, 0, 0)
    }
  }
}

private func copy(_ values: [Int], to bytes: UnsafeMutableRawBufferPointer, at first: Int) {
  let elements = bytes.bindMemory(to: Int64.self)
  for (i, value) in values.enumerated() { elements[first + i] = Int64(value) }
}

/// Means over positions in channels-last order.
package enum PositionMean {
  /// y[image][c] = mean of x[image][position][c].
  package static func run(
    _ x: UnsafePointer<Float>, _ y: UnsafeMutablePointer<Float>, images: Int, positions: Int, channels: Int
  ) {
    let grain = max(1, (1 << 15) / max(1, positions * channels))
    Parallel.forEach(images, minimumChunk: grain) { range in
      for i in range {
        shrink_mean_positions(
          x + i * positions * channels, y + i * channels, Int64(positions), Int64(channels))
      }
    }
  }
}
