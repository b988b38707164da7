import ArgumentParser
import OnnxShrink

/// `onnx-shrink inspect IN.onnx`.
struct InspectCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "inspect", abstract: "List which groups of units can shrink, and which layers cannot and why.")

  @Argument(help: "The network.") var input: String
  @Option(
    name: .long, parsing: .singleValue,
    help: ArgumentHelp("Samples, which give open axes their sizes.", valueName: "file"))
  var data: [String] = []
  @Option(
    name: .long, parsing: .singleValue,
    help: ArgumentHelp("Size of an input with open axes, name:1,3,224,224 (repeatable).", valueName: "shape"))
  var shape: [NamedShape] = []
  @Flag(help: "Print it as JSON.") var json = false

  /// Prints what is in the network.
  func run() throws {
    let shapes = Dictionary(shape.map { ($0.name, $0.sizes) }, uniquingKeysWith: { _, last in last })
    let document = try OnnxShrink.inspect(input: input, data: data, shapes: shapes)
    Printing.warnings(document.warnings)
    Printing.out(json ? [document.json] : document.text)
  }
}
