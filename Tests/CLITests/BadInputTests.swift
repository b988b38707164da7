import Foundation
import Testing

/// One case of bad input: arguments behind IN and OUT, and what must be said.
struct BadInput: Sendable, CustomTestStringConvertible {
  let name: String
  let model: String
  let arguments: [String]
  let status: Int32
  let says: [String]
  var output = "OUT"

  init(
    _ name: String, _ model: String, _ arguments: String, status: Int32 = 1, output: String = "OUT", says: String...
  ) {
    self.name = name
    self.model = "models/\(model).onnx"
    self.arguments = arguments.split(separator: " ").map(String.init)
    self.status = status
    self.says = says
    self.output = output
  }

  var testDescription: String { name }
}

@Suite struct BadInputTests {
  static let models = [
    BadInput("missing file", "nope", "--data data/small.bin", says: "models/nope.onnx", "[io]"),
    BadInput("text file", "text", "--data data/small.bin", says: "models/text.onnx", "[malformed-model]"),
    BadInput("truncated", "truncated", "--data data/small.bin", says: "models/truncated.onnx", "[malformed-model]"),
    BadInput("empty", "empty", "--data data/small.bin", says: "models/empty.onnx", "[malformed-model]"),
    BadInput("cycle", "cycle", "--data data/two_p.bin", says: "models/cycle.onnx", "node '", "cycle"),
    BadInput("missing initialiser", "missing_initializer", "--data data/two_p.bin", says: "'second.weight'"),
    BadInput(
      "data file missing", "external_missing", "--data data/two_p.bin", says: "'first.weight'", "no_such_file.bin"),
    BadInput("data file short", "external_short", "--data data/two_p.bin", says: "'first.weight'", "8 bytes"),
    BadInput("data file absolute", "external_absolute", "--data data/two_p.bin", says: "'first.weight'", "folder"),
    BadInput("data file in parent", "external_parent", "--data data/two_p.bin", says: "'first.weight'", "folder"),
    BadInput(
      "unsupported operator", "unsupported_op", "--data data/two_p.bin", says: "'mystery'", "[unsupported-operator]"),
    BadInput(
      "unsupported at end", "unsupported_at_end", "--data data/two_p.bin", says: "'mystery'", "[unsupported-operator]"),
  ]

  static let data = [
    BadInput("no such data", "demo", "--data data/nope.bin", says: "data/nope.bin"),
    BadInput("wrong size", "demo", "--data data/wrong_size.bin", says: "data/wrong_size.bin", "1001", "576"),
    BadInput("wrong type", "demo", "--data data/wrong_dtype.npz", says: "data/wrong_dtype.npz", "int64", "float32"),
    BadInput("wrong name", "demo", "--data data/wrong_name.npz", says: "data/wrong_name.npz", "'image'"),
    BadInput("wrong shape", "demo", "--data data/wrong_shape.npz", says: "data/wrong_shape.npz", "'image'"),
    BadInput("NaN in raw", "demo", "--data data/nan.bin", says: "data/nan.bin", "sample 5"),
    BadInput("NaN in npz", "demo", "--data data/nan.npz", says: "data/nan.npz", "sample 5"),
    BadInput("zero samples", "demo", "--data data/no_samples.npz", says: "data/no_samples.npz", "zero samples"),
    BadInput("zero bytes", "demo", "--data data/empty.bin", says: "data/empty.bin"),
    BadInput(
      "bad verification data", "demo", "--data data/small.bin --verify-data data/wrong_size.bin", says: "wrong_size"),
    BadInput("one input too few", "two_inputs", "--data p:data/two_p.bin", says: "'q'"),
  ]

  static let targets = [
    BadInput(
      "error out of reach", "tiny_planted", "--data data/demo_calib.bin --max-error 1e-30", status: 2,
      says: "[missed-target]"),
    BadInput(
      "size out of reach", "tiny", "--data data/demo_calib.bin --keep-params 0.0001", status: 2, says: "[missed-target]"
    ),
    BadInput(
      "floor missed", "tiny", "--data data/demo_calib.bin --keep-params 0.05 --max-error 0.0001", status: 2,
      says: "error", "[missed-target]"),
  ]

  static let places = [
    BadInput(
      "OUT = IN", "tiny", "--data data/small.bin", status: 64, output: "models/tiny.onnx", says: "models/tiny.onnx"),
    BadInput(
      "OUT = IN by another way", "tiny", "--data data/small.bin", status: 64, output: "models/../models/tiny.onnx",
      says: "models/tiny.onnx"),
    BadInput(
      "OUT = data", "tiny", "--data data/small.bin", status: 64, output: "data/small.bin", says: "data/small.bin"),
    BadInput("no such folder", "tiny", "--data data/small.bin", output: "nowhere/x.onnx", says: "'nowhere'", "[io]"),
    BadInput(
      "folder is a file", "tiny", "--data data/small.bin", output: "README.md/x.onnx", says: "'README.md'", "[io]"),
    BadInput(
      "folder cannot be written", "tiny", "--data data/small.bin", output: "/proc/x.onnx", says: "/proc/x.onnx", "[io]"),
    BadInput(
      "report cannot be written", "tiny", "--data data/small.bin --report /proc/r.json", says: "/proc/r.json", "[io]"),
    BadInput("OUT is a folder", "tiny", "--data data/small.bin", output: "models", says: "models: is a folder"),
  ]

