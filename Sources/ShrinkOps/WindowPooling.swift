import ShrinkGraph
import ShrinkMath
import Synchronization

/// What MaxPool and AveragePool share: shape rule, coupling rule, and the compiled pooling.
struct WindowPooling: Sendable {
  let kind: Pooling.Kind
  private let window: SlidingWindow
  private let prepared = PreparedPooling()

  /// Reads the window; throws when one of its attributes is malformed.
  init(_ kind: Pooling.Kind, _ attributes: Attributes) throws(OperatorError) {
    self.kind = kind
    window = try SlidingWindow(attributes)
    guard window.kernel != nil else { throw .invalid("kernel_shape is missing") }
  }

  func infer(_ x: TensorType) throws(OperatorError) -> [TensorType] {
    let placed = try place(x.shape)
    return [try .sized(x.dtype, x.shape.prefix(2) + placed.output)]
  }

  /// Where the window stops on a tensor of this shape.
  func place(_ shape: [Int]) throws(OperatorError) -> PlacedWindow {
    guard shape.count > 2 else { throw .invalid("pools a tensor of shape \(shape), which has no spatial axes") }
    return try window.placed(on: Array(shape.dropFirst(2)))
  }

  func run(_ x: Tensor) throws(OperatorError) -> [Tensor] {
    let placed = try place(x.shape)
    guard x.dtype == .float32 else { throw .noKernel(for: x.dtype) }
    let shape = x.shape.prefix(2) + placed.output
    let pooling = try prepared.pooling(kind, placed)
    return [
      try x.mapped(Float.self, shape: Array(shape)) { (from, y) throws(OperatorError) in
        try OperatorError.math { () throws(MathError) in
          try pooling.run(x: from, xShape: x.shape, y: y, yShape: Array(shape))
        }
      }
    ]
  }

  func couple(_ c: inout Coupling) {
    c.tie(.input(0, 0), .output(0, 0))
    c.tie(.input(0, 1), .output(0, 1))
  }
}

/// Holds the compiled pooling for the pads that were used last.
private final class PreparedPooling: Sendable {
  private struct State {
    var placed: PlacedWindow?
    var pooling: Pooling?
  }
  private let state = Mutex(State())

  func pooling(_ kind: Pooling.Kind, _ placed: PlacedWindow) throws(OperatorError) -> Pooling {
    try state.withLock { (state: inout State) throws(OperatorError) in
      if let pooling = state.pooling, state.placed?.padsBegin == placed.padsBegin,
        state.placed?.padsEnd == placed.padsEnd
      {
        return pooling
      }
      let made = try OperatorError.math { () throws(MathError) in
        try Pooling(
          kind, kernel: placed.kernel, strides: placed.strides, dilations: placed.dilations,
          padsBegin: placed.padsBegin,
          padsEnd: placed.padsEnd)
      }
      (state.placed, state.pooling) = (placed, made)
      return made
    }
  }
}
