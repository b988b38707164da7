// Goal: discrete Fourier transforms of any length in Float64.
//
//   X[k] = Σ x[n] e^(∓2πi kn / N)
//
// Powers of two by the iterative radix-2 algorithm; other lengths as a convolution of a power of two (Bluestein).
// Sources: Cooley and Tukey, Math. Comp. 19 (1965); Bluestein, IEEE Trans. Audio Electroacoust. 18 (1970).

import Foundation

/// A transform of one length, prepared once for many signals.
package struct Fourier: Sendable {
  /// Points of a signal.
  package let length: Int
  /// Points of the power of two that is computed.
  private let size: Int
  /// e^(-2πi j / size) for the first half of j.
  private let roots: [Complex]
  /// Bluestein's factors e^(-πi n² / length), and the transform of their conjugates; empty for a power of two.
  private let chirp: [Complex], filter: [Complex]

  /// A complex number.
  package struct Complex: Sendable, Equatable {
    package var real: Double, imaginary: Double

    /// Makes a number.
    package init(_ real: Double, _ imaginary: Double = 0) { (self.real, self.imaginary) = (real, imaginary) }
    /// e^(iφ).
    init(angle: Double) { self.init(cos(angle), sin(angle)) }

    /// The number mirrored at the real axis.
    package var conjugate: Complex { Complex(real, -imaginary) }
    static func + (a: Complex, b: Complex) -> Complex { Complex(a.real + b.real, a.imaginary + b.imaginary) }
    static func - (a: Complex, b: Complex) -> Complex { Complex(a.real - b.real, a.imaginary - b.imaginary) }
    static func * (a: Complex, b: Complex) -> Complex {
      Complex(a.real * b.real - a.imaginary * b.imaginary, a.real * b.imaginary + a.imaginary * b.real)
    }
  }

  /// Prepares transforms of `length` points, at least one and at most 2³⁰.
  package init(length: Int) {
    precondition(length > 0 && length <= 1 << 30)
    self.length = length
    let isPower = length & (length - 1) == 0
    var size = 1
    while size < (isPower ? length : 2 * length - 1) { size *= 2 }
    self.size = size
    roots = (0..<max(1, size / 2)).map { Complex(angle: -2 * .pi * Double($0) / Double(size)) }
    guard !isPower else {
      (chirp, filter) = ([], [])
      return
    }
    // n² is taken modulo twice the length, so that the angle keeps its digits.
    chirp = (0..<length).map { Complex(angle: -.pi * Double($0 * $0 % (2 * length)) / Double(length)) }
    var filter = [Complex](repeating: Complex(0), count: size)
    for n in 0..<length {
      filter[n] = chirp[n].conjugate
      filter[(size - n) % size] = chirp[n].conjugate
    }
    Self.transform(&filter, roots)
    self.filter = filter
  }

  /// Replaces `length` points by their transform; the inverse is divided by the length.
  package func transform(_ x: inout [Complex], inverse: Bool = false) {
    precondition(x.count == length)
    if inverse { for i in x.indices { x[i] = x[i].conjugate } }
    if chirp.isEmpty { Self.transform(&x, roots) } else { convolve(&x) }
    if inverse {
      let factor = 1 / Double(length)
      for i in x.indices { x[i] = Complex(x[i].real * factor, -x[i].imaginary * factor) }
    }
  }

  /// Bluestein's algorithm: kn = (k² + n² - (k - n)²) / 2.
  private func convolve(_ x: inout [Complex]) {
    var a = [Complex](repeating: Complex(0), count: size)
    for n in 0..<length { a[n] = x[n] * chirp[n] }
    Self.transform(&a, roots)
    for i in 0..<size { a[i] = (a[i] * filter[i]).conjugate }
    Self.transform(&a, roots)
    let factor = 1 / Double(size)
    for k in 0..<length { x[k] = Complex(a[k].real * factor, -a[k].imaginary * factor) * chirp[k] }
  }

  /// A power of two, in place.
  private static func transform(_ x: inout [Complex], _ roots: [Complex]) {
    x.withUnsafeMutableBufferPointer { x in
      roots.withUnsafeBufferPointer { roots in
        let n = x.count
        var reversed = 0
        for i in 1..<max(1, n) {
          var bit = n >> 1
          while reversed & bit != 0 {
            reversed ^= bit
            bit >>= 1
          }
          reversed ^= bit
          if i < reversed { x.swapAt(i, reversed) }
        }
        var half = 1
        while half < n {
          let step = n / (2 * half)
          for start in stride(from: 0, to: n, by: 2 * half) {
            for j in 0..<half {
              let (a, b) = (x[start + j], x[start + j + half] * roots[j * step])
              x[start + j] = a + b
              x[start + j + half] = a - b
            }
          }
          half *= 2
        }
      }
    }
  }
}
