import ShrinkGraph
import ShrinkOps

/// Takes sizes of layers out of shapes that are computed and cannot become constants as a whole.
///
/// A network expands a state over the samples: [1, 1, H] to [1, N, H]. H says nothing there that the operand does not say,
/// so it becomes 1, by a Where over the computed shape. A Resize to computed sizes gets the operand's own size where that
/// is what it has; a ConstantOfShape becomes an Expand of a constant that holds what no input changes. A Reshape gets
/// its numbers in a constant of their own, which can be edited, and −1 for what is computed in ways that are not followed.
struct NeutralSizes {
  let types: [TensorType?]
  /// Origins with the sizes that no input changes as numbers, and as the graph says it.
  let origins: ElementOrigins
  let literal: ElementOrigins
  let sizes: AxisSizes
  /// Constants that belong in front of all nodes.
  private(set) var constants: [Node] = []
  /// Shapes that are written like this already.
  private let made: Set<ValueID>
  private var hasChanged = false
  /// Nodes that belong in front of a node.
  private var inserted: [Int: [Node]] = [:]

  /// Most elements of a constant that takes the place of a ConstantOfShape.
  private static let most = 2048

  init(_ graph: Graph, types: [TensorType?], origins: ElementOrigins, sizes: AxisSizes) throws(ShrinkError) {
    // What was added behind the types are constants.
    self.types =
      types + graph.values.dropFirst(types.count).map { $0.constant.map { TensorType(constant: $0) } }
    (self.origins, self.sizes) = (origins, sizes)
    literal = try ElementOrigins(graph, types: self.types)
    let choices = graph.nodes.filter {
      $0.opType == "Where" && $0.inputs.prefix(2).allSatisfy { $0.map { graph[$0].constant != nil } ?? false }
    }
    made = Set(choices.flatMap(\.outputs).compactMap(\.self))
  }

  /// Rewrites the graph; returns whether anything changed.
  mutating func apply(to graph: inout Graph) -> Bool {
    guard graph.opset >= 9 else { return false }
    for n in graph.nodes.indices where graph.nodes[n].domain.isEmpty {
      switch graph.nodes[n].opType {
      case "Expand": expand(n, &graph)
      case "Resize": resize(n, &graph)
      case "Reshape": reshape(n, &graph)
      case "ConstantOfShape": fill(n, &graph)
      default: break
      }
    }
    guard !inserted.isEmpty else { return hasChanged }
    graph.nodes = graph.nodes.indices.flatMap { (inserted[$0] ?? []) + [graph.nodes[$0]] }
    return true
  }

  /// Whether an element of a shape is always the size of an axis.
  private func isSize(_ element: ElementOrigin, of place: AxisPlace) -> Bool {
    switch element {
    case .constant(let number): sizes.fixed(place) == number
    case .size(let size): sizes.areEqual(size, place)
    case .other: false
    }
  }

  private mutating func expand(_ n: Int, _ graph: inout Graph) {
    guard let data = graph.nodes[n].inputs.first ?? nil, let target = computed(n, slot: 1, graph),
      let rank = types[data.index]?.shape.count
    else { return }
    if let constant = graph[data].constant { return expand(constant, n, target, &graph) }
    let numbers: [Int64?] = target.elements.indices.map { i in
      let axis = i + rank - target.elements.count
      if axis >= 0, isSize(target.elements[i], of: AxisPlace(data, axis)) { return 1 }
      if case .constant(let number) = target.elements[i] { return Int64(number) }
      return nil
    }
    write(numbers, n, target.value, &graph)
  }

  /// Lets numbers of a shape stand in a constant of their own, unless they do or say nothing of a layer.
  private mutating func write(_ numbers: [Int64?], _ n: Int, _ target: ValueID, _ graph: inout Graph) {
    guard !made.contains(target), let said = literal[target] else { return }
    let isSaid = zip(numbers, said).allSatisfy { number, element in
      number.map { element == .constant(Int($0)) && $0 < 2 } ?? true
    }
    if isSaid { return }
    let values = Tensor(shape: [numbers.count], numbers.map { $0 ?? 1 })
    let constant = constant(graph[target].name + "_numbers", values, &graph)
    graph.nodes[n].inputs[1] = chosen(numbers.map { $0 != nil }, constant, target, n, &graph)
  }

  private mutating func resize(_ n: Int, _ graph: inout Graph) {
    guard let data = graph.nodes[n].inputs.first ?? nil, let target = computed(n, slot: 3, graph),
      !graph.nodes[n].attributes.contains(where: { $0.name == "axes" }),
      types[data.index]?.shape.count == target.elements.count
    else { return }
    let own = target.elements.indices.map { isSize(target.elements[$0], of: AxisPlace(data, $0)) }
    guard let said = literal[target.value],
      own.indices.contains(where: { own[$0] && said[$0] != .size(AxisPlace(data, $0)) })
    else { return }
    let shape = graph.addValue(named: graph[target.value].name + "_own")
    inserted[n, default: []].append(Node("Shape", inputs: [data], outputs: [shape]))
    graph.nodes[n].inputs[3] = chosen(own, shape, target.value, n, &graph)
  }

