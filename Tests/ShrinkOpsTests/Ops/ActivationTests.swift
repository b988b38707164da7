import ShrinkGraph
import ShrinkOps
import ShrinkTestSupport
import Testing

@Suite struct ActivationTests {
  @Test(arguments: Activation.names)
  func obeysTheLaws(_ name: String) throws { try checkLaws(name, opset: 24, operands: [.random([2, 5, 3])]) }

  @Test(
    arguments: [
      ("Celu", [:], [-0.86466473, 0.5, 0]), ("Elu", ["alpha": .float(2)], [-1.7293295, 0.5, 0]),
      ("Gelu", [:], [-0.04550027, 0.34573123, 0]),
      ("Gelu", ["approximate": .string(Array("tanh".utf8))], [-0.04540229, 0.345714, 0]),
      ("HardSigmoid", [:], [0.1, 0.6, 0.5]), ("HardSwish", [:], [-0.33333334, 0.29166666, 0]),
      ("LeakyRelu", ["alpha": .float(0.1)], [-0.2, 0.5, 0]), ("Mish", [:], [-0.25250149, 0.37524524, 0]),
      ("Relu", [:], [0, 0.5, 0]), ("Selu", [:], [-1.5201665, 0.52535049, 0]), ("Shrink", [:], [-2, 0, 0]),
      ("Sigmoid", [:], [0.11920292, 0.62245935, 0.5]), ("Softplus", [:], [0.126928, 0.974077, 0.6931472]),
      ("Softsign", [:], [-0.6666667, 0.33333334, 0]), ("Swish", [:], [-0.23840584, 0.31122968, 0]),
      ("ThresholdedRelu", ["alpha": .float(0.25)], [0, 0.5, 0]),
    ] as [(String, [String: Attribute.Value], [Float])])
  func computes(_ name: String, _ attributes: [String: Attribute.Value], _ wanted: [Float]) throws {
    let x = Tensor(shape: [3], [-2, 0.5, 0] as [Float])
    #expect(try result(name, opset: 24, attributes, x).difference(from: Tensor(shape: [3], wanted)) == nil)
    let doubles = Tensor(shape: [3], [-2, 0.5, 0] as [Double])
    let difference = try result(name, opset: 24, attributes, doubles).difference(
      from: Tensor(shape: [3], wanted.map(Double.init)))
    #expect(difference == nil)
  }

  @Test func staysFiniteFarOut() throws {
    let x = Tensor(shape: [2], [-200, 200] as [Float])
    #expect(try result("Sigmoid", [:], x).floats == [0, 1])
    #expect(try result("Softplus", [:], x).floats == [0, 200])
    #expect(try result("Mish", opset: 18, [:], x).floats == [0, 200])
  }

  @Test func computesOnSeveralThreads() throws {
    let y = try result("Relu", [:], Tensor(shape: [3, 100_000], repeating: Float(-1)))
    #expect(y.floats.allSatisfy { $0 == 0 })
  }

  @Test func refusesAnUnknownApproximation() {
    #expect(throws: OperatorError.self) {
      try result("Gelu", opset: 20, ["approximate": .string([65])], Tensor(Float(1)))
    }
  }
}
