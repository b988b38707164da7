import ShrinkGraph
import ShrinkOps

/// The steps of a graph that can be compiled for given types, and those behind them that run node by node.
struct CompiledPart: Sendable {
  /// The compiled steps.
  let program: Program
  /// Positions of the other steps.
  let rest: [Int]

  /// Nil where nothing can be compiled.
  ///
  /// A step is left out when it has graphs of its own, a value of a type that is not known, without elements or with
  /// elements smaller than a byte, or an operand that another such step computes.
  init?(
    _ graph: Graph, steps: [NodeID], operations: [NodeID: any Operator], inputs: [ValueID: TensorType],
    wanted: [ValueID], types: [TensorType?]
  ) {
    let captureIndex = graph.captureIndex()
    var late = Set<ValueID>()
    var order: [NodeID] = []
    var rest: [Int] = []
    var read = Set(wanted)
    for (position, step) in steps.enumerated() {
      let node = graph[step]
      let (operands, results) = (node.inputs.compactMap(\.self), node.outputs.compactMap(\.self))
      let isFit = (operands + results).allSatisfy { value in
        types[value.index].map { $0.dtype.bits >= 8 && !$0.shape.contains(0) } ?? false
      }
      if isFit, !(operations[step] is any ControlFlow), operands.allSatisfy({ !late.contains($0) }) {
        order.append(step)
      } else {
        rest.append(position)
        late.formUnion(results)
        read.formUnion(graph.operands(of: node, captureIndex).compactMap(\.self))
      }
    }
    let computed = Set(order.flatMap { graph[$0].outputs.compactMap(\.self) })
    let handed = rest.isEmpty ? wanted : read.filter { computed.contains($0) }.sorted()
    guard !order.isEmpty,
      let program = Program(
        graph, order: order, operations: operations, inputs: inputs, wanted: handed, types: types)
    else { return nil }
    (self.program, self.rest) = (program, rest)
  }
}
