import Foundation
import ShrinkData
import ShrinkGraph
import ShrinkONNX
import Testing

@testable import ShrinkRun

/// Trained networks of the fixtures against the outputs that ONNX Runtime gave.
@Suite struct ModelTests {
  private static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent()

  private static func fixture(_ path: String) -> String { root.appending(path: "fixtures/" + path).path }

  private func logits(_ graph: Graph, _ data: Dataset, _ samples: [Int]) throws -> Tensor {
    let x = try #require(graph.realInputs.first)
    let batch = try #require(try data.batch(samples)[graph[x].name])
    return try #require(try Executor(graph).run([x: batch])[graph.outputs[0]])
  }

  @Test(arguments: ["demo", "demo_bn"], [false, true]) func equalsOnnxRuntime(
    _ name: String, _ simplified: Bool
  ) throws {
    var graph = try Import.model(file: Self.fixture("models/\(name).onnx")).graph
    if simplified {
      let changed = try Pipeline().run(&graph)
      #expect(changed == (name == "demo_bn" ? ["FoldBatchNorm"] : []))
      #expect(!graph.nodes.contains { $0.opType == "BatchNormalization" })
    }
    let data = try Dataset([Self.fixture("data/demo_calib.bin")], inputs: InputSpec.all(of: graph))
    let result = InputSpec(name: "logits", dtype: .float32, dims: [.unknown, .known(10)])
    let expected = try Dataset([Self.fixture("data/\(name)_expected.npz")], inputs: [result])
    let samples = Array(0..<expected.sampleCount)
    let wanted = try #require(try expected.batch(samples)["logits"]).elements(Float.self)
    let found = try logits(graph, data, samples)
    #expect(found.shape == [expected.sampleCount, 10])
    #expect(zip(found.elements(Float.self), wanted).allSatisfy { abs($0 - $1) <= 1e-4 + 1e-3 * abs($1) })
  }

  @Test(arguments: ["demo", "demo_bn"]) func inferenceKnowsEveryValue(_ name: String) throws {
    let graph = try Import.model(file: Self.fixture("models/\(name).onnx")).graph
    let x = try #require(graph.realInputs.first)
    let inference = try Inference(graph, inputs: [x: TensorType(.float32, [5, 1, 12, 12])])
    #expect(inference.types.allSatisfy { $0 != nil })
    #expect(inference.diagnostics.isEmpty)
    let executor = try Executor(graph)
    let peak = try #require(executor.plan.peakBytes(types: inference.types))
    #expect(peak > 2 * 5 * 16 * 12 * 12 * 4 - 1 && peak < 1 << 20)
  }

  @Test func unsupportedOperatorsMatterOnlyOnThePath() throws {
    let off = try Import.model(file: Self.fixture("models/unsupported_off_path.onnx")).graph
    #expect(throws: Never.self) { try Executor(off) }
    let on = try Import.model(file: Self.fixture("models/unsupported_op.onnx")).graph
    #expect(#expect(throws: ShrinkError.self) { try Executor(on) }?.code == .unsupportedOperator)
  }
}
