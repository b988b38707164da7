import ShrinkGraph
import ShrinkTestSupport

/// Weights as files hold them, and layers that share them.
extension RandomGraph {
  /// A weight: mostly an initialiser, or a Constant node, or behind nodes that only move or convert it.
  mutating func stored(_ shape: [Int]) -> ValueID {
    switch pick(0...23) {
    case 0: return structure("Constant") { $0.sketch.constantNode($0.random(shape)) }
    case 1:
      let order = Array(shape.indices.reversed())
      return structure("weight behind Transpose") { $0.transposed($0.sketch.weight(shape.reversed()), order) }
    case 2:
      return structure("weight behind Cast") {
        let doubles = $0.random(shape).elements(Float.self).map(Double.init)
        return $0.sketch.node("Cast", [$0.sketch.constant(Tensor(shape: shape, doubles))], ["to": .int(1)])
      }
    case 3:
      return structure("weight behind Identity") {
        $0.sketch.node("Identity", [$0.sketch.weight(shape, name: "behind\($0.graph.values.count)")])
      }
    case 4: return structure("weight behind DequantizeLinear") { $0.dequantized(shape) }
    case 5:
      return structure("weight behind Reshape") { $0.reshaped($0.sketch.weight([shape.reduce(1, *)]), shape) }
    default: return sketch.weight(shape)
    }
  }

  private mutating func random(_ shape: [Int]) -> Tensor {
    Tensor(shape: shape, (0..<shape.reduce(1, *)).map { _ in Float.random(in: -1...1, using: &sketch.rng) })
  }

  /// What stands for 0 in 8-bit numbers with one scale.
  static let zeroPoint = 3

  /// 8-bit numbers with one scale for all or one a row.
  private mutating func dequantized(_ shape: [Int]) -> ValueID {
    let whole = (0..<shape.reduce(1, *)).map { _ in Int8.random(in: -100...100, using: &sketch.rng) }
    let elements = sketch.constant(Tensor(shape: shape, whole))
    if flip() {
      return sketch.node(
        "DequantizeLinear",
        [elements, sketch.constant(Tensor(Float(0.01))), sketch.constant(Tensor(shape: [], [Int8(Self.zeroPoint)]))])
    }
    return sketch.node("DequantizeLinear", [elements, sketch.weight([shape[0]], in: 0.005...0.02)], ["axis": .int(0)])
  }

  mutating func reweighted(_ given: Place) -> Place {
    let x = given.channels > 1 ? given : activated(conv(given, to: pick(2...5)))
    switch pick(0...2) {
    case 0: return structure("normalisation by Sub, Mul and Add") { $0.normalisedPlainly(x) }
    case 1: return structure("one convolution applied twice") { $0.appliedTwice(x) }
    default: return structure("one convolution of two tensors") { $0.ofTwo(x) }
    }
  }

  /// Batch normalisation written out, behind a convolution or anywhere.
  private mutating func normalisedPlainly(_ given: Place) -> Place {
    let x = flip() ? conv(given, to: pick(2...5)) : given
    let shape = flip() ? [x.channels, 1, 1] : [1, x.channels, 1, 1]
    let centred = sketch.node("Sub", [x.value, sketch.weight(shape)])
    let scaled =
      flip()
      ? sketch.node("Div", [centred, sketch.weight(shape, in: 0.5...1.5)])
      : sketch.node("Mul", [sketch.weight(shape), centred])
    return activated(
      Place(value: sketch.node("Add", [scaled, sketch.weight(shape)]), channels: x.channels, size: x.size))
  }

  /// A convolution that reads what it has made itself: all that it reads and makes is one stream.
  private mutating func appliedTwice(_ x: Place) -> Place {
    let more = [sketch.weight([x.channels, x.channels, 1, 1]), sketch.weight([x.channels])]
    let first = made("Conv", x, more, ["kernel_shape": .ints([1, 1])])
    return made("Conv", activated(first), more, ["kernel_shape": .ints([1, 1])])
  }

  /// One weight reads two branches; sometimes the second has a bias of its own, so that it is another layer.
  private mutating func ofTwo(_ x: Place) -> Place {
    let inner = pick(2...4)
    let branches = (0..<2).map { _ in activated(conv(x, to: inner, kernel: 1)) }
    let outputs = pick(2...4)
    let weight = sketch.weight([outputs, inner, 1, 1])
    let bias = sketch.weight([outputs])
    let first = made("Conv", branches[0], [weight, bias], channels: outputs)
    let second = made(
      "Conv", branches[1], [weight, pick(0...3) == 0 ? sketch.weight([outputs]) : bias], channels: outputs)
    return made(flip() ? "Add" : "Mul", activated(first), [second.value])
  }

  /// One matrix for two vectors, by nodes of one kind or of two.
  mutating func sharedVector(_ x: Place) -> Place {
    let inner = pick(2...4)
    let branches = (0..<2).map { _ in activated(dense(x, to: inner)) }
    let outputs = pick(2...4)
    let weight = stored([inner, outputs])
    let isMixed = pick(0...3) == 0
    return structure(isMixed ? "one matrix of two kinds of nodes" : "one matrix of two vectors") {
      let first = $0.made("MatMul", branches[0], [weight], channels: outputs)
      let second = $0.made(isMixed ? "Gemm" : "MatMul", branches[1], [weight], channels: outputs)
      return $0.made("Concat", $0.activated(first), [second.value], channels: 2 * outputs, ["axis": .int(1)])
    }
  }
}
