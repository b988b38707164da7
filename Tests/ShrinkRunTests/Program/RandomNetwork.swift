import ShrinkGraph
import ShrinkTestSupport

/// A random network over the operators that programs fuse, lay out and alias, with the shapes it needs.
struct RandomNetwork {
  private(set) var sketch: GraphSketch
  let input: ValueID
  /// Shape of the input.
  let shape: [Int]
  /// Values with N × C × H × W, and their shapes.
  private var images: [(value: ValueID, shape: [Int])] = []
  /// Values with N × rows × columns.
  private var rows: [(value: ValueID, shape: [Int])] = []

  init(seed: UInt64) {
    sketch = GraphSketch(seed: seed)
    let channels = [1, 3, 16][Int.random(in: 0..<3, using: &sketch.rng)]
    let (height, width) = (Int.random(in: 1...9, using: &sketch.rng), Int.random(in: 1...9, using: &sketch.rng))
    shape = [Int.random(in: 1...3, using: &sketch.rng), channels, height, width]
    input = sketch.input(Array(shape.dropFirst()))
    images = [(input, shape)]
    for _ in 0..<Int.random(in: 4...12, using: &sketch.rng) { grow() }
    for (value, _) in [images[images.count - 1]] + rows.suffix(1) where !sketch.graph.outputs.contains(value) {
      sketch.output(value)
    }
    if Bool.random(using: &sketch.rng), let (value, _) = images.randomElement(using: &sketch.rng),
      value != input, !sketch.graph.outputs.contains(value)
    {
      sketch.output(value)
    }
  }

  private mutating func grow() {
    guard rows.isEmpty || Bool.random(using: &sketch.rng) else { return growRows() }
    let (x, shape) = images[Int.random(in: max(0, images.count - 3)..<images.count, using: &sketch.rng)]
    switch Int.random(in: 0..<13, using: &sketch.rng) {
    case 0, 1, 2: convolution(x, shape)
    case 3, 4: images.append((activation(x), shape))
    case 5: images.append((batchNorm(x, shape[1]), shape))
    case 6: combination(x, shape)
    case 7: concatenation(x, shape)
    case 8: gate(x, shape)
    case 9: pooling(x, shape)
    case 10: slicing(x, shape)
    case 11: padding(x, shape)
    default: flattening(x, shape)
    }
  }

  private mutating func convolution(_ x: ValueID, _ shape: [Int]) {
    let isDepthwise = Bool.random(using: &sketch.rng)
    let kernel = [1, 3][Int.random(in: 0..<2, using: &sketch.rng)]
    let stride = Int.random(in: 1...2, using: &sketch.rng)
    let outputs = isDepthwise ? shape[1] : Int.random(in: 1...20, using: &sketch.rng)
    let w = sketch.weight([outputs, isDepthwise ? 1 : shape[1], kernel, kernel])
    let b = sketch.weight([outputs])
    let pad = Int64(kernel / 2)
    let y = sketch.node(
      "Conv", Bool.random(using: &sketch.rng) ? [x, w, b] : [x, w],
      [
        "pads": .ints([pad, pad, pad, pad]), "strides": .ints([Int64(stride), Int64(stride)]),
        "group": .int(Int64(isDepthwise ? shape[1] : 1)),
      ])
    let size = { (length: Int) in (length - 1) / stride + 1 }
    images.append((y, [shape[0], outputs, size(shape[2]), size(shape[3])]))
  }

  private mutating func activation(_ x: ValueID) -> ValueID {
    func scalar(_ value: Float) -> ValueID { sketch.constant(Tensor(value)) }
    switch Int.random(in: 0..<9, using: &sketch.rng) {
    case 0: return sketch.relu(x)
    case 1: return sketch.node("Clip", [x, scalar(0), scalar(6)])
    case 2: return sketch.node("Mul", [x, sketch.node("Sigmoid", [x])])
    case 3: return sketch.node("Mul", [sketch.node("HardSigmoid", [x], ["alpha": .float(1.0 / 6)]), x])
    case 4:
      let clipped = sketch.node("Clip", [sketch.node("Add", [x, scalar(3)]), scalar(0), scalar(6)])
      return sketch.node("Div", [sketch.node("Mul", [x, clipped]), scalar(6)])
    case 5: return sketch.node("Add", [sketch.node("Mul", [x, scalar(1.5)]), scalar(-0.25)])
    case 6: return sketch.node("LeakyRelu", [x], ["alpha": .float(0.1)])
    case 7: return sketch.node("Tanh", [x])
    default:
      let e = sketch.node("Erf", [sketch.node("Div", [x, scalar(1.4142135)])])
      return sketch.node("Mul", [sketch.node("Mul", [x, sketch.node("Add", [e, scalar(1)])]), scalar(0.5)])
    }
  }

  private mutating func batchNorm(_ x: ValueID, _ channels: Int) -> ValueID {
    let w = (0..<3).map { _ in sketch.weight([channels]) }
    return sketch.node("BatchNormalization", [x, w[0], w[1], w[2], sketch.weight([channels], in: 0.5...2)])
  }

  private mutating func combination(_ x: ValueID, _ shape: [Int]) {
    let others = images.filter { $0.shape == shape }
    let other = others.randomElement(using: &sketch.rng)?.value ?? x
    let type = ["Add", "Mul", "Sub", "Max"].randomElement(using: &sketch.rng) ?? "Add"
    images.append((sketch.node(type, [x, other]), shape))
  }

