import ArgumentParser
import Foundation
import OnnxShrink

/// Turns errors into a sentence on stderr and an exit status.
enum ExitCodes {
  /// Ends the program: 1 could not be done, 2 target missed, 64 wrong usage, 128 + signal when interrupted.
  static func exit(_ error: any Error) -> Never {
    if let failure = error as? Failure {
      Printing.error(failure.description)
      Foundation.exit(status(failure.kind))
    }
    guard OnnxShrinkCommand.exitCode(for: error) == .validationFailure else { OnnxShrinkCommand.exit(withError: error) }
    let message = OnnxShrinkCommand.message(for: error)
    Printing.error(
      "\(message.hasSuffix(".") ? String(message.dropLast()) : message) [usage]\n  hint: see onnx-shrink --help")
    Foundation.exit(ExitCode.validationFailure.rawValue)
  }

  private static func status(_ kind: Failure.Kind) -> Int32 {
    switch kind {
    case .impossible: 1
    case .missed: 2
    case .usage: ExitCode.validationFailure.rawValue
    case .interrupted: 128 + Interruption.signal
    }
  }
}
