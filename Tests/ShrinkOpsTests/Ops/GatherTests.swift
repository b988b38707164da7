import ShrinkGraph
import ShrinkOps
import ShrinkTestSupport
import Testing

@Suite struct GatherTests {
  @Test(arguments: [Tensor.integers(0, 2), Tensor(Int64(1)), Tensor(shape: [2, 2], [0, 1, -1, 2] as [Int64])])
  func obeysTheLaws(_ indices: Tensor) throws {
    try checkLaws("Gather", ["axis": .int(1)], operands: [.random([2, 3, 4]), .tensor(indices)], constants: [1])
  }

  /// A list in the file that picks several indices, none twice: indices go with what is picked, and the list is edited.
  @Test(arguments: [[0, 2], [2, 0, 1], [-1, 1], [0, 1, 2, 3, 4]] as [[Int64]], [false, true])
  func listsThatPickShrink(_ list: [Int64], isNarrow: Bool) throws {
    let operand =
      isNarrow ? Tensor(shape: [list.count], list.map { Int32($0) }) : Tensor(shape: [list.count], list)
    try checkLaws("Gather", ["axis": .int(1)], operands: [.random([2, 5, 3]), .tensor(operand)], constants: [1])
    let gather = try Gather(Attributes("Gather", opset: 17, ["axis": .int(1)]))
    let types = [TensorType(.float32, [2, 5, 3]), TensorType(constant: operand)]
    var c = Coupling(inputs: Operands(types), outputs: [TensorType(.float32, [2, list.count, 3])])
    gather.couple(&c)
    let picked = list.map { $0 < 0 ? Int($0) + 5 : Int($0) }
    let ties = c.ties.filter { $0.a == .input(0, 1) }
    #expect(ties.map(\.firstA) == picked && ties.map(\.firstB) == Array(list.indices))
    // Without index 1 of the axis, whoever picked it picks nothing.
    let left = [0, 2, 3, 4]
    let edits = gather.resize(c, to: KeptAxes { [c] port in port == .input(0, 1) ? left : Array(0..<c.size(port)) })
    guard case .operand(1, let edited)? = edits.first else {
      Issue.record("no edit of the list \(list)")
      return
    }
    #expect(edited.integers == picked.compactMap { left.firstIndex(of: $0) } && edited.dtype == operand.dtype)
  }

  /// Nothing goes from an axis whose indices are picked twice or by numbers that are not in the file.
  @Test func listsThatRepeatOrAreComputedNeedTheAxis() throws {
    let gather = try Gather(Attributes("Gather", opset: 17, ["axis": .int(1)]))
    for (list, stored) in [([0, 1, 0], [1]), ([2, 0, 1], []), ([1], [1]), ([0, 7], [1])] as [([Int64], Set<Int>)] {
      let types = [TensorType(.float32, [2, 5]), TensorType(constant: Tensor(shape: [list.count], list))]
      var c = Coupling(inputs: Operands(types), outputs: [TensorType(.float32, [2, list.count])], stored: stored)
      gather.couple(&c)
      #expect(!c.named.contains(.input(0, 1)) && c.named.contains(.input(0, 0)), "\(list)")
      #expect(gather.resize(c, to: KeptAxes { _ in [0] }).isEmpty)
    }
  }

  @Test func takesSlices() throws {
    let x = Tensor.counting([2, 3])
    #expect(try result("Gather", ["axis": .int(1)], x, .integers(-1, 0)).floats == [2, 0, 5, 3])
    #expect(try result("Gather", [:], x, Tensor(Int32(1))).floats == [3, 4, 5])
    #expect(try result("Gather", [:], x, .integers()).shape == [0, 3])
  }

  @Test func refusesIndicesBeyond() {
    #expect(throws: OperatorError.self) { try result("Gather", [:], Tensor.counting([2]), .integers(2)) }
    #expect(throws: OperatorError.self) { try result("Gather", [:], Tensor.counting([2]), .integers(-3)) }
    #expect(throws: OperatorError.self) { try result("Gather", ["axis": .int(1)], Tensor.counting([2]), .integers(0)) }
    #expect(throws: OperatorError.self) { try result("Gather", [:], Tensor.counting([2]), Tensor(Float(0))) }
  }
}
