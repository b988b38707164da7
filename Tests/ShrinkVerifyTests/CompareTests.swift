import ShrinkGraph
import Testing

@testable import ShrinkVerify

@Suite struct CompareTests {
  private func output(_ original: Tensor, _ other: Tensor, runs: Int = 1, labels: [Int]? = nil) -> Verdict.Output {
    var compare = Compare("y", isFloat: original.dtype.isFloat, decides: true)
    for _ in 0..<runs { compare.add(original, other, labels: labels) }
    return compare.output
  }

  @Test func measuresOfTwoSamples() {
    let y = Tensor(shape: [2, 2], [3, 4, 0, 2] as [Float])
    let z = Tensor(shape: [2, 2], [3, 4.5, 1, 0] as [Float])
    let output = output(y, z)
    // ‖y − z‖² = 0.25 + 1 + 4, ‖y‖² = 29; the second sample is off by √5 of 2.
    #expect(abs((output.relativeError ?? 0) - (5.25 / 29).squareRoot()) < 1e-12)
    #expect(abs((output.worstError ?? 0) - 5.0.squareRoot() / 2) < 1e-12)
    #expect(output.maxDifference == 2)
    #expect(output.minCosine == 0)
    #expect(output.agreement == 50)
    #expect(output.close == 1 && output.elements == 4 && !output.isClose)
  }

  @Test func sumsRunOverAllSamples() {
    let y = Tensor(shape: [1, 2], [1, 0] as [Float])
    let z = Tensor(shape: [1, 2], [0, 1] as [Float])
    var compare = Compare("y", isFloat: true, decides: false)
    for _ in 0..<3 { compare.add(y, y, labels: nil) }
    compare.add(y, z, labels: nil)
    #expect(abs((compare.output.relativeError ?? 0) - (2.0 / 4).squareRoot()) < 1e-12)
    #expect(compare.output.agreement == nil)
  }

  @Test func nothingDiffers() {
    let y = Tensor(shape: [2, 3], [1, 2, 3, 4, 5, 6] as [Float])
    let output = output(y, y)
    #expect(output.relativeError == 0 && output.decibels == .infinity && output.minCosine == 1 && output.isClose)
  }

  @Test(arguments: [Float.nan, .infinity])
  func oneSidedNonFiniteIsInfinitelyWrong(value: Float) {
    let y = Tensor(shape: [1, 2], [1, 2] as [Float])
    let output = output(y, Tensor(shape: [1, 2], [1, value]))
    #expect(output.relativeError == .infinity && output.worstError == .infinity && output.maxDifference == .infinity)
    #expect(output.notFinite == Verdict.Pair(0, 1) && !output.isClose)
  }

  @Test func commonNonFiniteIsEqual() {
    let y = Tensor(shape: [1, 3], [1, .nan, -.infinity] as [Float])
    #expect(output(y, y).relativeError == 0)
    #expect(output(y, y).isClose)
    #expect(output(y, y).notFinite == Verdict.Pair(2, 2))
  }

  @Test func otherShapeOrTypeIsToldNotTrapped() {
    let y = Tensor(shape: [1, 2], [1, 2] as [Float])
    let shape = output(y, Tensor(shape: [1, 3], [1, 2, 3] as [Float]))
    #expect(shape.relativeError == .infinity && !shape.isClose)
    #expect(shape.change == "float32 [1, 2] became float32 [1, 3]")
    #expect(output(y, Tensor(shape: [1, 2], [1, 2] as [Double])).change == "float32 [1, 2] became float64 [1, 2]")
  }

  @Test func integersAreCountedWithoutRelativeError() {
    let output = output(Tensor(shape: [3], [1, 2, 3] as [Int64]), Tensor(shape: [3], [1, 2, 5] as [Int64]))
    #expect(output.relativeError == nil && output.close == 2 && output.maxDifference == 2)
  }

  @Test func scalarsAndHalvesAreRead() {
    #expect(output(Tensor(Float(2)), Tensor(Float(1))).relativeError == 0.5)
    let storage = TensorStorage(byteCount: 4)
    storage.bytes.storeBytes(of: Float16(1.5).bitPattern, as: UInt16.self)
    storage.bytes.storeBytes(of: Float16(-2).bitPattern, toByteOffset: 2, as: UInt16.self)
    #expect(Tensor(dtype: .float16, shape: [2], storage: storage).numbers == [1.5, -2])
    let brain = TensorStorage(byteCount: 2)
    brain.bytes.storeBytes(of: UInt16(Float(3).bitPattern >> 16), as: UInt16.self)
    #expect(Tensor(dtype: .bfloat16, shape: [1], storage: brain).numbers == [3])
  }

  @Test func toleranceIsThatOfAllclose() {
    let y = Tensor(shape: [1, 2], [100, 0] as [Float])
    #expect(output(y, Tensor(shape: [1, 2], [100.009, 0.000009] as [Float])).isClose)
    #expect(output(y, Tensor(shape: [1, 2], [100.02, 0.00002] as [Float])).close == 0)
  }
}
