/// Where a value is read: operand `slot` of `node`.
package struct Use: Hashable, Sendable {
  /// The reader.
  package let node: NodeID
  /// Which of its operands.
  package let slot: Int
}

extension Graph {
  /// Readers of each value, in the order of the nodes.
  ///
  /// Subgraphs do not appear: see `captured`.
  package func uses() -> [[Use]] {
    var result = [[Use]](repeating: [], count: values.count)
    for (n, node) in nodes.enumerated() {
      for (slot, input) in node.inputs.enumerated() {
        if let input { result[input.index].append(Use(node: NodeID(n), slot: slot)) }
      }
    }
    return result
  }

  /// The node that computes each value; nil for inputs and initialisers.
  package func producers() -> [NodeID?] {
    var result = [NodeID?](repeating: nil, count: values.count)
    for (n, node) in nodes.enumerated() {
      for output in node.outputs { if let output { result[output.index] = NodeID(n) } }
    }
    return result
  }

  /// Values that subgraphs of If, Loop and Scan read from outside.
  package func captured() -> Set<ValueID> {
    let index = captureIndex()
    return Set(nodes.flatMap(\.captures).compactMap { index[$0] })
  }

  /// Position of the value with each name; empty when no node has a subgraph that reads from outside.
  package func captureIndex() -> [String: ValueID] { nodes.contains { !$0.captures.isEmpty } ? index() : [:] }

  /// What a node reads: its operands, and behind them what its subgraphs read from outside.
  package func operands(of node: Node, _ captureIndex: [String: ValueID]) -> [ValueID?] {
    node.inputs + node.captures.map { captureIndex[$0] }
  }

  /// The nodes in an order in which every value is computed before it is read, the file's own order where it allows.
  ///
  /// Kahn's algorithm with the smallest position first. Throws `malformedModel` when the graph has a cycle.
  package func topologicalOrder() throws(ShrinkError) -> [NodeID] {
    let index = captureIndex()
    let producers = producers()
    var waiting = [Int](repeating: 0, count: nodes.count)
    var readers = [[Int]](repeating: [], count: nodes.count)
    for (n, node) in nodes.enumerated() {
      let read = operands(of: node, index).compactMap(\.self)
      for producer in Set(read.compactMap { producers[$0.index]?.index }) {
        waiting[n] += 1
        readers[producer].append(n)
      }
    }
    var ready = Heap(waiting.indices.filter { waiting[$0] == 0 })
    var order: [NodeID] = []
    while let next = ready.popMin() {
      order.append(NodeID(next))
      for reader in readers[next] {
        waiting[reader] -= 1
        if waiting[reader] == 0 { ready.insert(reader) }
      }
    }
    guard order.count == nodes.count else {
      let stuck = waiting.firstIndex { $0 > 0 } ?? 0
      throw ShrinkError(
        .malformedModel, place: nodes[stuck].place, "the graph has a cycle through or before this node",
        hint: "an ONNX graph must be acyclic: export the model again")
    }
    return order
  }
}

/// A binary min-heap of positions.
private struct Heap {
  private var items: [Int]
  init(_ sorted: [Int]) { items = sorted }

  mutating func insert(_ item: Int) {
    items.append(item)
    var i = items.count - 1
    while i > 0, items[i] < items[(i - 1) / 2] {
      items.swapAt(i, (i - 1) / 2)
      i = (i - 1) / 2
    }
  }

  mutating func popMin() -> Int? {
    guard let first = items.first else { return nil }
    let last = items.removeLast()
    if items.isEmpty { return first }
    items[0] = last
    var i = 0
    while true {
      let children = [2 * i + 1, 2 * i + 2].filter { $0 < items.count }
      guard let child = children.min(by: { items[$0] < items[$1] }), items[child] < items[i] else { return first }
      items.swapAt(i, child)
      i = child
    }
  }
}
