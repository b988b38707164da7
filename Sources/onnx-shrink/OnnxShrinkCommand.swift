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
    tuneThreads()
    do {
      var command = try OnnxShrinkCommand.parseAsRoot()
      try command.run()
    } catch {
      ExitCodes.exit(error)
    }
  }

  /// Starts the program again with settings for OpenMP, which reads its environment when it is loaded, before the first
  /// line here; what the user has set stays.
  ///
  /// Threads spin for some microseconds between two layers, then sleep: on a processor that is shared a longer spin
  /// takes its time from the thread that is waited for. Where there is a thread for every processor each keeps its own:
  /// left to itself the system put both threads of two on one for good, in one run of three.
  private static func tuneThreads() {
    guard getenv("OMP_WAIT_POLICY") == nil, getenv("GOMP_SPINCOUNT") == nil else { return }
    setenv("GOMP_SPINCOUNT", "3000", 1)
    let processors = ProcessInfo.processInfo.activeProcessorCount
    if processors > 1, wantedThreads ?? processors >= processors { setenv("OMP_PROC_BIND", "true", 0) }
    execv("/proc/self/exe", CommandLine.unsafeArgv)
    // Where that is not possible the program goes on as it is.
  }

  /// What `--threads` says, read ahead of everything else.
  private static var wantedThreads: Int? {
    let words = CommandLine.arguments
    if let flag = words.lastIndex(of: "--threads"), flag + 1 < words.count { return Int(words[flag + 1]) }
    return words.last { $0.hasPrefix("--threads=") }.flatMap { Int($0.dropFirst(10)) }
  }
}
