import ShrinkGraph
import ShrinkOps

/// Where an element of a small tensor of numbers comes from.
package enum ElementOrigin: Hashable, Sendable {
  /// It is this number, whatever the sizes of the inputs are.
  case constant(Int)
  /// It is the size of an axis.
  case size(AxisPlace)
  /// It is computed in a way that is not followed.
  case other
}

/// Follows the sizes that Shape delivers, element by element, through the nodes that only move elements.
package struct ElementOrigins: Sendable {
  /// One origin an element of each value; nil for values that are not followed.
  private var origins: [[ElementOrigin]?]
  /// Sizes that a node which does more than move elements reads, that are an output, or that a subgraph reads.
  package private(set) var read: Set<AxisPlace> = []

  /// Most elements of a tensor that is followed.
  private static let most = 256
  /// Nodes that move elements of their first operand, as the others say.
  private static let moves: Set = [
    "Gather", "Slice", "Squeeze", "Unsqueeze", "Identity", "Reshape", "Flatten", "Transpose", "Split", "Expand", "Tile",
  ]

  /// Follows all sizes of a graph; `fixedSize` answers for axes whose size no input changes.
  package init(
    _ graph: Graph, types: [TensorType?], fixedSize: (AxisPlace) -> Int? = { _ in nil }
  ) throws(ShrinkError) {
    origins = graph.values.map { $0.constant.flatMap(Self.constants) }
    let captures = graph.captureIndex()
    for id in try graph.topologicalOrder() where !graph[id].isConstant {
      let node = graph[id]
      guard node.domain.isEmpty, node.captures.isEmpty, node.outputs.contains(where: { $0 != nil }) else {
        note(graph.operands(of: node, captures))
        open(node, types)
        continue
      }
      if node.opType == "Shape", let value = node.inputs.first ?? nil, let output = node.outputs[0] {
        origins[output.index] = Self.sizes(node, of: value, types).map { place in
          fixedSize(place).map(ElementOrigin.constant) ?? .size(place)
        }
      } else if let output = node.outputs[0], let size = Self.size(node, types, fixedSize) {
        origins[output.index] = [.constant(size)]
      } else if let results = moved(node, graph, types) {
        for (output, result) in zip(node.outputs, results) { if let output { origins[output.index] = result } }
      } else {
        follow(node, graph, types)
      }
    }
    note(graph.outputs)
  }

  /// Origins of the elements of a value; nil where it is not followed.
  package subscript(_ value: ValueID) -> [ElementOrigin]? { origins[value.index] }

  /// Whether no element of a value ever changes.
  package func isConstant(_ value: ValueID) -> Bool {
    origins[value.index]?.allSatisfy { if case .constant = $0 { true } else { false } } ?? false
  }

  private static func constants(_ tensor: Tensor) -> [ElementOrigin]? {
    guard tensor.count <= most else { return nil }
    if let integers = tensor.integers { return integers.map(ElementOrigin.constant) }
    guard tensor.dtype == .float32 else { return nil }
    // Whole numbers that float32 holds, as in scales; what is computed of them is not followed.
    return tensor.withElements(Float.self) {
      $0.map { Int32(exactly: $0).map { ElementOrigin.constant(Int($0)) } ?? .other }
    }
  }

  /// The axes whose sizes a Shape node delivers.
  package static func sizes(_ node: Node, of value: ValueID, _ types: [TensorType?]) -> [AxisPlace] {
    guard let rank = types[value.index]?.shape.count else { return [] }
    let attributes = Attributes(node, opset: 15)
    let bound = { (axis: Int) in min(max(axis < 0 ? axis + rank : axis, 0), rank) }
    guard let start = try? bound(attributes.int("start", default: 0)),
      let end = try? bound(attributes.int("end", default: rank)), start < end
    else { return [] }
    return (start..<end).map { AxisPlace(value, $0) }
  }

  /// What a Size node delivers, where no input changes any axis of its operand: how many sizes a Shape has.
  private static func size(_ node: Node, _ types: [TensorType?], _ fixed: (AxisPlace) -> Int?) -> Int? {
    guard node.opType == "Size", let value = node.inputs.first ?? nil, let rank = types[value.index]?.shape.count else {
      return nil
    }
    let sizes = (0..<rank).compactMap { fixed(AxisPlace(value, $0)) }
    return sizes.count == rank ? Tensor.checkedCount(sizes) : nil
  }

  /// Small results of integers, and lists of numbers, are of unknown elements, each of them.
  private mutating func open(_ node: Node, _ types: [TensorType?]) {
    for output in node.outputs.compactMap(\.self) {
      guard let type = types[output.index],
        type.dtype == .int64 || type.dtype == .int32 || type.dtype == .float32 && type.shape.count < 2
      else { continue }
      let count = Tensor.count(type.shape)
      if count <= Self.most { origins[output.index] = [ElementOrigin](repeating: .other, count: count) }
    }
  }

  /// A Resize to the operand's own size does not hold an axis: it takes the size that the axis has.
  private mutating func note(_ node: Node, _ types: [TensorType?]) {
    var inputs = node.inputs
    if node.opType == "Resize", node.inputs.count > 3, let data = node.inputs[0], let sizes = node.inputs[3],
      let own = origins[sizes.index], let rank = types[data.index]?.shape.count
    {
      let axes = (try? Attributes(node, opset: 18).ints("axes")) ?? Array(0..<rank)
      for (axis, element) in zip(axes, own) {
        if case .size(let place) = element, place != AxisPlace(data, axis < 0 ? axis + rank : axis) {
          read.insert(place)
        }
      }
      inputs.remove(at: 3)
    }
    note(inputs)
  }

  private mutating func note(_ values: [ValueID?]) {
    for value in values {
      for case .size(let place) in value.flatMap({ origins[$0.index] }) ?? [] { read.insert(place) }
    }
  }
}

