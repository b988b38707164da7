import ShrinkGraph
import ShrinkTestSupport
import Testing

@testable import ShrinkOps

@Suite struct DequantizeLinearTests {
  private let x = Tensor(shape: [2, 3], [0, 3, 128, 255, 10, 20] as [UInt8])

  @Test func obeysTheLaws() throws {
    try checkLaws("DequantizeLinear", operands: [.tensor(x), .tensor(Tensor(Float(2))), .tensor(Tensor(UInt8(128)))])
    try checkLaws("DequantizeLinear", operands: [.tensor(x), .positive([3])])
  }

  @Test func scalesBack() throws {
    #expect(
      try result("DequantizeLinear", [:], x, Tensor(Float(2)), Tensor(UInt8(128))).floats
        == [-256, -250, 0, 254, -236, -216])
    #expect(
      try result("DequantizeLinear", [:], x, Tensor(shape: [3], [1, 2, 0.5] as [Float])).floats
        == [0, 6, 64, 255, 20, 10])
    #expect(
      try result(
        "DequantizeLinear", opset: 21, ["axis": .int(1), "block_size": .int(2)], x,
        Tensor(shape: [2, 2], [1, 2, 3, 4] as [Float]), Tensor(shape: [2, 2], [0, 28, 5, 0] as [UInt8])
      ).floats == [0, 3, 200, 750, 15, 80])
    #expect(
      try result("DequantizeLinear", [:], Tensor(shape: [2], [-4, 8] as [Int32]), Tensor(Float(0.5))).floats == [-2, 4])
  }

  @Test func readsSmallTypes() throws {
    let packed = try LowPrecision.encoded(Tensor(shape: [3], [-8, 1, 7] as [Float]), .int4)
    #expect(try result("DequantizeLinear", opset: 21, [:], packed, Tensor(Float(2))).floats == [-16, 2, 14])
    let scale = try Conversion.convert(Tensor(Float(0.5)), to: .float16)
    let half = try result("DequantizeLinear", opset: 21, [:], packed, scale)
    #expect(half.dtype == .float16)
    #expect(half.numbers == [-4, 0.5, 3.5])
  }

  @Test func refusesWhatDoesNotFit() {
    func refuses(_ scale: Tensor, _ attributes: [String: Attribute.Value] = [:], zero: Tensor? = nil) {
      #expect(throws: OperatorError.self) { try result("DequantizeLinear", opset: 21, attributes, x, scale, zero) }
    }
    refuses(Tensor(shape: [2], [1, 1] as [Float]))
    refuses(Tensor(shape: [3], [1, 1, 1] as [Float]), ["axis": .int(2)])
    refuses(Tensor(Float(1)), zero: Tensor(Int8(1)))
    refuses(Tensor(Int32(1)))
    refuses(Tensor(shape: [2, 2], repeating: Float(1)), ["block_size": .int(1)])
  }
}
