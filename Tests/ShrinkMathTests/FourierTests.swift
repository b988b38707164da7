import Foundation
import Testing

@testable import ShrinkMath

@Suite struct FourierTests {
  @Test(arguments: [1, 2, 3, 4, 7, 12, 16, 30, 97, 128]) func isTheSumOfItsDefinition(_ n: Int) {
    let x = (0..<n).map { Fourier.Complex(sin(Double($0 * $0)), cos(Double(3 * $0))) }
    var y = x
    let fourier = Fourier(length: n)
    fourier.transform(&y)
    for k in 0..<n {
      var sum = Fourier.Complex(0)
      for i in 0..<n { sum = sum + x[i] * Fourier.Complex(angle: -2 * .pi * Double(i * k % n) / Double(n)) }
      #expect(abs(sum.real - y[k].real) < 1e-11 && abs(sum.imaginary - y[k].imaginary) < 1e-11)
    }
    fourier.transform(&y, inverse: true)
    #expect(zip(x, y).allSatisfy { abs($0.real - $1.real) < 1e-13 && abs($0.imaginary - $1.imaginary) < 1e-13 })
  }
}
