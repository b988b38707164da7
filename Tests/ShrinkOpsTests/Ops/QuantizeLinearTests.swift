import ShrinkGraph
import ShrinkTestSupport
import Testing

@testable import ShrinkOps

@Suite struct QuantizeLinearTests {
  private let x = Tensor(shape: [6], [0, 2, 3, 1000, -254, -1000] as [Float])

  @Test func obeysTheLaws() throws {
    try checkLaws("QuantizeLinear", operands: [.random([2, 3, 4]), .tensor(Tensor(Float(0.1)))])
    try checkLaws("QuantizeLinear", operands: [.random([2, 3, 4]), .positive([3])])
    let zeros = Tensor(shape: [4], [1, 2, 3, 4] as [Int8])
    try checkLaws(
      "QuantizeLinear", ["axis": .int(-1)], operands: [.random([2, 3, 4]), .positive([4]), .tensor(zeros)])
  }

  @Test func roundsAndSaturates() throws {
    #expect(
      try result("QuantizeLinear", [:], x, Tensor(Float(2)), Tensor(UInt8(128)))
        == Tensor(shape: [6], [128, 129, 130, 255, 1, 0] as [UInt8]))
    #expect(
      try result("QuantizeLinear", [:], x, Tensor(Float(2)), Tensor(Int16(-3)))
        == Tensor(shape: [6], [-3, -2, -1, 497, -130, -503] as [Int16]))
    #expect(try result("QuantizeLinear", [:], x, Tensor(Float(2))).dtype == .uint8)
  }

  @Test func scalesAxesAndBlocks() throws {
    let x = Tensor(shape: [2, 3], [2, 4, 6, 8, 10, 12] as [Float])
    #expect(
      try result("QuantizeLinear", ["axis": .int(0)], x, Tensor(shape: [2], [1, 2] as [Float]))
        == Tensor(shape: [2, 3], [2, 4, 6, 4, 5, 6] as [UInt8]))
    #expect(
      try result(
        "QuantizeLinear", opset: 21, ["axis": .int(1), "block_size": .int(2)], x,
        Tensor(shape: [2, 2], [1, 2, 2, 4] as [Float]), Tensor(shape: [2, 2], [0, 1, 2, 3] as [UInt8]))
        == Tensor(shape: [2, 3], [2, 4, 4, 6, 7, 6] as [UInt8]))
  }

  @Test func packsSmallTypes() throws {
    let values = Tensor(shape: [3], [-9, 1, 7.5] as [Float])
    let y = try result("QuantizeLinear", opset: 21, ["output_dtype": .int(22)], values, Tensor(Float(1)))
    #expect(y.dtype == .int4)
    #expect(y.withBytes { Array($0) } == [0x18, 0x07])
    #expect(LowPrecision.decoded(y)?.floats == [-8, 1, 7])
  }

  /// Every code of every format survives being decoded and encoded.
  @Test(arguments: [
    DType.float8e4m3fn, .float8e4m3fnuz, .float8e5m2, .float8e5m2fnuz, .float4e2m1, .int4, .uint4, .int2, .uint2,
  ])
  func keepsEveryCode(_ dtype: DType) throws {
    let codes = Tensor(dtype: dtype, shape: [256 * 8 / dtype.bits], storage: TensorStorage(byteCount: 256))
    for i in 0..<256 { codes.storage.bytes.storeBytes(of: UInt8(i), toByteOffset: i, as: UInt8.self) }
    let numbers = try #require(LowPrecision.decoded(codes))
    let again = try LowPrecision.encoded(numbers, dtype, saturates: false)
    let decoded = try #require(LowPrecision.decoded(again))
    for (a, b) in zip(numbers.floats, decoded.floats) { #expect(a == b || (a.isNaN && b.isNaN)) }
  }

  @Test func encodesFloatsBeyondTheLargest() throws {
    let x = Tensor(shape: [3], [1e6, -.infinity, 449] as [Float])
    let codes = { (dtype: DType, saturates: Bool) in
      try LowPrecision.encoded(x, dtype, saturates: saturates).withBytes { Array($0) }
    }
    #expect(try codes(.float8e4m3fn, true) == [0x7e, 0xfe, 0x7e])
    #expect(try codes(.float8e4m3fn, false) == [0x7f, 0xff, 0x7e])
    #expect(try codes(.float8e5m2, false) == [0x7c, 0xfc, 0x5f])
    #expect(try codes(.float8e5m2fnuz, false) == [0x80, 0x80, 0x63])
  }

  @Test func refusesWhatDoesNotFit() {
    func refuses(_ scale: Tensor, _ attributes: [String: Attribute.Value] = [:], zero: Tensor? = nil) {
      #expect(throws: OperatorError.self) { try result("QuantizeLinear", opset: 21, attributes, x, scale, zero) }
    }
    refuses(Tensor(shape: [2], [1, 1] as [Float]), ["axis": .int(0)])
    refuses(Tensor(shape: [6], repeating: Float(1)))
    refuses(Tensor(shape: [3], repeating: Float(1)), ["axis": .int(0), "block_size": .int(3)])
    refuses(Tensor(Float(1)), ["block_size": .int(-1)])
    refuses(Tensor(shape: [3, 1], repeating: Float(1)), ["axis": .int(0), "block_size": .int(.max)])
    refuses(Tensor(Float(1)), ["output_dtype": .int(99)])
    refuses(Tensor(Float(1)), ["output_dtype": .int(8)])
    refuses(Tensor(Float(1)), ["output_dtype": .int(3)], zero: Tensor(UInt8(1)))
    refuses(Tensor(Float(1)), zero: Tensor(shape: [2], [1, 2] as [UInt8]))
  }
}
