import ShrinkGraph
import ShrinkOps
import ShrinkTestSupport
import Testing

@Suite struct TransposeTests {
  @Test(arguments: [[0, 2, 3, 1], [3, 2, 1, 0], [1, 0, 2, 3], [0, 1, 2, 3]] as [[Int64]])
  func obeysTheLaws(_ order: [Int64]) throws {
    try checkLaws("Transpose", ["perm": .ints(order)], operands: [.random([2, 3, 4, 5])])
  }

  @Test(arguments: [[0, 2, 1], [2, 1, 0], [1, 0, 2], [1, 2, 0], [2, 0, 1]])
  func movesElements(_ order: [Int]) throws {
    let shape = [3, 70, 45]
    let y = try result("Transpose", ["perm": .ints(order.map(Int64.init))], Tensor.counting(shape))
    #expect(y.shape == order.map { shape[$0] })
    let strides = order.map { [70 * 45, 45, 1][$0] }
    var wanted: [Float] = []
    for i in 0..<y.shape[0] {
      for j in 0..<y.shape[1] {
        for k in 0..<y.shape[2] { wanted.append(Float(i * strides[0] + j * strides[1] + k * strides[2])) }
      }
    }
    #expect(y.floats == wanted)
  }

  @Test func reversesByDefault() throws {
    #expect(
      try result("Transpose", [:], Tensor(shape: [2, 3], [0, 1, 2, 3, 4, 5] as [UInt8])).elements() as [UInt8] == [
        0, 3, 1, 4, 2, 5,
      ])
    #expect(try result("Transpose", [:], Tensor(Float(1))).floats == [1])
    #expect(try result("Transpose", [:], Tensor.counting([0, 3])).shape == [3, 0])
  }

  @Test func movesElementsOfSixteenBytes() throws {
    let storage = TensorStorage(byteCount: 64)
    for i in 0..<8 { storage.bytes.storeBytes(of: Double(i), toByteOffset: i * 8, as: Double.self) }
    let y = try result("Transpose", [:], Tensor(dtype: .complex128, shape: [2, 2], storage: storage))
    y.withBytes { #expect(Array($0.bindMemory(to: Double.self)) == [0, 1, 4, 5, 2, 3, 6, 7]) }
  }

  @Test(arguments: [[0], [0, 0], [0, 2], [0, -3]] as [[Int64]])
  func refusesWhatIsNoOrder(_ order: [Int64]) {
    #expect(throws: OperatorError.self) { try result("Transpose", ["perm": .ints(order)], Tensor.counting([2, 2])) }
  }
}
