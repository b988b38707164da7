import ArgumentParser
import OnnxShrink

/// `onnx-shrink run IN.onnx --data D --out outputs.npz`.
struct RunCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "run", abstract: "Run a network and write every output to an .npz file.")

  @Argument(help: "The network.") var input: String
  @Option(help: ArgumentHelp("Where to write the outputs, samples stacked on axis 0.", valueName: "file")) var out:
    String
  @OptionGroup(title: "Data") var data: DataOptions

  /// Runs the network.
  func run() throws {
    try data.requireData()
    defer { Printing.endProgress(quiet: data.quiet) }
    try OnnxShrink.run(
      input: input, output: out, data: data.data, options: data.options, progress: Printing.progress(quiet: data.quiet))
  }
}
