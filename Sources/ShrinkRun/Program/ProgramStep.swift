import ShrinkGraph
import ShrinkMath
import ShrinkOps

/// One block of memory that a program reads or writes.
struct ProgramBuffer: Sendable {
  /// Where its bytes come from.
  enum Source: Sendable {
    /// Elements of the graph, or made from them when the program was compiled.
    case constant(Tensor)
    /// What the caller feeds.
    case input(ValueID)
    /// A step writes it into the arena.
    case arena
    /// A step writes it into memory of its own, which the caller gets.
    case result
    /// A kernel returns it.
    case kernel
  }
  var source: Source
  /// Bytes; 0 where the memory is not the program's.
  var bytes: Int
}

/// A place in a buffer.
struct ProgramPort: Sendable, Equatable {
  var buffer: Int
  /// In bytes.
  var offset = 0
}

/// Where the elements of a value can be read: some buffer, and how far apart they stand there.
struct ValuePlace: Sendable {
  var buffer: Int
  /// Of the first element, in elements.
  var offset = 0
  /// One for each axis of the value, in elements.
  var strides: [Int]

  func port(_ dtype: DType) -> ProgramPort { ProgramPort(buffer: buffer, offset: offset * dtype.bits / 8) }
}

/// One step of a program.
struct ProgramStep: Sendable {
  enum Work: Sendable {
    /// Ports in the order of the primitive.
    case prepared(PreparedStep)
    /// Ports: operands, then results.
    case chain(ElementChain)
    /// Ports: x, y.
    case mean(images: Int, positions: Int, channels: Int)
    /// Ports: x and the first states that are there; then Y, scratch memory, and the last states that are named.
    case lstm(PreparedLSTM, states: LSTMStates)
    /// Ports: operands that are there, then results.
    case kernel(any Operator, operands: [KernelOperand?], results: [TensorType])
  }
  /// Which states of an LSTM are there.
  struct LSTMStates: Sendable {
    var state = false
    var cell = false
    var lastState = false
    var lastCell = false
  }
  /// An operand of a kernel.
  struct KernelOperand: Sendable {
    let port: Int
    let dtype: DType
    let shape: [Int]
  }
  let work: Work
  /// What it reads, then what it writes, unless `writes` says otherwise.
  let ports: [ProgramPort]
  /// Positions in `ports` that it writes.
  let writes: Range<Int>
  /// The node that it begins with, for messages.
  let node: NodeID
  /// Bytes of scratch memory while it runs.
  var scratch: Int { if case .prepared(let step) = work { step.scratchBytes } else { 0 } }
}