  static let usage = [
    BadInput("no data", "tiny", "", status: 64, says: "--data"),
    BadInput("unknown option", "tiny", "--data data/small.bin --frobnicate", status: 64, says: "--frobnicate"),
    BadInput("two targets", "tiny", "--data data/small.bin --lossless --keep-macs 0.5", status: 64, says: "--lossless"),
    BadInput(
      "two sizes", "tiny", "--data data/small.bin --keep-params 0.5 --keep-macs 0.5", status: 64, says: "two targets"),
    BadInput("share above 1", "tiny", "--data data/small.bin --keep-params 2", status: 64, says: "--keep-params"),
    BadInput("error of 0", "tiny", "--data data/small.bin --max-error 0", status: 64, says: "--max-error"),
    BadInput("NaN", "tiny", "--data data/small.bin --keep-macs nan", status: 64, says: "--keep-macs"),
    BadInput("no samples taken", "tiny", "--data data/small.bin --samples 0", status: 64, says: "--samples"),
    BadInput("all held out", "tiny", "--data data/small.bin --holdout 1", status: 64, says: "--holdout"),
    BadInput("nothing held out", "tiny", "--data data/small.bin --holdout 0", status: 64, says: "--verify-data"),
    BadInput("no such method", "tiny", "--data data/small.bin --method magic", status: 64, says: "'magic'"),
    BadInput("HTML report", "tiny", "--data data/small.bin --report r.html", status: 64, says: "r.html", ".json"),
    BadInput(
      "report over the model", "tiny", "--data data/small.bin --report models/x.json/r.json", status: 64, says: "folder"
    ),
    BadInput("pattern of no name", "tiny", "--data data/small.bin --only nothing*", status: 64, says: "'nothing*'"),
    BadInput("shape of no input", "tiny", "--data data/small.bin --shape nope:1,2", status: 64, says: "'nope'"),
    BadInput(
      "shape against the model", "tiny", "--data data/small.bin --shape image:1,3,12,12", status: 64, says: "image:1,3"),
  ]

  @Test(arguments: models + data + targets + places + usage)
  func endsWithOneSentence(_ input: BadInput) throws {
    try CommandLineTool.withFolder { folder in
      let output = folder.appendingPathComponent("out.onnx")
      try Data("old".utf8).write(to: output)
      let place = input.output == "OUT" ? output.path : input.output
      let before = try bytes(place)
      let result = try CommandLineTool.run([input.model, place] + input.arguments)
      #expect(result.status == input.status, "\(result.error)")
      #expect(result.out.isEmpty)
      check(result.error, says: input.says)
      #expect(try CommandLineTool.contents(folder) == ["out.onnx"])
      #expect(try bytes(place) == before, "what stood there must stand")
    }
  }

  private func bytes(_ path: String) throws -> Data? {
    let file = URL(fileURLWithPath: path, relativeTo: CommandLineTool.fixtures)
    return try? Data(contentsOf: file)
  }

  private func check(_ text: String, says: [String]) {
    let lines = text.split(separator: "\n")
    #expect(lines.first?.hasPrefix("onnx-shrink: error: ") ?? false, "\(text)")
    #expect((1...2).contains(lines.count) && lines.dropFirst().allSatisfy { $0.hasPrefix("  hint: ") }, "\(text)")
    #expect(lines.first?.hasSuffix("]") ?? false, "\(text)")
    for word in says { #expect(text.contains(word), "\(text)") }
  }

  @Test(arguments: [
    ["run", "models/nope.onnx", "--data", "data/small.bin", "--out", "x.npz"],
    ["verify", "models/tiny.onnx", "models/nope.onnx", "--data", "data/small.bin"],
    ["verify", "models/two_layers.onnx", "models/two_inputs.onnx", "--data", "data/two_p.bin"],
    ["inspect", "models/text.onnx"],
    ["run", "models/tiny.onnx", "--data", "data/small.bin", "--out", "nowhere/x.npz"],
    ["run", "models/unsupported_op.onnx", "--data", "data/two_p.bin", "--out", "x.npz"],
  ])
  func otherSubcommandsToo(_ arguments: [String]) throws {
    let result = try CommandLineTool.run(arguments)
    #expect(result.status == 1 && result.out.isEmpty)
    check(result.error, says: [])
    #expect(!FileManager.default.fileExists(atPath: CommandLineTool.fixtures.appendingPathComponent("x.npz").path))
  }

  /// A rename would replace the pipe, or the device: the pipe is the harmless one to try.
  @Test(arguments: [["OUT", "--data", "data/small.bin"], ["--data", "data/small.bin", "--out", "OUT.npz"]])
  func pipesAndDevicesAreLeftAlone(_ arguments: [String]) throws {
    try CommandLineTool.withFolder { folder in
      let pipe = folder.appendingPathComponent(arguments[0] == "OUT" ? "pipe" : "pipe.npz")
      #expect(mkfifo(pipe.path, 0o600) == 0)
      let places = arguments.map { $0.hasPrefix("OUT") ? pipe.path : $0 }
      let command = arguments[0] == "OUT" ? "shrink" : "run"
      let result = try CommandLineTool.run([command, "models/tiny.onnx"] + places)
      #expect(result.status == 1)
      check(result.error, says: ["device, pipe"])
      var information = stat()
      #expect(stat(pipe.path, &information) == 0 && information.st_mode & S_IFMT == S_IFIFO)
      #expect(try CommandLineTool.contents(folder) == [pipe.lastPathComponent])
    }
  }

  @Test func aShapeThatNoMachineHoldsIsRefused() throws {
    let shape = "image:4611686018427387904,1,12,12"
    let result = try CommandLineTool.run(["inspect", "models/demo.onnx", "--shape", shape])
    #expect(result.status == 1)
    check(result.error, says: ["models/demo.onnx", "'image'", "4611686018427387904"])
  }

  @Test func outputsAreNumpyArrays() throws {
    let result = try CommandLineTool.run(["run", "models/tiny.onnx", "--data", "data/small.bin", "--out", "x.csv"])
    #expect(result.status == 64)
    check(result.error, says: ["x.csv", ".npz"])
  }
}
