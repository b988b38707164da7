import COneDNN

/// Where the elements of a tensor stand: lengths and strides of its axes, in elements.
package struct StridedLayout: Sendable, Equatable {
  package var dims: [Int]
  package var strides: [Int]

  /// Makes a layout; both lists have one entry for each axis.
  package init(dims: [Int], strides: [Int]) {
    self.dims = dims
    self.strides = strides
  }

  /// Row-major.
  package init(dense dims: [Int]) {
    self.dims = dims
    strides = [Int](repeating: 1, count: dims.count)
    for axis in dims.indices.dropLast().reversed() { strides[axis] = strides[axis + 1] * dims[axis + 1] }
  }

  /// Axes that oneDNN's descriptors have room for.
  package static let largestRank = Int(SHRINK_MAX_RANK)

  fileprivate var c: shrink_layout {
    var layout = shrink_layout()
    layout.rank = Int32(dims.count)
    fill(&layout.dims, dims)
    fill(&layout.strides, strides)
    return layout
  }
}

/// What happens to each element of a result before it is stored.
package enum PostOperation: Sendable, Equatable {
  /// x > 0 ? x : alpha x
  case relu(Float)
  case clip(Float, Float)
  /// alpha x + beta
  case linear(Float, Float)
  case sigmoid
  case tanh
  case hardSwish
  /// x / (1 + exp(-x))
  case swish
  /// x (1 + erf(x / √2)) / 2
  case gelu
  /// x + operand, with the rank of the result; an axis of length 1 repeats.
  case add(StridedLayout)
  case multiply(StridedLayout)

  /// Whether a primitive may have both: oneDNN 2.6 keeps one set of numbers for every function of a kind.
  package func goesWith(_ other: PostOperation) -> Bool {
    switch (self, other) {
    case (.relu, .relu), (.clip, .clip), (.linear, .linear): self == other
    default: true
    }
  }

  fileprivate var c: shrink_post {
    var post = shrink_post()
    switch self {
    case .relu(let alpha): (post.kind, post.alpha) = (SHRINK_POST_RELU, alpha)
    case .clip(let low, let high): (post.kind, post.alpha, post.beta) = (SHRINK_POST_CLIP, low, high)
    case .linear(let alpha, let beta): (post.kind, post.alpha, post.beta) = (SHRINK_POST_LINEAR, alpha, beta)
    case .sigmoid: post.kind = SHRINK_POST_LOGISTIC
    case .tanh: post.kind = SHRINK_POST_TANH
    case .hardSwish: post.kind = SHRINK_POST_HARDSWISH
    case .swish: (post.kind, post.alpha) = (SHRINK_POST_SWISH, 1)
    case .gelu: post.kind = SHRINK_POST_GELU_ERF
    case .add(let layout), .multiply(let layout):
      if case .add = self { post.kind = SHRINK_POST_ADD } else { post.kind = SHRINK_POST_MULTIPLY }
      fill(&post.dims, layout.dims)
      fill(&post.strides, layout.strides)
    }
    return post
  }
}

