// Goals: ONNX MaxPool and AveragePool for every attribute; oneDNN where its rules agree, plain loops where not.
//
//   max:      y[p] = max over the taps k with 0 ≤ q < length,   q = stride p + dilation k − padBegin
//   average:  y[p] = (Σ of the same taps) / (number of them, or of those with −padBegin ≤ q < length + padEnd)
//
// The loops serve ceil-mode windows that reach past the padded input and windows that lie in the padding only:
// there a maximum is the lowest float, an average 0. Source: the ONNX operator specification.

import COneDNN
import Synchronization

/// Maximum or average over windows of float32 tensors in 1, 2 or 3 spatial dimensions.
///
/// One object may be used from several threads: its runs wait for each other.
package final class Pooling: Sendable {
  package enum Kind: Sendable, Hashable {
    case maximum
    case average(countIncludePad: Bool)
  }

  package let kind: Kind
  package let kernel: [Int]
  package let window: Window
  private let state = Mutex(State())

  /// Throws when the lists do not have one entry for each spatial axis, or a value is out of range.
  package init(
    _ kind: Kind, kernel: [Int], strides: [Int], dilations: [Int], padsBegin: [Int], padsEnd: [Int]
  ) throws(MathError) {
    window = try Window(strides: strides, dilations: dilations, padsBegin: padsBegin, padsEnd: padsEnd)
    guard kernel.count == strides.count, kernel.allSatisfy({ (1...Window.largest).contains($0) }) else {
      throw .shape("a pooling kernel \(kernel) for \(strides.count) spatial axes")
    }
    self.kind = kind
    self.kernel = kernel
  }

  /// Pools `x` [N, C, spatial…] into `y` [N, C, spatial…].
  ///
  /// The output lengths are the caller's, rounded down or up (`ceil_mode`). Throws when an output window would begin
  /// past the padded input, or the shapes do not fit.
  package func run(
    x: UnsafePointer<Float>, xShape: [Int], y: UnsafeMutablePointer<Float>, yShape: [Int]
  ) throws(MathError) {
    try check(xShape, yShape)
    guard yShape.reduce(1, *) > 0 else { return }
    let key = Key(xShape: xShape, yShape: yShape, threads: Threads.count)
    let isDone = try state.withLock { (state: inout State) throws(MathError) -> Bool in
      if state.key != key {
        state.kernel = compile(xShape, yShape)
        state.key = key
      }
      guard let kernel = state.kernel else { return false }
      let status = shrink_pool_run(kernel.pointer, x, y)
      guard status == 0 else { throw .library("a pooling of \(xShape)", status) }
      return true
    }
    if !isDone { runLoops(x, xShape, y, yShape) }
  }

  private func check(_ xShape: [Int], _ yShape: [Int]) throws(MathError) {
    try Window.check(xShape, rank: window.spatial + 2, "the input of a pooling")
    try Window.check(yShape, rank: window.spatial + 2, "the output of a pooling")
    let fits = (0..<window.spatial).allSatisfy { i in
      let last = (yShape[i + 2] - 1).multipliedReportingOverflow(by: window.strides[i])
      return !last.overflow && last.partialValue < xShape[i + 2] + window.padsBegin[i] + window.padsEnd[i]
    }
    guard fits, xShape.prefix(2) == yShape.prefix(2) else {
      throw .shape("a pooling of \(xShape) by \(kernel) with strides \(window.strides) cannot give \(yShape)")
    }
  }

  /// oneDNN's primitive where it means the same as ONNX, else nil.
  private func compile(_ xShape: [Int], _ yShape: [Int]) -> Kernel? {
    var padsEnd = window.padsEnd
    for i in 0..<window.spatial {
      let (input, extent) = (xShape[i + 2], window.extent(i, kernel: kernel[i]))
      let last = (yShape[i + 2] - 1) * window.strides[i] - window.padsBegin[i]
      let reach = last + extent - input
      let isPastPads = reach > window.padsEnd[i] && kind == .average(countIncludePad: true)
      guard window.padsBegin[i] < extent, last < input, reach < extent, !isPastPads else { return nil }
      guard window.dilations[i] == 1 || kind == .maximum else { return nil }
      padsEnd[i] = max(0, reach)
      let length = (input + window.padsBegin[i] + padsEnd[i] - extent) / window.strides[i] + 1
      guard length == yShape[i + 2] else { return nil }
    }
    var c = cWindow(
      window, batch: xShape[0], inChannels: xShape[1], outChannels: xShape[1], groups: 1,
      input: Array(xShape.dropFirst(2)), output: Array(yShape.dropFirst(2)), kernel: kernel, padsEnd: padsEnd)
    var made: OpaquePointer?
    guard shrink_pool_create(&c, kind.c, &made) == 0, let made else { return nil }
    return Kernel(made)
  }
}

extension Pooling {
  private struct Key: Equatable {
    let xShape: [Int]
    let yShape: [Int]
    let threads: Int
  }

  /// The last shape and its primitive, nil where the loops do it; only touched under the lock.
  private struct State: ~Copyable, @unchecked Sendable {
    var key: Key?
    var kernel: Kernel?
  }
}

extension Pooling.Kind {
  /// Its name in C.
  var c: shrink_pool_kind {
    switch self {
    case .maximum: SHRINK_POOL_MAX
    case .average(true): SHRINK_POOL_AVERAGE_INCLUDE_PAD
    case .average(false): SHRINK_POOL_AVERAGE_EXCLUDE_PAD
    }
  }
}
