import ShrinkGraph
import ShrinkOps

/// One axis of one value, as the source of a size.
package struct AxisPlace: Hashable, Sendable {
  /// The value.
  package let value: ValueID
  /// The axis, counted from 0.
  package let axis: Int

  /// Names an axis.
  package init(_ value: ValueID, _ axis: Int) {
    self.value = value
    self.axis = axis
  }
}

/// Which axes of a graph have equal sizes for every size of its inputs, and which have always the same size.
///
/// Two axes are equal when operators tie them whole, index by index, and every trial agrees: a tie that holds only for
/// the sizes at hand (a range that happens to take all of an axis, a broadcast that may repeat) is no equality.
struct AxisSizes {
  /// First axis of each value.
  private let base: [Int]
  private let ranks: [Int]
  private var parent: [Int]
  /// Sizes of each axis in every trial; nil where they are not known.
  private let tried: [[Int]?]

  /// Starts with every axis alone.
  init(_ trials: SizeTrials, types: [TensorType?]) {
    let ranks = types.map { $0?.shape.count ?? 0 }
    var total = 0
    base = ranks.map { rank in
      defer { total += rank }
      return total
    }
    parent = Array(0..<total)
    self.ranks = ranks
    tried = ranks.indices.flatMap { v in (0..<ranks[v]).map { trials.sizes(ValueID(v), $0) } }
  }

  private func position(_ place: AxisPlace) -> Int? {
    place.axis < ranks[place.value.index] ? base[place.value.index] + place.axis : nil
  }

  private func root(_ start: Int) -> Int {
    var x = start
    while parent[x] != x { x = parent[x] }
    return x
  }

  /// Notes a reason for two sizes to be equal; it counts where every trial agrees.
  mutating func unite(_ a: AxisPlace, _ b: AxisPlace) {
    guard let i = position(a), let j = position(b), let sizes = tried[i], sizes == tried[j] else { return }
    let (x, y) = (root(i), root(j))
    parent[max(x, y)] = min(x, y)
  }

  /// Whether two axes have the same size whatever the sizes of the inputs are.
  func areEqual(_ a: AxisPlace, _ b: AxisPlace) -> Bool {
    guard let i = position(a), let j = position(b) else { return false }
    return root(i) == root(j)
  }

  /// The size of an axis that no input changes; nil for any other.
  func fixed(_ place: AxisPlace) -> Int? {
    guard let i = position(place), let sizes = tried[i], let first = sizes.first else { return nil }
    return sizes.allSatisfy { $0 == first } ? first : nil
  }
}

// MARK: Reasons

extension AxisSizes {
  /// Notes all reasons that a graph gives: symbols of its inputs, whole ties of its operators, and computed shapes.
  mutating func uniteAll(_ graph: Graph, _ types: [TensorType?], _ origins: ElementOrigins) {
    uniteSymbols(graph)
    for node in graph.nodes where !node.isConstant && node.captures.isEmpty {
      uniteTies(node, graph, types)
      uniteTarget(node, origins)
    }
  }

  private mutating func uniteSymbols(_ graph: Graph) {
    var first: [String: AxisPlace] = [:]
    for input in graph.realInputs {
      for (axis, dim) in (graph[input].type?.dims ?? []).enumerated() {
        guard case .symbol(let name) = dim else { continue }
        if let known = first[name] { unite(known, AxisPlace(input, axis)) }
        first[name] = first[name] ?? AxisPlace(input, axis)
      }
    }
  }

  private mutating func uniteTies(_ node: Node, _ graph: Graph, _ types: [TensorType?]) {
    let operands = Operands(node.inputs.map { $0.flatMap { types[$0.index] } })
    let isKnown = (node.inputs + node.outputs).compactMap(\.self).allSatisfy { types[$0.index] != nil }
    guard isKnown, let rule = try? OperatorTable.make(node, opset: graph.opset(of: node)) else { return }
    // A result that is left out keeps its slot.
    let results = node.outputs.map { $0.flatMap { types[$0.index] } ?? TensorType(.float32, []) }
    var coupling = Coupling(inputs: operands, outputs: results)
    rule.couple(&coupling)
    for tie in coupling.ties where tie.firstA == 0 && tie.firstB == 0 {
      guard tie.count == coupling.size(tie.a), tie.count == coupling.size(tie.b) else { continue }
      unite(tie.a, tie.b, node)
    }
    // Axes that are products of the same factors.
    var first: [[Coupling.Factor]: Port] = [:]
    for product in coupling.products {
      if let known = first[product.factors] { unite(known, product.port, node) }
      first[product.factors] = first[product.factors] ?? product.port
    }
  }

  private mutating func unite(_ a: Port, _ b: Port, _ node: Node) {
    if let a = Self.place(a, node), let b = Self.place(b, node) { unite(a, b) }
  }

  private static func place(_ port: Port, _ node: Node) -> AxisPlace? {
    let slots = port.isOutput ? node.outputs : node.inputs
    guard port.slot < slots.count, let value = slots[port.slot] else { return nil }
    return AxisPlace(value, port.axis)
  }

  /// The axes of a result whose shape is computed have the sizes that went into it.
  private mutating func uniteTarget(_ node: Node, _ origins: ElementOrigins) {
    guard node.domain.isEmpty, let output = node.outputs.first ?? nil else { return }
    let slot: Int
    switch node.opType {
    case "Reshape", "Expand": slot = 1
    case "ConstantOfShape": slot = 0
    default: return
    }
    guard slot < node.inputs.count, let target = node.inputs[slot], let elements = origins[target] else { return }
    let lead = ranks[output.index] - elements.count
    for (i, element) in elements.enumerated() {
      guard case .size(let size) = element, i + lead >= 0 else { continue }
      unite(AxisPlace(output, i + lead), size)
    }
  }
}
