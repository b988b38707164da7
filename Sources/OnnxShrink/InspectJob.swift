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
  /// Sizes for open axes that are tried in turn: windows do not fit into 1.
  private static let openSizes = [1, 16, 32, 48, 64, 96, 128, 192, 256, 512]
  /// Most elements of an input: no machine holds more.
  private static let mostElements = 1 << 40

  /// Does the job.
  func run() throws(ShrinkError) -> Inventory {
    let model = try Import.model(file: input)
    do throws(ShrinkError) {
      let inputs = try Inputs.specs(model.graph, shapes: shapes)
      let isOpen = data.isEmpty && inputs.contains { hasMadeUpSize($0) }
      return try inventory(model, inputs, trying: isOpen ? Self.openSizes : [1])
    } catch { throw error.inFile(input) }
  }

  /// The inventory for the first of the sizes of open axes that the network can be run with.
  private func inventory(_ model: Model, _ inputs: [InputSpec], trying sizes: [Int]) throws(ShrinkError) -> Inventory {
    var first: ShrinkError?
    for size in sizes {
      do throws(ShrinkError) { return try inventory(model, inputs, open: size) } catch {
        guard error.code == .malformedModel else { throw error }
        first = first ?? error
      }
    }
    throw first ?? ShrinkError(.internal, "no size was tried")
  }

  private func inventory(_ model: Model, _ inputs: [InputSpec], open: Int) throws(ShrinkError) -> Inventory {
    let (types, samples) = try probeTypes(inputs, open: open)
    var byInput: [ValueID: TensorType] = [:]
    for input in model.graph.realInputs { byInput[input] = types[model.graph[input].name] }
    let plain = try Inference(model.graph, inputs: byInput)
    let cost = Cost(model.graph, types: plain.types, groups: [], samples: samples)
    let separated = try Separated(Simplified(model.graph, inputs: types), inputs: types)
    let (graph, coupled) = (separated.graph, separated.coupled)
    let all = Cost(graph, types: separated.types, groups: coupled.groups, forms: coupled.forms, samples: samples)
    let listed = InspectedGroups(graph, coupled, all, types: separated.types)
    func ports(_ ids: [ValueID]) -> [Inventory.Port] {
      ids.map { Inventory.Port(name: model.graph[$0].name, type: Interface.text(model.graph[$0].type)) }
    }
    return Inventory(
      file: input, irVersion: model.irVersion, opsets: model.graph.opsets, inputs: ports(model.graph.realInputs),
      outputs: ports(model.graph.outputs), parameters: Count.parameters(model.graph),
      macs: Int(exactly: cost.macs([]).rounded(.towardZero)) ?? .max,
      operators: model.graph.nodes.reduce(into: [:]) {
        $0[$1.operatorName, default: 0] += 1
      },
      groups: listed.all, leftAlone: coupled.pinned,
      warnings: plain.diagnostics + assumptions(inputs, open))
  }

  /// A type for every input, from the data or from what is declared, and how many samples that is.
  private func probeTypes(
    _ inputs: [InputSpec], open: Int
  ) throws(ShrinkError) -> (types: [String: TensorType], samples: Int) {
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
          ?? (axis == 0 || Self.symbol(dim).map(batchSymbols.contains) ?? false ? Self.probe : open)
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
  private func assumptions(_ inputs: [InputSpec], _ open: Int) -> [Diagnostic] {
    guard data.isEmpty else { return [] }
    return inputs.filter(hasMadeUpSize).map { input in
      Diagnostic(
        place: "input '\(input.name)'",
        fact: "its open axes were taken as \(open): "
          + "give --shape \(input.name):… or --data for what is true of real sizes")
    }
  }

  /// Whether an axis behind the first has a size that nobody names.
  private func hasMadeUpSize(_ input: InputSpec) -> Bool { input.dims.dropFirst().contains { $0.size == nil } }

  private static func symbol(_ dim: Dim) -> String? { if case .symbol(let name) = dim { name } else { nil } }
}

extension ShrinkError {
  fileprivate static func tooLarge(_ input: String, _ shape: [Int]) -> ShrinkError {
    ShrinkError(
      .malformedModel, place: "input '\(input)'", "its shape \(shape) has more elements than any machine holds",
      hint: "export the model with the sizes that it is used with, or name them with --shape")
  }
}
