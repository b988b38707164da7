import ShrinkGraph
import ShrinkTestSupport
import Testing

@testable import ShrinkOps

/// Forms of operators that later versions of ONNX gave up.
@Suite struct LegacyFormsTests {
  private func results(
    _ opType: String, opset: Int, outputs: Int = 1, _ values: [String: Attribute.Value], _ operands: Tensor...
  ) throws -> [Tensor] {
    let node = Node(
      opType, inputs: operands.indices.map { ValueID($0) }, outputs: (0..<outputs).map { ValueID(100 + $0) },
      attributes: values.map { Attribute($0.key, $0.value) })
    let operation = try OperatorTable.make(node, opset: opset)
    let operands = Operands<Tensor>(operands)
    let results = try operation.run(operands)
    let types = try operation.infer(operands.types)
    #expect(zip(results, types).allSatisfy { $0.dtype == $1.dtype && $0.shape == $1.shape })
    return results
  }

  private let x = Tensor(shape: [2, 3, 1], [0, 1, 2, 3, 4, 5] as [Float])

  @Test func theSecondOperandStandsAtAnAxis() throws {
    let b = Tensor(shape: [3], [10, 20, 30] as [Float])
    let sum = try results("Add", opset: 6, ["broadcast": .int(1), "axis": .int(1)], x, b)[0]
    #expect(sum.shape == [2, 3, 1] && sum.floats == [10, 21, 32, 13, 24, 35])
    let pair = Tensor(shape: [2], [1, 4] as [Float])
    let less = try results("Less", opset: 1, ["broadcast": .int(1), "axis": .int(0)], x, pair)[0]
    #expect(less.elements(Bool.self) == [true, false, false, true, false, false])
    let last = try results("Mul", opset: 6, ["broadcast": .int(1)], x, Tensor(shape: [1], [2 as Float]))[0]
    #expect(last.floats == [0, 2, 4, 6, 8, 10])
    #expect(throws: OperatorError.self) { try results("Add", opset: 6, ["axis": .int(3)], x, b) }
    #expect(try results("Add", opset: 7, ["axis": .int(1)], x, b)[0].shape == [2, 3, 3])
  }

  @Test func onlyPlacesAtTheEndAreTied() throws {
    for (axis, count) in [(1, 0), (2, 4)] as [(Int64, Int)] {
      let types = Operands<TensorType>([TensorType(.float32, [2, 3, 3]), TensorType(.float32, [3])])
      let add = try Arithmetic(Attributes("Add", opset: 6, ["axis": .int(axis), "broadcast": .int(1)]))
      var coupling = Coupling(inputs: types, outputs: try add.infer(types))
      add.couple(&coupling)
      #expect(coupling.ties.count == count)
    }
  }

  @Test func slopesStandForChannels() throws {
    let y = try results(
      "PRelu", opset: 6, [:], Tensor(shape: [1, 2, 2], [-1, 1, -2, 2] as [Float]),
      Tensor(shape: [2], [2, 3] as [Float]))
    #expect(y[0].floats == [-2, 1, -6, 2])
  }

  @Test func typesAreWrittenByName() throws {
    #expect(try results("Cast", opset: 1, ["to": .string(Array("INT32".utf8))], x)[0].dtype == .int32)
    #expect(throws: OperatorError.self) { try results("Cast", opset: 1, ["to": .string(Array("WORD".utf8))], x) }
  }

  @Test func whatAreOperandsNowWereAttributes() throws {
    #expect(try results("Reshape", opset: 1, ["shape": .ints([0, -1])], x)[0].shape == [2, 3])
    #expect(try results("Concat", opset: 1, [:], x, x)[0].shape == [2, 6, 1])
    #expect(
      try results("Pad", opset: 1, ["paddings": .ints([0, 0, 0, 0, 1, 0])], x)[0].floats == [0, 1, 2, 0, 3, 4, 5, 0])
    let tiled = try results("Tile", opset: 1, [:], x, Tensor(Int64(2)), Tensor(Int64(1)))[0]
    #expect(tiled.shape == [2, 6, 1] && tiled.floats.prefix(6) == [0, 1, 2, 0, 1, 2])
  }

  @Test func normalisationOfEachPosition() throws {
    let x = Tensor(shape: [2, 1, 2], [1, 2, 3, 4] as [Float])
    let (one, mean) = (Tensor(shape: [1, 2], [1, 1] as [Float]), Tensor(shape: [1, 2], [2, 3] as [Float]))
    let y = try results(
      "BatchNormalization", opset: 7, ["spatial": .int(0), "epsilon": .float(0)], x, one, one, mean, one)
    #expect(y[0].floats == [0, 0, 2, 2])
  }

  @Test func normalisationInTraining() throws {
    let x = Tensor(shape: [2, 2], [1, 10, 3, 14] as [Float])
    let (one, zero) = (Tensor(shape: [2], [1, 1] as [Float]), Tensor(shape: [2], [0, 0] as [Float]))
    let values: [String: Attribute.Value] = ["training_mode": .int(1), "epsilon": .float(0), "momentum": .float(0.5)]
    let y = try results("BatchNormalization", opset: 15, outputs: 3, values, x, one, zero, zero, one)
    #expect(y.map(\.floats) == [[-1, -1, 1, 1], [1, 6], [1, 2.5]])
    #expect(throws: OperatorError.self) {
      try results("BatchNormalization", opset: 9, outputs: 5, [:], x, one, zero, zero, one)
    }
  }

  @Test func droppingNothingInTraining() throws {
    let y = try results("Dropout", opset: 13, outputs: 2, [:], x, Tensor(Float(0)), Tensor(true))
    #expect(y[0] == x && y[1].elements(Bool.self) == [Bool](repeating: true, count: 6))
    #expect(throws: OperatorError.self) { try results("Dropout", opset: 13, [:], x, Tensor(Float(0.5)), Tensor(true)) }
  }
}
