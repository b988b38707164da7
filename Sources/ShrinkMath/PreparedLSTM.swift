import CKernels

/// The recurrence of an LSTM layer for one shape, with its recurrent weights packed.
///
/// The products of the inputs are made ahead for all steps; this adds R h, applies the gates and goes on. Gates stand
/// in ONNX's order i, o, f, c. Its runs must not overlap.
package final class PreparedLSTM: Sendable {
  /// One direction, for some rows of the batch: a thread's share.
  private struct Share: Sendable {
    let direction: Int
    let rows: Range<Int>
    let product: PreparedStep
  }
  private let steps: Int
  private let batch: Int
  private let hidden: Int
  private let backwards: [Bool]
  private let peepholes: [[Float]?]
  private let shares: [Share]

  /// `recurrent` holds R of every direction, [4 hidden, hidden]; `peepholes` i, o, f side by side.
  package init(
    steps: Int, batch: Int, hidden: Int, backwards: [Bool], recurrent: [[Float]], peepholes: [[Float]?]
  ) throws(MathError) {
    (self.steps, self.batch, self.hidden) = (steps, batch, hidden)
    (self.backwards, self.peepholes) = (backwards, peepholes)
    let parts = max(1, min(batch, Threads.count / backwards.count))
    var shares: [Share] = []
    for (direction, weights) in recurrent.enumerated() {
      for part in 0..<parts {
        let rows = batch * part / parts..<batch * (part + 1) / parts
        let gates = StridedLayout(dense: [rows.count, 4 * hidden])
        let make = { () throws(MathError) in
          try PreparedStep(
            product: StridedLayout(dense: [rows.count, hidden]),
            StridedLayout(dims: [hidden, 4 * hidden], strides: [1, hidden]), gates, elements: weights, bias: nil,
            posts: [.add(gates)])
        }
        let isAlone = parts * backwards.count == 1
        let product = try isAlone ? make() : Threads.asWorker(make)
        shares.append(Share(direction: direction, rows: rows, product: product))
      }
    }
    self.shares = shares
  }

  /// Bytes of packed weights.
  package var heldBytes: Int { shares.reduce(0) { $0 + $1.product.heldBytes } }

  /// What a run reads and writes; states may be left out.
  package struct Memory: @unchecked Sendable {
    /// W x + b of every direction, [steps, batch, 4 hidden].
    package var gates: [UnsafePointer<Float>]
    /// Every state, [steps, directions, batch, hidden].
    package var y: UnsafeMutablePointer<Float>
    /// First states, [directions, batch, hidden]; zero when nil.
    package var state: UnsafePointer<Float>?
    package var cell: UnsafePointer<Float>?
    /// Last states.
    package var lastState: UnsafeMutablePointer<Float>?
    package var lastCell: UnsafeMutablePointer<Float>?

    /// Makes it without states.
    package init(gates: [UnsafePointer<Float>], y: UnsafeMutablePointer<Float>) {
      (self.gates, self.y) = (gates, y)
    }
  }

  /// Runs all steps.
  package func run(_ memory: Memory) throws(MathError) {
    let failures = Failures()
    Parallel.forEach(shares.count) { range in
      for i in range {
        do throws(MathError) { try self.run(self.shares[i], memory) } catch { failures.record(error) }
      }
    }
    if let error = failures.first { throw error }
  }

  private func run(_ share: Share, _ memory: Memory) throws(MathError) {
    let (rows, direction) = (share.rows, share.direction)
    let first = (direction * batch + rows.lowerBound) * hidden
    let count = rows.count * hidden
    let scratch = UnsafeMutableRawPointer.allocate(
      byteCount: 4 * (6 * count) + max(share.product.scratchBytes, 64) + 64, alignment: 64)
    defer { scratch.deallocate() }
    let gates = scratch.assumingMemoryBound(to: Float.self)
    let (cell, start) = (gates + 4 * count, gates + 5 * count)
    let rest = scratch + (4 * 6 * count + 63) / 64 * 64
    if let from = memory.cell { cell.update(from: from + first, count: count) } else { cell.update(repeating: 0, count: count) }
    if let from = memory.state { start.update(from: from + first, count: count) } else { start.update(repeating: 0, count: count) }
    var state = start
    for step in 0..<steps {
      let t = backwards[direction] ? steps - 1 - step : step
      let next = memory.y + (t * backwards.count + direction) * batch * hidden + rows.lowerBound * hidden
      let input = memory.gates[direction] + (t * batch + rows.lowerBound) * 4 * hidden
      let ports: [UnsafeMutableRawPointer?] = [
        UnsafeMutableRawPointer(state), UnsafeMutableRawPointer(gates),
        UnsafeMutableRawPointer(mutating: UnsafeRawPointer(input)),
      ]
      try share.product.run(ports, scratch: rest)
      shrink_lstm_cell(gates, peepholes[direction], cell, next, Int64(rows.count), Int64(hidden))
      state = next
    }
    memory.lastState?.advanced(by: first).update(from: state, count: count)
    memory.lastCell?.advanced(by: first).update(from: cell, count: count)
  }
}
