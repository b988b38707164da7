import Foundation
import ShrinkGraph
import ShrinkReduce
import ShrinkVerify

/// Judges a verdict against a target.
enum Requirement {
  /// Throws `missedTarget` saying what was measured and what was asked for.
  static func check(_ target: ShrinkReduce.Target, _ verdict: Verdict) throws(ShrinkError) {
    switch target {
    case .maxError(let allowed):
      guard let error = verdict.relativeError else { throw .notMeasurable("error", "--keep-params or --lossless") }
      guard error <= allowed else {
        throw .missed("the held-out error is \(text(error)), where \(text(allowed)) is allowed")
      }
    case .minAgreement(let wanted):
      guard let agreement = verdict.agreement else { throw .notMeasurable("agreement", "--max-error") }
      guard agreement >= wanted else {
        throw .missed(
          "the networks agree on \(text(agreement)) % of the held-out samples, where \(text(wanted)) % is asked for")
      }
    case .keepParams(let share): try check(share, \.parameters, "parameters", verdict)
    case .keepMacs(let share): try check(share, \.macs, "multiply-accumulates", verdict)
    case .lossless:
      if let bad = verdict.outputs.first(where: { !$0.isClose }) {
        throw .missed(
          "\(bad.elements - bad.close) of \(bad.elements) elements of output '\(bad.name)' differ by more than rounding "
            + "on the held-out samples")
      }
    }
  }

  /// Whether a target is met.
  static func isMet(_ target: ShrinkReduce.Target, _ verdict: Verdict) -> Bool {
    do throws(ShrinkError) {
      try check(target, verdict)
      return true
    } catch { return false }
  }

  /// Throws unless the outputs are what a user of the original expects, whatever the target.
  static func checkSound(_ verdict: Verdict) throws(ShrinkError) {
    if let change = verdict.interface.first { throw .unsound("result", change) }
    for output in verdict.outputs {
      if let change = output.change { throw .unsound("output '\(output.name)'", change) }
      if output.notFinite.candidate > output.notFinite.original {
        throw .missed("output '\(output.name)' is NaN or infinite on held-out samples")
      }
    }
  }

  /// How much of the target was used up: above 1 when it was missed; nil for targets that are not errors.
  static func excess(_ target: ShrinkReduce.Target, _ verdict: Verdict) -> Double? {
    switch target {
    case .maxError(let allowed): verdict.relativeError.map { $0 / allowed }
    case .minAgreement(let wanted): verdict.agreement.map { (100 - $0) / max(100 - wanted, 1e-9) }
    default: nil
    }
  }

  private static func check(
    _ share: Double, _ part: KeyPath<NetworkSize, Int>, _ name: String, _ verdict: Verdict
  ) throws(ShrinkError) {
    let (before, after) = (verdict.size.original[keyPath: part], verdict.size.candidate[keyPath: part])
    guard Double(after) <= share * Double(before) * (1 + 1e-9) else {
      throw .missed(
        "the smallest network found keeps \(text(Double(after) / Double(max(before, 1)))) of the \(name), "
          + "where \(text(share)) is asked for")
    }
  }

  private static func text(_ value: Double) -> String { String(format: "%.4g", value) }
}

extension ShrinkReduce.Target {
  /// Whether weights that were fitted had better not be rounded to the type in which the file held them.
  var asksForExactness: Bool {
    switch self {
    case .lossless: true
    case .maxError(let allowed): allowed < 2e-3
    default: false
    }
  }
  /// Whether the original itself meets it.
  var allowsOriginal: Bool {
    switch self {
    case .lossless, .maxError, .minAgreement: true
    case .keepParams(let share), .keepMacs(let share): share >= 1
    }
  }
}

extension ShrinkError {
  fileprivate static func missed(_ fact: String) -> ShrinkError {
    ShrinkError(
      .missedTarget, fact + ": nothing was written",
      hint: "ask for less, give more samples with --data, or see what holds the network back with onnx-shrink inspect")
  }
  fileprivate static func notMeasurable(_ measure: String, _ other: String) -> ShrinkError {
    ShrinkError(.usage, "no output of this network has an \(measure) to measure", hint: "use \(other) instead")
  }
  fileprivate static func unsound(_ place: String, _ fact: String) -> ShrinkError {
    ShrinkError(.internal, place: place, fact, hint: "this is a fault of the program: nothing was written")
  }
}
