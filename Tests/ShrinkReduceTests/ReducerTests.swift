import Foundation
import ShrinkData
import ShrinkGraph
import ShrinkONNX
import ShrinkRun
import Testing

@testable import ShrinkReduce

/// The whole reduction on the trained networks of the fixtures.
@Suite struct ReducerTests {
  private static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent()

  private struct Case {
    let graph: Graph
    let source: SampleSource
    /// Samples for the reducer, and samples that it never sees.
    let given = Array(0..<320)
    let heldOut = Array(320..<512)

    init(_ name: String) throws {
      graph = try Import.model(file: root.appending(path: "fixtures/models/\(name).onnx").path).graph
      let data = try Dataset(
        [root.appending(path: "fixtures/data/demo_calib.bin").path], inputs: InputSpec.all(of: graph))
      source = SampleSource(batch: 64) { (run) throws(ShrinkError) in try data.batch(run) }
    }

    func reducer(_ options: ReduceOptions) throws -> Reducer {
      try Reducer(graph, source: source, samples: given, options: options) { (_, _) throws(ShrinkError) in }
    }

    func reduced(_ target: Target, seed: UInt64 = 0) throws -> Reduction {
      var reducer = try reducer(ReduceOptions(target: target, seed: seed))
      let result = try reducer.reduce()
      try result.graph.check()
      return result
    }

    /// Distance on samples that the reducer never sees.
    func distance(_ small: Graph) throws -> OutputDistance {
      try Reference(graph, source: source, samples: heldOut).distance(of: small, source: source)
    }
  }

  private static func parameters(_ graph: Graph) -> Int {
    graph.values.compactMap(\.constant).filter { $0.dtype == .float32 }.reduce(0) { $0 + $1.count }
  }

  @Test(arguments: [("tiny", 0.5, 90), ("tiny", 0.25, 75), ("demo", 0.3, 90)])
  func keepsToTheShareOfParameters(name: String, share: Double, agreement: Double) throws {
    let test = try Case(name)
    let result = try test.reduced(.keepParams(share))
    #expect(result.before.parameters == Self.parameters(test.graph))
    #expect(result.after.parameters == Self.parameters(result.graph))
    #expect(Double(result.after.parameters) <= share * Double(result.before.parameters))
    #expect(Double(result.after.parameters) > 0.7 * share * Double(result.before.parameters), "room is left unused")
    for (entry, change) in zip(result.plan.entries, result.groups) {
      #expect(entry.units == change.before && entry.kept.count == change.after && change.after > 0)
    }
    let distance = try test.distance(result.graph)
    #expect((distance.agreement ?? 0) > agreement, "\(name): agreement \(distance.agreement ?? 0)")
    let (expected, found) = (result.expectedError ?? 0, distance.relativeError)
    #expect(found < 1.5 * expected && expected < 1.5 * found, "\(name): expected \(expected), found \(found)")
  }

  @Test func keepsToTheShareOfMultiplications() throws {
    let test = try Case("demo")
    let result = try test.reduced(.keepMacs(0.5))
    #expect(result.before.macs == 144 * 16 * 9 + 36 * 32 * 16 * 9 + 288 * 64 + 64 * 10)
    #expect(result.after.macs * 2 <= result.before.macs && result.after.macs * 3 > result.before.macs)
  }

  @Test(arguments: [0.05, 0.2]) func keepsToTheError(allowed: Double) throws {
    let test = try Case("tiny")
    let result = try test.reduced(.maxError(allowed))
    #expect(result.after.parameters < result.before.parameters)
    #expect((result.expectedError ?? 1) <= allowed)
    #expect(try test.distance(result.graph).relativeError < 1.6 * allowed)
  }

  @Test(arguments: ["tiny_planted", "demo_planted"]) func plantedUnitsGoWithoutLoss(name: String) throws {
    let test = try Case(name)
    let result = try test.reduced(.lossless)
    let wanted = name == "tiny_planted" ? [48, 32] : [16, 32, 64]
    let widths = result.groups.map(\.after)
    #expect(widths.count == wanted.count)
    for (found, original) in zip(widths, wanted) {
      #expect(found <= original, "widths \(widths), planted in \(wanted)")
    }
    let values = try [test.graph, result.graph].map { graph in
      let outputs = try Executor(graph).run(try test.source.feeds(test.heldOut, of: graph))
      return try #require(outputs[graph.outputs[0]]).elements(Float.self)
    }
    let isClose = zip(values[0], values[1]).allSatisfy { abs($0 - $1) <= 1e-5 + 1e-4 * abs($0) }
    #expect(isClose, "relative error \(relativeError(values[0].map(Double.init), values[1].map(Double.init)))")
  }

  @Test func sameSeedGivesTheSameBytes() throws {
    let test = try Case("tiny")
    let (a, b) = (try test.reduced(.keepParams(0.4), seed: 3), try test.reduced(.keepParams(0.4), seed: 3))
    #expect(a.plan == b.plan)
    #expect(zip(a.graph.values, b.graph.values).allSatisfy { $0.constant == $1.constant })
  }

  @Test func patternsChooseTheGroups() throws {
    let test = try Case("tiny")
    for (only, exclude) in [(["gemm1*"], []), ([], ["gemm3*"])] as [([String], [String])] {
      var reducer = try test.reducer(ReduceOptions(target: .keepParams(0.7), only: only, exclude: exclude))
      let groups = try reducer.reduce().groups
      #expect(groups.map { $0.after < $0.before }.contains(true))
      for group in groups where group.after < group.before {
        #expect(group.producers.contains { $0.contains("gemm1") }, "\(group)")
      }
    }
  }

  @Test func whatCannotBeReachedIsAnError() throws {
    let error = #expect(throws: ShrinkError.self) { try Case("tiny").reduced(.keepParams(0.001)) }
    #expect(error?.code == .missedTarget && error?.fact.contains("parameters") == true)
    let unknown = #expect(throws: ShrinkError.self) {
      var reducer = try Case("tiny").reducer(ReduceOptions(target: .keepParams(0.5), method: "magic"))
      _ = try reducer.reduce()
    }
    #expect(unknown?.code == .usage && unknown?.fact.contains("magic") == true)
  }

  @Test func samplesOfOneStillReduce() throws {
    let test = try Case("tiny")
    var reducer = try Reducer(
      test.graph, source: test.source, samples: [7], options: ReduceOptions(target: .keepParams(0.5))
    ) { (_, _) throws(ShrinkError) in }
    let result = try reducer.reduce()
    #expect(result.after.parameters * 2 <= result.before.parameters)
    #expect(try test.distance(result.graph).relativeError.isFinite)
  }
}
