import ShrinkData
import ShrinkGraph
import ShrinkONNX
import ShrinkReduce
import ShrinkReport
import ShrinkRun
import ShrinkVerify

/// Lists what is in a file.
struct InspectJob {
  let input: String
  let data: [String]
  let shapes: [String: [Int]]

  /// Samples in the run that shapes are inferred for: 2 tells the batch axis from axes of size 1.
  private static let probe = 2
  /// Most elements of an input: no machine holds more.
  private static let mostElements = 1 << 40

  /// Does the job.
  func run() throws(ShrinkError) -> Inventory {
    let model = try Import.model(file: input)
    do throws(ShrinkError) { return try inventory(model) } catch { throw error.inFile(input) }
  }

  private func inventory(_ model: Model) throws(ShrinkError) -> Inventory {
    let inputs = try Inputs.specs(model.graph, shapes: shapes)
    let (types, samples) = try probeTypes(inputs)
    var byInput: [ValueID: TensorType] = [:]
    for input in model.graph.realInputs { byInput[input] = types[model.graph[input].name] }
    let plain = try Inference(model.graph, inputs: byInput)
    let cost = Cost(model.graph, types: plain.types, groups: [], samples: samples)
    let simplified = try Simplified(model.graph, inputs: types)
    let graph = simplified.graph
    let coupled = try Coupled(graph, types: simplified.inference.types)
    func ports(_ ids: [ValueID]) -> [Inventory.Port] {
      ids.map { Inventory.Port(name: model.graph[$0].name, type: Interface.text(model.graph[$0].type)) }
    }
    return Inventory(
      file: input, irVersion: model.irVersion, opsets: model.graph.opsets, inputs: ports(model.graph.realInputs),
      outputs: ports(model.graph.outputs), parameters: Count.parameters(model.graph),
      macs: Int(exactly: cost.macs([]).rounded(.towardZero)) ?? .max,
      operators: model.graph.nodes.reduce(into: [:]) {
        $0[$1.domain.isEmpty ? $1.opType : $1.domain + "." + $1.opType, default: 0] += 1
      },
      groups: coupled.groups.map { group($0, coupled, graph) }, leftAlone: coupled.pinned,
      warnings: plain.diagnostics + assumptions(inputs))
  }

  /// A type for every input, from the data or from what is declared, and how many samples that is.
  private func probeTypes(_ inputs: [InputSpec]) throws(ShrinkError) -> (types: [String: TensorType], samples: Int) {
    if !data.isEmpty {
      let samples = try Dataset(data, inputs: inputs)
      let count = samples.fixedBatch ?? min(Self.probe, samples.sampleCount)
      return (samples.types(batch: count), count)
    }
    let batchSymbols = Set(inputs.compactMap(\.dims.first).compactMap(Self.symbol))
    var types: [String: TensorType] = [:]
    for input in inputs {
      let shape = input.dims.enumerated().map { axis, dim in
        dim.size ?? shapes[input.name]?[axis]
          ?? (axis == 0 || Self.symbol(dim).map(batchSymbols.contains) ?? false ? Self.probe : 1)
      }
      guard let count = Tensor.checkedCount(shape), count <= Self.mostElements else {
        throw .tooLarge(input.name, shape)
      }
      types[input.name] = TensorType(input.dtype, shape)
    }
    let first = inputs.first.flatMap { types[$0.name]?.shape.first } ?? 1
    return (types, max(first, 1))
  }

  /// Says which sizes were made up.
  private func assumptions(_ inputs: [InputSpec]) -> [Diagnostic] {
    guard data.isEmpty else { return [] }
    return inputs.filter { $0.dims.dropFirst().contains { $0.size == nil } }.map { input in
      Diagnostic(
        place: "input '\(input.name)'",
        fact: "its open axes were taken as 1: give --shape \(input.name):… or --data for what is true of real sizes")
    }
  }

  private static func symbol(_ dim: Dim) -> String? { if case .symbol(let name) = dim { name } else { nil } }

  private func group(_ group: ChannelGroup, _ coupled: Coupled, _ graph: Graph) -> Inventory.Group {
    Inventory.Group(
      name: group.name, units: group.count, madeBy: group.producers.map { Self.name(graph[$0]) },
      readBy: coupled.readingNodes(of: group).map { Self.name(graph[$0]) },
      passesThrough: group.between.map { graph[$0].opType })
  }

  private static func name(_ node: Node) -> String { node.name.isEmpty ? node.opType : node.name }
}

extension ShrinkError {
  fileprivate static func tooLarge(_ input: String, _ shape: [Int]) -> ShrinkError {
    ShrinkError(
      .malformedModel, place: "input '\(input)'", "its shape \(shape) has more elements than any machine holds",
      hint: "export the model with the sizes that it is used with, or name them with --shape")
  }
}
