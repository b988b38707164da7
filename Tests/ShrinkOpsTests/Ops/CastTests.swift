import ShrinkGraph
import ShrinkOps
import ShrinkTestSupport
import Testing

@Suite struct CastTests {
  private func cast(_ x: Tensor, _ dtype: DType) throws -> Tensor {
    try result("Cast", ["to": .int(Int64(dtype.rawValue))], x)
  }
  private static let numeric: [DType] = [
    .float32, .float64, .float16, .bfloat16, .bool, .int8, .int16, .int32, .int64, .uint8, .uint16, .uint32, .uint64,
  ]

  @Test func obeysTheLaws() throws { try checkLaws("Cast", ["to": .int(11)], operands: [.random([2, 3])]) }

  @Test(arguments: numeric, numeric)
  func keepsZeroAndOne(_ from: DType, _ to: DType) throws {
    let x = Tensor(shape: [2], [0, 1] as [Float])
    #expect(try cast(cast(cast(x, from), to), .float32) == x)
  }

  @Test func roundsHalvesToEven() throws {
    let x = Tensor(shape: [7], [1.0009766, 1.0004883, 1.0014648, 65519, 65520, 6e-8, 2.9802322e-8] as [Float])
    let half = try cast(x, .float16)
    half.withBytes { #expect($0.load(fromByteOffset: 6, as: UInt16.self) == 0x7bff) }
    #expect(try cast(half, .float32).floats == [1.0009766, 1, 1.0019531, 65504, .infinity, 5.9604645e-8, 0])
    let brain = try cast(Tensor(shape: [4], [1.00390625, 1.01171875, -.infinity, 3.4e38] as [Float]), .bfloat16)
    #expect(try cast(brain, .float32).floats == [1, 1.015625, -.infinity, .infinity])
    #expect(try cast(cast(Tensor(Float.nan), .float16), .float32).floats[0].isNaN)
  }

  @Test func truncatesAndWraps() throws {
    let x = Tensor(shape: [4], [-1.9, 300.5, .nan, 1e30] as [Float])
    #expect(try cast(x, .int64).elements() as [Int64] == [-1, 300, 0, .max])
    #expect(try cast(x, .uint8).elements() as [UInt8] == [255, 44, 0, 255])
    #expect(try cast(Tensor.integers(-1), .uint64).elements() as [UInt64] == [.max])
    #expect(try cast(Tensor(UInt64.max), .float64).elements() as [Double] == [0x1p64])
    #expect(try cast(x, .bool).elements() == [true, true, true, true])
  }

  @Test func convertsLikeAnotherOperand() throws {
    #expect(try result("CastLike", opset: 19, [:], Tensor(Float(2.5)), Tensor(Int32(0))) == Tensor(Int32(2)))
  }

  @Test func convertsMoreThanOneBlock() throws {
    let x = Tensor.counting([3, 1000])
    #expect(try cast(cast(x, .int32), .float32) == x)
    #expect(try cast(Tensor(shape: [0], [] as [Float]), .int64).shape == [0])
  }

  @Test func convertsToAndFromTypesWithinAByte() throws {
    let x = Tensor(shape: [5], [0, 1.5, -1.5, 448, 1000] as [Float])
    let numbers = { (dtype: DType, y: Tensor) in try cast(cast(y, dtype), .float32).floats }
    #expect(try numbers(.float8e4m3fn, x) == [0, 1.5, -1.5, 448, 448])
    #expect(try numbers(.float4e2m1, x) == [0, 1.5, -1.5, 6, 6])
    let whole = Tensor(shape: [5], [0, 7, -8, 8, -9] as [Int32])
    #expect(try numbers(.int4, whole) == [0, 7, -8, -8, 7])
    #expect(try numbers(.uint4, whole) == [0, 7, 8, 8, 7])
    #expect(try numbers(.uint2, whole) == [0, 3, 0, 0, 3])
    let open = try result("Cast", opset: 19, ["to": .int(17), "saturate": .int(0)], Tensor(Float(1000)))
    #expect(try cast(open, .float32).floats[0].isNaN)
  }

  @Test func refusesTextAndUnknownTypes() {
    #expect(throws: OperatorError.self) { try cast(Tensor(Float(1)), .string) }
    #expect(throws: OperatorError.self) { try result("Cast", ["to": .int(99)], Tensor(Float(1))) }
    #expect(throws: OperatorError.self) { try result("Cast", [:], Tensor(Float(1))) }
  }
}
