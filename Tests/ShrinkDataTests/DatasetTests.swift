import Foundation
import ShrinkGraph
import Testing

@testable import ShrinkData

@Suite struct DatasetTests {
  static let counting = (0..<24).map(Float.init)

  @Test(arguments: [
    "c.npy", "v2.npy", "v3.npy", "fortran.npy", "double.npy", "half.npy", "stored.npz", "deflated.npz", "zip64.npz",
    "raw.bin",
  ]) func readsEveryForm(_ name: String) throws {
    let data = try Dataset([Files.fixture(name)], inputs: [Files.input])
    #expect(data.sampleCount == 4)
    #expect(data.fixedBatch == nil)
    let whole = try #require(try data.batch([0, 1, 2, 3])["x"])
    #expect(whole.shape == [4, 2, 3])
    #expect(whole.elements(Float.self) == Self.counting)
    let some = try #require(try data.batch([3, 1])["x"])
    #expect(some.elements(Float.self) == Array(Self.counting[18..<24] + Self.counting[6..<12]))
    #expect(data.types(batch: 2)["x"] == TensorType(.float32, [2, 2, 3]))
  }

  @Test func keepsLabels() throws {
    for name in ["stored.npz", "deflated.npz"] {
      #expect(try Dataset([Files.fixture(name)], inputs: [Files.input]).labels == [3, 1, 4, 1])
    }
    #expect(try Dataset([Files.fixture("c.npy")], inputs: [Files.input]).labels == nil)
  }

  @Test func contiguousSamplesAreViewsOfTheFile() throws {
    let data = try Dataset([Files.fixture("c.npy")], inputs: [Files.input])
    let first = try #require(try data.batch([0, 1])["x"])
    let second = try #require(try data.batch([1, 2, 3])["x"])
    #expect(first.storage === second.storage)
    #expect(second.offset == first.offset + 24)
  }

  @Test func conversionsStayWithinTheKindAndAreReported() throws {
    let wide = InputSpec(name: "x", dtype: .int64, dims: Files.input.dims)
    let data = try Dataset([Files.fixture("int32.npy")], inputs: [wide])
    #expect(try data.batch([0])["x"]?.integers == [0, 1, 2, 3, 4, 5])
    #expect(data.diagnostics.map(\.fact) == ["holds int32, which is converted to the int64 of input 'x'"])
    let flags = InputSpec(name: "x", dtype: .bool, dims: Files.input.dims)
    #expect(try Dataset([Files.fixture("bool.npy")], inputs: [flags]).batch([1])["x"]?.integers == [1, 1, 1, 1, 1, 1])
    for name in ["int64.npy", "uint8.npy", "bool.npy"] {
      #expect(Files.failure([Files.fixture(name)])?.fact.contains("where input 'x' takes float32") == true)
    }
  }

  @Test func aFixedBatchOfOneRunsOneSampleAtATime() throws {
    let fixed = InputSpec(name: "x", dtype: .float32, dims: [.known(1), .known(2), .known(3)])
    let data = try Dataset([Files.fixture("c.npy")], inputs: [fixed])
    #expect(data.sampleCount == 4 && data.fixedBatch == 1)
    #expect(try data.batch([2])["x"]?.shape == [1, 2, 3])
    #expect(data.runs([0, 2, 3], size: 64) == [[0], [2], [3]])
    #expect(throws: ShrinkError.self) { try data.batch([0, 1]) }
  }

  @Test func recurrentStateHoldsAWholeInputForEachRun() throws {
    try Files.inFolder { folder in
      let path = folder + "/runs.npz"
      let writer = NpzWriter(path)
      try writer.put(Tensor(shape: [5, 1, 4], (0..<20).map(Float.init)), as: "audio")
      try writer.put(Tensor(shape: [5, 2, 1, 3], (0..<30).map(Float.init)), as: "state")
      try writer.put(Tensor(Int64(16000)), as: "rate")
      try writer.put(Tensor(shape: [2], [Float(1), 2]), as: "both")
      try writer.close()
      let inputs = [
        InputSpec(name: "audio", dtype: .float32, dims: [.known(1), .known(4)]),
        InputSpec(name: "state", dtype: .float32, dims: [.known(2), .symbol("batch"), .known(3)]),
        InputSpec(name: "rate", dtype: .int64, dims: []),
        InputSpec(name: "both", dtype: .float32, dims: [.known(2)]),
      ]
      let data = try Dataset([path], inputs: inputs)
      #expect(data.sampleCount == 5 && data.fixedBatch == 1)
      let run = try data.batch([3])
      #expect(run["audio"] == Tensor(shape: [1, 4], [12, 13, 14, 15] as [Float]))
      #expect(run["state"] == Tensor(shape: [2, 1, 3], [18, 19, 20, 21, 22, 23] as [Float]))
      #expect(run["rate"] == Tensor(Int64(16000)))
      #expect(run["both"] == Tensor(shape: [2], [1, 2] as [Float]))
    }
  }

  @Test func symbolicAxesTakeTheirSizeFromTheData() throws {
    try Files.inFolder { folder in
      let path = folder + "/tokens.npz"
      let writer = NpzWriter(path)
      for key in ["ids", "mask"] {
        try writer.append(Tensor(shape: [3, 7], [Int64](repeating: 1, count: 21)), to: key)
      }
      try writer.close()
      let inputs = ["ids", "mask"].map {
        InputSpec(name: $0, dtype: .int64, dims: [.symbol("batch"), .symbol("length")])
      }
      let data = try Dataset([path], inputs: inputs)
      #expect(data.sampleCount == 3)
      #expect(data.types(batch: 2)["mask"] == TensorType(.int64, [2, 7]))
    }
  }

  @Test func namesOneOfSeveralInputs() throws {
    try Files.inFolder { folder in
      let inputs = ["a:0", "b"].map { InputSpec(name: $0, dtype: .float32, dims: [.unknown, .known(2)]) }
      let a = try Files.write(Files.bytes([1, 2, 3, 4]), "a.bin", in: folder)
      let b = try Files.write(Files.bytes([5, 6, 7, 8]), "b.bin", in: folder)
      let data = try Dataset(["b:" + b, "a:0:" + a], inputs: inputs)
      #expect(
        try data.batch([1]) == [
          "a:0": Tensor(shape: [1, 2], [3, 4] as [Float]), "b": Tensor(shape: [1, 2], [7, 8] as [Float]),
        ])
      #expect(Files.failure([a, b], inputs)?.hint?.contains("'a:0', 'b'") == true)
      #expect(Files.failure(["c:" + a], inputs)?.hint == "its inputs are 'a:0', 'b'")
      #expect(Files.failure(["b:" + b], inputs)?.fact == "no data is given for the input 'a:0'")
      #expect(Files.failure(["b:" + b, "b:" + a], inputs)?.fact.contains("a second time") == true)
    }
  }

  @Test func fixedBatchesLeaveOutWhatDoesNotFillOne() throws {
    let fixed = InputSpec(name: "x", dtype: .float32, dims: [.known(3), .known(2), .known(3)])
    let data = try Dataset([Files.fixture("c.npy")], inputs: [fixed])
    #expect(data.fixedBatch == 3)
    #expect(data.runs([0, 1, 2, 3], size: 1) == [[0, 1, 2]])
    #expect(data.diagnostics.map(\.fact) == ["holds 4 samples; the last 1 do not fill a run of 3"])
    let large = InputSpec(name: "x", dtype: .float32, dims: [.known(5), .known(2), .known(3)])
    #expect(Files.failure([Files.fixture("c.npy")], [large])?.fact.contains("one run takes 5 samples") == true)
  }
}
