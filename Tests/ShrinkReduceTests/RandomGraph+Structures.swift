import ShrinkGraph
import ShrinkTestSupport

@testable import ShrinkReduce

/// Structures that take axes apart and put them together again.
extension RandomGraph {
  mutating func integers(_ numbers: [Int]) -> ValueID {
    sketch.constant(Tensor(shape: [numbers.count], numbers.map(Int64.init)), name: "sizes")
  }

  mutating func reshaped(_ x: ValueID, _ target: [Int]) -> ValueID {
    sketch.node("Reshape", [x, integers(target)])
  }

  mutating func transposed(_ x: ValueID, _ order: [Int]) -> ValueID {
    sketch.node("Transpose", [x], ["perm": .ints(order.map(Int64.init))])
  }

  /// One of the structures for pictures, with an even number of channels in front of it.
  mutating func regrouped(_ given: Place) -> Place {
    let x = given.channels % 4 == 0 ? given : conv(given, to: 4 * pick(1...2))
    let (height, width) = x.size ?? (1, 1)
    switch pick(0...8) {
    case 0: return activated(grouped(x))
    case 1: return x.channels % 8 == 0 ? structure("shuffled halves") { $0.shuffledHalves(x) } : shuffled(x)
    case 2: return halved(x)
    case 3: return sliced(x)
    case 4:
      let value = sketch.node(
        "DepthToSpace", [x.value], ["blocksize": .int(2), "mode": .string(Array((flip() ? "DCR" : "CRD").utf8))])
      return Place(value: value, channels: x.channels / 4, size: (2 * height, 2 * width))
    case 5: return normalisedInGroups(x)
    case 6:
      let slope = sketch.weight([x.channels, 1, 1])
      return made(
        "PRelu", made("InstanceNormalization", x, [sketch.weight([x.channels]), sketch.weight([x.channels])]), [slope])
    case 7:
      let outputs = pick(2...4)
      return made(
        "ConvTranspose", x, [sketch.weight([x.channels, outputs, 2, 2]), sketch.weight([outputs])], channels: outputs,
        size: (2 * height, 2 * width), ["strides": .ints([2, 2])])
    default:
      let last = sketch.node("Add", [transposed(x.value, [0, 2, 3, 1]), sketch.weight([x.channels])])
      return Place(value: transposed(sketch.relu(last), [0, 3, 1, 2]), channels: x.channels, size: x.size)
    }
  }

  private mutating func grouped(_ x: Place) -> Place {
    let outputs = 2 * pick(1...3)
    return made(
      "Conv", x, [sketch.weight([outputs, x.channels / 2, 3, 3]), sketch.weight([outputs])], channels: outputs,
      ["pads": .ints([1, 1, 1, 1]), "group": .int(2)])
  }

  private mutating func shuffled(_ x: Place) -> Place {
    let (height, width) = x.size ?? (1, 1)
    let parts = reshaped(x.value, [-1, 2, x.channels / 2, height, width])
    let back = reshaped(transposed(parts, [0, 2, 1, 3, 4]), [-1, x.channels, height, width])
    return Place(value: back, channels: x.channels, size: x.size)
  }

  /// ShuffleNet V2: half of the channels is convolved, joined with the other, and all are shuffled, several times.
  private mutating func shuffledHalves(_ given: Place) -> Place {
    var x = given
    for _ in 0..<pick(1...3) {
      let half = x.channels / 2
      let parts = [(0, half), (half, x.channels)].map { start, end in
        sketch.node("Slice", [x.value, integers([start]), integers([end]), integers([1])])
      }
      let inner = activated(conv(Place(value: parts[1], channels: half, size: x.size), to: half))
      let joined = sketch.node("Concat", [parts[0], inner.value], ["axis": .int(1)])
      x = shuffled(Place(value: joined, channels: x.channels, size: x.size))
    }
    return x
  }

  private mutating func halved(_ x: Place) -> Place {
    let isEven = x.channels % 2 == 0 && flip()
    let first = isEven ? x.channels / 2 : pick(2...x.channels - 2)
    let lengths = isEven ? [] : [integers([first, x.channels - first])]
    let count: [String: Attribute.Value] = isEven && opset >= 18 ? ["num_outputs": .int(2)] : [:]
    let parts = sketch.nodes(
      "Split", [x.value] + lengths, results: 2, count.merging(["axis": .int(1)]) { a, _ in a })
    let inner = activated(conv(Place(value: parts[1], channels: x.channels - first, size: x.size), to: 3))
    let joined = sketch.node("Concat", [inner.value, parts[0]], ["axis": .int(1)])
    return Place(value: joined, channels: 3 + first, size: x.size)
  }

  private mutating func sliced(_ x: Place) -> Place {
    let value = sketch.node("Slice", [x.value, integers([1]), integers([x.channels - 1]), integers([1])])
    return Place(value: value, channels: x.channels - 2, size: x.size)
  }

