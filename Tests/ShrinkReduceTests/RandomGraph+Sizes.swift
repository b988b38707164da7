import ShrinkGraph
import ShrinkTestSupport

/// Structures that change the size of a picture, pick channels of it, or compute with its shape.
extension RandomGraph {
  mutating func resized(_ given: Place) -> Place {
    let x = given.channels > 2 ? given : activated(conv(given, to: pick(3...6)))
    switch pick(0...7) {
    case 0, 1: return enlarged(x)
    case 2: return padded(x)
    case 3: return inSpace(x)
    case 4: return backwards(x)
    case 5: return gathered(x)
    case 6: return structure("shape arithmetic") { $0.throughShapes(x) }
    default:
      let isZero = flip()
      return structure(isZero ? "ConstantOfShape" : "Expand to a computed shape") { $0.with(x, zeros: isZero) }
    }
  }

  mutating func numbers(_ numbers: [Float]) -> ValueID { sketch.constant(Tensor(shape: [numbers.count], numbers)) }

  /// Elements of the shape of a value, as a list.
  mutating func sizes(_ x: ValueID, _ range: Range<Int>) -> ValueID {
    if flip() {
      return sketch.node(
        "Shape", [x], ["start": .int(Int64(range.lowerBound)), "end": .int(Int64(range.upperBound))])
    }
    let shape = sketch.node("Shape", [x])
    return sketch.node("Slice", [shape, integers([range.lowerBound]), integers([range.upperBound]), integers([0])])
  }

  /// One element of the shape of a value, as a list: Shape, Gather, Unsqueeze.
  mutating func size(_ x: ValueID, _ axis: Int) -> ValueID {
    let at = sketch.constant(Tensor(Int64(axis)), name: "axis")
    let number = sketch.node("Gather", [sketch.node("Shape", [x]), at], ["axis": .int(0)])
    return sketch.node("Unsqueeze", [number, integers([0])])
  }

  mutating func joined(_ lists: [ValueID]) -> ValueID { sketch.node("Concat", lists, ["axis": .int(0)]) }

  // MARK: Other sizes

  /// Resize by scales or to sizes, given or computed.
  private mutating func enlarged(_ x: Place) -> Place {
    guard let (height, width) = x.size, height * width <= 36 else { return activated(conv(x, to: 3, stride: 2)) }
    var attributes: [String: Attribute.Value] = [
      "mode": .string(Array((flip() ? "nearest" : "linear").utf8)),
      "coordinate_transformation_mode": .string(Array((flip() ? "asymmetric" : "half_pixel").utf8)),
      "nearest_mode": .string(Array("floor".utf8)),
    ]
    let value: ValueID
    switch pick(0...3) {
    case 0:
      value = structure("Resize by scales") {
        $0.sketch.node("Resize", [x.value, nil, $0.numbers([1, 1, 2, 2])], attributes)
      }
    case 1 where opset >= 18:
      attributes["axes"] = .ints([2, 3])
      value = structure("Resize to sizes") {
        $0.sketch.node("Resize", [x.value, nil, nil, $0.integers([2 * height, 2 * width])], attributes)
      }
    case 2:
      let front = numbers([1, 1])
      let places = sketch.node("Cast", [sizes(x.value, 2..<4)], ["to": .int(1)])
      let doubled = sketch.node("Floor", [sketch.node("Mul", [places, numbers([2])])])
      let scales = joined([front, sketch.node("Div", [doubled, places])])
      value = structure("Resize by computed scales") { $0.sketch.node("Resize", [x.value, nil, scales], attributes) }
    default:
      let wanted = joined([sizes(x.value, 0..<2), integers([2 * height, 2 * width])])
      value = structure("Resize to computed sizes") {
        $0.sketch.node("Resize", [x.value, nil, nil, wanted], attributes)
      }
    }
    return Place(value: value, channels: x.channels, size: (2 * height, 2 * width))
  }

  private mutating func padded(_ x: Place) -> Place {
    guard let (height, width) = x.size, min(height, width) >= 2, height * width <= 64 else { return x }
    let mode = ["constant", "reflect", "edge"][pick(0...2)]
    let attributes: [String: Attribute.Value] = ["mode": .string(Array(mode.utf8))]
    // Channels that are added are nobody's: all of the axis stays.
    if pick(0...7) == 0, mode == "constant" {
      let value = sketch.node("Pad", [x.value, integers([0, 0, 0, 0, 0, 1, 0, 0])], attributes)
      return Place(value: value, channels: x.channels + 1, size: x.size)
    }
    let isComputed = flip()
    let pads =
      isComputed ? joined([integers([0, 0, 1, 0]), integers([0, 0, 0, 1])]) : integers([0, 0, 1, 0, 0, 0, 0, 1])
    let value = structure(isComputed ? "Pad by folded pads" : "Pad") {
      $0.sketch.node("Pad", [x.value, pads], attributes)
    }
    return Place(value: value, channels: x.channels, size: (height + 1, width + 1))
  }

  private mutating func inSpace(_ x: Place) -> Place {
    guard let (height, width) = x.size, height % 2 == 0, width % 2 == 0 else { return backwards(x) }
    let value = structure("SpaceToDepth") { $0.sketch.node("SpaceToDepth", [x.value], ["blocksize": .int(2)]) }
    return Place(value: value, channels: 4 * x.channels, size: (height / 2, width / 2))
  }

  // MARK: Other channels

