import ArgumentParser
import OnnxShrink

/// `onnx-shrink time IN.onnx --data D`: times forward passes, for `make bench`.
struct TimeCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "time", abstract: "Time forward passes of a network.", shouldDisplay: false)

  @Argument(help: "The network.") var input: String
  @Option(name: .long, help: "Samples, as for the other commands.") var data: [String] = []
  @Option(help: "Samples of a pass.") var batch = 1
  @Option(help: "Threads.") var threads = 1
  @Option(help: "Passes, after two that are not counted.") var runs = 10
  @Flag(help: "Print one more pass step by step.") var steps = false
  @Flag(help: "Time as many passes as each line of standard input says instead, until it ends.") var onDemand = false

  /// Prints the seconds of each pass, a line each.
  func run() throws {
    let pass = try ForwardPass(input: input, data: data, batch: batch, threads: threads)
    for _ in 0..<2 { _ = try pass.time() }
    if onDemand {
      try printMemory(pass)
      while let line = readLine() {
        try report((0..<(Int(line) ?? 1)).map { _ in try pass.time() }.map { "\($0)" }.joined(separator: " "))
      }
    } else {
      for _ in 0..<runs { try report(pass.time()) }
    }
    guard steps else { return }
    try printMemory(pass)
    for step in try pass.profile().steps { Printing.out(["\(Int(step.seconds * 1e6)) µs  \(step.title)"]) }
  }

  private func printMemory(_ pass: ForwardPass) throws {
    let profile = try pass.profile()
    report(
      "weights \(profile.weights) packed \(profile.packed) arena \(profile.arena ?? -1) alive \(profile.alive ?? -1)")
  }

  /// A line that whoever waits for it sees at once.
  private func report(_ line: some CustomStringConvertible) {
    Printing.out(["\(line)"])
    Printing.flush()
  }
}
