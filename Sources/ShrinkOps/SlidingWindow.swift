import ShrinkGraph
import ShrinkMath

/// The attributes that convolutions and poolings share: where a kernel stops over the spatial axes.
///
/// Source: the ONNX specification of Conv and MaxPool.
struct SlidingWindow: Sendable, Equatable {
  /// What `auto_pad` says.
  enum AutoPad: String, Sendable {
    case explicit = "NOTSET"
    case valid = "VALID"
    case sameUpper = "SAME_UPPER"
    case sameLower = "SAME_LOWER"
  }

  /// `kernel_shape`; nil when the weight gives it.
  let kernel: [Int]?
  let strides: [Int]?
  let dilations: [Int]?
  /// All begins, then all ends.
  let pads: [Int]?
  let autoPad: AutoPad
  /// Whether the number of stops is rounded up.
  let isCeil: Bool

  /// Reads `kernel_shape`, `strides`, `dilations`, `pads`, `auto_pad` and `ceil_mode`; throws when one is out of range.
  init(_ attributes: Attributes) throws(OperatorError) {
    kernel = try attributes.ints("kernel_shape")
    strides = try attributes.ints("strides")
    dilations = try attributes.ints("dilations")
    pads = try attributes.ints("pads")
    isCeil = try attributes.int("ceil_mode", default: 0) != 0
    let name = try attributes.string("auto_pad") ?? "NOTSET"
    guard let auto = AutoPad(rawValue: name.isEmpty ? "NOTSET" : name) else { throw .invalid("auto_pad is '\(name)'") }
    autoPad = auto
    for (name, values) in [("kernel_shape", kernel), ("strides", strides), ("dilations", dilations)] {
      guard values?.allSatisfy({ (1...Self.largest).contains($0) }) ?? true else {
        throw .invalid("\(name) \(values ?? []) must be positive and below 2³¹")
      }
    }
    guard pads?.allSatisfy({ (0...Self.largest).contains($0) }) ?? true else {
      throw .unsupported("pads \(pads ?? []) are negative or not below 2³¹")
    }
  }

  private static let largest = Int(Int32.max)

  /// Where the window stops for an input of these spatial lengths; `taps` are the spatial lengths of the weight.
  func placed(on input: [Int], taps: [Int]? = nil) throws(OperatorError) -> PlacedWindow {
    let rank = input.count
    guard (1...3).contains(rank) else { throw .unsupported("a window over \(rank) spatial axes; 1 to 3 can be run") }
    guard let kernel = taps ?? kernel else { throw .invalid("kernel_shape is missing") }
    let strides = strides ?? [Int](repeating: 1, count: rank)
    let dilations = dilations ?? [Int](repeating: 1, count: rank)
    let pads =
      autoPad == .explicit ? pads ?? [Int](repeating: 0, count: 2 * rank) : [Int](repeating: 0, count: 2 * rank)
    guard kernel.count == rank, strides.count == rank, dilations.count == rank, pads.count == 2 * rank else {
      throw .invalid(
        "kernel \(kernel), strides \(strides), dilations \(dilations), pads \(pads) for \(rank) spatial axes")
    }
    guard self.kernel == nil || self.kernel == kernel else {
      throw .invalid("kernel_shape \(self.kernel ?? []) is not that of the weight, \(kernel)")
    }
    guard (input + kernel).allSatisfy({ (0...Self.largest).contains($0) }), !kernel.contains(0) else {
      throw .invalid("a kernel \(kernel) over an input \(input)")
    }
    var result = PlacedWindow(
      kernel: kernel, strides: strides, dilations: dilations, padsBegin: Array(pads[..<rank]),
      padsEnd: Array(pads[rank...]), input: input, output: [])
    for axis in 0..<rank { result.output.append(try place(axis, &result)) }
    return result
  }

  /// Sets the pads of one axis and returns its number of stops.
  private func place(_ axis: Int, _ w: inout PlacedWindow) throws(OperatorError) -> Int {
    let (input, stride, extent) = (w.input[axis], w.strides[axis], w.extent(axis))
    if autoPad == .sameUpper || autoPad == .sameLower {
      let output = (input + stride - 1) / stride
      let total = max(0, (output - 1) * stride + extent - input)
      w.padsBegin[axis] = autoPad == .sameUpper ? total / 2 : total - total / 2
      w.padsEnd[axis] = total - w.padsBegin[axis]
      return output
    }
    let room = input + w.padsBegin[axis] + w.padsEnd[axis] - extent
    // Rounded up, even a window that does not fit has a stop, as long as that is not whole strides away.
    guard room >= 0 || (isCeil && room > -stride) else {
      throw .invalid("a window of \(extent) does not fit into \(input + w.padsBegin[axis] + w.padsEnd[axis])")
    }
    guard isCeil else { return room / stride + 1 }
    let output = (room + stride - 1) / stride + 1
    // A window that would start in the padding behind the input is left out.
    return (output - 1) * stride >= input + w.padsBegin[axis] ? output - 1 : output
  }
}

/// A window with every length known, one entry for each spatial axis.
struct PlacedWindow: Sendable, Equatable {
  var kernel: [Int]
  var strides: [Int]
  var dilations: [Int]
  var padsBegin: [Int]
  var padsEnd: [Int]
  var input: [Int]
  var output: [Int]

  /// Number of spatial axes.
  var rank: Int { kernel.count }
  /// What the window covers along an axis.
  func extent(_ axis: Int) -> Int { (kernel[axis] - 1) * dilations[axis] + 1 }
  /// Number of taps.
  var taps: Int { kernel.reduce(1, *) }
  /// Whether some stop reaches outside the input.
  var readsPadding: Bool {
    (0..<rank).contains { axis in
      padsBegin[axis] > 0
        || (output[axis] - 1) * strides[axis] + extent(axis) - padsBegin[axis] > input[axis]
    }
  }

  /// The flat spatial index of the input that each tap reads at a flat stop, taps row-major; -1 outside the input.
  func reads(at stop: Int, into taps: UnsafeMutablePointer<Int>) {
    var starts = (0, 0, 0)
    var rest = stop
    for axis in stride(from: rank - 1, through: 0, by: -1) {
      let start = rest % output[axis] * strides[axis] - padsBegin[axis]
      rest /= output[axis]
      if axis == rank - 1 { starts.2 = start } else if axis == rank - 2 { starts.1 = start } else { starts.0 = start }
    }
    let (a, b, c) = (triple(kernel), triple(dilations), triple(input))
    var t = 0
    for i in 0..<a.0 {
      let x = starts.0 + i * b.0
      for j in 0..<a.1 {
        let y = starts.1 + j * b.1
        let isInside = x >= 0 && x < c.0 && y >= 0 && y < c.1
        for k in 0..<a.2 {
          let z = starts.2 + k * b.2
          taps[t] = isInside && z >= 0 && z < c.2 ? (x * c.1 + y) * c.2 + z : -1
          t += 1
        }
      }
    }
  }

  private func triple(_ v: [Int]) -> (Int, Int, Int) {
    (rank > 2 ? v[rank - 3] : 1, rank > 1 ? v[rank - 2] : 1, v[rank - 1])
  }
}
