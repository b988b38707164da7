import Foundation
import ShrinkGraph
import ShrinkONNX
import ShrinkOps
import ShrinkTestSupport
import Testing

@testable import ShrinkRun

/// Real networks, rewritten for one size of their inputs, at others.
@Suite struct SimplifiedTests {
  /// Files of a folder that an environment variable names; none where it is not set.
  private static func models(_ variable: String, _ folder: String = "") -> [String] {
    guard let root = ProcessInfo.processInfo.environment[variable] else { return [] }
    let path = URL(fileURLWithPath: root).appending(path: folder).path
    let names = (try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []
    return names.filter { $0.hasSuffix(".onnx") }.sorted().map { path + "/" + $0 }
  }
  static let networks = models("ONNX_SHRINK_ZOO") + models("ONNX_SHRINK_SHARED", "models")

  /// Sizes of the first, second and further open axes: those that are rewritten for, and others.
  private static let sizes = [[2, 64], [1, 96], [3, 160], [1, 32]]

  /// Types are those of the rewritten graph, whose values some passes renumber.
  @Test(arguments: [false, true]) func typesBelongToTheGraph(isPacked: Bool) throws {
    var s = AttentionSketch()
    s.sketch.output(isPacked ? s.packed() : s.biased())
    let type = TensorType(.float32, [2, 4, 6])
    let simplified = try Simplified(s.sketch.graph, inputs: [s.sketch.graph[s.x].name: type])
    let x = try #require(simplified.graph.realInputs.first)
    let fresh = try Inference(simplified.graph, inputs: [x: type])
    #expect(simplified.inference.types.map { $0?.shape } == fresh.types.map { $0?.shape })
    #expect(simplified.graph.nodes.contains { $0.opType == "MultiHeadAttention" && $0.inputs.count == 3 })
  }

  @Test(arguments: networks) func realNetworksAtOtherSizes(_ file: String) throws {
    let model = try Import.model(file: file).graph
    let probe = Self.feeds(model, Self.sizes[0])
    let inputs = Dictionary(uniqueKeysWithValues: probe.map { (model[$0].name, TensorType($1.dtype, $1.shape)) })
    let simplified = try Simplified(model, inputs: inputs).graph
    try simplified.check()
    let (old, new) = (try Executor(model), try Executor(simplified))
    for sizes in Self.sizes {
      let feeds = Self.feeds(model, sizes)
      let wanted = try old.run(feeds)
      var renamed: [ValueID: Tensor] = [:]
      for input in simplified.realInputs {
        renamed[input] = feeds.first { model[$0.key].name == simplified[input].name }?.value
      }
      let found = try new.run(renamed)
      for (a, b) in zip(model.outputs, simplified.outputs) {
        let (x, y) = (try #require(wanted[a]), try #require(found[b]))
        guard x.dtype == .float32, y.dtype == .float32 else {
          #expect(x == y)
          continue
        }
        #expect(x.shape == y.shape)
        let scale = x.elements(Float.self).reduce(1e-6) { max($0, abs($1)) }
        let off = zip(x.elements(Float.self), y.elements(Float.self)).reduce(0) { max($0, abs($1.0 - $1.1)) }
        #expect(off <= 1e-4 * scale, "\(sizes): \(off) of \(scale)")
      }
    }
  }

  /// Random elements for every input; integers are token numbers or ones.
  private static func feeds(_ graph: Graph, _ open: [Int]) -> [ValueID: Tensor] {
    var rng = SplitMix64(seed: 7)
    var result: [ValueID: Tensor] = [:]
    for input in graph.realInputs {
      guard let type = graph[input].type, let dims = type.dims else { continue }
      var number = 0
      let shape = dims.map { dim -> Int in
        if let size = dim.size, size > 0 { return size }
        defer { number += 1 }
        return number == 1 && dims.count == 4 ? 48 : open[min(number, 1)]
      }
      let count = Tensor.count(shape)
      result[input] =
        type.dtype == .int64
        ? Tensor(
          shape: shape,
          (0..<count).map { _ in graph[input].name.contains("mask") ? 1 : Int64.random(in: 5..<900, using: &rng) })
        : Tensor(shape: shape, (0..<count).map { _ in Float.random(in: -1...1, using: &rng) })
    }
    return result
  }
}