  /// GroupNorm as PyTorch exports it.
  private mutating func normalisedInGroups(_ x: Place) -> Place {
    if opset >= 21, flip() {
      return structure("GroupNormalization") {
        $0.made(
          "GroupNormalization", x, [$0.sketch.weight([x.channels]), $0.sketch.weight([x.channels])],
          ["num_groups": .int(2), "epsilon": .float(0.05)])
      }
    }
    let (height, width) = x.size ?? (1, 1)
    let ones = sketch.constant(Tensor(shape: [2], [1, 1] as [Float]))
    let zeros = sketch.constant(Tensor(shape: [2], [0, 0] as [Float]))
    let normal = sketch.node("InstanceNormalization", [reshaped(x.value, [0, 2, -1]), ones, zeros])
    let back = reshaped(normal, [-1, x.channels, height, width])
    let scaled = sketch.node("Mul", [back, sketch.weight([x.channels, 1, 1])])
    return Place(
      value: sketch.node("Add", [scaled, sketch.weight([x.channels, 1, 1])]), channels: x.channels, size: x.size)
  }

  // MARK: Sequences

  /// A picture as a sequence of its places, an attention or a recurrent layer over it, and a vector of what is left.
  mutating func sequence(_ picture: Place) -> Place {
    let x = activated(conv(picture, to: 2 * pick(1...3)))
    let (height, width) = x.size ?? (1, 1)
    let count = height * width
    let tokens = transposed(reshaped(x.value, [0, x.channels, -1]), [0, 2, 1])
    switch pick(0...7) {
    case 0: return recurrent(tokens, x.channels)
    case 1: return mean(attention(tokens, x.channels, count: count, fused: true))
    case 2: return mean(attention(tokens, x.channels, count: count, fused: false))
    default: return mean(transformer(Place(value: tokens, channels: x.channels), count: count))
    }
  }

  mutating func mean(_ x: Place) -> Place {
    Place(value: reduced("ReduceMean", x.value, [1], keeps: false), channels: x.channels)
  }

  /// A reduction; its axes are an operand since opset 18.
  mutating func reduced(_ type: String, _ x: ValueID, _ axes: [Int], keeps: Bool) -> ValueID {
    let isOperand = opset >= 18
    var attributes: [String: Attribute.Value] = ["keepdims": .int(keeps ? 1 : 0)]
    if !isOperand { attributes["axes"] = .ints(axes.map(Int64.init)) }
    return sketch.node(type, isOperand ? [x, integers(axes)] : [x], attributes)
  }

  private mutating func recurrent(_ tokens: ValueID, _ width: Int) -> Place {
    let (hidden, gates, type) = [(3, 4, "LSTM"), (4, 3, "GRU"), (5, 1, "RNN")][pick(0...2)]
    let directions = pick(1...2)
    let first = transposed(tokens, [1, 0, 2])
    var operands: [ValueID?] = [
      first, sketch.weight([directions, gates * hidden, width]), sketch.weight([directions, gates * hidden, hidden]),
      sketch.weight([directions, 2 * gates * hidden]),
    ]
    if flip() { operands += [nil, started(tokens, width, hidden, directions)] }
    if type == "LSTM", operands.count == 6 {
      operands.append(started(tokens, width, hidden, directions))
      if flip() { operands.append(sketch.weight([directions, 3 * hidden])) }
    }
    let isStarted = operands.count > 4
    let results = structure(isStarted ? "initial states" : type) {
      $0.sketch.nodes(
        type, operands, results: 2,
        [
          "hidden_size": .int(Int64(hidden)),
          "direction": .string(Array((directions == 2 ? "bidirectional" : "forward").utf8)),
        ])
    }
    let last = reshaped(transposed(results[1], [1, 0, 2]), [-1, directions * hidden])
    return Place(value: last, channels: directions * hidden)
  }

  /// Initial states, one after the other in each direction: a layer of the mean of all tokens.
  private mutating func started(_ tokens: ValueID, _ width: Int, _ hidden: Int, _ directions: Int) -> ValueID {
    let mean = reduced("ReduceMean", tokens, [1], keeps: false)
    let one = sketch.node("Unsqueeze", [sketch.node("Tanh", [projected(mean, width, hidden)]), integers([0])])
    return directions == 1 ? one : sketch.node("Concat", [one, one], ["axis": .int(0)])
  }

  mutating func projected(_ x: ValueID, _ inputs: Int, _ outputs: Int) -> ValueID {
    let product = sketch.node("MatMul", [x, sketch.weight([inputs, outputs])])
    return sketch.node("Add", [product, sketch.weight([outputs])])
  }

  private mutating func attention(_ x: ValueID, _ width: Int, count: Int, fused: Bool) -> Place {
    let (heads, size) = (pick(2...3), pick(2...3))
    var parts: [ValueID]
    if fused {
      let all = reshaped(projected(x, width, 3 * heads * size), [-1, count, 3, heads, size])
      parts = sketch.nodes(
        "Split", [transposed(all, [2, 0, 3, 1, 4]), integers([1, 1, 1])], results: 3, ["axis": .int(0)])
      parts = (0..<3).map { sketch.node("Squeeze", [parts[$0], integers([0])]) }
    } else {
      parts = (0..<3).map { _ in
        transposed(reshaped(projected(x, width, heads * size), [0, 0, heads, size]), [0, 2, 1, 3])
      }
    }
    let scores = sketch.node("MatMul", [parts[0], transposed(parts[1], [0, 1, 3, 2])])
    let mixed = sketch.node("MatMul", [sketch.node("Softmax", [scores], ["axis": .int(-1)]), parts[2]])
    let flat = reshaped(transposed(mixed, [0, 2, 1, 3]), [0, 0, heads * size])
    let outputs = pick(2...4)
    return Place(value: projected(flat, heads * size, outputs), channels: outputs)
  }
}
