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
    ])
    Printing.out(Self.table(of: ""))
    Printing.out([
      "", "## com.microsoft", "",
      "Operators that ONNX Runtime puts into the files that it optimises, in the forms that its kernels for processors know.",
      "",
    ])
    Printing.out(Self.table(of: "com.microsoft"))
    Printing.out([
      "", "## Left out", "", "These are not run on purpose.", "", "| family | why | operators |", "|---|---|---|",
    ])
    Printing.out(OnnxShrink.leftOut.map { "| \($0.name) | \($0.reason) | \($0.operators.joined(separator: ", ")) |" })
  }

  /// A row for every operator of a domain.
  private static func table(of domain: String) -> [String] {
    let rows = OnnxShrink.operators.filter { $0.domain == domain }
    return ["| operator | opsets | absorbs |", "|---|---|---|"]
      + rows.map {
        let (first, last) = ($0.opsets.lowerBound, $0.opsets.upperBound)
        return "| \($0.name) | \(first == last ? "\(first)" : "\(first)–\(last)") | \($0.absorbs ? "yes" : "") |"
      }
  }
}
