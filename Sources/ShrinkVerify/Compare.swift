import Foundation
import ShrinkGraph

/// Compares one output of two networks, run by run.
///
/// Relative error: ‖y − y'‖ / ‖y‖ with sums in Double over all samples. Elements that are NaN on both sides, or the same
/// infinity, are equal; one that is not finite on one side only makes every error infinite.
struct Compare {
  private let name: String
  private let isFloat: Bool
  private var error = 0.0
  private var energy = 0.0
  private var worst = 0.0
  private var largest = 0.0
  private var cosine = 1.0
  private var elements = 0
  private var close = 0
  private var notFinite = Verdict.Pair(0, 0)
  private var change: String?
  /// Decisions of both networks, counted in the first output that decides.
  private var decisions: Decisions?

  /// Relative and absolute tolerance of rewrites that are meant to be exact.
  private static let rtol = 1e-4
  private static let atol = 1e-5

  /// Starts with nothing.
  ///
  /// `decides`: whether arg-max decisions are to be counted.
  init(_ name: String, isFloat: Bool, decides: Bool) {
    self.name = name
    self.isFloat = isFloat
    decisions = decides ? Decisions() : nil
  }

  /// Adds the output of a run; `labels` are the true classes of its samples.
  mutating func add(_ original: Tensor, _ other: Tensor, labels: [Int]?) {
    guard original.dtype == other.dtype, original.shape == other.shape else { return note(original, other) }
    elements += original.count
    guard let x = original.numbers, let y = other.numbers else {
      if original == other { close += original.count } else { largest = .infinity }
      return
    }
    let rows = original.shape.first ?? 1
    let width = rows > 0 ? original.count / rows : 0
    for row in 0..<rows { add(x[row * width..<(row + 1) * width], y[row * width..<(row + 1) * width]) }
    decisions?.add(x, y, shape: original.shape, labels: labels)
  }

  private mutating func note(_ a: Tensor, _ b: Tensor) {
    change = change ?? "\(a.dtype) \(a.shape) became \(b.dtype) \(b.shape)"
    elements += a.count
    (error, worst, largest, cosine) = (.infinity, .infinity, .infinity, -1)
  }

  /// Adds one sample.
  private mutating func add(_ x: ArraySlice<Double>, _ y: ArraySlice<Double>) {
    var (dd, xx, yy, xy) = (0.0, 0.0, 0.0, 0.0)
    for (a, b) in zip(x, y) {
      if !a.isFinite || !b.isFinite {
        notFinite.original += a.isFinite ? 0 : 1
        notFinite.candidate += b.isFinite ? 0 : 1
        if a == b || (a.isNaN && b.isNaN) { close += 1 } else { (dd, largest) = (.infinity, .infinity) }
        continue
      }
      let d = a - b
      dd += d * d
      xx += a * a
      yy += b * b
      xy += a * b
      largest = max(largest, abs(d))
      if abs(d) <= Self.atol + Self.rtol * abs(a) { close += 1 }
    }
    error += dd
    energy += xx
    worst = max(worst, dd.squareRoot() / max(xx.squareRoot(), 1e-12))
    if dd > 0 { cosine = min(cosine, xx > 0 && yy > 0 ? xy / (xx * yy).squareRoot() : 0) }
  }

  /// What came of it.
  var output: Verdict.Output {
    let relative = error.squareRoot() / max(energy.squareRoot(), 1e-30)
    return Verdict.Output(
      name: name, relativeError: isFloat ? relative : nil, worstError: isFloat ? worst : nil, maxDifference: largest,
      decibels: isFloat ? -20 * log10(relative) : nil, minCosine: isFloat ? cosine : nil,
      agreement: decisions?.agreement, elements: elements, close: close, notFinite: notFinite, change: change)
  }

  /// Right decisions in per cent, where labels came with the samples.
  var accuracy: Verdict.Pair<Double>? { decisions?.accuracy }
}
