import Synchronization

/// Keeps the first error that parallel bodies meet.
final class Failures: Sendable {
  private let state = Mutex<MathError?>(nil)

  var first: MathError? { state.withLock { $0 } }

  func record(_ error: MathError) {
    state.withLock { $0 = $0 ?? error }
  }
}
