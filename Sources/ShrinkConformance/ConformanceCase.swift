import Foundation
import ShrinkGraph
import ShrinkONNX
import ShrinkOps
import ShrinkRun

/// One case of ONNX's backend tests: a folder with a model, and beside it inputs with the outputs that belong to them.
///
/// Source: onnx/backend/test of the ONNX project, as packaged for example in Debian's libonnx-testdata.
package struct ConformanceCase: Sendable {
  /// Folder of the case.
  package let folder: String

  /// What came of a case.
  package enum Outcome: String, Sendable, Encodable {
    case passed
    case failed
    /// Some operator, type or form of it has no kernel.
    case unsupported
  }

  /// A case that was run.
  package struct Result: Sendable, Encodable {
    /// Folders of the kind of case and of the case.
    package let name: String
    /// Version of ai.onnx; 0 when the model could not be read.
    package var opset = 0
    /// Operators of the model, with their domains unless it is ai.onnx.
    package var operators: [String] = []
    /// What came of it.
    package var outcome = Outcome.passed
    /// Why it did not pass.
    package var reason: String?
  }

  /// Names a case by its folder.
  package init(folder: String) { self.folder = folder }

  /// The cases in a folder or in its subfolders, two levels down.
  package static func cases(in folder: String) -> [ConformanceCase] {
    func isCase(_ path: String) -> Bool { FileManager.default.fileExists(atPath: path + "/model.onnx") }
    if isCase(folder) { return [ConformanceCase(folder: folder)] }
    func subfolders(_ path: String) -> [String] {
      ((try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []).sorted().map { path + "/" + $0 }
    }
    return subfolders(folder).flatMap { isCase($0) ? [$0] : subfolders($0).filter(isCase) }
      .map(ConformanceCase.init(folder:))
  }

  /// Runs the model on every set of inputs and compares.
  package func run(_ tolerance: Tolerance = .backend) -> Result {
    let parts = folder.split(separator: "/").suffix(2)
    var result = Result(name: parts.joined(separator: "/"))
    do throws(ShrinkError) {
      let graph = try Import.model(file: folder + "/model.onnx").graph
      result.opset = graph.opsets[""] ?? 0
      let names = graph.nodes.map { $0.domain.isEmpty ? $0.opType : $0.domain + "." + $0.opType }
      result.operators = Set(names).sorted()
      var number = 0
      while FileManager.default.fileExists(atPath: "\(folder)/test_data_set_\(number)") {
        if let reason = try difference(graph, set: "\(folder)/test_data_set_\(number)", tolerance) {
          (result.outcome, result.reason) = (.failed, reason)
          return result
        }
        number += 1
      }
      if number == 0 { (result.outcome, result.reason) = (.failed, "there are no inputs beside the model") }
    } catch {
      result.outcome = error.code == .unsupportedOperator ? .unsupported : .failed
      result.reason = error.description
    }
    return result
  }

  /// What sets the outputs of one set of inputs apart from those that belong to it; nil when nothing does.
  private func difference(_ graph: Graph, set: String, _ tolerance: Tolerance) throws(ShrinkError) -> String? {
    // Some cases declare other shapes than their data has.
    var graph = graph
    for input in graph.inputs { graph[input].type?.dims = nil }
    let executor = try Executor(graph)
    var feeds: [ValueID: Tensor] = [:]
    // Old files list weights among the inputs; the data sets leave them out or give them.
    let given = (0..<graph.inputs.count).filter { FileManager.default.fileExists(atPath: "\(set)/input_\($0).pb") }
    let inputs = given.count == graph.inputs.count ? graph.inputs : graph.realInputs
    for (slot, input) in inputs.enumerated() where graph[input].constant == nil {
      guard FileManager.default.fileExists(atPath: "\(set)/input_\(slot).pb") else { continue }
      let tensor = try Import.tensor(file: "\(set)/input_\(slot).pb")
      feeds[input] = graph[input].type.map { tensor.stored(as: $0.dtype) } ?? tensor
    }
    var rule: String?
    let found = try executor.run(feeds) { (step, operands, results) throws(ShrinkError) in
      rule = rule ?? Self.ruleDifference(graph[step], executor.operation(step), operands, results)
    }
    if let rule { return rule }
    if let inferred = try Self.inferenceDifference(graph, feeds, found) { return inferred }
    if let reason = try outputDifference(graph, found, set: set, tolerance) { return reason }
    return try outputDifference(graph, executor.run(feeds), set: set, tolerance).map { "compiled: \($0)" }
  }

  private func outputDifference(
    _ graph: Graph, _ found: [ValueID: Tensor], set: String, _ tolerance: Tolerance
  ) throws(ShrinkError) -> String? {
    for (slot, output) in graph.outputs.enumerated() {
      let wanted = try Import.tensor(file: "\(set)/output_\(slot).pb")
      guard let tensor = found[output] else { return "output '\(graph[output].name)' was not computed" }
      if let reason = tolerance.difference(tensor, wanted.stored(as: tensor.dtype)) {
        return "output '\(graph[output].name)': \(reason)"
      }
    }
    return nil
  }

  /// What sets the results of a node apart from its shape rule, all operands known.
  private static func ruleDifference(
    _ node: Node, _ operation: any Operator, _ operands: Operands<Tensor>, _ results: [Tensor]
  ) -> String? {
    do throws(OperatorError) {
      let rule = try operation.infer(Operands(operands.items.map { $0.map(TensorType.init(constant:)) }))
      let isSame =
        rule.count == results.count && zip(rule, results).allSatisfy { $0.dtype == $1.dtype && $0.shape == $1.shape }
      if isSame { return nil }
      return "\(node.place): the kernel gives \(results.map { "\($0.dtype)\($0.shape)" }) where the shape rule says "
        + "\(rule.map { "\($0.dtype)\($0.shape)" })"
    } catch {
      // What a graph inside it computes may depend on numbers that differ from one iteration to the next.
      if operation is any ControlFlow, error == .shapeDependsOnData { return nil }
      return "\(node.place): the shape rule refuses what the kernel runs: \(error)"
    }
  }

  /// What sets the outputs apart from the types inferred from those of the inputs: from their types alone, where what
  /// depends on the elements of inputs stays unknown, and with their elements, where everything must be known.
  private static func inferenceDifference(
    _ graph: Graph, _ feeds: [ValueID: Tensor], _ found: [ValueID: Tensor]
  ) throws(ShrinkError) -> String? {
    // What a graph inside a node computes may depend on numbers that differ from one iteration to the next.
    let isPlain = !graph.nodes.contains { $0.holdsGraphs }
    for knowsElements in [false, true] {
      let types = try Inference(
        graph,
        inputs: feeds.mapValues { knowsElements ? TensorType(constant: $0) : TensorType($0.dtype, $0.shape) })
      for output in graph.outputs {
        guard let tensor = found[output] else { continue }
        guard let type = types[output] else {
          if knowsElements, isPlain { return "the type of output '\(graph[output].name)' is not inferred" }
          continue
        }
        if type.dtype != tensor.dtype || type.shape != tensor.shape {
          let found = "\(tensor.dtype)\(tensor.shape)"
          return "output '\(graph[output].name)' is \(found), inferred as \(type.dtype)\(type.shape)"
        }
      }
    }
    return nil
  }
}

extension Node {
  fileprivate var holdsGraphs: Bool { attributes.contains { if case .graphs = $0.value { true } else { false } } }
}

extension Tensor {
  /// The same bits as bfloat16 where that is meant: the data sets store them as uint16, which numpy knows.
  fileprivate func stored(as dtype: DType) -> Tensor {
    guard dtype == .bfloat16, self.dtype == .uint16 else { return self }
    return Tensor(dtype: .bfloat16, shape: shape, storage: storage, offset: offset)
  }
}