/// A oneDNN primitive for one shape with its weights packed and what follows it fused; prepared once, run many times.
///
/// Float32 throughout. Activations of convolutions and poolings are channels-last (N, spatial…, C). Throws `MathError`
/// when oneDNN refuses. Its runs must not overlap.
package final class PreparedStep: @unchecked Sendable {
  private let pointer: OpaquePointer
  /// Whether it is done before a second thread has come to help.
  private let isSmall: Bool

  /// Multiply-accumulates below which one thread does it alone.
  private static let smallProduct = 1 << 21
  /// Elements below which one thread moves or maps them alone.
  private static let smallCount = 1 << 16

  private init(
    _ what: String, isSmall: Bool, _ make: (UnsafeMutablePointer<OpaquePointer?>) -> Int32
  ) throws(MathError) {
    var made: OpaquePointer?
    let status = isSmall ? Threads.asWorker { make(&made) } : make(&made)
    guard status == 0, let made else { throw .library(what, status) }
    pointer = made
    self.isSmall = isSmall
  }

  deinit { shrink_step_destroy(pointer) }

  /// A convolution and what follows it.
  ///
  /// Ports: x, y, then the operands of `posts`. `weights` is O × I / groups × kernel.
  package convenience init(
    convolution window: Window, batch: Int, groups: Int, input: [Int], output: [Int], kernel: [Int],
    channels: (input: Int, output: Int), weights: UnsafePointer<Float>, bias: UnsafePointer<Float>?,
    posts: [PostOperation]
  ) throws(MathError) {
    var c = cWindow(
      window, batch: batch, inChannels: channels.input, outChannels: channels.output, groups: groups, input: input,
      output: output, kernel: kernel)
    let list = posts.map(\.c)
    let taps = kernel.reduce(1, *) * channels.input / groups
    let isSmall = batch * channels.output * output.reduce(1, *) * taps < Self.smallProduct
    try self.init("a convolution of \(channels.input) channels over \(input)", isSmall: isSmall) { made in
      shrink_step_conv(&c, weights, bias, list, Int32(list.count), made)
    }
  }

  /// A pooling.
  ///
  /// Ports: x, y.
  package convenience init(
    pooling window: Window, kind: Pooling.Kind, batch: Int, channels: Int, input: [Int], output: [Int], kernel: [Int]
  ) throws(MathError) {
    var c = cWindow(
      window, batch: batch, inChannels: channels, outChannels: channels, groups: 1, input: input, output: output,
      kernel: kernel)
    let isSmall = batch * channels * input.reduce(1, *) < Self.smallCount
    try self.init("a pooling over \(input)", isSmall: isSmall) { made in shrink_step_pool(&c, kind.c, made) }
  }

  /// C = A · B + bias over the last two axes.
  ///
  /// Ports: A, B unless its elements are given, C, then operands of `posts`. `onOneThread` is chosen by size when nil.
  package convenience init(
    product a: StridedLayout, _ b: StridedLayout, _ c: StridedLayout, elements: UnsafePointer<Float>?,
    bias: UnsafePointer<Float>?, posts: [PostOperation], onOneThread: Bool? = nil
  ) throws(MathError) {
    let isSmall = onOneThread ?? (c.dims.reduce(1, *) * (a.dims.last ?? 1) < Self.smallProduct)
    var (a, b, c) = (a.c, b.c, c.c)
    let list = posts.map(\.c)
    try self.init("a matrix product", isSmall: isSmall) { made in
      shrink_step_matmul(&a, &b, &c, elements, bias, list, Int32(list.count), made)
    }
  }

  /// Softmax of rows.
  ///
  /// Ports: x, y.
  package convenience init(softmaxOf rows: Int, width: Int) throws(MathError) {
    try self.init("a softmax", isSmall: rows * width < Self.smallCount) { made in
      shrink_step_softmax(Int64(rows), Int64(width), made)
    }
  }

  /// Layer normalisation of rows of `scale.count` elements.
  ///
  /// Ports: x, y.
  package convenience init(
    layerNormOf rows: Int, epsilon: Float, scale: [Float], shift: [Float]
  ) throws(MathError) {
    try self.init("a layer normalisation", isSmall: rows * scale.count < Self.smallCount) { made in
      shrink_step_layer_norm(Int64(rows), Int64(scale.count), epsilon, scale, shift, made)
    }
  }

  /// Copies 32-bit elements into another layout with the same lengths.
  ///
  /// Ports: x, y.
  package convenience init(reorder from: StridedLayout, to: StridedLayout) throws(MathError) {
    let isSmall = from.dims.reduce(1, *) < Self.smallCount
    var (from, to) = (from.c, to.c)
    try self.init("a change of layout", isSmall: isSmall) { made in shrink_step_reorder(&from, &to, made) }
  }

  /// Bytes of scratch memory that a run needs, aligned to 64.
  package var scratchBytes: Int { shrink_step_scratch(pointer) }
  /// Bytes of packed weights that it holds.
  package var heldBytes: Int { shrink_step_held(pointer) }
  /// oneDNN's name of the implementation.
  package var name: String { String(cString: shrink_step_name(pointer)) }

  /// Runs on the first elements of the ports, in the order that its initialiser names.
  package func run(
    _ ports: UnsafePointer<UnsafeMutableRawPointer?>, scratch: UnsafeMutableRawPointer?
  ) throws(MathError) {
    let run = { shrink_step_run(self.pointer, ports, scratch) }
    let status = isSmall ? Threads.asWorker(run) : run()
    guard status == 0 else { throw .library("a step of the network (\(name))", status) }
  }
}

/// Copies into an array of C, which Swift sees as a tuple.
private func fill<Tuple>(_ tuple: inout Tuple, _ values: [Int]) {
  withUnsafeMutableBytes(of: &tuple) { bytes in
    let elements = bytes.bindMemory(to: Int64.self)
    for (i, value) in values.prefix(elements.count).enumerated() { elements[i] = Int64(value) }
  }
}