  private mutating func concatenation(_ x: ValueID, _ shape: [Int]) {
    let others = images.filter { $0.shape[0] == shape[0] && $0.shape[2...] == shape[2...] }
    guard let other = others.randomElement(using: &sketch.rng), shape[1] + other.shape[1] < 64 else { return }
    let y = sketch.node("Concat", [x, other.value], ["axis": .int(1)])
    images.append((y, [shape[0], shape[1] + other.shape[1], shape[2], shape[3]]))
  }

  /// Squeeze and excitation.
  private mutating func gate(_ x: ValueID, _ shape: [Int]) {
    let mean = sketch.node("GlobalAveragePool", [x])
    let squeezed = sketch.relu(sketch.conv(mean, shape[1], 4, kernel: 1))
    images.append(
      (sketch.node("Mul", [x, sketch.node("Sigmoid", [sketch.conv(squeezed, 4, shape[1], kernel: 1)])]), shape))
  }

  private mutating func pooling(_ x: ValueID, _ shape: [Int]) {
    guard shape[2] > 2, shape[3] > 2 else { return }
    let type = Bool.random(using: &sketch.rng) ? "MaxPool" : "AveragePool"
    let y = sketch.node(type, [x], ["kernel_shape": .ints([2, 2]), "strides": .ints([2, 2])])
    images.append((y, [shape[0], shape[1], shape[2] / 2, shape[3] / 2]))
  }

  private mutating func slicing(_ x: ValueID, _ shape: [Int]) {
    guard shape[1] > 2 else { return }
    let half = shape[1] / 2
    func integers(_ values: Int64...) -> ValueID { sketch.constant(Tensor(shape: [values.count], values)) }
    let y = sketch.node("Slice", [x, integers(Int64(half)), integers(Int64(shape[1])), integers(1)])
    images.append((y, [shape[0], shape[1] - half, shape[2], shape[3]]))
  }

  private mutating func padding(_ x: ValueID, _ shape: [Int]) {
    let pads = sketch.constant(Tensor(shape: [8], [0, 0, 1, 0, 0, 0, 0, 1] as [Int64]))
    images.append((sketch.node("Pad", [x, pads]), [shape[0], shape[1], shape[2] + 1, shape[3] + 1]))
  }

  private mutating func flattening(_ x: ValueID, _ shape: [Int]) {
    let target = sketch.constant(Tensor(shape: [3], [0, Int64(shape[1]), -1] as [Int64]))
    let flat = sketch.node("Reshape", [x, target])
    let turned = sketch.node("Transpose", [flat], ["perm": .ints([0, 2, 1])])
    rows.append((turned, [shape[0], shape[2] * shape[3], shape[1]]))
  }

  // MARK: Rows

  private mutating func growRows() {
    let (x, shape) = rows[rows.count - 1]
    switch Int.random(in: 0..<6, using: &sketch.rng) {
    case 0: rows.append(linear(x, shape))
    case 1: rows.append((activation(x), shape))
    case 2:
      let (scale, shift) = (sketch.weight([shape[2]]), sketch.weight([shape[2]]))
      rows.append((sketch.node("LayerNormalization", [x, scale, shift]), shape))
    case 3: rows.append((normalised(x, shape[2]), shape))
    case 4: rows.append((sketch.node("Softmax", [x], ["axis": .int(-1)]), shape))
    default: rows.append(attention(x, shape))
    }
  }

  private mutating func linear(_ x: ValueID, _ shape: [Int]) -> (value: ValueID, shape: [Int]) {
    let width = Int.random(in: 2...12, using: &sketch.rng)
    let product = sketch.node("MatMul", [x, sketch.weight([shape[2], width])])
    return (sketch.node("Add", [sketch.weight([width]), product]), [shape[0], shape[1], width])
  }

  /// Layer normalisation as exporters wrote it before opset 17.
  private mutating func normalised(_ x: ValueID, _ width: Int) -> ValueID {
    let mean = sketch.node("ReduceMean", [x], ["axes": .ints([-1])])
    let difference = sketch.node("Sub", [x, mean])
    let square = sketch.node("Pow", [difference, sketch.constant(Tensor(Float(2)))])
    let variance = sketch.node("ReduceMean", [square], ["axes": .ints([-1])])
    let root = sketch.node("Sqrt", [sketch.node("Add", [variance, sketch.constant(Tensor(Float(1e-5)))])])
    let scaled = sketch.node("Mul", [sketch.node("Div", [difference, root]), sketch.weight([width])])
    return sketch.node("Add", [scaled, sketch.weight([width])])
  }

  /// Two heads of width 3.
  private mutating func attention(_ x: ValueID, _ shape: [Int]) -> (value: ValueID, shape: [Int]) {
    let target = sketch.constant(Tensor(shape: [4], [0, Int64(shape[1]), 2, 3] as [Int64]))
    func head(_ order: [Int64]) -> ValueID {
      let all = sketch.node("MatMul", [x, sketch.weight([shape[2], 6])])
      return sketch.node("Transpose", [sketch.node("Reshape", [all, target])], ["perm": .ints(order)])
    }
    let scores = sketch.node("MatMul", [head([0, 2, 1, 3]), head([0, 2, 3, 1])])
    let scaled = sketch.node("Mul", [scores, sketch.constant(Tensor(Float(0.577)))])
    let mixed = sketch.node("MatMul", [sketch.node("Softmax", [scaled], ["axis": .int(-1)]), head([0, 2, 1, 3])])
    let back = sketch.node("Transpose", [mixed], ["perm": .ints([0, 2, 1, 3])])
    let joined = sketch.constant(Tensor(shape: [3], [0, Int64(shape[1]), 6] as [Int64]))
    return (sketch.node("Reshape", [back, joined]), [shape[0], shape[1], 6])
  }
}
