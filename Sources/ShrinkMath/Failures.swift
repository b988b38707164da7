import Synchronization

/// Keeps the first error that parallel bodies meet.
package final class Failures: Sendable {
  private let state = Mutex<MathError?>(nil)

  /// Has met none.
  package init() {}

  package var first: MathError? { state.withLock { $0 } }

  package func record(_ error: MathError) {
    state.withLock { $0 = $0 ?? error }
  }
}
