import ArgumentParser
import OnnxShrink

/// `onnx-shrink operators`: the page `docs/operators.md`, for `make docs`.
struct OperatorsCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "operators", abstract: "Print the table of operators.", shouldDisplay: false)

  /// Prints the page.
  func run() throws {
    Printing.out([
      "# Operators", "",
      "Operators of ai.onnx that the engine runs, written by `make docs`. A layer that absorbs takes over the work of the",
      "units that it reads when they go. Any other operator is carried through where no computation needs it.", "",
      "| operator | opsets | absorbs |", "|---|---|---|",
    ])
    Printing.out(
      OnnxShrink.operators.map {
        "| \($0.name) | \($0.opsets.lowerBound)–\($0.opsets.upperBound) | \($0.absorbs ? "yes" : "") |"
      })
    Printing.out([
      "", "## Left out", "", "These are not run on purpose.", "", "| family | why | operators |", "|---|---|---|",
    ])
    Printing.out(OnnxShrink.leftOut.map { "| \($0.name) | \($0.reason) | \($0.operators.joined(separator: ", ")) |" })
  }
}
