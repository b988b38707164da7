import Foundation
import OnnxShrink

/// What the program writes, and where.
enum Printing {
  /// Writes lines to stdout.
  static func out(_ lines: [String]) { for line in lines { print(line) } }

  /// Hands stdout on to whoever reads it.
  static func flush() { fflush(nil) }

  /// Writes an error to stderr.
  static func error(_ text: String) { stderr("onnx-shrink: error: \(text)\n") }

  /// Writes warnings to stderr.
  static func warnings(_ texts: [String]) { for text in texts { stderr("onnx-shrink: warning: \(text)\n") } }

  private static func stderr(_ text: String) { FileHandle.standardError.write(Data(text.utf8)) }

  /// A progress that shows a line on a terminal, and asks to stop once a signal came.
  static func progress(quiet: Bool) -> ProgressHandler {
    Interruption.watch()
    let line = !quiet && isatty(STDERR_FILENO) == 1 ? ProgressLine() : nil
    return { stage, share in
      line?.show(stage, share)
      return Interruption.signal == 0
    }
  }

  /// Takes the progress line off the terminal.
  static func endProgress(quiet: Bool) { if !quiet, isatty(STDERR_FILENO) == 1 { stderr("\r\u{1B}[K") } }

  /// One line of a terminal that is written over: stage, share, time left.
  private final class ProgressLine: @unchecked Sendable {
    private let lock = NSLock()
    private var stage = ""
    private var start = ContinuousClock.now
    private var shown = ContinuousClock.now - .seconds(1)

    func show(_ stage: String, _ share: Double) {
      lock.withLock {
        let now = ContinuousClock.now
        if stage != self.stage {
          (self.stage, start) = (stage, now)
        } else if now - shown < .milliseconds(100) {
          return
        }
        shown = now
        let spent = Double((now - start).components.seconds) + Double((now - start).components.attoseconds) * 1e-18
        let left = share > 0.02 && spent > 1 ? String(format: ", %.0f s left", spent * (1 - share) / share) : ""
        Printing.stderr("\r\u{1B}[K\(stage) \(Int(share * 100)) %\(left)")
      }
    }
  }
}
