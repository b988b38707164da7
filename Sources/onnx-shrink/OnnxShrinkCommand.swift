import ArgumentParser
import Foundation
import OnnxShrink

/// The command line.
struct OnnxShrinkCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "onnx-shrink",
    abstract: "Makes trained ONNX networks smaller after training.",
    discussion: """
      onnx-shrink IN.onnx OUT.onnx --data calib.bin

      finds units of the network that are linear combinations of others over the samples of the data, removes them, and \
      lets the layers that read them take over their work. The result is checked on samples held out before it is put \
      in its place.

      Exit status: 0 done and verified, 1 could not be done, 2 the target was missed and nothing was written, 64 wrong \
      usage.
      """,
    version: OnnxShrink.version,
    subcommands: [
      ShrinkCommand.self, InspectCommand.self, VerifyCommand.self, RunCommand.self, OperatorsCommand.self,
      ConformanceCommand.self, TimeCommand.self,
    ],
    defaultSubcommand: ShrinkCommand.self)
}

/// Where the program starts.
@main
enum Main {
  static func main() {
    waitPassively()
    do {
      var command = try OnnxShrinkCommand.parseAsRoot()
      try command.run()
    } catch {
      ExitCodes.exit(error)
    }
  }

  /// Starts the program again with OpenMP threads that sleep while they wait, unless the user has chosen otherwise.
  ///
  /// The runtime reads its environment when it is loaded, before the first line here. Threads that spin take the
  /// processors from the work between two layers: on two shared cores a run took three times as long.
  private static func waitPassively() {
    guard getenv("OMP_WAIT_POLICY") == nil, getenv("GOMP_SPINCOUNT") == nil else { return }
    setenv("GOMP_SPINCOUNT", "300", 1)
    execv("/proc/self/exe", CommandLine.unsafeArgv)
    // Where that is not possible the program goes on as it is.
  }
}
