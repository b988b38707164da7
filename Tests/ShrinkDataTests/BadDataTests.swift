import Foundation
import ShrinkGraph
import Testing

@testable import ShrinkData

@Suite struct BadDataTests {
  @Test(arguments: [
    ("big-endian.npy", "big-endian"), ("objects.npy", "Python objects"), ("records.npy", "records"),
    ("text.npy", "numpy type '<U3'"), ("claims-too-much.npz", "but holds 64"),
  ]) func refusesElements(_ name: String, _ part: String) {
    let error = Files.failure([Files.fixture(name)])
    #expect(error?.fact.contains(part) == true, "\(String(describing: error))")
    #expect(error?.code == .badData && error?.file == Files.fixture(name) && error?.hint != nil)
  }

  @Test func refusesWrongShapes() {
    let wide = InputSpec(name: "x", dtype: .float32, dims: [.symbol("batch"), .known(2), .known(5)])
    let error = Files.failure([Files.fixture("c.npy")], [wide])
    #expect(error?.fact == "has the shape 4×2×3, where input 'x' takes batch×2×5")
    let flat = InputSpec(name: "x", dtype: .float32, dims: [.symbol("batch"), .known(6)])
    #expect(Files.failure([Files.fixture("c.npy")], [flat])?.fact.contains("takes batch×6") == true)
  }

  @Test func rawFilesMustHoldWholeSamples() throws {
    try Files.inFolder { folder in
      let path = try Files.write([UInt8](repeating: 0, count: 49), "odd.bin", in: folder)
      #expect(
        Files.failure([path])?.fact
          == "holds 49 bytes, which is no multiple of the 24 bytes of one sample (float32 2×3)")
      let open = InputSpec(name: "x", dtype: .float32, dims: [.symbol("batch"), .symbol("length")])
      #expect(Files.failure([path], [open])?.fact.contains("symbolic axes") == true)
    }
  }

  @Test func refusesWhatIsNoData() throws {
    try Files.inFolder { (folder: String) throws in
      #expect(Files.failure([folder + "/none.npy"])?.fact.contains("cannot be opened") == true)
      #expect(Files.failure([folder])?.fact.contains("is a folder") == true)
      func failure(_ bytes: [UInt8], _ name: String, _ folder: String) throws -> ShrinkError? {
        Files.failure([try Files.write(bytes, name, in: folder)])
      }
      #expect(try failure([], "empty.bin", folder)?.fact.contains("zero samples") == true)
      let text = Array("just a text, no numbers at all".utf8)
      #expect(try failure(text, "a.npz", folder)?.fact.contains("no readable zip") == true)
      #expect(try failure(text, "a.npy", folder)?.fact.contains("does not begin") == true)
      #expect(try failure(text, "a.txt", folder)?.hint?.contains(".bin") == true)
      #expect(mkfifo(folder + "/pipe.bin", 0o600) == 0)
      #expect(Files.failure([folder + "/pipe.bin"])?.fact.contains("no regular file") == true)
      #expect(Files.failure([])?.code == .usage)
    }
  }

  @Test(arguments: ["c.npy", "stored.npz", "deflated.npz", "zip64.npz"]) func everyTruncationIsAnError(
    _ name: String
  ) throws {
    let bytes = try Data(contentsOf: URL(fileURLWithPath: Files.fixture(name)))
    try Files.inFolder { folder in
      // The last four bytes of a zip are part of its closing record only: nothing is lost with them.
      for length in stride(from: 1, to: bytes.count - 6, by: 7) {
        let path = try Files.write(bytes.prefix(length), name, in: folder)
        #expect(Files.failure([path]) != nil, "cut to \(length)")
      }
    }
  }

  @Test(arguments: ["c.npy", "stored.npz", "deflated.npz", "zip64.npz"]) func noDamageTraps(_ name: String) throws {
    let bytes = try Data(contentsOf: URL(fileURLWithPath: Files.fixture(name)))
    var random = SplitMix64(seed: 7)
    try Files.inFolder { folder in
      for _ in 0..<300 {
        var damaged = bytes
        for _ in 0..<3 {
          damaged[Int.random(in: 0..<bytes.count, using: &random)] = UInt8.random(in: 0...255, using: &random)
        }
        _ = Files.failure([try Files.write(damaged, name, in: folder)])
      }
    }
  }

  @Test func damagedDeflatedBytesAreFound() throws {
    var bytes = try Data(contentsOf: URL(fileURLWithPath: Files.fixture("deflated.npz")))
    bytes[100] ^= 0x55
    try Files.inFolder { folder in
      let path = try Files.write(bytes, "x.npz", in: folder)
      #expect(Files.failure([path]) != nil)
    }
  }

  @Test func notFiniteNumbersNameTheSample() throws {
    try Files.inFolder { folder in
      for bad in [Float.nan, .infinity, -.infinity] {
        var numbers = [Float](repeating: 1, count: 24)
        numbers[13] = bad
        let path = try Files.write(Files.bytes(numbers), "bad.bin", in: folder)
        let data = try Dataset([path], inputs: [Files.input])
        #expect(throws: Never.self) { try data.batch([0, 1]) }
        let error = #expect(throws: ShrinkError.self) { try data.batch([0, 2]) }
        #expect(error?.fact == "sample 2 holds NaN or infinity")
        #expect(error?.file == path)
      }
    }
  }

  @Test func zeroSamplesAndUnequalCounts() throws {
    try Files.inFolder { folder in
      let none = NpzWriter(folder + "/none.npz")
      try none.put(Tensor(shape: [0, 2, 3], [Float]()), as: "x")
      try none.close()
      #expect(Files.failure([folder + "/none.npz"])?.fact.contains("zero samples") == true)
      let two = NpzWriter(folder + "/two.npz")
      try two.put(Tensor(shape: [3, 1], [Float](repeating: 0, count: 3)), as: "a")
      try two.put(Tensor(shape: [2, 1], [Float](repeating: 0, count: 2)), as: "b")
      try two.close()
      let inputs = ["a", "b"].map { InputSpec(name: $0, dtype: .float32, dims: [.symbol("n"), .known(1)]) }
      #expect(Files.failure([folder + "/two.npz"], inputs)?.fact == "holds 2 samples, where array 'a' holds 3")
      let others = ["a", "c"].map { InputSpec(name: $0, dtype: .float32, dims: [.symbol("n"), .known(1)]) }
      #expect(Files.failure([folder + "/two.npz"], others)?.hint == "its inputs are 'a', 'c'")
    }
  }

  @Test func integersMustFit() throws {
    try Files.inFolder { folder in
      let writer = NpzWriter(folder + "/large.npz")
      try writer.put(Tensor(shape: [2, 1], [Int64(1), 1 << 40]), as: "x")
      try writer.close()
      let narrow = InputSpec(name: "x", dtype: .int32, dims: [.unknown, .known(1)])
      #expect(Files.failure([folder + "/large.npz"], [narrow])?.fact.contains("sample 1 holds a number") == true)
    }
  }
}
