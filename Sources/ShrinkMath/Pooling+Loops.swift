/// Pooling by plain loops, for the cases that oneDNN does not know or defines differently.
extension Pooling {
  /// One axis of the loops, missing ones filled up to three with length 1.
  private struct Axis {
    var input = 1
    var output = 1
    var kernel = 1
    var stride = 1
    var dilation = 1
    var begin = 0
    var end = 0

    /// Taps that read the input, and the number of those within the padded input.
    func taps(at p: Int) -> (range: Range<Int>, start: Int, counted: Int) {
      let start = p * stride - begin
      let first = start >= 0 ? 0 : (-start + dilation - 1) / dilation
      let stop = min(kernel, max(0, (input - start + dilation - 1) / dilation))
      let counted = min(kernel, max(0, (input + end - start + dilation - 1) / dilation))
      return (min(first, stop)..<stop, start, counted)
    }
  }

  /// Computes every output plane; `xShape` and `yShape` were checked by `run`.
  func runLoops(_ x: UnsafePointer<Float>, _ xShape: [Int], _ y: UnsafeMutablePointer<Float>, _ yShape: [Int]) {
    var axes = [Axis](repeating: Axis(), count: 3 - window.spatial)
    for i in 0..<window.spatial {
      axes.append(
        Axis(
          input: xShape[i + 2], output: yShape[i + 2], kernel: kernel[i], stride: window.strides[i],
          dilation: window.dilations[i], begin: window.padsBegin[i], end: window.padsEnd[i]))
    }
    let (depth, height, width) = (axes[0], axes[1], axes[2])
    let inPlane = depth.input * height.input * width.input
    let outPlane = depth.output * height.output * width.output
    Parallel.forEach(xShape[0] * xShape[1], minimumChunk: max(1, 4096 / outPlane)) { planes in
      for plane in planes {
        pool(x + plane * inPlane, y + plane * outPlane, depth, height, width)
      }
    }
  }

  private func pool(
    _ x: UnsafePointer<Float>, _ y: UnsafeMutablePointer<Float>, _ depth: Axis, _ height: Axis, _ width: Axis
  ) {
    var target = y
    for d in 0..<depth.output {
      let dTaps = depth.taps(at: d)
      for h in 0..<height.output {
        let hTaps = height.taps(at: h)
        for w in 0..<width.output {
          let wTaps = width.taps(at: w)
          var (sum, highest) = (Float(0), -Float.greatestFiniteMagnitude)
          for a in dTaps.range {
            for b in hTaps.range {
              let line =
                x + ((dTaps.start + a * depth.dilation) * height.input + hTaps.start + b * height.dilation)
                * width.input + wTaps.start
              for c in wTaps.range {
                let value = line[c * width.dilation]
                sum += value
                highest = value > highest || value.isNaN ? value : highest
              }
            }
          }
          let read = dTaps.range.count * hTaps.range.count * wTaps.range.count
          let counted = dTaps.counted * hTaps.counted * wTaps.counted
          switch kind {
          case .maximum: target.pointee = highest
          case .average(let countIncludePad):
            target.pointee = read == 0 ? 0 : sum / Float(countIncludePad ? counted : read)
          }
          target += 1
        }
      }
    }
  }
}
