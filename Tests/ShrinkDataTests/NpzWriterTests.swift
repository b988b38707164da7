import Foundation
import ShrinkGraph
import Testing

@testable import ShrinkData

@Suite struct NpzWriterTests {
  static let python = Files.root.appending(path: ".venv/bin/python").path

  @Test(arguments: [true, false]) func batchesComeBack(_ deflate: Bool) throws {
    try Files.inFolder { folder in
      let path = folder + "/out.npz"
      let writer = NpzWriter(path, deflate: deflate)
      try writer.append(Tensor(shape: [3, 2, 3], (0..<18).map(Float.init)), to: "x")
      try writer.append(Tensor(shape: [1, 2, 3], (18..<24).map(Float.init)), to: "x")
      try writer.append(Tensor(Int64(5)), to: "label")
      for _ in 0..<3 { try writer.append(Tensor(Int64(6)), to: "label") }
      #expect(!FileManager.default.fileExists(atPath: path))
      try writer.close()
      #expect(try FileManager.default.contentsOfDirectory(atPath: folder) == ["out.npz"])
      let data = try Dataset([path], inputs: [Files.input])
      #expect(try data.batch([0, 1, 2, 3])["x"]?.elements(Float.self) == DatasetTests.counting)
      #expect(data.labels == [5, 6, 6, 6])
    }
  }

  @Test(.enabled(if: FileManager.default.isExecutableFile(atPath: python), "no .venv: run `make test`"))
  func numpyReadsIt() throws {
    try Files.inFolder { folder in
      let writer = NpzWriter(folder + "/out.npz")
      try writer.append(Tensor(shape: [2, 2], [1, 2, 3, 4] as [Float]), to: "a/b")
      try writer.put(Tensor(true), as: "flag")
      try writer.put(Tensor(shape: [2], [Int64(-1), 7]), as: "n")
      try writer.close()
      let process = Process()
      process.executableURL = URL(fileURLWithPath: Self.python)
      let script = """
        import numpy, sys; z = numpy.load(sys.argv[1])
        assert z["a/b"].dtype == "<f4" and z["a/b"].tolist() == [[1, 2], [3, 4]]
        assert z["flag"].shape == () and z["flag"] and z["n"].tolist() == [-1, 7]
        """
      process.arguments = ["-c", script, folder + "/out.npz"]
      try process.run()
      process.waitUntilExit()
      #expect(process.terminationStatus == 0)
    }
  }

  @Test func refusesChangesAndUnwritableFolders() throws {
    try Files.inFolder { folder in
      let writer = NpzWriter(folder + "/out.npz")
      try writer.append(Tensor(shape: [2, 2], [1, 2, 3, 4] as [Float]), to: "x")
      #expect(throws: ShrinkError.self) { try writer.append(Tensor(shape: [1, 1], [1] as [Float]), to: "x") }
      #expect(throws: ShrinkError.self) { try writer.append(Tensor(shape: [1, 2], [1, 2] as [Double]), to: "x") }
      let lost = NpzWriter(folder + "/none/out.npz")
      try lost.append(Tensor(Float(1)), to: "x")
      let error = #expect(throws: ShrinkError.self) { try lost.close() }
      #expect(error?.code == .io)
      #expect(try FileManager.default.contentsOfDirectory(atPath: folder).isEmpty)
    }
  }
}
