import Foundation
import ShrinkData
import ShrinkGraph
import ShrinkONNX
import Testing

@testable import ShrinkVerify

@Suite struct VerifyTests {
  private static let fixtures = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    .deletingLastPathComponent().deletingLastPathComponent().appendingPathComponent("fixtures")

  private func verdict(
    _ a: String, _ b: String, data: String, samples: [Int]? = nil, batch: Int = 7
  ) throws -> Verdict {
    let paths = [a, b].map { Self.fixtures.appendingPathComponent("models/\($0).onnx").path }
    let inputs = try InputSpec.all(of: try Import.model(file: paths[0]).graph)
    let data = try Dataset([Self.fixtures.appendingPathComponent("data/\(data)").path], inputs: inputs)
    let samples = samples ?? Array(0..<data.sampleCount)
    return try Verify(original: paths[0], candidate: paths[1], data: data, samples: samples, batch: batch).verdict()
  }

  @Test func aNetworkEqualsItself() throws {
    let verdict = try verdict("demo", "demo", data: "demo_dev.npz", samples: Array(0..<100))
    #expect(verdict.relativeError == 0 && verdict.agreement == 100 && verdict.isClose && verdict.interface.isEmpty)
    #expect(verdict.samples == 100 && verdict.size.original == verdict.size.candidate)
    #expect((verdict.accuracy?.original ?? 0) > 90)
  }

  @Test func theWidenedNetworkIsTheSameFunctionAndTwiceAsWide() throws {
    let verdict = try verdict("demo_planted", "demo", data: "demo_calib.bin", samples: Array(0..<64))
    #expect(verdict.isClose)
    #expect(verdict.size.candidate.parameters * 2 < verdict.size.original.parameters)
    #expect(verdict.size.candidate.macs * 2 < verdict.size.original.macs)
  }

  @Test func batchesDoNotMatter() throws {
    let one = try verdict("two_layers", "ir3", data: "two_p.bin", batch: 1)
    let many = try verdict("two_layers", "ir3", data: "two_p.bin", batch: 64)
    #expect(one.isClose && many.isClose && one.size == many.size)
  }

  @Test func aFixedBatchOfEitherSideIsKeptTo() throws {
    #expect(try verdict("two_layers", "fixed_batch", data: "two_p.bin").isClose)
    #expect(try verdict("fixed_batch", "two_layers", data: "two_p.bin").isClose)
  }

  @Test func otherInputsAreRefused() {
    #expect(throws: ShrinkError.self) { try verdict("two_layers", "two_inputs", data: "two_p.bin") }
  }
}
