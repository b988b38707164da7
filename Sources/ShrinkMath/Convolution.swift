// Goals, in this order: right for every attribute ONNX allows, fast for whole batches, small in memory.
//
//   y[n, o, p] = bias[o] + Σ_{c, k} w[o, c, k] · x[n, g(o) C/G + c, stride p + dilation k − pad]
//
// oneDNN computes fast in blocked layouts (8 or 16 channels side by side), while tensors here are plain. So a batch
// is cut into slices whose blocked input and output fit in the cache together: each slice is reordered, convolved and
// reordered back while it is there. That also bounds the scratch memory by the slice instead of the batch.
// Source: Georganas et al., "Anatomy of high-performance deep learning convolutions on SIMD architectures", SC 2018.

import COneDNN
import Synchronization

/// Forward convolution of float32 tensors in 1, 2 or 3 spatial dimensions; compiled once for each shape.
///
/// One object may be used from several threads: its runs wait for each other.
package final class Convolution: Sendable {
  package let window: Window
  package let groups: Int
  private let state = Mutex(State())

  /// Blocked input and output of a slice together, in bytes.
  private static let sliceBytes = 3 << 20
  /// From this many input channels on, a 1 × 1 kernel is a matrix product in the plain layout.
  private static let plainPointwiseChannels = 64
  /// Shapes kept compiled at a time.
  private static let cacheSize = 8

  /// Throws when the lists do not have one entry for each spatial axis, or a value is out of range.
  package init(
    groups: Int = 1, strides: [Int], dilations: [Int], padsBegin: [Int], padsEnd: [Int]
  ) throws(MathError) {
    guard (1...Window.largest).contains(groups) else { throw .shape("a convolution of \(groups) groups") }
    self.groups = groups
    window = try Window(strides: strides, dilations: dilations, padsBegin: padsBegin, padsEnd: padsEnd)
  }

  /// The output shape [N, O, spatial…] for these inputs; throws when they do not fit each other.
  package func outputShape(xShape: [Int], wShape: [Int]) throws(MathError) -> [Int] {
    try Window.check(xShape, rank: window.spatial + 2, "the input of a convolution")
    try Window.check(wShape, rank: window.spatial + 2, "the weight of a convolution")
    guard wShape[1] * groups == xShape[1], wShape[0] % groups == 0 else {
      throw .shape("a weight \(wShape) in \(groups) groups does not fit an input \(xShape)")
    }
    guard wShape.dropFirst(2).allSatisfy({ $0 > 0 }) else { throw .shape("an empty kernel: \(wShape)") }
    let lengths = (0..<window.spatial).map { window.outputLength($0, input: xShape[$0 + 2], kernel: wShape[$0 + 2]) }
    return [xShape[0], wShape[0]] + lengths
  }

  /// Writes the convolution of `x` [N, C, spatial…] with `w` [O, C / groups, kernel…] to `y` [N, O, spatial…].
  ///
  /// `weightsID` names the content of `w`: while the same pointer comes with the same name, its reordered form is
  /// kept. Without a name it is made anew at each run. Throws when shapes do not fit or oneDNN cannot do it.
  package func run(
    x: UnsafePointer<Float>, xShape: [Int], w: UnsafePointer<Float>, wShape: [Int], bias: UnsafePointer<Float>?,
    y: UnsafeMutablePointer<Float>, yShape: [Int], weightsID: UInt64? = nil
  ) throws(MathError) {
    let expected = try outputShape(xShape: xShape, wShape: wShape)
    guard yShape == expected else { throw .shape("a convolution gives \(expected), not \(yShape)") }
    let (outputs, inputs) = (yShape.dropFirst().reduce(1, *), xShape.dropFirst().reduce(1, *))
    guard xShape[0] > 0, outputs > 0 else { return }
    guard inputs > 0 else {
      return fill(y, images: xShape[0], channels: wShape[0], plane: outputs / wShape[0], bias: bias)
    }
    let slice = sliceLength(xShape: xShape, yShape: yShape)
    let weights = Weights(pointer: UInt(bitPattern: w), id: weightsID)
    try state.withLock { (state: inout State) throws(MathError) in
      var start = 0
      while start < xShape[0] {
        let images = min(slice, xShape[0] - start)
        let key = Key(
          images: images, xShape: xShape, wShape: wShape, hasBias: bias != nil, threads: Threads.count)
        let entry = try state.entry(key) { () throws(MathError) in try compile(key, yShape: yShape) }
        try entry.take(w, weights, anew: start == 0 || start + images == xShape[0])
        let status = shrink_conv_run(entry.kernel.pointer, x + start * inputs, bias, y + start * outputs)
        guard status == 0 else { throw .library("a convolution of \(xShape) with \(wShape)", status) }
        start += images
      }
    }
  }

  /// Images of the batch done at a time: as many as fit in the cache, at least one for each thread.
  private func sliceLength(xShape: [Int], yShape: [Int]) -> Int {
    let image = 4 * (xShape.dropFirst().reduce(1, *) + yShape.dropFirst().reduce(1, *))
    let threads = Threads.count
    let images = max(threads, Self.sliceBytes / image / threads * threads)
    return min(images, xShape[0])
  }

  private func compile(_ key: Key, yShape: [Int]) throws(MathError) -> Kernel {
    let kernel = Array(key.wShape.dropFirst(2))
    let isPointwise = kernel.allSatisfy { $0 == 1 } && window.strides.allSatisfy { $0 == 1 }
    let isPlain = isPointwise && groups == 1 && key.wShape[1] >= Self.plainPointwiseChannels
    var c = cWindow(
      window, batch: key.images, inChannels: key.xShape[1], outChannels: key.wShape[0], groups: groups,
      input: Array(key.xShape.dropFirst(2)), output: Array(yShape.dropFirst(2)), kernel: kernel)
    var made: OpaquePointer?
    let status = shrink_conv_create(&c, key.hasBias ? 1 : 0, isPlain ? 1 : 0, &made)
    guard status == 0, let made else { throw .library("a convolution of \(key.xShape) with \(key.wShape)", status) }
    return Kernel(made)
  }

  private func fill(
    _ y: UnsafeMutablePointer<Float>, images: Int, channels: Int, plane: Int, bias: UnsafePointer<Float>?
  ) {
    for i in 0..<(images * channels) { (y + i * plane).update(repeating: bias?[i % channels] ?? 0, count: plane) }
  }
}

