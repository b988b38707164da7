import Foundation

/// What a process was at when a signal ended it: one line that a handler writes to a file.
package enum LastWords {
  private static let capacity = 1 << 14
  // Read by the handler only after the process has stopped in the code that wrote it.
  nonisolated(unsafe) private static let line = UnsafeMutablePointer<UInt8>.allocate(capacity: capacity)
  nonisolated(unsafe) private static var count = 0
  nonisolated(unsafe) private static var file: Int32 = -1

  /// Writes the line to a file when a trap, a fault or an alarm ends the process.
  package static func install(file path: String) {
    file = open(path, O_WRONLY | O_CREAT | O_APPEND, 0o600)
    for number in [SIGILL, SIGTRAP, SIGSEGV, SIGABRT, SIGBUS, SIGFPE, SIGALRM] {
      signal(number) { number in
        _ = write(LastWords.file, LastWords.line, LastWords.count)
        signal(number, SIG_DFL)
        raise(number)
      }
    }
  }

  /// Sets the line, and ends the process when it has not changed for so many seconds.
  package static func say(_ text: String, seconds: UInt32 = 20) {
    let bytes = Array(("ended at " + text + "\n").utf8.prefix(capacity))
    line.update(from: bytes, count: bytes.count)
    count = bytes.count
    alarm(seconds)
  }

  /// Writes a line to the file now.
  package static func note(_ text: String) {
    let bytes = Array((text + "\n").utf8)
    _ = write(file, bytes, bytes.count)
  }
}
