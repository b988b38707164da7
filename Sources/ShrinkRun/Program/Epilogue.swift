import ShrinkGraph
import ShrinkMath
import ShrinkOps

/// The element-wise nodes behind a convolution or a matrix product that its primitive computes on the way out.
struct Epilogue {
  /// The value that the step stores.
  var end: ValueID
  /// Nodes that it takes in.
  var nodes: [NodeID] = []
  var posts: [PostOperation] = []
  /// Operands of `posts`, in order.
  var operands: [ProgramPort] = []
  /// What the weights of each channel are multiplied with, before the bias is added.
  var scale: [Float]?
  /// Added to the bias, one number a channel.
  var bias: [Float]?
  private var foldsScale = false

  /// More are not worth the registers that they take from the primitive.
  private static let mostPosts = 6

  /// Follows the readers of `start` as long as each is the only one.
  ///
  /// `axis` holds the channels of the result, `strides` its layout; `form` gives an operand the axes that the primitive
  /// works on. With `foldsScale` the caller multiplies its weights with `scale`.
  init(
    _ b: ProgramBuilder, from start: ValueID, axis: Int, strides: [Int], foldsScale: Bool,
    form: (StridedLayout) -> StridedLayout
  ) throws(MathError) {
    end = start
    self.foldsScale = foldsScale
    let shape = b.shape(start)
    while posts.count < Self.mostPosts, !b.wanted.contains(end) {
      if let (nodes, post, result) = Gate.find(b, end), b.shape(result) == shape {
        guard append(post) else { return }
        self.nodes += nodes
        end = result
        continue
      }
      guard let id = b.onlyReader(end), let lowering = b.lowerings[id], b.graph[id].outputs.count == 1,
        b.shape(b.output(id)) == shape, try add(b, id, lowering, axis, strides, form)
      else { return }
      nodes.append(id)
      end = b.output(id)
    }
  }

  /// Without anything.
  init(none start: ValueID) { end = start }

  private mutating func add(
    _ b: ProgramBuilder, _ id: NodeID, _ lowering: Lowering, _ axis: Int, _ strides: [Int],
    _ form: (StridedLayout) -> StridedLayout
  ) throws(MathError) -> Bool {
    let shape = b.shape(end)
    switch lowering {
    case .elements(let functions):
      let made = functions.compactMap(Self.post)
      let before = posts
      guard made.count == functions.count, made.allSatisfy({ append($0) }) else {
        posts = before
        return false
      }
      return true
    case .scaleAndShift(let factor, let shift) where axis == 1:
      if posts.isEmpty, bias == nil, scale == nil, foldsScale {
        (scale, bias) = (factor, shift)
        return true
      }
      try append(b, factor, shape, axis, form, PostOperation.multiply)
      try append(b, shift, shape, axis, form, PostOperation.add)
      return true
    case .combination(let function):
      let inputs = b.graph[id].inputs.compactMap(\.self)
      guard inputs.count == 2, inputs[0] != inputs[1] else { return false }
      if let (x, linear) = ChainDraft.linear(function, inputs, b), x == end, case .linear(let alpha, let beta) = linear
      {
        return scale(alpha, beta, channels: shape[axis])
      }
      let other = inputs[0] == end ? inputs[1] : inputs[0]
      guard function == .add || function == .multiply else { return false }
      if let channels = Self.channels(b, other, shape, axis) {
        if function == .add, posts.isEmpty {
          bias = bias.map { zip($0, channels).map { $0 + $1 } } ?? channels
        } else {
          try append(b, channels, shape, axis, form, function == .add ? PostOperation.add : PostOperation.multiply)
        }
        return true
      }
      guard b.isAvailable(other), b.shape(other) == shape, b.type(other).dtype == .float32 else { return false }
      let place = try b.place(other, strides: strides)
      let layout = form(StridedLayout(dims: shape, strides: strides))
      posts.append(function == .add ? .add(layout) : .multiply(layout))
      operands.append(place.port(.float32))
      return true
    default: return false
    }
  }

  private mutating func append(
    _ b: ProgramBuilder, _ channels: [Float], _ shape: [Int], _ axis: Int, _ form: (StridedLayout) -> StridedLayout,
    _ make: (StridedLayout) -> PostOperation
  ) throws(MathError) {
    let dims = shape.indices.map { $0 == axis ? shape[$0] : 1 }
    let strides = shape.indices.map { $0 < axis ? shape[axis] : 1 }
    posts.append(make(form(StridedLayout(dims: dims, strides: strides))))
    operands.append(ProgramPort(buffer: b.add(.constant(Tensor(shape: [channels.count], channels)), bytes: 0)))
  }

