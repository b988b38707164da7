import Foundation
import ShrinkGraph

/// How far the outputs of two networks are apart, summed over samples.
package struct OutputDistance: Sendable {
  /// Σ (a − b)² and Σ a² of each floating-point output.
  package private(set) var squares: [(error: Double, energy: Double)] = []
  /// Equal and all arg-max decisions of the first floating-point output of rank 2, 3 or 4.
  package private(set) var decisions = (equal: 0, all: 0)
  /// Σ over those decisions of the Kullback–Leibler divergence between the soft-max of the original's scores and the
  /// other's, in nats.
  private var divergence = 0.0

  /// Starts with nothing.
  package init() {}

  /// Adds a run: outputs of the original and of the other network, in the same order.
  package mutating func add(_ original: [Tensor], _ other: [Tensor]) {
    if squares.isEmpty { squares = original.map { _ in (0, 0) } }
    var decided = false
    for (i, (a, b)) in zip(original, other).enumerated() where a.dtype == .float32 && b.dtype == .float32 {
      let part = a.withElements(Float.self) { x in b.withElements(Float.self) { y in Self.difference(x, y) } }
      squares[i].error += part.error
      squares[i].energy += part.energy
      if !decided, (2...4).contains(a.rank), a.shape == b.shape {
        decided = true
        count(a, b)
      }
    }
  }

  private static func difference(
    _ x: UnsafeBufferPointer<Float>, _ y: UnsafeBufferPointer<Float>
  ) -> (error: Double, energy: Double) {
    guard x.count == y.count else { return (.infinity, 1) }
    var (error, energy) = (0.0, 0.0)
    for i in x.indices {
      let d = Double(x[i]) - Double(y[i])
      error += d * d
      energy += Double(x[i]) * Double(x[i])
    }
    // Where anything is no number the error is infinite, whatever it is measured against.
    return error.isFinite && energy.isFinite ? (error, energy) : (.infinity, 1)
  }

  private mutating func count(_ a: Tensor, _ b: Tensor) {
    let axis = a.rank == 4 ? 1 : a.rank - 1
    let (length, inner) = (a.shape[axis], a.shape[(axis + 1)...].reduce(1, *))
    guard length > 1 else { return }
    a.withElements(Float.self) { x in
      b.withElements(Float.self) { y in
        for o in 0..<x.count / (length * inner) {
          for i in 0..<inner {
            let start = o * length * inner + i
            let (p, q) = (Scores(x, start, inner, length), Scores(y, start, inner, length))
            decisions.all += 1
            if let choice = p.choice, choice == q.choice { decisions.equal += 1 }
            divergence += p.divergence(to: q)
          }
        }
      }
    }
  }

  /// The largest relative L2 error of any output: ‖a − b‖ / ‖a‖ over all samples.
  package var relativeError: Double {
    squares.map { ($0.error / max($0.energy, 1e-60)).squareRoot() }.max() ?? 0
  }

  /// Equal decisions in per cent; nil when no output decides.
  package var agreement: Double? {
    decisions.all > 0 ? 100 * Double(decisions.equal) / Double(decisions.all) : nil
  }

  /// What sensitivities are measured in: the squared relative error, and the mean divergence of the decisions.
  ///
  /// The divergence sees which differences matter to a classifier; where outputs are no scores it is small.
  package var squaredDistance: Double {
    let mean = decisions.all > 0 ? max(divergence, 0) / Double(decisions.all) : 0
    return relativeError * relativeError + (mean.isFinite ? mean : 0)
  }
}

/// The scores of one decision.
private struct Scores {
  private let values: [Double]
  /// The logarithm of Σ exp over the scores.
  private let normalizer: Double
  /// Position of the first largest score; nil where one is no number.
  let choice: Int?

  init(_ x: UnsafeBufferPointer<Float>, _ start: Int, _ stride: Int, _ length: Int) {
    values = (0..<length).map { Double(x[start + $0 * stride]) }
    let largest = values.max() ?? 0
    choice = values.contains(where: \.isNaN) ? nil : values.firstIndex(of: largest)
    normalizer = largest + log(values.reduce(0) { $0 + exp($1 - largest) })
  }

  /// The divergence Σ p (log p − log q), in nats.
  func divergence(to other: Scores) -> Double {
    zip(values, other.values).reduce(0) { total, pair in
      let p = pair.0 - normalizer
      return total + exp(p) * (p - (pair.1 - other.normalizer))
    }
  }
}