  /// Channels in the opposite order, all or every second, or places of the picture.
  private mutating func backwards(_ x: Place) -> Place {
    let step = pick(1...2)
    let axis = pick(0...3) == 0 ? 3 : 1
    let size = axis == 1 ? x.channels : x.size?.width ?? 1
    let value = structure("Slice backwards") {
      $0.sketch.node(
        "Slice", [x.value, $0.integers([-1]), $0.integers([-size - 1]), $0.integers([axis]), $0.integers([-step])])
    }
    let left = (size + step - 1) / step
    guard axis == 3 else { return Place(value: value, channels: left, size: x.size) }
    return Place(value: value, channels: x.channels, size: x.size.map { ($0.height, left) })
  }

  /// Channels by a list: a range, which may be computed, in any order, or some of them twice.
  private mutating func gathered(_ x: Place) -> Place {
    let last = x.channels - 1
    let list: ValueID
    let name: String
    var count = last
    switch pick(0...3) {
    case 0: (list, name) = (integers(Array(0..<last)), "Gather of a range")
    case 1:
      let ends = [1, x.channels, 1].map { sketch.constant(Tensor(Int64($0))) }
      (list, name) = (sketch.node("Range", ends), "Gather of a computed range")
    case 2: (list, name) = (integers((1...last).shuffled(using: &sketch.rng)), "Gather in another order")
    default:
      (list, name) = (integers([0] + Array(0..<x.channels)), "Gather with repetition")
      count = x.channels + 1
    }
    let value = structure(name) { $0.sketch.node("Gather", [x.value, list], ["axis": .int(1)]) }
    return Place(value: value, channels: count, size: x.size)
  }

  // MARK: Computed shapes

  /// There and back by Reshapes whose targets are computed, element by element.
  private mutating func throughShapes(_ x: Place) -> Place {
    let batch = size(x.value, 0)
    let channels = flip() ? size(x.value, 1) : integers([x.channels])
    let flat = sketch.node("Reshape", [x.value, joined([batch, channels, integers([-1])])])
    let bent = sketch.relu(flat)
    let back = joined([
      size(x.value, 0), channels, flip() ? sizes(x.value, 2..<4) : integers([x.size?.height ?? 1, -1]),
    ])
    return Place(value: sketch.node("Reshape", [bent, back]), channels: x.channels, size: x.size)
  }

  /// Zeros of the shape of a value, or one number a channel brought to that shape, are added to it.
  private mutating func with(_ x: Place, zeros: Bool) -> Place {
    let added =
      zeros
      ? sketch.node("ConstantOfShape", [sketch.node("Shape", [x.value])])
      : sketch.node("Expand", [sketch.weight([1, x.channels, 1, 1]), sketch.node("Shape", [x.value])])
    return Place(value: sketch.node("Add", [x.value, added]), channels: x.channels, size: x.size)
  }

  // MARK: From pictures to vectors

  /// Means of all channels, as exporters write them, or all elements one behind the other.
  mutating func flat(_ x: Place) -> Place {
    switch pick(0...7) {
    case 0:
      return pooledFlat("ReduceMean", x) { $0.reduced("ReduceMean", x.value, [2, 3], keeps: false) }
    case 1:
      return pooledFlat("Squeeze", x) {
        let pooled = $0.sketch.node("GlobalAveragePool", [x.value])
        return $0.sketch.node("Squeeze", [pooled, $0.integers([2, 3])])
      }
    case 2:
      return pooledFlat("Reshape", x) {
        $0.reshaped($0.sketch.node("GlobalMaxPool", [x.value]), $0.flip() ? [0, -1] : [-1, x.channels])
      }
    case 3:
      return pooledFlat("computed Reshape", x) {
        let pooled = $0.sketch.node("GlobalAveragePool", [x.value])
        return $0.sketch.node("Reshape", [pooled, $0.joined([$0.size(pooled, 0), $0.integers([-1])])])
      }
    case 4:
      return pooledFlat("Flatten", x) {
        $0.sketch.node("Flatten", [$0.reduced("ReduceMean", x.value, [2, 3], keeps: true)])
      }
    default:
      let columns = x.shape.reduce(1, *)
      return Place(value: sketch.node("Flatten", [x.value], shape: [columns]), channels: columns)
    }
  }

  private mutating func pooledFlat(_ name: String, _ x: Place, _ build: (inout RandomGraph) -> ValueID) -> Place {
    Place(value: structure("pooling to \(name)", build), channels: x.channels)
  }

  /// Squeeze and excite: every channel is scaled by what all of them have in the mean.
  mutating func squeezed(_ given: Place) -> Place {
    let x = given.channels > 1 ? given : conv(given, to: 4)
    let gate: Place
    if flip() {
      let mean = Place(value: reduced("ReduceMean", x.value, [2, 3], keeps: false), channels: x.channels)
      let opened = made("Sigmoid", dense(made("Relu", dense(mean, to: pick(2...4))), to: x.channels))
      let wide =
        flip()
        ? sketch.node("Unsqueeze", [opened.value, integers([2, 3])]) : reshaped(opened.value, [-1, x.channels, 1, 1])
      gate = Place(value: wide, channels: x.channels, size: (1, 1))
    } else {
      let mean = made("GlobalAveragePool", x, size: (1, 1))
      let inner = made("Relu", conv(mean, to: pick(2...4), kernel: 1))
      gate = made(flip() ? "Sigmoid" : "HardSigmoid", conv(inner, to: x.channels, kernel: 1))
    }
    return made("Mul", x, [gate.value])
  }
}
