import ShrinkGraph
import ShrinkOps

/// What a graph costs at given widths: weights, and multiply-accumulates of one sample.
///
/// Parameters are counted as `onnx` users do: elements of floating-point constants and of integers of at most 8 bits. MACs are those of Conv,
/// ConvTranspose, Gemm and MatMul.
package struct Cost: Sendable {
  /// The length of an axis at given widths: segments one behind the other, each a product of factors.
  private struct Length: Sendable {
    /// A factor: indices that stay whatever happens, and for each group how many a unit takes.
    typealias Factor = (fixed: Int, shares: [(group: Int, perUnit: Int)])
    var segments: [[Factor]]

    func value(_ widths: [Int]) -> Double {
      segments.reduce(0) { total, factors in
        total
          + factors.reduce(1.0) { length, factor in
            length * Double(factor.shares.reduce(factor.fixed) { $0 + widths[$1.group] * $1.perUnit })
          }
      }
    }
  }
  /// A product of axis lengths: axes of groups, and a factor for all others.
  private struct Term: Sendable {
    var fixed: Double
    var axes: [Length]

    func value(_ widths: [Int]) -> Double { axes.reduce(fixed) { $0 * $1.value(widths) } }
  }
  /// Constants with the same elements: copies for layers that would be tied otherwise.
  private struct Copies: Sendable {
    let count: Double
    var terms: [Term]

    /// Whether none of them ever shrinks.
    var isFixed: Bool { terms.allSatisfy(\.axes.isEmpty) }

    /// Copies that are still whole become one again (`MergeConstants`).
    func value(_ widths: [Int]) -> Double {
      let values = terms.map { $0.value(widths) }
      let cut = values.filter { $0 != count }
      return cut.reduce(cut.count < values.count ? count : 0, +)
    }
  }
  private var parameterTerms: [Copies] = []
  private var macTerms: [Term] = []
  /// Parameters of weights no axis of which shrinks.
  private var fixedParameters = 0.0

  /// Prepares the terms of a graph coupled for `types`, whose inputs hold `samples` samples.
  package init(
    _ graph: Graph, types: [TensorType?], groups: [ChannelGroup], forms: [ValueAxis: [[Int]]] = [:], samples: Int
  ) {
    let lengths = Self.lengths(groups, forms)
    func term(_ axes: [ValueAxis], factor: Double = 1) -> Term {
      var result = Term(fixed: factor, axes: [])
      for axis in axes {
        if let length = lengths[axis] {
          result.axes.append(length)
        } else {
          result.fixed *= Double(types[axis.value.index]?.shape[axis.axis] ?? 1)
        }
      }
      return result
    }
    var places: [Elements: Int] = [:]
    for (v, value) in graph.values.enumerated() {
      guard let constant = value.constant, Self.counts(constant, value) else { continue }
      let made = term(constant.shape.indices.map { ValueAxis(ValueID(v), $0) })
      let at = places[Elements(constant), default: parameterTerms.count]
      places[Elements(constant)] = at
      if at == parameterTerms.count { parameterTerms.append(Copies(count: Double(constant.count), terms: [])) }
      parameterTerms[at].terms.append(made)
    }
    fixedParameters = parameterTerms.filter(\.isFixed).reduce(0) { $0 + $1.value([]) }
    parameterTerms.removeAll(where: \.isFixed)
    for node in graph.nodes where node.domain.isEmpty {
      guard let axes = Self.macAxes(node, types) else { continue }
      macTerms.append(term(axes, factor: 1 / Double(max(samples, 1))))
    }
  }

  /// Where the elements of a constant stand in memory, and in which shape.
  private struct Elements: Hashable {
    let storage: ObjectIdentifier
    let offset: Int
    let shape: [Int]

    init(_ constant: Tensor) {
      (storage, offset, shape) = (ObjectIdentifier(constant.storage), constant.offset, constant.shape)
    }
  }

  /// How long each axis that shrinks is.
  private static func lengths(_ groups: [ChannelGroup], _ forms: [ValueAxis: [[Int]]]) -> [ValueAxis: Length] {
    var result = forms.mapValues { Length(segments: $0.map { $0.map { ($0, []) } }) }
    for (g, group) in groups.enumerated() {
      for axis in group.axes {
        for share in axis.shares {
          result[axis.axis]?.segments[share.segment][share.factor].fixed -= group.count * share.perUnit
          result[axis.axis]?.segments[share.segment][share.factor].shares.append((g, share.perUnit))
        }
      }
    }
    return result
  }

  /// Elements of a graph's constants that are parameters.
  package static func parameters(_ graph: Graph) -> Int {
    graph.values.reduce(0) { total, value in
      total + (value.constant.map { counts($0, value) ? $0.count : 0 } ?? 0)
    }
  }

  /// Whether the elements of a constant are parameters: floats and integers of 8 or 4 bits; not scalars in Constant nodes.
  private static func counts(_ constant: Tensor, _ value: Value) -> Bool {
    let narrow: Set<DType> = [.uint8, .int8, .uint4, .int4]
    return value.constantForm == .constantNode
      ? [.float32, .float64, .float16, .bfloat16].contains(constant.dtype) && constant.count > 1
      : constant.dtype.isFloat || narrow.contains(constant.dtype)
  }

  /// Axes whose lengths multiply to the MACs of a node; nil for operators that are not counted.
  private static func macAxes(_ node: Node, _ types: [TensorType?]) -> [ValueAxis]? {
    func axes(_ slot: ValueID?, from first: Int = 0) -> [ValueAxis]? {
      guard let slot, let type = types[slot.index] else { return nil }
      return type.shape.indices.dropFirst(first).map { ValueAxis(slot, $0) }
    }
    guard node.inputs.count >= 2, let output = node.outputs.first else { return nil }
    switch node.opType {
    case "Conv": return axes(output).flatMap { y in axes(node.inputs[1], from: 1).map { y + $0 } }
    case "ConvTranspose": return axes(node.inputs[0]).flatMap { x in axes(node.inputs[1], from: 1).map { x + $0 } }
    case "Gemm", "MatMul":
      guard let x = axes(node.inputs[0]), let y = axes(output), !x.isEmpty else { return nil }
      let transposed = node.attributes.contains {
        if case .int(let flag) = $0.value, $0.name == "transA" { flag != 0 } else { false }
      }
      return y + [transposed ? x[0] : x[x.count - 1]]
    default: return nil
    }
  }

  /// Parameters at the given width of each group.
  package func parameters(_ widths: [Int]) -> Double {
    parameterTerms.reduce(fixedParameters) { $0 + $1.value(widths) }
  }

  /// Multiply-accumulates of one sample at the given width of each group.
  package func macs(_ widths: [Int]) -> Double { macTerms.reduce(0) { $0 + $1.value(widths) } }
}
