import ShrinkGraph
import Testing

@testable import ShrinkRun

@Suite struct FoldBatchNormTests {
  private static let norm = ["x1", "s", "b", "m", "v"]
  private let parameters: [String: Tensor] = [
    "s": Tensor(shape: [2], [2, -0.5] as [Float]), "b": Tensor(shape: [2], [1, 3] as [Float]),
    "m": Tensor(shape: [2], [0.25, -1] as [Float]), "v": Tensor(shape: [2], [4, 0.25] as [Float]),
    "w": Tensor(shape: [4, 2], [1, 2, 3, 4, -5, 6, 7, -8] as [Float]), "c": Tensor(shape: [2], [0.5, -2] as [Float]),
  ]
  private static let x = Tensor(shape: [2, 4], [-1, 2, -3, 4, 5, -6, 7, -8] as [Float])

  /// The real operators, since the toys do not repeat their operands.
  private func outputs(_ graph: Graph) throws -> [String: [Float]] {
    let results = try Executor(graph).run([try graph.value("x"): Self.x])
    return Dictionary(uniqueKeysWithValues: results.map { (graph[$0.key].name, $0.value.elements(Float.self)) })
  }

  private func checkSame(_ a: Graph, _ b: Graph) throws {
    let (p, q) = (try outputs(a), try outputs(b))
    #expect(p.keys == q.keys)
    for (name, numbers) in p {
      for (x, y) in zip(numbers, q[name] ?? []) { #expect(abs(x - y) <= 1e-4 * max(1, abs(x))) }
    }
  }

  private func gemm(_ operands: [String], _ attributes: [Attribute] = [], more: [Node.Toy] = []) -> Graph {
    toyGraph(
      parameters, outputs: ["y"] + more.flatMap(\.outputs),
      [.init("Gemm", operands, ["x1"], attributes), .init("BatchNormalization", Self.norm, ["y"])] + more)
  }

  @Test(arguments: [["x", "w", "c"], ["x", "w"]], [Float(1), 0.5]) func foldsIntoGemm(
    _ operands: [String], _ beta: Float
  ) throws {
    let before = gemm(operands, [Attribute("beta", .float(beta))])
    var after = before
    #expect(try FoldBatchNorm().apply(to: &after))
    try after.check()
    #expect(after.texts == ["Gemm(x, w, \(operands.count > 2 ? "c" : "w_bias")) -> y"])
    try checkSame(before, after)
    #expect(try !FoldBatchNorm().apply(to: &after))
  }

  @Test func twoInARow() throws {
    let before = toyGraph(
      parameters, outputs: ["y"],
      [
        .init("Gemm", ["x", "w", "c"], ["x1"]), .init("BatchNormalization", Self.norm, ["x2"]),
        .init("BatchNormalization", ["x2", "s", "b", "m", "v"], ["y"]),
      ])
    var after = before
    #expect(try FoldBatchNorm().apply(to: &after))
    try after.check()
    #expect(after.texts == ["Gemm(x, w, c) -> y"])
    try checkSame(before, after)
  }

  @Test func sharedWeightsAreCopied() throws {
    let before = gemm(["x", "w", "c"], more: [.init("Gemm", ["x", "w", "c"], ["z"])])
    var after = before
    #expect(try FoldBatchNorm().apply(to: &after))
    try after.check()
    #expect(after.texts == ["Gemm(x, w_folded, c_folded) -> y", "Gemm(x, w, c) -> z"])
    try checkSame(before, after)
  }

  @Test func constantNodesAndListedWeightsKeepTheirForm() throws {
    var nodes = gemm(["x", "w"])
    let w = try nodes.value("w")
    nodes[w].constantForm = .constantNode
    nodes.nodes.insert(Node("Constant", inputs: [], outputs: [w]), at: 0)
    var listed = gemm(["x", "w"])
    listed.inputs.append(try listed.value("w"))
    for before in [nodes, listed] {
      var after = before
      #expect(try FoldBatchNorm().apply(to: &after))
      try after.check()
      #expect(try after[after.value("w_bias")].constantForm == .constantNode)
      #expect(after.inputs.count == before.inputs.count)
      try checkSame(before, after)
    }
  }

  /// Weight layouts: outputs stand on axis 0 for Conv and for Gemm with transB, on axis 1 for ConvTranspose.
  @Test(arguments: [("Conv", 0), ("ConvTranspose", 1), ("Gemm", 0)]) func axisOfTheOutputs(
    _ opType: String, _ axis: Int
  ) throws {
    var constants = parameters
    constants["w"] = Tensor(shape: axis == 0 ? [2, 3] : [3, 2], repeating: Float(1))
    let transposed = opType == "Gemm" ? [Attribute("transB", .int(1))] : []
    var graph = toyGraph(
      constants, outputs: ["y"],
      [.init(opType, ["x", "w"], ["x1"], transposed), .init("BatchNormalization", Self.norm, ["y"])])
    #expect(try FoldBatchNorm().apply(to: &graph))
    let weight = try #require(try graph[graph.value("w")].constant).elements(Float.self)
    let f = [Float(2 / (4.00001).squareRoot()), Float(-0.5 / (0.25001).squareRoot())]
    #expect(
      zip(weight, axis == 0 ? [f[0], f[0], f[0], f[1], f[1], f[1]] : [f[0], f[1], f[0], f[1], f[0], f[1]])
        .allSatisfy { abs($0 - $1) < 1e-6 })
  }