extension Convolution {
  /// What a primitive is compiled for.
  private struct Key: Equatable {
    let images: Int
    let xShape: [Int]
    let wShape: [Int]
    let hasBias: Bool
    let threads: Int
  }

  private struct Weights: Equatable {
    let pointer: UInt
    let id: UInt64?
  }

  /// A compiled primitive and the weights that it holds.
  private final class Entry {
    let key: Key
    let kernel: Kernel
    private var held: Weights?

    init(key: Key, kernel: Kernel) {
      self.key = key
      self.kernel = kernel
    }

    /// Gives the primitive the weights at `w`, unless it holds them; nameless ones are taken when `anew`.
    func take(_ w: UnsafePointer<Float>, _ weights: Weights, anew: Bool) throws(MathError) {
      guard held != weights || (weights.id == nil && anew) else { return }
      held = nil
      let status = shrink_conv_set_weights(kernel.pointer, w)
      guard status == 0 else { throw .library("the reordering of weights \(key.wShape)", status) }
      held = weights
    }
  }

  /// Compiled primitives, the most recently used last; only touched under the lock.
  private struct State: ~Copyable, @unchecked Sendable {
    private var entries: [Entry] = []

    mutating func entry(_ key: Key, compile: () throws(MathError) -> Kernel) throws(MathError) -> Entry {
      if let last = entries.last, last.key == key { return last }
      if let i = entries.firstIndex(where: { $0.key == key }) {
        entries.append(entries.remove(at: i))
      } else {
        let entry = Entry(key: key, kernel: try compile())
        if entries.count >= cacheSize { entries.removeFirst() }
        entries.append(entry)
      }
      return entries[entries.count - 1]
    }
  }
}