// MARK: Nodes that move elements

extension ElementOrigins {
  /// Origins of the results of a node that moves elements; nil for any other node.
  ///
  /// The node is run on the numbers of its elements, which shows where each goes.
  private func moved(_ node: Node, _ graph: Graph, _ types: [TensorType?]) -> [[ElementOrigin]]? {
    if node.opType == "Cast" { return cast(node, types) }
    let isConcat = node.opType == "Concat"
    guard isConcat || Self.moves.contains(node.opType) else { return nil }
    var numbered: [ElementOrigin] = []
    var operands: [Tensor?] = []
    for (slot, input) in node.inputs.enumerated() {
      guard let input else {
        operands.append(nil)
        continue
      }
      guard let type = types[input.index], let own = origins[input.index], own.count == Tensor.count(type.shape) else {
        return nil
      }
      if slot == 0 || isConcat {
        operands.append(Tensor(shape: type.shape, own.indices.map { Int64(numbered.count + $0) }))
        numbered += own
      } else {
        guard isConstant(input), let constant = type.constant else { return nil }
        operands.append(constant)
      }
    }
    guard let operation = try? OperatorTable.make(node, opset: graph.opset),
      let results = try? operation.run(Operands(operands)), results.count >= node.outputs.count,
      results.allSatisfy({ $0.count <= Self.most })
    else { return nil }
    return results.map { $0.integers?.map { numbered[$0] } ?? [] }
  }

  /// Between integers that hold every size, Cast moves elements.
  private func cast(_ node: Node, _ types: [TensorType?]) -> [[ElementOrigin]]? {
    let wide: Set<DType> = [.int32, .int64]
    guard let input = node.inputs.first ?? nil, let output = node.outputs[0], let own = origins[input.index],
      let from = types[input.index]?.dtype, let to = types[output.index]?.dtype, wide.contains(from), wide.contains(to)
    else { return nil }
    return [own]
  }
}

// MARK: Nodes that compute

extension ElementOrigins {
  /// Follows a node that computes with elements: sizes that still decide something are read by it.
  private mutating func follow(_ node: Node, _ graph: Graph, _ types: [TensorType?]) {
    let inputs = node.inputs.compactMap(\.self)
    if node.isDeterministic, inputs.allSatisfy({ isConstant($0) }) {
      for output in node.outputs.compactMap(\.self) {
        origins[output.index] = types[output.index]?.constant.flatMap(Self.constants)
      }
      return
    }
    guard node.outputs.count == 1, let output = node.outputs[0],
      let result = elements(node, count: types[output.index].map { Tensor.count($0.shape) } ?? -1)
    else {
      note(node, types)
      return open(node, types)
    }
    origins[output.index] = result.map(\.origin)
    for element in result { read.formUnion(element.read) }
  }

  /// One element of a result, and the sizes that were read for it.
  private struct Element {
    var origin: ElementOrigin
    var read: [AxisPlace] = []

    /// Computed from these in a way that is not followed.
    init(from parts: [ElementOrigin]) {
      origin = .other
      read = parts.compactMap { if case .size(let place) = $0 { place } else { nil } }
    }
    init(_ origin: ElementOrigin) { self.origin = origin }
  }

  /// The elements of a result of Equal, Where or Mul whose operands have its shape or one element; nil for other nodes.
  private func elements(_ node: Node, count: Int) -> [Element]? {
    guard ["Equal", "Where", "Mul"].contains(node.opType), (0...Self.most).contains(count) else { return nil }
    var parts: [[ElementOrigin]] = []
    for input in node.inputs {
      guard let own = input.flatMap({ origins[$0.index] }), own.count == count || own.count == 1 else { return nil }
      parts.append(own)
    }
    return (0..<count).map { i in
      let operands = parts.map { $0.count == 1 ? $0[0] : $0[i] }
      switch node.opType {
      case "Equal": return Self.equal(operands)
      case "Where": return Self.chosen(operands)
      default: return Self.product(operands)
      }
    }
  }

  private static func equal(_ operands: [ElementOrigin]) -> Element {
    switch (operands[0], operands[1]) {
    case (.constant(let a), .constant(let b)): Element(.constant(a == b ? 1 : 0))
    // No size is negative.
    case (.constant(let a), .size) where a < 0: Element(.constant(0))
    case (.size, .constant(let b)) where b < 0: Element(.constant(0))
    default: Element(from: operands)
    }
  }

  private static func chosen(_ operands: [ElementOrigin]) -> Element {
    guard case .constant(let condition) = operands[0] else { return Element(from: operands) }
    return Element(condition != 0 ? operands[1] : operands[2])
  }

  private static func product(_ operands: [ElementOrigin]) -> Element {
    switch (operands[0], operands[1]) {
    case (.constant(let a), .constant(let b)):
      let (product, overflow) = a.multipliedReportingOverflow(by: b)
      return overflow ? Element(from: operands) : Element(.constant(product))
    case (.constant(1), let other), (let other, .constant(1)): return Element(other)
    default: return Element(from: operands)
    }
  }
}