  /// A constant on either side, with or without axes in front of the channels, or one number for all.
  @Test(arguments: [
    ("Add", "x1", "row"), ("Add", "line", "x1"), ("Sub", "x1", "row"), ("Sub", "row", "x1"), ("Mul", "number", "x1"),
    ("Mul", "x1", "line"), ("Div", "x1", "row"),
  ]) func foldsWhatIsWrittenOut(_ opType: String, _ left: String, _ right: String) throws {
    var constants = parameters
    constants["row"] = Tensor(shape: [1, 2], [4, -0.5] as [Float])
    constants["line"] = Tensor(shape: [2], [-2, 3] as [Float])
    constants["number"] = Tensor(shape: [], [-1.5] as [Float])
    let before = toyGraph(
      constants, outputs: ["y"], [.init("Gemm", ["x", "w", "c"], ["x1"]), .init(opType, [left, right], ["y"])])
    var after = before
    #expect(try FoldBatchNorm().apply(to: &after))
    try after.check()
    #expect(after.texts == ["Gemm(x, w, c) -> y"])
    try checkSame(before, after)
  }

  @Test func channelsOfMapsStandOnAxis1() throws {
    for (shape, folds) in [
      ([2, 1, 1], true), ([1, 2, 1, 1], true), ([1, 1, 2], false), ([2], false), ([1, 1, 2, 1], false),
    ] {
      var constants = parameters
      constants["w"] = Tensor(shape: [2, 3, 1, 1], repeating: Float(1))
      constants["t"] = Tensor(shape: shape, [4, -0.5] as [Float])
      var graph = toyGraph(
        constants, outputs: ["y"], [.init("Conv", ["x", "w"], ["x1"]), .init("Add", ["x1", "t"], ["y"])])
      #expect(try FoldBatchNorm().apply(to: &graph) == folds)
      if folds { #expect(try graph[graph.value("w_bias")].constant?.elements(Float.self) == [4, -0.5]) }
    }
  }

  @Test func leavesAlone() throws {
    let cases = [
      gemm(["x", "w", "c"], more: [.init("Relu", ["x1"], ["z"])]),
      toyGraph(
        parameters, outputs: ["y", "x1"],
        [.init("Gemm", ["x", "w"], ["x1"]), .init("BatchNormalization", Self.norm, ["y"])]),
      toyGraph(
        parameters, outputs: ["y"], [.init("Relu", ["x"], ["x1"]), .init("BatchNormalization", Self.norm, ["y"])]),
      toyGraph(
        parameters, outputs: ["y"],
        [
          .init("ConvTranspose", ["x", "w"], ["x1"], [Attribute("group", .int(2))]),
          .init("BatchNormalization", Self.norm, ["y"]),
        ]),
      toyGraph(
        parameters, outputs: ["y"],
        [
          .init("Gemm", ["x", "w"], ["x1"]),
          .init("BatchNormalization", Self.norm, ["y"], [Attribute("training_mode", .int(1))]),
        ]),
      toyGraph(
        parameters, outputs: ["y"],
        [.init("Gemm", ["x", "w"], ["x1"]), .init("BatchNormalization", ["x1", "x", "b", "m", "v"], ["y"])]),
      toyGraph(parameters, outputs: ["y"], [.init("Gemm", ["x", "w"], ["x1"]), .init("Add", ["x1", "x"], ["y"])]),
      toyGraph(parameters, outputs: ["y"], [.init("Gemm", ["x", "w"], ["x1"]), .init("Div", ["s", "x1"], ["y"])]),
      toyGraph(parameters, outputs: ["y"], [.init("Gemm", ["x", "w"], ["x1"]), .init("Add", ["x1", "w"], ["y"])]),
    ]
    for before in cases {
      var after = before
      #expect(try !FoldBatchNorm().apply(to: &after))
      #expect(after.texts == before.texts)
    }
  }
}
