import ShrinkGraph
import ShrinkTestSupport

@testable import ShrinkReduce

/// A random network of the operators that trained ones are made of.
struct RandomGraph {
  /// A tensor of the network: its value, channels and, for pictures, height and width.
  struct Place {
    let value: ValueID
    let channels: Int
    var size: (height: Int, width: Int)?
    var shape: [Int] { size.map { [channels, $0.height, $0.width] } ?? [channels] }
  }
  var sketch: GraphSketch
  var graph: Graph { sketch.graph }
  /// Version of ONNX's operator set.
  private(set) var opset = 17
  /// Names of the values that each structure has computed.
  private(set) var structures: [String: Set<String>] = [:]

  init(seed: UInt64) {
    sketch = GraphSketch(seed: seed)
    if flip() {
      opset = 23
      sketch.use(opset: opset)
    }
    sketch.use(opset: 1, domain: "com.microsoft")
    var x = start()
    for _ in 0..<pick(2...5) where x.size != nil { x = picture(x) }
    if x.size != nil { x = pick(0...2) == 0 ? sequence(x) : flat(x) }
    for _ in 0..<pick(1...3) { x = vector(x) }
    sketch.output(dense(x, to: pick(2...4)).value)
    // Sometimes the outside world sees a hidden layer as well.
    if pick(0...5) == 0 { sketch.output(x.value) }
  }

  mutating func pick(_ range: ClosedRange<Int>) -> Int { Int.random(in: range, using: &sketch.rng) }
  mutating func flip() -> Bool { Bool.random(using: &sketch.rng) }

  /// Builds a structure and notes what it computes under a name.
  mutating func structure<T>(_ name: String, _ build: (inout RandomGraph) -> T) -> T {
    let first = graph.values.count
    let result = build(&self)
    let shared: Set = ["w", "b", "sizes", "axis"]
    structures[name, default: []].formUnion(graph.values[first...].map(\.name).filter { !shared.contains($0) })
    return result
  }

  private mutating func start() -> Place {
    if pick(0...4) == 0 {
      let count = pick(2...6)
      return Place(value: sketch.input([count]), channels: count)
    }
    let (channels, height, width) = (pick(1...3), pick(4...7), pick(4...7))
    return Place(value: sketch.input([channels, height, width]), channels: channels, size: (height, width))
  }

  mutating func made(
    _ type: String, _ x: Place, _ more: [ValueID?] = [], channels: Int? = nil, size: (height: Int, width: Int)? = nil,
    _ attributes: [String: Attribute.Value] = [:]
  ) -> Place {
    var result = Place(value: x.value, channels: channels ?? x.channels, size: size ?? x.size)
    let declared = flip() ? result.shape : nil
    result = Place(
      value: sketch.node(type, [x.value] + more, shape: declared, attributes), channels: result.channels,
      size: result.size)
    return result
  }

  // MARK: Pictures

  private mutating func picture(_ x: Place) -> Place {
    switch pick(0...21) {
    case 9...12: return regrouped(x)
    case 13...16: return resized(x)
    case 17, 18: return reweighted(x)
    case 19: return unfamiliar(x)
    case 21: return fusedConv(x)
    case 20: return activated(normalised(conv(x, to: pick(2...6))))
    case 0, 1: return activated(normalised(conv(x, to: pick(2...6))))
    case 2: return activated(depthwise(x))
    case 3: return pooled(x)
    case 4: return residual(x)
    case 5: return branches(x)
    case 6: return structure("squeeze and excitation") { $0.squeezed(x) }
    case 7: return gated(conv(x, to: pick(2...5)))
    default: return activated(conv(x, to: pick(2...6), stride: 2))
    }
  }

  mutating func conv(_ x: Place, to outputs: Int, stride: Int = 1, kernel given: Int? = nil) -> Place {
    let (height, width) = x.size ?? (1, 1)
    let kernel = given ?? (min(height, width) >= 3 && flip() ? 3 : 1)
    let pad = kernel / 2
    var more = [stored([outputs, x.channels, kernel, kernel])]
    if flip() { more.append(stored([outputs])) }
    let size = ((height + 2 * pad - kernel) / stride + 1, (width + 2 * pad - kernel) / stride + 1)
    return made(
      "Conv", x, more, channels: outputs, size: size,
      [
        "pads": .ints([Int64](repeating: Int64(pad), count: 4)), "strides": .ints([Int64(stride), Int64(stride)]),
        "kernel_shape": .ints([Int64(kernel), Int64(kernel)]),
      ])
  }

