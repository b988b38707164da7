import COneDNN

/// The sliding window shared by convolution and pooling: one entry for each of 1 to 3 spatial axes.
package struct Window: Sendable, Hashable {
  package let strides: [Int]
  package let dilations: [Int]
  package let padsBegin: [Int]
  package let padsEnd: [Int]

  package var spatial: Int { strides.count }

  /// Throws when the lists differ in length, the rank is not 1, 2 or 3, or a value is out of range.
  package init(strides: [Int], dilations: [Int], padsBegin: [Int], padsEnd: [Int]) throws(MathError) {
    let rank = strides.count
    guard (1...3).contains(rank), dilations.count == rank, padsBegin.count == rank, padsEnd.count == rank else {
      throw .shape("strides, dilations and pads must each have 1, 2 or 3 entries, as many as there are spatial axes")
    }
    guard (strides + dilations).allSatisfy({ (1...Self.largest).contains($0) }) else {
      throw .shape("strides \(strides) and dilations \(dilations) must be positive and below 2³¹")
    }
    guard (padsBegin + padsEnd).allSatisfy({ (0...Self.largest).contains($0) }) else {
      throw .shape("pads \(padsBegin), \(padsEnd) must not be negative and below 2³¹")
    }
    self.strides = strides
    self.dilations = dilations
    self.padsBegin = padsBegin
    self.padsEnd = padsEnd
  }

  static let largest = Int(Int32.max)

  /// What the window covers along axis `i` with `kernel` taps: dilation (kernel − 1) + 1.
  func extent(_ i: Int, kernel: Int) -> Int { dilations[i] * (kernel - 1) + 1 }

  /// Output length along axis `i`, rounded down; 0 when the window does not fit.
  package func outputLength(_ i: Int, input: Int, kernel: Int) -> Int {
    let room = input + padsBegin[i] + padsEnd[i] - extent(i, kernel: kernel)
    return room < 0 ? 0 : room / strides[i] + 1
  }

  /// Checks that no dimension is negative or too large for the arithmetic of this target.
  static func check(_ shape: [Int], rank: Int, _ name: String) throws(MathError) {
    guard shape.count == rank else { throw .shape("\(name) has shape \(shape), but needs \(rank) axes") }
    var product = 1
    for dimension in shape {
      let (value, overflow) = product.multipliedReportingOverflow(by: max(1, dimension))
      guard (0...largest).contains(dimension), !overflow else { throw .shape("\(name) has no valid shape: \(shape)") }
      product = value
    }
  }
}

/// Owns one compiled oneDNN primitive.
final class Kernel {
  let pointer: OpaquePointer

  init(_ pointer: OpaquePointer) { self.pointer = pointer }

  deinit { shrink_kernel_destroy(pointer) }

  /// oneDNN's name of the implementation.
  var name: String { String(cString: shrink_kernel_name(pointer)) }
}

/// Fills the C struct of a window with 1 to 3 spatial axes.
func cWindow(
  _ window: Window, batch: Int, inChannels: Int, outChannels: Int, groups: Int, input: [Int], output: [Int],
  kernel: [Int], padsEnd: [Int]? = nil
) -> shrink_window {
  var c = shrink_window()
  c.spatial = Int32(window.spatial)
  c.batch = Int64(batch)
  c.in_channels = Int64(inChannels)
  c.out_channels = Int64(outChannels)
  c.groups = Int64(groups)
  c.in = triple(input)
  c.out = triple(output)
  c.kernel = triple(kernel)
  c.strides = triple(window.strides)
  c.dilations = triple(window.dilations)
  c.pads_begin = triple(window.padsBegin)
  c.pads_end = triple(padsEnd ?? window.padsEnd)
  return c
}

private func triple(_ values: [Int]) -> (Int64, Int64, Int64) {
  let v = (values + [1, 1]).map(Int64.init)
  return (v[0], v[1], v[2])
}
