import ArgumentParser
import OnnxShrink

/// `onnx-shrink [shrink] IN.onnx OUT.onnx --data D`.
struct ShrinkCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "shrink", abstract: "Shrink a network and verify the result (the default).")

  @Argument(help: "The network.") var input: String
  @Argument(help: "Where to put the smaller one.") var output: String
  @OptionGroup(title: "Target (one)") var target: TargetOptions
  @OptionGroup(title: "Data") var data: DataOptions

  @Option(
    name: .long, parsing: .singleValue,
    help: ArgumentHelp("Samples for verification in place of held-out ones (repeatable).", valueName: "file"))
  var verifyData: [String] = []
  @Option(help: ArgumentHelp("Share of the samples held out for verification.", valueName: "share"))
  var holdout = 0.2
  @Option(help: ArgumentHelp("Seed of every random choice.", valueName: "n")) var seed: UInt64 = 0
  @Option(
    name: .long, parsing: .singleValue,
    help: ArgumentHelp("Shrink only groups with a node or weight of such a name (repeatable).", valueName: "glob"))
  var only: [String] = []
  @Option(
    name: .long, parsing: .singleValue,
    help: ArgumentHelp("Leave groups with a node or weight of such a name alone (repeatable).", valueName: "glob"))
  var exclude: [String] = []
  @Option(help: ArgumentHelp("Keep multiples of N units (default: 8 in wide groups).", valueName: "n"))
  var roundTo: Int?
  @Option(help: ArgumentHelp(Self.methodHelp, valueName: "name")) var method: String?
  @Option(help: ArgumentHelp("Memory for activations (default: 500MB).", valueName: "size")) var memory: ByteCount?
  @Flag(help: "Print the report as JSON in place of the summary.") var json = false
  @Option(
    name: .long, parsing: .singleValue,
    help: ArgumentHelp("Write the report to a .json file (repeatable).", valueName: "file"))
  var report: [String] = []

  private static var methodHelp: String {
    let names = OnnxShrink.methods.enumerated().map {
      $0.offset == 0 ? "\($0.element.name) (default)" : $0.element.name
    }
    return "How units are ranked: \(names.joined(separator: ", "))."
  }

  /// Shrinks the network.
  func run() throws {
    try data.requireData()
    let reports = try Reports(report, inUse: [input, output] + data.data + verifyData)
    let outcome: Outcome
    do {
      defer { Printing.endProgress(quiet: data.quiet) }
      outcome = try OnnxShrink.shrink(
        input: input, output: output, data: data.data, options: options(),
        progress: Printing.progress(quiet: data.quiet))
    }
    if !data.quiet { Printing.warnings(outcome.report.warnings) }
    if json { Printing.out([outcome.report.json]) } else if !data.quiet { Printing.out(outcome.report.text) }
    try reports.write(outcome.report)
  }

  private func options() throws -> OnnxShrink.Options {
    var options = data.options
    try target.apply(to: &options)
    options.verifyData = verifyData
    options.holdout = holdout
    options.seed = seed
    options.only = only
    options.exclude = exclude
    options.roundTo = roundTo
    options.method = method
    if let memory { options.memory = memory.bytes }
    return options
  }
}