  private mutating func depthwise(_ x: Place) -> Place {
    guard x.channels > 1 else { return conv(x, to: 4) }
    let outputs = x.channels * pick(1...2)
    var more = [sketch.weight([outputs, 1, 3, 3])]
    if flip() { more.append(sketch.weight([outputs])) }
    return made(
      "Conv", x, more, channels: outputs,
      ["pads": .ints([1, 1, 1, 1]), "group": .int(Int64(x.channels))])
  }

  private mutating func normalised(_ x: Place) -> Place {
    guard flip() else { return x }
    let scale = sketch.weight([x.channels])
    let shift = sketch.weight([x.channels])
    let mean = sketch.weight([x.channels])
    return made("BatchNormalization", x, [scale, shift, mean, sketch.weight([x.channels], in: 0.5...1.5)])
  }

  mutating func activated(_ x: Place) -> Place {
    switch pick(0...3) {
    case 0: return made("Relu", x)
    case 1:
      let low = sketch.constant(Tensor(Float(-0.5)))
      return made("Clip", x, [low, sketch.constant(Tensor(Float(0.75)))])
    case 2: return gated(x)
    default: return x
    }
  }

  /// x · sigmoid(x).
  private mutating func gated(_ x: Place) -> Place { made("Mul", x, [made("Sigmoid", x).value]) }

  private mutating func pooled(_ x: Place) -> Place {
    guard let (height, width) = x.size, min(height, width) >= 2 else { return made("Relu", x) }
    return made(
      "MaxPool", x, size: (height / 2, width / 2), ["kernel_shape": .ints([2, 2]), "strides": .ints([2, 2])])
  }

  private mutating func residual(_ x: Place) -> Place {
    let inner = activated(conv(x, to: pick(2...5)))
    let back = conv(inner, to: x.channels)
    let sum = flip() ? made("Add", x, [back.value]) : made("Add", back, [x.value])
    return activated(sum)
  }

  private mutating func branches(_ x: Place) -> Place {
    let parts = (0..<pick(2...3)).map { _ in activated(conv(x, to: pick(1...4))) } + (flip() ? [x] : [])
    let channels = parts.reduce(0) { $0 + $1.channels }
    return made("Concat", parts[0], parts.dropFirst().map(\.value), channels: channels, ["axis": .int(1)])
  }

  // MARK: Vectors

  private mutating func vector(_ x: Place) -> Place {
    switch pick(0...6) {
    case 0:
      let back = dense(activated(dense(x, to: pick(2...6))), to: x.channels)
      return activated(made("Add", x, [back.value]))
    case 1:
      let parts = (0..<2).map { _ in activated(dense(x, to: pick(2...4))) }
      return made(
        "Concat", parts[0], [parts[1].value], channels: parts[0].channels + parts[1].channels, ["axis": .int(-1)])
    case 2:
      let (a, b) = (dense(x, to: 5), dense(x, to: 5))
      return made("Mul", a, [made("Sigmoid", b).value])
    case 3: return unfamiliarVector(x)
    case 4: return sharedVector(x)
    default: return activated(dense(x, to: pick(3...8)))
    }
  }

  mutating func dense(_ x: Place, to outputs: Int) -> Place {
    switch pick(0...8) {
    case 0, 1:
      let product = made("MatMul", x, [stored([x.channels, outputs])], channels: outputs)
      return made("Add", product, [sketch.weight([outputs])])
    case 2: return fusedDense(x, to: outputs)
    case 3, 4:
      let w = stored([outputs, x.channels])
      return made(
        "Gemm", x, [w, sketch.weight([outputs])], channels: outputs,
        ["transB": .int(1), "alpha": .float(0.5), "beta": .float(2)])
    default: return made("Gemm", x, [stored([x.channels, outputs])], channels: outputs)
    }
  }
}
