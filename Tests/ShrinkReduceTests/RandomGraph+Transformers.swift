import ShrinkGraph
import ShrinkTestSupport

/// Blocks of transformers: normalisation, attention and MLP around a residual stream of tokens.
extension RandomGraph {
  /// One or two blocks over `count` tokens of a sample.
  mutating func transformer(_ given: Place, count given0: Int) -> Place {
    var (x, count) = (given, given0)
    // A wider stream, so that it has something to give.
    x = Place(value: projected(x.value, x.channels, 2 * pick(2...3)), channels: 0)
    x = Place(value: x.value, channels: width(of: x.value))
    if flip() {
      x = structure("token of a class") { $0.withClass(x) }
      count += 1
    }
    for _ in 0..<pick(1...2) {
      let attended = attended(normalisedTokens(x), count: count)
      let normal: Place
      if pick(0...3) == 0 {
        let results = skipNormalised(x.value, attended, x.channels)
        normal = Place(value: results.normal, channels: x.channels)
        x = Place(value: results.sum, channels: x.channels)
      } else {
        x = Place(value: sketch.node("Add", [x.value, attended]), channels: x.channels)
        normal = normalisedTokens(x)
      }
      x = Place(value: sketch.node("Add", [x.value, mixed(normal)]), channels: x.channels)
    }
    return normalisedTokens(x)
  }

  /// Columns of the constant that the node in front of a value adds.
  private func width(of value: ValueID) -> Int {
    let node = graph.nodes.last { $0.outputs.contains(value) }
    return node?.inputs.compactMap { $0.flatMap { graph[$0].constant?.shape.last } }.first ?? 1
  }

  /// A constant token before all others, repeated for every sample by a computed Expand.
  private mutating func withClass(_ x: Place) -> Place {
    let target = joined([size(x.value, 0), integers([1, x.channels])])
    let token = sketch.node("Expand", [sketch.weight([1, 1, x.channels]), target])
    return Place(value: sketch.node("Concat", [token, x.value], ["axis": .int(1)]), channels: x.channels)
  }

  // MARK: Normalisation

  private mutating func normalisedTokens(_ x: Place) -> Place {
    let scale = sketch.weight([x.channels], in: 0.5...1.5)
    let value: ValueID
    switch pick(0...4) {
    case 0:
      let shift = sketch.weight([x.channels])
      value = structure("LayerNormalization") {
        $0.sketch.node("LayerNormalization", [x.value, scale, shift], ["axis": .int(-1), "epsilon": .float(0.05)])
      }
    case 1: value = structure("layer normalisation written out") { $0.writtenOut(x, scale) }
    case 2:
      value = structure("RMS normalisation written out") {
        let squares = $0.sketch.node("Pow", [x.value, $0.sketch.constant(Tensor(Float(2)))])
        let mean = $0.reduced("ReduceMean", squares, [-1], keeps: true)
        let root = $0.sketch.node("Sqrt", [$0.sketch.node("Add", [mean, $0.sketch.constant(Tensor(Float(0.05)))])])
        let normal =
          $0.flip()
          ? $0.sketch.node("Div", [x.value, root])
          : $0.sketch.node("Mul", [x.value, $0.sketch.node("Reciprocal", [root])])
        return $0.sketch.node("Mul", [normal, scale])
      }
    case 3 where opset >= 23:
      value = structure("RMSNormalization") {
        $0.sketch.node("RMSNormalization", [x.value, scale], ["epsilon": .float(0.05)])
      }
    default: return x
    }
    return Place(value: value, channels: x.channels)
  }

  private mutating func writtenOut(_ x: Place, _ scale: ValueID) -> ValueID {
    let centred = sketch.node("Sub", [x.value, reduced("ReduceMean", x.value, [-1], keeps: true)])
    let squares =
      flip()
      ? sketch.node("Pow", [centred, sketch.constant(Tensor(Float(2)))]) : sketch.node("Mul", [centred, centred])
    let variance = reduced("ReduceMean", squares, [-1], keeps: true)
    let root = sketch.node("Sqrt", [sketch.node("Add", [variance, sketch.constant(Tensor(Float(0.05)))])])
    let scaled = sketch.node("Mul", [sketch.node("Div", [centred, root]), scale])
    return sketch.node("Add", [scaled, sketch.weight([x.channels])])
  }

  // MARK: MLP

  /// An MLP of one of the usual kinds, plain or gated, back to the width of the stream.
  private mutating func mixed(_ x: Place) -> ValueID {
    let hidden = pick(3...6)
    let inner: ValueID
    switch pick(0...4) {
    case 0: inner = structure("MLP") { $0.bent($0.projected(x.value, x.channels, hidden)) }
    case 1, 2:
      inner = structure("gated MLP") {
        let gate = $0.bent($0.projected(x.value, x.channels, hidden))
        return $0.sketch.node("Mul", [gate, $0.projected(x.value, x.channels, hidden)])
      }
    case 3:
      inner = structure("gated MLP by Split") {
        let both = $0.projected(x.value, x.channels, 2 * hidden)
        let parts = $0.sketch.nodes("Split", [both, $0.integers([hidden, hidden])], results: 2, ["axis": .int(-1)])
        return $0.sketch.node("Mul", [$0.bent(parts[0]), parts[1]])
      }
    default:
      inner = structure("gated MLP by Slice") {
        let both = $0.projected(x.value, x.channels, 2 * hidden)
        let first = $0.sketch.node("Slice", [both, $0.integers([0]), $0.integers([hidden]), $0.integers([2])])
        let second = $0.sketch.node("Slice", [both, $0.integers([hidden]), $0.integers([1000]), $0.integers([-1])])
        return $0.sketch.node("Mul", [first, $0.bent(second)])
      }
    }
    return projected(inner, hidden, x.channels)
  }

  /// SiLU, GELU written out, GELU or ReLU.
  private mutating func bent(_ x: ValueID) -> ValueID {
    switch pick(0...3) {
    case 0: return sketch.node("Mul", [x, sketch.node("Sigmoid", [x])])
    case 1:
      let error = sketch.node("Erf", [sketch.node("Div", [x, sketch.constant(Tensor(Float(2).squareRoot()))])])
      let sum = sketch.node("Add", [error, sketch.constant(Tensor(Float(1)))])
      return sketch.node("Mul", [sketch.node("Mul", [x, sum]), sketch.constant(Tensor(Float(0.5)))])
    case 2 where opset >= 20: return sketch.node("Gelu", [x])
    default: return sketch.relu(x)
    }
  }
}
