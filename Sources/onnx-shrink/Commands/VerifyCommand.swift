import ArgumentParser
import OnnxShrink

/// `onnx-shrink verify A.onnx B.onnx --data D`.
struct VerifyCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "verify", abstract: "Compare the outputs of any two networks.")

  @Argument(help: "The original.") var original: String
  @Argument(help: "The network to compare it with.") var candidate: String
  @OptionGroup(title: "Data") var data: DataOptions
  @Flag(help: "Print the comparison as JSON.") var json = false

  /// Compares the networks; they may differ as much as they like.
  func run() throws {
    try data.requireData()
    let document: Document
    do {
      defer { Printing.endProgress(quiet: data.quiet) }
      document = try OnnxShrink.verify(
        original: original, candidate: candidate, data: data.data, options: data.options,
        progress: Printing.progress(quiet: data.quiet))
    }
    if !data.quiet { Printing.warnings(document.warnings) }
    if json { Printing.out([document.json]) } else if !data.quiet { Printing.out(document.text) }
  }
}
