import Foundation
import ShrinkGraph
import ShrinkTestSupport
import Testing

@testable import ShrinkOps

@Suite struct LogSoftmaxTests {
  @Test(arguments: [-1, 0, 1, 2]) func obeysTheLaws(_ axis: Int64) throws {
    try checkLaws("LogSoftmax", ["axis": .int(axis)], operands: [.random([3, 4, 5])])
    try checkLaws(
      "LogSoftmax", opset: 11, ["axis": .int(axis)], operands: [.random([3, 4, 5])], removesSomething: axis != 0)
    try checkLaws("LogSoftmax", opset: 11, operands: [.random([3, 4, 5])])
  }

  @Test func normalizesTheAxis() throws {
    let x = Tensor(shape: [2, 2], [0, Float(log(3.0)), 1000, 1000] as [Float])
    let run = { (axis: Int64?, opset: Int) in
      try NodeCase("LogSoftmax", opset: opset, axis.map { ["axis": .int($0)] } ?? [:], operands: [x]).run()[0]
    }
    let along = Tensor(shape: [2, 2], [0.25, 0.75, 0.5, 0.5] as [Float])
    #expect(try run(nil, 17).difference(from: wanted(along)) == nil)
    #expect(try run(1, 11).difference(from: wanted(along)) == nil)
  }

  private func wanted(_ probabilities: Tensor) -> Tensor {
    Tensor(shape: probabilities.shape, probabilities.elements(Float.self).map { log($0) })
  }

  @Test func runsInDoublePrecision() throws {
    let y = try NodeCase("LogSoftmax", operands: [Tensor(shape: [1, 2], [3, 3] as [Double])]).run()[0]
    #expect(y.difference(from: Tensor(shape: [1, 2], repeating: log(0.5))) == nil)
  }

  @Test func refusesAnAxisThatIsNotThere() {
    for opset in [11, 17] {
      #expect(throws: OperatorError.self) {
        try NodeCase(
          "LogSoftmax", opset: opset, ["axis": .int(3)], operands: [Tensor(shape: [2, 2], repeating: Float(1))]
        ).run()
      }
    }
  }
}
