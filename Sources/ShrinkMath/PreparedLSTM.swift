import CKernels

/// An LSTM layer for one shape, with its weights packed.
///
/// The products of the inputs are made for a block of steps at a time, in one matrix product of many rows; each step
/// then adds R h, applies the gates and goes on. Gates stand in ONNX's order i, o, f, c. Its runs must not overlap.
package final class PreparedLSTM: Sendable {
  /// The sizes of a layer.
  package struct Shape: Sendable {
    package let steps: Int
    package let batch: Int
    /// Elements of an input.
    package let width: Int
    package let hidden: Int

    /// Makes the sizes.
    package init(steps: Int, batch: Int, width: Int, hidden: Int) {
      (self.steps, self.batch, self.width, self.hidden) = (steps, batch, width, hidden)
    }
  }

  /// The weights of a direction: W [4 hidden, width], R [4 hidden, hidden], the sum of both biases [4 hidden], and
  /// peepholes i, o, f side by side.
  package struct Direction: Sendable {
    package let isBackwards: Bool
    package let input: [Float]
    package let recurrent: [Float]
    package let bias: [Float]?
    package let peepholes: [Float]?

    /// Makes a direction.
    package init(isBackwards: Bool, input: [Float], recurrent: [Float], bias: [Float]?, peepholes: [Float]?) {
      (self.isBackwards, self.input, self.recurrent) = (isBackwards, input, recurrent)
      (self.bias, self.peepholes) = (bias, peepholes)
    }
  }

  /// One direction, for some rows of the batch: a thread's share.
  private struct Share: Sendable {
    let direction: Int
    let rows: Range<Int>
    let product: PreparedStep
  }

  /// Rows that make the product of the inputs a full one.
  private static let rowsOfBlock = 32

  private let shape: Shape
  private let backwards: [Bool]
  private let peepholes: [[Float]?]
  private let shares: [Share]
  /// Products of a whole block and of the last, shorter one, a direction each.
  private let whole: [PreparedStep]
  private let last: [PreparedStep]
  /// Steps of a block.
  private let block: Int

  /// Packs the weights; throws when oneDNN refuses.
  package init(_ shape: Shape, _ directions: [Direction]) throws(MathError) {
    self.shape = shape
    backwards = directions.map(\.isBackwards)
    peepholes = directions.map(\.peepholes)
    block = max(1, min(shape.steps, Self.rowsOfBlock / shape.batch))
    let rest = shape.steps % block
    var (whole, last, shares) = ([PreparedStep](), [PreparedStep](), [Share]())
    let parts = max(1, min(shape.batch, Threads.count / directions.count))
    for (index, direction) in directions.enumerated() {
      whole.append(try Self.inputProduct(shape, direction, steps: block))
      if rest > 0 { last.append(try Self.inputProduct(shape, direction, steps: rest)) }
      for part in 0..<parts {
        let rows = shape.batch * part / parts..<shape.batch * (part + 1) / parts
        // A share that is alone reads its weights from the caches of all threads, however few the rows are.
        let isShared = parts * directions.count > 1
        let product = try Self.recurrentProduct(shape, direction, rows: rows.count, onOneThread: isShared)
        shares.append(Share(direction: index, rows: rows, product: product))
      }
    }
    (self.whole, self.last, self.shares) = (whole, last, shares)
  }

  private static func inputProduct(
    _ shape: Shape, _ direction: Direction, steps: Int
  ) throws(MathError) -> PreparedStep {
    let (rows, gates) = (steps * shape.batch, 4 * shape.hidden)
    return try PreparedStep(
      product: StridedLayout(dense: [rows, shape.width]),
      StridedLayout(dims: [shape.width, gates], strides: [1, shape.width]),
      StridedLayout(dense: [rows, gates]), elements: direction.input,
      bias: direction.bias ?? [Float](repeating: 0, count: gates), posts: [])
  }

  private static func recurrentProduct(
    _ shape: Shape, _ direction: Direction, rows: Int, onOneThread: Bool
  ) throws(MathError) -> PreparedStep {
    let gates = StridedLayout(dense: [rows, 4 * shape.hidden])
    return try PreparedStep(
      product: StridedLayout(dense: [rows, shape.hidden]),
      StridedLayout(dims: [shape.hidden, 4 * shape.hidden], strides: [1, shape.hidden]), gates,
      elements: direction.recurrent, bias: nil, posts: [.add(gates)], onOneThread: onOneThread)
  }

  /// Bytes of packed weights.
  package var heldBytes: Int {
    (whole + last + shares.map(\.product)).reduce(0) { $0 + $1.heldBytes }
  }

  /// Floats of scratch memory that a run needs.
  package var scratchCount: Int {
    backwards.count * (block * shape.batch * 4 * shape.hidden + shape.batch * 5 * shape.hidden)
      + productScratch * (shares.count + 1)
  }

  /// Floats that one product needs, a multiple of 16.
  private var productScratch: Int {
    let bytes = (whole + last + shares.map(\.product)).reduce(0) { max($0, $1.scratchBytes) }
    return (bytes / 4 + 15) / 16 * 16 + 16
  }

  /// What a run reads and writes; states may be left out.
  package struct Memory: @unchecked Sendable {
    /// Inputs, [steps, batch, width].
    package var x: UnsafeMutablePointer<Float>
    /// Every state, [steps, directions, batch, hidden].
    package var y: UnsafeMutablePointer<Float>
    /// `scratchCount` floats, aligned to 64 bytes.
    package var scratch: UnsafeMutablePointer<Float>
    /// First states, [directions, batch, hidden]; zero when nil.
    package var state: UnsafePointer<Float>?
    package var cell: UnsafePointer<Float>?
    /// Last states.
    package var lastState: UnsafeMutablePointer<Float>?
    package var lastCell: UnsafeMutablePointer<Float>?

    /// Makes it without states.
    package init(
      x: UnsafeMutablePointer<Float>, y: UnsafeMutablePointer<Float>, scratch: UnsafeMutablePointer<Float>
    ) {
      (self.x, self.y, self.scratch) = (x, y, scratch)
    }
  }

  /// Runs all steps.
  package func run(_ memory: Memory) throws(MathError) {
    let places = Places(self, memory)
    places.start()
    let failures = Failures()
    for first in stride(from: 0, to: shape.steps, by: block) {
      let steps = first..<min(first + block, shape.steps)
      for direction in backwards.indices {
        let earliest = backwards[direction] ? shape.steps - steps.upperBound : steps.lowerBound
        let product = steps.count == block ? whole[direction] : last[direction]
        let ports: [UnsafeMutableRawPointer?] = [
          UnsafeMutableRawPointer(memory.x + earliest * shape.batch * shape.width),
          UnsafeMutableRawPointer(places.gates(direction)),
        ]
        try product.run(ports, scratch: places.productScratch(shares.count))
      }
      Parallel.forEach(shares.count) { range in
        for i in range {
          do throws(MathError) { try self.run(i, steps, places) } catch { failures.record(error) }
        }
      }
      if let error = failures.first { throw error }
    }
    places.finish()
  }

  /// The steps of a block for one share; steps count from the end where the direction is backwards.
  private func run(_ index: Int, _ steps: Range<Int>, _ places: Places) throws(MathError) {
    let share = shares[index]
    let (direction, rows) = (share.direction, share.rows)
    for step in steps {
      let t = backwards[direction] ? shape.steps - 1 - step : step
      let inBlock = backwards[direction] ? steps.upperBound - 1 - step : step - steps.lowerBound
      let gates = places.gates(direction) + (inBlock * shape.batch + rows.lowerBound) * 4 * shape.hidden
      let state =
        step == 0
        ? places.firstState(direction) + rows.lowerBound * shape.hidden
        : places.y(backwards[direction] ? t + 1 : t - 1, direction) + rows.lowerBound * shape.hidden
      let sum = places.sums(direction) + rows.lowerBound * 4 * shape.hidden
      let ports: [UnsafeMutableRawPointer?] = [
        UnsafeMutableRawPointer(state), UnsafeMutableRawPointer(sum), UnsafeMutableRawPointer(gates),
      ]
      try share.product.run(ports, scratch: places.productScratch(index))
      shrink_lstm_cell(
        sum, peepholes[direction], places.cell(direction) + rows.lowerBound * shape.hidden,
        places.y(t, direction) + rows.lowerBound * shape.hidden, Int64(rows.count), Int64(shape.hidden))
    }
  }

  /// Where everything stands during a run: a direction has gates of a block, sums of a step and cells in the scratch
  /// memory.
  private struct Places: @unchecked Sendable {
    let shape: Shape
    let memory: Memory
    let directions: Int
    let block: Int
    let productCount: Int
    let backwards: [Bool]

    init(_ lstm: PreparedLSTM, _ memory: Memory) {
      (shape, self.memory, block) = (lstm.shape, memory, lstm.block)
      (directions, backwards) = (lstm.backwards.count, lstm.backwards)
      productCount = lstm.productScratch
    }

    private var perState: Int { shape.batch * shape.hidden }
    private var perDirection: Int { (block * 4 + 5) * perState }

    func gates(_ direction: Int) -> UnsafeMutablePointer<Float> { memory.scratch + direction * perDirection }
    func sums(_ direction: Int) -> UnsafeMutablePointer<Float> { gates(direction) + block * 4 * perState }
    func cell(_ direction: Int) -> UnsafeMutablePointer<Float> { sums(direction) + 4 * perState }
    func y(_ t: Int, _ direction: Int) -> UnsafeMutablePointer<Float> {
      memory.y + (t * directions + direction) * perState
    }
    /// The first state is read once, before the last step's place in Y is written.
    func firstState(_ direction: Int) -> UnsafeMutablePointer<Float> {
      y(backwards[direction] ? 0 : shape.steps - 1, direction)
    }
    func productScratch(_ index: Int) -> UnsafeMutableRawPointer {
      let first = directions * perDirection
      let address = UInt(bitPattern: memory.scratch + first + index * productCount)
      let aligned = (address + 63) / 64 * 64
      return UnsafeMutableRawPointer(memory.scratch + first + index * productCount) + Int(aligned - address)
    }

    func start() {
      for direction in 0..<directions {
        copy(memory.cell.map { $0 + direction * perState }, to: cell(direction))
        copy(memory.state.map { $0 + direction * perState }, to: firstState(direction))
      }
    }

    private func copy(_ from: UnsafePointer<Float>?, to: UnsafeMutablePointer<Float>) {
      if let from { to.update(from: from, count: perState) } else { to.update(repeating: 0, count: perState) }
    }

    func finish() {
      for direction in 0..<directions {
        let end = y(backwards[direction] ? 0 : shape.steps - 1, direction)
        memory.lastState?.advanced(by: direction * perState).update(from: end, count: perState)
        memory.lastCell?.advanced(by: direction * perState).update(from: cell(direction), count: perState)
      }
    }
  }
}