  /// The elements of a constant that holds one number for each index of `axis`; nil for anything else.
  private static func channels(_ b: ProgramBuilder, _ value: ValueID, _ shape: [Int], _ axis: Int) -> [Float]? {
    guard let tensor = b.constant(value), tensor.dtype == .float32, tensor.count == shape[axis] else { return nil }
    let place = axis - (shape.count - tensor.rank)
    guard place >= 0, place < tensor.rank, tensor.shape[place] == shape[axis] else { return nil }
    return tensor.elements(Float.self)
  }

  private static func post(_ function: ElementChain.Function) -> PostOperation? {
    switch function {
    case .clip(0, .infinity): .relu(0)
    case .clip(let low, let high): .clip(low, high)
    case .leaky(let alpha): .relu(alpha)
    case .linear(let alpha, let beta): .linear(alpha, beta)
    case .sigmoid: .sigmoid
    case .tanh: .tanh
    case .hardSwish: .hardSwish
    default: nil
    }
  }

  /// Adds a function, unless the primitive cannot have it beside the others.
  private mutating func append(_ post: PostOperation) -> Bool {
    guard posts.allSatisfy({ $0.goesWith(post) }) else { return false }
    posts.append(post)
    return true
  }

  /// Adds alpha x + beta: to the weights and the bias where nothing stands between, to a linear function before it, or
  /// as a function of its own.
  private mutating func scale(_ alpha: Float, _ beta: Float, channels: Int) -> Bool {
    if posts.isEmpty, foldsScale {
      scale = (scale ?? [Float](repeating: 1, count: channels)).map { $0 * alpha }
      bias = (bias ?? [Float](repeating: 0, count: channels)).map { $0 * alpha + beta }
      return true
    }
    if case .linear(let a, let c) = posts.last {
      let merged = PostOperation.linear(a * alpha, c * alpha + beta)
      guard posts.dropLast().allSatisfy({ $0.goesWith(merged) }) else { return false }
      posts[posts.count - 1] = merged
      return true
    }
    return append(.linear(alpha, beta))
  }
}

/// A function of one value that exporters write as several nodes.
private enum Gate {
  /// x · sigmoid(x), x · hardsigmoid(x), or x · clip(x + 3, 0, 6) / 6: its nodes, the function, and the result.
  static func find(_ b: ProgramBuilder, _ x: ValueID) -> (nodes: [NodeID], post: PostOperation, result: ValueID)? {
    let readers = b.readers[x.index]
    guard readers.count == 2, !b.wanted.contains(x) else { return nil }
    for (gate, product) in [(readers[0], readers[1]), (readers[1], readers[0])] {
      guard case .combination(.multiply) = b.lowerings[product], b.graph[product].inputs.count == 2 else { continue }
      if let found = short(b, gate, product) ?? long(b, gate, product) { return found }
    }
    return nil
  }

  private static func short(
    _ b: ProgramBuilder, _ gate: NodeID, _ product: NodeID
  ) -> (nodes: [NodeID], post: PostOperation, result: ValueID)? {
    guard case .elements(let functions) = b.lowerings[gate], b.onlyReader(b.output(gate)) == product else { return nil }
    if functions == [.sigmoid] { return ([gate, product], .swish, b.output(product)) }
    guard functions.count == 2, case .linear(let alpha, 0.5) = functions[0], functions[1] == .clip(0, 1),
      abs(alpha - 1.0 / 6) < 1e-6
    else { return nil }
    return ([gate, product], .hardSwish, b.output(product))
  }

  private static func long(
    _ b: ProgramBuilder, _ sum: NodeID, _ product: NodeID
  ) -> (nodes: [NodeID], post: PostOperation, result: ValueID)? {
    guard linear(b, sum) == .linear(1, 3), let clip = b.onlyReader(b.output(sum)),
      case .elements([.clip(0, 6)]) = b.lowerings[clip], b.onlyReader(b.output(clip)) == product,
      let division = b.onlyReader(b.output(product)), case .linear(let alpha, 0) = linear(b, division),
      abs(alpha - 1.0 / 6) < 1e-6
    else { return nil }
    return ([sum, clip, product, division], .hardSwish, b.output(division))
  }

  private static func linear(_ b: ProgramBuilder, _ id: NodeID) -> ElementChain.Function? {
    guard case .combination(let function) = b.lowerings[id], b.graph[id].inputs.count == 2 else { return nil }
    return ChainDraft.linear(function, b.graph[id].inputs.compactMap(\.self), b)?.1
  }
}
