import Foundation

/// Remembers that a signal asked the program to stop.
enum Interruption {
  // Written by a signal handler, which may touch nothing but a plain word of memory.
  nonisolated(unsafe) private static var received: sig_atomic_t = 0

  /// The signal that came; 0 when none did.
  static var signal: Int32 { received }

  /// Catches the signals that ask a program to stop, so that it can tidy up.
  ///
  /// A hang-up that the parent ignores (nohup) stays ignored; signals that it only blocks are let through.
  static func watch() {
    received = 0
    var wanted = sigset_t()
    sigemptyset(&wanted)
    for number in [SIGINT, SIGTERM, SIGHUP] {
      var action = sigaction()
      sigaction(number, nil, &action)
      let isIgnored = unsafeBitCast(action.__sigaction_handler.sa_handler, to: Int.self) == 1
      if number == SIGHUP, isIgnored { continue }
      action = sigaction()
      action.__sigaction_handler.sa_handler = { Interruption.received = $0 }
      sigaction(number, &action, nil)
      sigaddset(&wanted, number)
    }
    pthread_sigmask(SIG_UNBLOCK, &wanted, nil)
  }
}