  /// What no input changes of the result is put into the constant.
  private mutating func expand(
    _ constant: Tensor, _ n: Int, _ target: (value: ValueID, elements: [ElementOrigin]), _ graph: inout Graph
  ) {
    guard let said = literal[target.value],
      zip(target.elements, said).contains(where: { $0.isNumber && $1 != .constant(1) })
    else { return }
    spread(constant, n, target, &graph)
  }

  /// Lets a node be the Expand of a constant whose own axes are what no input changes.
  private mutating func spread(
    _ constant: Tensor, _ n: Int, _ target: (value: ValueID, elements: [ElementOrigin]), _ graph: inout Graph
  ) {
    let shape = target.elements.map { if case .constant(let size) = $0 { Int64(size) } else { Int64(1) } }
    let operands = [constant, Tensor(shape: [shape.count], shape)]
    let limit = max(Self.most, constant.count)
    let node = Node("Expand", inputs: [target.value, target.value], outputs: [target.value])
    guard constant.dtype == .float32, let count = Tensor.checkedCount(shape.map { Int($0) }), 1...limit ~= count,
      let rule = try? OperatorTable.make(node, opset: graph.opset),
      let whole = try? rule.run(Operands(operands)).first, whole.count <= limit
    else { return }
    let one = self.constant("one", Tensor(shape: [1], [Int64(1)]), &graph)
    let rest = chosen(target.elements.map(\.isNumber), one, target.value, n, &graph)
    let isAsBefore = graph.nodes[n].opType == "Expand" && whole.shape == constant.shape
    let data =
      isAsBefore ? graph.nodes[n].inputs[0] : self.constant(graph[target.value].name + "_filled", whole, &graph)
    graph.nodes[n].opType = "Expand"
    graph.nodes[n].attributes = []
    graph.nodes[n].inputs = [data, rest]
  }

  private mutating func fill(_ n: Int, _ graph: inout Graph) {
    guard let target = computed(n, slot: 0, graph) else { return }
    guard target.elements.contains(where: { $0.isNumber && $0 != .constant(1) }),
      let rule = try? OperatorTable.make(graph.nodes[n], opset: graph.opset),
      let element = try? rule.run(Operands([Tensor(shape: [1], [Int64(1)])])).first
    else { return }
    spread(element, n, target, &graph)
  }

  private mutating func reshape(_ n: Int, _ graph: inout Graph) {
    guard let data = graph.nodes[n].inputs.first ?? nil, let target = computed(n, slot: 1, graph),
      let rank = types[data.index]?.shape.count
    else { return }
    let allowsZero = graph.nodes[n].attributes.contains { $0.name == "allowzero" }
    if allowsZero, target.elements.contains(.constant(0)) { return }
    var isOpen = !target.elements.contains(.constant(-1)) && target.elements.count { $0 == .other } == 1
    var numbers = [Int64?](repeating: nil, count: target.elements.count)
    for (i, element) in target.elements.enumerated() {
      switch element {
      case .constant(let number): numbers[i] = Int64(number)
      case .size(let size):
        if i < rank, sizes.areEqual(size, AxisPlace(data, i)) { numbers[i] = 0 }
      case .other:
        if isOpen {
          numbers[i] = -1
          isOpen = false
        }
      }
    }
    write(numbers, n, target.value, &graph)
    if allowsZero, numbers.contains(where: { $0 != nil }) {
      graph.nodes[n].attributes.removeAll { $0.name == "allowzero" }
      hasChanged = true
    }
  }

  /// A shape that a node reads and that is neither in the file nor unknown.
  private func computed(_ n: Int, slot: Int, _ graph: Graph) -> (value: ValueID, elements: [ElementOrigin])? {
    let inputs = graph.nodes[n].inputs
    guard slot < inputs.count, let value = inputs[slot], graph[value].constant == nil, value.index < types.count,
      types[value.index]?.dtype == .int64, types[value.index]?.shape.count == 1, let elements = origins[value]
    else { return nil }
    return (value, elements)
  }

  /// A value with the elements of `a` where `mask` says so, those of `b` elsewhere.
  private mutating func chosen(_ mask: [Bool], _ a: ValueID, _ b: ValueID, _ n: Int, _ graph: inout Graph) -> ValueID {
    let condition = constant(graph[b].name + "_mask", Tensor(shape: [mask.count], mask), &graph)
    let result = graph.addValue(named: graph[b].name + "_free")
    inserted[n, default: []].append(Node("Where", inputs: [condition, a, b], outputs: [result]))
    return result
  }

  private mutating func constant(_ name: String, _ tensor: Tensor, _ graph: inout Graph) -> ValueID {
    graph.addOwnConstant(named: name, tensor, nodes: &constants)
  }
}

extension ElementOrigin {
  /// Whether no input changes it.
  fileprivate var isNumber: Bool { if case .constant = self { true } else { false } }
}
